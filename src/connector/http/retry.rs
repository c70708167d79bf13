//! Retries reads with growing, random delays. Writes are never retried.

use super::limits::HttpLimits;
use crate::connector::ConnectorError;
use crate::model::{Clock as _, SystemClock};
use std::thread::sleep;
use std::time::Duration;

/// Makes a read, and repeats it if its error allows that: a limited number of times, with growing, random delays, so
/// that many clients do not retry at the same time. A waiting time that the target reports is used within the limits.
///
/// # Errors
/// The last error of the read.
pub fn retry_read<T>(
    limits: &HttpLimits,
    mut read: impl FnMut() -> Result<T, ConnectorError>,
) -> Result<T, ConnectorError> {
    let mut left = limits.patience;
    let mut attempt = 1;
    loop {
        let error = match read() {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if !error.may_retry_read() || attempt >= limits.attempts {
            return Err(error);
        }
        let pause = pause(&error, attempt);
        if pause > left {
            return Err(error);
        }
        left -= pause;
        sleep(pause);
        attempt += 1;
    }
}

fn pause(error: &ConnectorError, attempt: u32) -> Duration {
    let asked = match error {
        ConnectorError::RateLimited { until: Some(until) } => until.unix() - SystemClock.now().unix(),
        _ => 0,
    };
    let asked = Duration::from_secs(u64::try_from(asked).unwrap_or_default());
    let most = FIRST.saturating_mul(1 << attempt.min(8)).min(LONGEST);
    asked + most.mul_f64(random())
}

/// Returns a number between a half and one.
fn random() -> f64 {
    let mut bytes = [0; 2];
    // Without randomness, the delay is the maximum of its step.
    match getrandom::fill(&mut bytes) {
        Ok(()) => 0.5 + f64::from(u16::from_le_bytes(bytes)) / f64::from(u16::MAX) / 2.0,
        Err(_) => 1.0,
    }
}

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_is_retried_a_limited_number_of_times() {
        let limits = HttpLimits { attempts: 3, patience: Duration::from_secs(2), ..HttpLimits::default() };
        for (error, attempts) in [
            (ConnectorError::Transient(String::new()), 3),
            (ConnectorError::RateLimited { until: None }, 3),
            (ConnectorError::RateLimited { until: Some(SystemClock.now().plus_days(1)) }, 1),
            (ConnectorError::Forbidden { missing: String::new() }, 1),
            (ConnectorError::Permanent(String::new()), 1),
        ] {
            let mut made = 0;
            let answer: Result<(), _> = retry_read(&limits, || {
                made += 1;
                Err(error.clone())
            });
            assert_eq!((answer, made), (Err(error), attempts));
        }
    }
}

//! Measured cost of work: processor time, wall time and peak memory.

use rustix::time::{ClockId, clock_gettime};
use std::fs;
use std::io::{Read as _, Seek as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The cost of a piece of work in a separate process.
#[derive(Clone, Copy)]
pub struct Cost {
    /// Processor time of all threads, and of processes started and waited for.
    pub processor: Duration,
    /// Elapsed time.
    pub wall: Duration,
    /// The peak memory of the process in KiB, without child processes.
    pub peak: u64,
    /// The number of units of work.
    pub count: u64,
}

impl Cost {
    /// Runs `work`, which returns the number of units, and returns its cost.
    pub fn of(work: impl FnOnce() -> u64) -> Self {
        let (wall, own, others) = (Instant::now(), processor(), of_children());
        let count = work();
        let processor = processor() - own + (of_children() - others);
        Self { processor, wall: wall.elapsed(), peak: peak(), count }
    }

    /// Runs a command that exits with 0 or `also`, and returns its cost, with the memory of that process only.
    pub fn of_command(command: &mut Command, also: i32) -> Self {
        let mut said = tempfile::tempfile().expect("a temporary file can be made");
        let heard = said.try_clone().expect("a file can be opened twice");
        let (wall, before) = (Instant::now(), of_children());
        let mut child = command.stdout(Stdio::null()).stderr(heard).spawn().expect("it can be started");
        // The peak memory is available only while the process runs.
        let mut peak = 0;
        while child.try_wait().expect("it can be waited for").is_none() {
            peak = peak.max(peak_of(&child.id().to_string()));
            std::thread::sleep(Duration::from_millis(1));
        }
        let code = child.wait().expect("it has ended").code();
        let wall = wall.elapsed();
        let mut words = String::new();
        let _ = said.rewind().and_then(|()| said.read_to_string(&mut words));
        assert!(code == Some(0) || code == Some(also), "{command:?}: {code:?} {words}");
        Self { processor: of_children() - before, wall, peak, count: 1 }
    }

    /// Returns the cost as one line, for the parent process.
    pub fn line(&self) -> String {
        format!("{} {} {} {}", self.processor.as_micros(), self.wall.as_micros(), self.peak, self.count)
    }

    /// Parses such a line.
    pub fn read(line: &str) -> Option<Self> {
        let numbers: Vec<u64> = line.split(' ').map(str::parse).collect::<Result<_, _>>().ok()?;
        let [processor, wall, peak, count] = numbers[..] else { return None };
        let (processor, wall) = (Duration::from_micros(processor), Duration::from_micros(wall));
        Some(Self { processor, wall, peak, count })
    }
}

fn processor() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Returns the processor time of finished child processes, in the 10 ms units of Linux (proc(5), fields 16 and 17 of
/// `stat`).
fn of_children() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit_once(") ").map(|(_, rest)| rest.split(' ').collect()).unwrap_or_default();
    let steps: u64 = fields.iter().skip(13).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(steps * 10)
}

fn peak() -> u64 {
    peak_of("self")
}

fn peak_of(process: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}

//! Terminal session of the full-screen review. The terminal is restored however the session ends.

use super::{app::AppEffect, app::ReviewApp, draw::draw, keys::KeyPress, style::TerminalStyle};
use crate::{campaign::DecisionContext, model::file::Item};
use ratatui::{
    Terminal,
    backend::CrosstermBackend,
    crossterm::{
        cursor::Show,
        event::{self, DisableBracketedPaste, EnableBracketedPaste, Event},
        execute,
        terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
    },
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    process::{Signal, getpid, kill_process},
};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGTERM};
use std::{
    io,
    panic::{set_hook, take_hook},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// The environment of a full-screen session.
pub(super) trait TerminalHost {
    /// Returns the decision context of the item in this row.
    fn dossier(&self, app: &ReviewApp, row: usize, item: &Item) -> Option<DecisionContext>;

    /// Saves these files, and reports the result to the session.
    fn save(&mut self, app: &mut ReviewApp, review_files: &[usize]);
}

/// The way the session ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ExitReason {
    /// Sign the decisions.
    ToSign,
    /// Quit; all decisions are saved.
    Saved,
}

/// Runs the session until the user quits.
///
/// # Errors
/// When there is no terminal, or it disconnects. The terminal is restored in any case.
pub(super) fn run(app: &mut ReviewApp, around: &mut dyn TerminalHost, look: TerminalStyle) -> io::Result<ExitReason> {
    let signals = ExternalSignals::watch()?;
    let mut taken = RawTerminal::take()?;
    let mut terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
    let mut known: Option<(usize, DecisionContext)> = None;
    loop {
        let row = app.row();
        if known.as_ref().map(|(row, _)| *row) != row {
            let found = row.and_then(|row| Some((row, app.review_session.item(row)?.clone())));
            known = found.and_then(|(row, item)| Some((row, around.dossier(app, row, &item)?)));
        }
        terminal.draw(|frame| draw(frame, app, known.as_ref().map(|(_, dossier)| dossier), look))?;
        if signals.ended() || is_gone()? {
            return Ok(ExitReason::Saved);
        }
        if signals.continued() {
            taken.again()?;
            terminal.clear()?;
        }
        if !event::poll(TICK)? {
            continue;
        }
        let effect = match event::read()? {
            Event::Key(event) => {
                // Escape together with another key has no effect outside of prompts.
                KeyPress::of(event).into_iter().map(|key| app.press(key)).last().unwrap_or(AppEffect::None)
            }
            Event::Paste(text) => {
                app.paste(&text);
                AppEffect::None
            }
            Event::Resize(..) => AppEffect::None,
            _ => AppEffect::None,
        };
        match effect {
            AppEffect::None => {}
            AppEffect::Save(review_files) => around.save(app, &review_files),
            AppEffect::Leave => return Ok(ExitReason::Saved),
            AppEffect::Sign => return Ok(ExitReason::ToSign),
            AppEffect::Refresh => terminal.clear()?,
            AppEffect::Suspend => {
                taken.give_back();
                kill_process(getpid(), Signal::TSTP)?;
                taken.again()?;
                terminal.clear()?;
            }
        }
    }
}

/// Returns whether the terminal disconnected.
fn is_gone() -> io::Result<bool> {
    let input = io::stdin();
    let mut asked = [PollFd::new(&input, PollFlags::IN)];
    match poll(&mut asked, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) {
        Ok(_) => Ok(asked[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL)),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The terminal in raw mode.
struct RawTerminal(());

impl RawTerminal {
    fn take() -> io::Result<Self> {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            restore();
            before(panic);
        }));
        let mut taken = Self(());
        taken.again()?;
        Ok(taken)
    }

    fn again(&mut self) -> io::Result<()> {
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste)
    }

    fn give_back(&mut self) {
        restore();
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        restore();
    }
}

/// Restores the terminal. Errors are ignored, since there is no terminal left to report them to.
fn restore() {
    let _ = execute!(io::stdout(), DisableBracketedPaste, LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
}

/// Signals: hangup, termination, and continuation after a stop.
struct ExternalSignals {
    end: Arc<AtomicBool>,
    goes_on: Arc<AtomicBool>,
}

impl ExternalSignals {
    fn watch() -> io::Result<Self> {
        let (end, goes_on) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        for signal in [SIGHUP, SIGTERM] {
            // A second signal ends the process immediately; every decision is already saved.
            signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, end.clone())?;
            signal_hook::flag::register(signal, end.clone())?;
        }
        signal_hook::flag::register(SIGCONT, goes_on.clone())?;
        Ok(Self { end, goes_on })
    }

    fn ended(&self) -> bool {
        self.end.load(Ordering::Relaxed)
    }

    fn continued(&self) -> bool {
        self.goes_on.swap(false, Ordering::Relaxed)
    }
}

/// Maximum delay until a signal is processed.
const TICK: Duration = Duration::from_millis(200);

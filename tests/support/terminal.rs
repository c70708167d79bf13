//! A terminal of a given size that runs a program: sends keys and captures the screen, also as a picture.

use super::servers::program;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A program in a terminal.
pub struct Terminal {
    child: Child,
    master: File,
    output: Receiver<Vec<u8>>,
    ear: Option<JoinHandle<()>>,
    /// Dropped when the output is no longer read.
    listener: Arc<()>,
    screen: vt100::Parser,
}

impl Terminal {
    /// Starts a command in a new session with a terminal of this size.
    pub fn start(command: &Command, rows: u16, columns: u16) -> Self {
        Self::start_with(command, rows, columns, &[("TERM", "xterm-256color")])
    }

    /// Starts a command in a terminal with these environment variables.
    pub fn start_with(command: &Command, rows: u16, columns: u16, variables: &[(&str, &str)]) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
        grantpt(&master).expect("own terminal");
        unlockpt(&master).expect("own terminal");
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, size).expect("own terminal");
        let name = ptsname(&master, Vec::new()).expect("a name").into_string().expect("a path");
        let end =
            || Stdio::from(OpenOptions::new().read(true).write(true).open(Path::new(&name)).expect("its other end"));
        let mut inside = Command::new(program("setsid"));
        inside.arg("--ctty").arg("--wait").arg(command.get_program()).args(command.get_args());
        inside.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        inside.envs(variables.iter().copied()).current_dir(command.get_current_dir().expect("a folder"));
        let child = inside.stdin(end()).stdout(end()).stderr(end()).spawn().expect("setsid can be started");
        drop(inside);
        let master = File::from(master);
        let mut reader = master.try_clone().expect("own terminal");
        let (heard, output) = channel();
        let listener = Arc::new(());
        let listens = Arc::downgrade(&listener);
        let ear = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            let short = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
            // The loop ends with the program, or when the output is no longer read; the last end of the terminal is
            // then closed.
            loop {
                if listens.upgrade().is_none() {
                    break;
                }
                if poll(&mut [PollFd::new(&reader, PollFlags::IN)], Some(&short)) == Ok(0) {
                    continue;
                }
                let Ok(count @ 1..) = reader.read(&mut bytes) else { break };
                if heard.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, master, output, ear: Some(ear), listener, screen: vt100::Parser::new(rows, columns, 0) }
    }

    /// Presses keys: each character is one, `\r` is Enter, `\x1b` is Escape.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        self.master.write_all(keys.as_bytes()).expect("the program is there");
        self
    }

    /// Waits until a text is on the screen.
    pub fn until(&mut self, text: &str) -> &mut Self {
        self.wait(text, |screen| screen.contains(text))
    }

    /// Waits until a text is not on the screen any more.
    pub fn until_gone(&mut self, text: &str) -> &mut Self {
        self.wait(text, |screen| !screen.contains(text))
    }

    /// Waits until drawing has stopped.
    pub fn still(&mut self) -> &mut Self {
        while let Ok(bytes) = self.output.recv_timeout(QUIET) {
            self.screen.process(&bytes);
        }
        self
    }

    fn wait(&mut self, text: &str, done: impl Fn(&str) -> bool) -> &mut Self {
        let deadline = Instant::now() + PATIENCE;
        while !done(&self.text()) {
            match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(RecvTimeoutError::Timeout) => panic!("waited for `{text}`; the screen:\n{}", self.text()),
                Err(RecvTimeoutError::Disconnected) => panic!("it ended before `{text}`; the screen:\n{}", self.text()),
            }
        }
        self
    }

    /// Returns what is on the screen.
    pub fn text(&self) -> String {
        self.screen.screen().contents()
    }

    /// Returns the number of colored cells on the screen.
    pub fn coloured(&self) -> usize {
        let screen = self.screen.screen();
        let (rows, columns) = screen.size();
        let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        let cells = places.filter_map(|(row, column)| screen.cell(row, column));
        cells.filter(|cell| (cell.fgcolor(), cell.bgcolor()) != (vt100::Color::Default, vt100::Color::Default)).count()
    }

    /// Returns whether the program uses the alternate screen.
    pub fn is_taken(&self) -> bool {
        self.screen.screen().alternate_screen()
    }

    /// Changes the size, as when a window is resized.
    pub fn resize(&mut self, rows: u16, columns: u16) -> &mut Self {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&self.master, size).expect("own terminal");
        self.screen.screen_mut().set_size(rows, columns);
        self
    }

    /// Waits for the program to end, and returns its exit code and the remaining screen content.
    pub fn ends(mut self) -> (Option<i32>, String) {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            while let Ok(bytes) = self.output.try_recv() {
                self.screen.process(&bytes);
            }
            match self.child.try_wait().expect("own child") {
                Some(status) => break status,
                None if Instant::now() > deadline => panic!("it does not end; the screen:\n{}", self.text()),
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(200)) {
            self.screen.process(&bytes);
        }
        assert!(!self.is_taken(), "the terminal was not given back");
        assert!(!self.screen.screen().hide_cursor(), "the cursor was not given back");
        (status.code(), self.text())
    }

    /// Closes the terminal, as when a connection breaks, and returns the exit code of the program.
    pub fn hang_up(mut self) -> Option<i32> {
        self.listener = Arc::new(());
        self.ear.take().map(JoinHandle::join);
        self.master = File::open("/dev/null").expect("nothing");
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.child.try_wait().expect("own child") {
                Some(status) => return status.code(),
                None if Instant::now() > deadline => panic!("it goes on without a terminal"),
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    /// Kills the program, as when a machine loses power.
    pub fn kill(mut self) {
        self.child.kill().expect("own child");
        let _ = self.child.wait();
    }

    /// Returns the process id of the program: setsid is not a group leader, so it becomes the program.
    pub fn id(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    /// Returns the screen as an SVG picture with text; the same screen gives the same bytes.
    pub fn picture(&self, title: &str) -> String {
        picture(self.screen.screen(), title)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns a picture of plain text in a terminal of this width.
pub fn page(text: &str, columns: u16, title: &str) -> String {
    let rows = u16::try_from(text.lines().count()).expect("a page") + 1;
    let mut parser = vt100::Parser::new(rows, columns, 0);
    parser.process(text.replace('\n', "\r\n").as_bytes());
    picture(parser.screen(), title)
}

fn picture(screen: &vt100::Screen, title: &str) -> String {
    let (rows, columns) = screen.size();
    let (width, height) = (f64::from(columns) * WIDE + 24.0, f64::from(rows) * HIGH + 24.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         font-family=\"ui-monospace,SFMono-Regular,Menlo,Consolas,monospace\" font-size=\"14\">\n\
         <title>{}</title>\n<rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"#16181d\"/>\n",
        plain(title)
    );
    for row in 0..rows {
        for (column, text, style) in runs(screen, row, columns) {
            let (x, y) = (12.0 + f64::from(column) * WIDE, 12.0 + f64::from(row) * HIGH);
            let long = f64::from(u16::try_from(columns_of(&text)).expect("a line")) * WIDE;
            if style.reversed {
                svg.push_str(&format!(
                    "<rect x=\"{x:.1}\" y=\"{y:.0}\" width=\"{long:.1}\" height=\"{HIGH:.0}\" fill=\"#d7dae0\"/>\n"
                ));
            }
            if text.trim().is_empty() {
                continue;
            }
            let bold = if style.bold { " font-weight=\"bold\"" } else { "" };
            svg.push_str(&format!(
                "<text x=\"{x:.1}\" y=\"{:.0}\" fill=\"{}\"{bold} textLength=\"{long:.1}\" xml:space=\"preserve\">{}</text>\n",
                y + 14.0,
                style.colour,
                plain(&text)
            ));
        }
    }
    svg.push_str("</svg>\n");
    svg
}

#[derive(Clone, Copy, Eq, PartialEq)]
struct Paint {
    colour: &'static str,
    bold: bool,
    reversed: bool,
}

/// Returns the runs of equal style in a row, without trailing blanks.
fn runs(screen: &vt100::Screen, row: u16, columns: u16) -> Vec<(u16, String, Paint)> {
    let mut runs: Vec<(u16, String, Paint)> = Vec::new();
    for column in 0..columns {
        let Some(cell) = screen.cell(row, column).filter(|cell| !cell.is_wide_continuation()) else { continue };
        let colour = match (cell.inverse(), cell.fgcolor()) {
            (true, _) => "#16181d",
            (_, vt100::Color::Idx(3 | 11)) => "#f0c674",
            (_, vt100::Color::Idx(6 | 14)) => "#7fc8d8",
            (_, vt100::Color::Idx(8)) => "#8a919e",
            _ => "#d7dae0",
        };
        let paint = Paint { colour, bold: cell.bold(), reversed: cell.inverse() };
        let text = if cell.has_contents() { cell.contents() } else { " " };
        match runs.last_mut() {
            Some((_, run, last)) if *last == paint => run.push_str(text),
            _ => runs.push((column, text.to_owned(), paint)),
        }
    }
    while runs.last().is_some_and(|(_, text, paint)| !paint.reversed && text.trim().is_empty()) {
        runs.pop();
    }
    if let Some((_, text, _)) = runs.last_mut().filter(|(_, _, paint)| !paint.reversed) {
        text.truncate(text.trim_end().len());
    }
    runs
}

fn columns_of(text: &str) -> usize {
    text.chars().map(|character| if character as u32 >= 0x1100 && is_wide(character) { 2 } else { 1 }).sum()
}

fn is_wide(character: char) -> bool {
    matches!(character, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ff60}')
}

fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

const WIDE: f64 = 8.4;
const HIGH: f64 = 18.0;
/// Longer than a slow machine under load needs; a passing test never waits for it.
const PATIENCE: Duration = Duration::from_secs(60);
/// The time without output after which a screen counts as drawn.
const QUIET: Duration = Duration::from_millis(120);

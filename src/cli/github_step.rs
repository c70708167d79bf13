//! A step of a GitHub Actions job: its guarded output, its annotations, its summary and its outputs.

use crate::{
    diag::Diagnostics,
    report::{annotations, resume, stop},
};
use std::{
    cell::RefCell,
    fs::OpenOptions,
    io::{self, Write},
    path::{Path, PathBuf},
    rc::Rc,
};

/// The output of a step. All text written to it is guarded: the runner ignores workflow commands until it reads a
/// random token.
#[derive(Clone)]
pub(super) struct GithubStep {
    output: Rc<RefCell<GuardedOutput>>,
    summary: Option<PathBuf>,
    outputs: Option<PathBuf>,
}

struct GuardedOutput {
    to: Box<dyn Write>,
    token: String,
    guarded: bool,
    at_line_start: bool,
}

impl GithubStep {
    /// Returns the step that writes to `to`, its summary to the file `summary`, and job outputs to the file `outputs`.
    ///
    /// # Errors
    /// When the system returns no random bytes for the token.
    pub(super) fn new(to: Box<dyn Write>, summary: Option<PathBuf>, outputs: Option<PathBuf>) -> io::Result<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
        let token = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let output = GuardedOutput { to, token, guarded: false, at_line_start: true };
        Ok(Self { output: Rc::new(RefCell::new(output)), summary, outputs })
    }

    /// Writes annotations for the lines of the problems.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(super) fn annotate(&self, problems: &Diagnostics) -> io::Result<()> {
        self.output.borrow_mut().commands(&annotations(problems))
    }

    /// Appends Markdown to the summary of the job if there is one, up to the maximum size.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn summarize(&self, markdown: &str) -> io::Result<()> {
        self.summary.as_deref().map_or(Ok(()), |path| append(path, markdown))
    }

    /// Sets a job output; `value` is one line.
    ///
    /// # Errors
    /// When the file cannot be written, or the value contains a line end, which would start a second output.
    pub(super) fn output(&self, name: &str, value: &str) -> io::Result<()> {
        let Some(path) = &self.outputs else { return Ok(()) };
        if value.contains(['\n', '\r']) {
            return Err(io::Error::other(format!("the output {name} is more than a line")));
        }
        OpenOptions::new().append(true).create(true).open(path)?.write_all(format!("{name}={value}\n").as_bytes())
    }
}

impl Write for GithubStep {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.borrow_mut().guarded(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.borrow_mut().to.flush()
    }
}

impl GuardedOutput {
    fn guarded(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        if !self.guarded {
            self.to.write_all(stop(&self.token).as_bytes())?;
            self.guarded = true;
        }
        self.to.write_all(bytes)?;
        self.at_line_start = bytes.last() == Some(&b'\n');
        Ok(bytes.len())
    }

    fn commands(&mut self, text: &str) -> io::Result<()> {
        self.unguard()?;
        self.to.write_all(text.as_bytes())
    }

    fn unguard(&mut self) -> io::Result<()> {
        if !self.guarded {
            return Ok(());
        }
        if !self.at_line_start {
            self.to.write_all(b"\n")?;
        }
        self.guarded = false;
        self.at_line_start = true;
        self.to.write_all(resume(&self.token).as_bytes())
    }
}

impl Drop for GuardedOutput {
    fn drop(&mut self) {
        // Without stdout there is no way to report an error.
        let _ = self.unguard();
        let _ = self.to.flush();
    }
}

fn append(path: &Path, markdown: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    let used = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    let space = SUMMARY.saturating_sub(used);
    if markdown.len() < space {
        return file.write_all(format!("{markdown}\n").as_bytes());
    }
    if space <= FULL.len() {
        return Ok(());
    }
    let mut end = space - FULL.len();
    while !markdown.is_char_boundary(end) {
        end -= 1;
    }
    // Cut at a line end: text after an incomplete table row would become part of the row.
    let end = markdown[..end].rfind('\n').unwrap_or(0);
    file.write_all(format!("{}{FULL}", &markdown[..end]).as_bytes())
}

/// A summary above 1 MiB is not displayed ("Workflow commands for GitHub Actions", docs.github.com).
const SUMMARY: usize = 1 << 20;
const FULL: &str = "\n\nThe summary is full; the log of the step has the rest.\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Diagnostic;

    #[derive(Clone, Default)]
    struct Shared(Rc<RefCell<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn row_25_only_our_own_annotations_are_commands() {
        let shared = Shared::default();
        let step = GithubStep::new(Box::new(shared.clone()), None, None).unwrap();
        let mut out: Box<dyn Write> = Box::new(step.clone());
        out.write_all(b"::set-output name=a::b\nno line end").unwrap();
        step.annotate(&Diagnostic::error("code", "wrong").into()).unwrap();
        out.write_all(b"::add-mask::x\n").unwrap();
        drop((out, step));
        let text = String::from_utf8(shared.0.borrow().clone()).unwrap();
        let token = text.lines().next().unwrap().strip_prefix("::stop-commands::").unwrap();
        assert_eq!(token.len(), 32);
        let expected = format!(
            "::stop-commands::{token}\n::set-output name=a::b\nno line end\n::{token}::\n::error title=tenure code::wrong\n\
             ::stop-commands::{token}\n::add-mask::x\n::{token}::\n"
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn summary_stays_within_the_size_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("summary.md");
        let step = GithubStep::new(Box::new(Shared::default()), Some(path.clone()), None).unwrap();
        for _ in 0..30 {
            step.summarize(&"| a row of a table | é |\n".repeat(2_000)).unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.len() <= SUMMARY, "{}", text.len());
        assert!(
            text.contains("The summary is full")
                && text.lines().all(|line| !line.starts_with("| a row") || line.ends_with('|'))
        );
    }
}

//! Stores secrets as files encrypted to `age` recipients (<https://age-encryption.org/v1>).

mod encryption;
mod file_key;
mod recipient;

use crate::connector::{SecretSink, SinkError};
use crate::model::Digest;
use recipient::Recipient;
use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use secrecy::{ExposeSecret as _, SecretString};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Stores each secret in its own file, readable by the holders of the recipients' keys.
#[derive(Debug)]
pub struct AgeSink {
    recipients: Vec<Recipient>,
    directory: PathBuf,
}

impl AgeSink {
    /// Returns a sink that encrypts to all of `recipients` (`age1…`) into `directory`, which must exist.
    ///
    /// # Errors
    /// When there is no recipient, one is invalid, or the directory does not exist.
    pub fn new(recipients: &[String], directory: &Path) -> Result<Self, SinkError> {
        if recipients.is_empty() {
            return Err(SinkError("[sink] has no recipients; add an `age1…` key created with `age-keygen`".to_owned()));
        }
        let recipients: Result<Vec<Recipient>, _> = recipients.iter().map(|text| Recipient::parse(text)).collect();
        if !directory.is_dir() {
            let why =
                format!("{} is not a directory; create it, with access for its readers only", directory.display());
            return Err(SinkError(why));
        }
        Ok(Self { recipients: recipients?, directory: directory.to_owned() })
    }
}

impl SecretSink for AgeSink {
    /// The file is written atomically, is readable by its owner only, and never replaces another file.
    fn deposit(&self, label: &str, secret: &SecretString) -> Result<String, SinkError> {
        let bytes = encryption::encrypt(secret.expose_secret().as_bytes(), &self.recipients)?;
        let path = self.directory.join(file_name(label));
        publish(&self.directory, &path, &bytes).map_err(|error| failed(&format!("{}: {error}", path.display())))?;
        Ok(path.display().to_string())
    }
}

/// Writes an unnamed file and then links it to its name, which fails if the name exists.
fn publish(directory: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let stage = directory.join(format!(".{}.part", uuid::Uuid::new_v4()));
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::openat(CWD, &stage, flags, Mode::RUSR | Mode::WUSR)?);
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        // A link instead of a rename, because a rename would replace an existing file.
        .and_then(|()| Ok(rustix::fs::linkat(CWD, &stage, CWD, path, AtFlags::empty())?));
    let removed = fs::remove_file(&stage);
    written.and(removed)?;
    File::open(directory)?.sync_all()
}

/// Returns `label` as a file name: unsafe characters are replaced, and a digest distinguishes labels that would
/// otherwise have the same name.
fn file_name(label: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' };
    let readable: String = label.chars().map(plain).take(80).collect();
    format!("{}.{}.age", readable.trim_matches('-'), &Digest::of(label).hex()[..8])
}

fn failed(why: &str) -> SinkError {
    SinkError(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECIPIENT: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

    fn secret() -> SecretString {
        SecretString::from("a secret of a test".to_owned())
    }

    #[test]
    fn existing_file_is_never_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let sink = AgeSink::new(&[RECIPIENT.to_owned()], directory.path()).unwrap();

        let place = sink.deposit("key", &secret()).unwrap();
        let before = fs::read(&place).unwrap();
        assert!(sink.deposit("key", &secret()).is_err());
        assert_eq!(fs::read(&place).unwrap(), before);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no partial file remains");
    }

    #[test]
    fn label_cannot_leave_the_directory() {
        for label in ["../../etc/cron.d/x", "/etc/passwd", "a\0b", "", ".", "..", "ä/ö", &"x".repeat(4000)] {
            let name = file_name(label);
            assert!(!name.starts_with("..") && !name.contains('/') && name.len() < 128, "{name}");
            assert!(name.bytes().all(|b| b.is_ascii_graphic()), "{name}");
        }
        assert_ne!(file_name("a/b"), file_name("a:b"));
    }

    #[test]
    fn invalid_recipients_are_rejected() {
        let directory = tempfile::tempdir().unwrap();
        for recipients in [vec![], vec!["age1nonsense".to_owned()], vec!["ssh-ed25519 AAAA".to_owned()]] {
            assert!(AgeSink::new(&recipients, directory.path()).is_err());
        }
        assert!(AgeSink::new(&[RECIPIENT.to_owned()], &directory.path().join("missing")).is_err());
    }
}

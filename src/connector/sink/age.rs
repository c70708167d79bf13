//! A directory of files, each encrypted to `age` recipients (<https://age-encryption.org/v1>).

use crate::connector::{SecretSink, SinkError};
use crate::model::Digest;
use age::x25519::Recipient;
use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use secrecy::{ExposeSecret as _, SecretString};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Keeps each secret in a file of its own, readable by the holders of the recipients' keys.
#[derive(Debug)]
pub struct AgeSink {
    recipients: Vec<Recipient>,
    directory: PathBuf,
}

impl AgeSink {
    /// Returns the sink that encrypts to all of `recipients` (`age1…`) into `directory`, which must be there.
    ///
    /// # Errors
    /// When there is no recipient, one cannot be read, or the directory is not one.
    pub fn new(recipients: &[String], directory: &Path) -> Result<Self, SinkError> {
        if recipients.is_empty() {
            return Err(SinkError("[sink] names no recipients; add an `age1…` of `age-keygen`".to_owned()));
        }
        let recipients: Result<Vec<Recipient>, _> = recipients.iter().map(|text| recipient(text)).collect();
        if !directory.is_dir() {
            let why = format!("{} is not a directory; make it, with access for its readers only", directory.display());
            return Err(SinkError(why));
        }
        Ok(Self { recipients: recipients?, directory: directory.to_owned() })
    }

    fn encrypt(&self, secret: &SecretString) -> Result<Vec<u8>, SinkError> {
        let recipients = self.recipients.iter().map(|recipient| recipient as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients).map_err(|_| failed("cannot be encrypted"))?;
        let mut bytes = Vec::new();
        let mut writer = encryptor.wrap_output(&mut bytes).map_err(|_| failed("cannot be encrypted"))?;
        writer.write_all(secret.expose_secret().as_bytes()).map_err(|_| failed("cannot be encrypted"))?;
        writer.finish().map_err(|_| failed("cannot be encrypted"))?;
        Ok(bytes)
    }
}

impl SecretSink for AgeSink {
    /// The file appears whole or not at all, can be read by its owner only, and never takes the place of another.
    fn deposit(&self, label: &str, secret: &SecretString) -> Result<String, SinkError> {
        let bytes = self.encrypt(secret)?;
        let path = self.directory.join(file_name(label));
        publish(&self.directory, &path, &bytes).map_err(|error| failed(&format!("{}: {error}", path.display())))?;
        Ok(path.display().to_string())
    }
}

/// Writes an unnamed file and then gives it its name, which fails where the name is taken.
fn publish(directory: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let stage = directory.join(format!(".{}.part", uuid::Uuid::new_v4()));
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::openat(CWD, &stage, flags, Mode::RUSR | Mode::WUSR)?);
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        // A link, not a rename: a rename would replace what is there.
        .and_then(|()| Ok(rustix::fs::linkat(CWD, &stage, CWD, path, AtFlags::empty())?));
    let removed = fs::remove_file(&stage);
    written.and(removed)?;
    File::open(directory)?.sync_all()
}

/// Returns `label` as a file name: what could lead elsewhere or hide is replaced, and a digest keeps labels apart that
/// would otherwise look the same.
fn file_name(label: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' };
    let readable: String = label.chars().map(plain).take(80).collect();
    format!("{}.{}.age", readable.trim_matches('-'), &Digest::of(label).hex()[..8])
}

fn recipient(text: &str) -> Result<Recipient, SinkError> {
    if text.starts_with("ssh-") {
        // The `ssh` feature of age brings an RSA with a known timing leak (RUSTSEC-2023-0071).
        let why = "an ssh key is not a recipient here; make one with `age-keygen` and use its `age1…`";
        return Err(SinkError(why.to_owned()));
    }
    text.parse()
        .map_err(|_| SinkError(format!("`{}` is not an age recipient", text.chars().take(80).collect::<String>())))
}

fn failed(why: &str) -> SinkError {
    SinkError(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn secret() -> SecretString {
        SecretString::from("a secret of a test".to_owned())
    }

    #[test]
    fn every_recipient_can_read_it_and_nobody_else() {
        let directory = tempfile::tempdir().unwrap();
        let people = [age::x25519::Identity::generate(), age::x25519::Identity::generate()];
        let recipients: Vec<String> = people.iter().map(|person| person.to_public().to_string()).collect();
        let sink = AgeSink::new(&recipients, directory.path()).unwrap();

        let place = sink.deposit("aws: alice/key", &secret()).unwrap();
        let bytes = fs::read(&place).unwrap();
        for person in &people {
            assert_eq!(age::decrypt(person, &bytes).unwrap(), b"a secret of a test");
        }
        assert!(age::decrypt(&age::x25519::Identity::generate(), &bytes).is_err());
        assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_is_there_is_never_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let recipient = age::x25519::Identity::generate().to_public().to_string();
        let sink = AgeSink::new(&[recipient], directory.path()).unwrap();

        let place = sink.deposit("key", &secret()).unwrap();
        let before = fs::read(&place).unwrap();
        assert!(sink.deposit("key", &secret()).is_err());
        assert_eq!(fs::read(&place).unwrap(), before);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no part is left behind");
    }

    #[test]
    fn a_label_cannot_lead_out_of_the_directory() {
        for label in ["../../etc/cron.d/x", "/etc/passwd", "a\0b", "", ".", "..", "ä/ö", &"x".repeat(4000)] {
            let name = file_name(label);
            assert!(!name.starts_with("..") && !name.contains('/') && name.len() < 128, "{name}");
            assert!(name.bytes().all(|b| b.is_ascii_graphic()), "{name}");
        }
        assert_ne!(file_name("a/b"), file_name("a:b"));
    }

    #[test]
    fn recipients_that_cannot_be_used_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        for recipients in [vec![], vec!["age1nonsense".to_owned()], vec!["ssh-ed25519 AAAA".to_owned()]] {
            assert!(AgeSink::new(&recipients, directory.path()).is_err());
        }
        let recipient = age::x25519::Identity::generate().to_public().to_string();
        assert!(AgeSink::new(&[recipient], &directory.path().join("missing")).is_err());
    }
}

//! Keys and decryption by the installed `age`.

use super::servers::program;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A key pair of `age-keygen` in a folder of its own.
pub struct AgeKey {
    folder: tempfile::TempDir,
    recipient: String,
}

impl AgeKey {
    pub fn generate() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let output = Command::new(program("age-keygen")).arg("-o").arg(folder.path().join("key.txt")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let output = Command::new(program("age-keygen")).arg("-y").arg(folder.path().join("key.txt")).output().unwrap();
        let recipient = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        Self { folder, recipient }
    }

    /// Returns the name that others encrypt to, `age1…`.
    pub fn recipient(&self) -> String {
        self.recipient.clone()
    }

    /// Returns the content of a file encrypted to this key; stops the test when it cannot be decrypted.
    pub fn decrypt(&self, file: impl AsRef<Path>) -> String {
        let output = self.try_decrypt(file);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Returns the output of `age` for a file.
    pub fn try_decrypt(&self, file: impl AsRef<Path>) -> Output {
        let identity: PathBuf = self.folder.path().join("key.txt");
        Command::new(program("age")).arg("-d").arg("-i").arg(identity).arg(file.as_ref()).output().unwrap()
    }
}

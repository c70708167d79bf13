//! Deposited secrets, decrypted with the `age` tool.

use crate::support::age::AgeKey;
use secrecy::SecretString;
use std::{fs, os::unix::fs::PermissionsExt as _};
use tenure::connector::{SecretSink as _, sink::AgeSink};

#[test]
fn deposit_is_readable_by_every_recipient_and_no_other_key() {
    let vault = tempfile::tempdir().unwrap();
    let people = [AgeKey::generate(), AgeKey::generate()];
    let sink = AgeSink::new(&people.each_ref().map(AgeKey::recipient), vault.path()).unwrap();
    let place = sink.deposit("aws: alice/key", &SecretString::from("a secret of a test")).unwrap();
    for person in &people {
        assert_eq!(person.decrypt(&place), "a secret of a test");
    }
    let other = AgeKey::generate().try_decrypt(&place);
    assert!(String::from_utf8_lossy(&other.stderr).contains("no identity matched"), "{other:?}");
    assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn deposit_of_any_length_is_decrypted_by_age() {
    let vault = tempfile::tempdir().unwrap();
    let person = AgeKey::generate();
    let sink = AgeSink::new(&[person.recipient()], vault.path()).unwrap();
    const CHUNK: usize = 64 * 1024;
    for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 7] {
        let secret: String = (0..length).map(|at| char::from(b'a' + (at % 23) as u8)).collect();
        let place = sink.deposit(&format!("{length} bytes"), &SecretString::from(secret.clone())).unwrap();
        assert!(person.decrypt(&place) == secret, "{length}");
    }
}

#[test]
fn deposit_that_was_changed_is_not_decrypted() {
    let vault = tempfile::tempdir().unwrap();
    let person = AgeKey::generate();
    let sink = AgeSink::new(&[person.recipient()], vault.path()).unwrap();
    let place = sink.deposit("key", &SecretString::from("a secret of a test")).unwrap();
    let file = fs::read(&place).unwrap();
    let lines = file.split(|byte| *byte == b'\n').take(4).map(<[u8]>::len).collect::<Vec<_>>();
    let header: usize = lines.iter().sum::<usize>() + lines.len();
    // In the stanza, in the authentication code of the header, in the nonce, in the payload, in its tag.
    for at in [40, header - 8, header + 3, header + 20, file.len() - 1] {
        let mut changed = file.clone();
        changed[at] ^= 1;
        let path = vault.path().join("changed");
        fs::write(&path, changed).unwrap();
        assert!(!person.try_decrypt(&path).status.success(), "byte {at} of {}", file.len());
    }
}

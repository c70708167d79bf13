//! Tests of signed notes: accepted and rejected forms.

use super::*;
use crate::format::ssh_keys::PrivateKey;
use signed_note::{StandardVerifier, VerifierList};

const TEXT: &str = "tenure/acme\n7\nXArOta0/0kpQ/zmHveZkLJYJ4RVt+jxrIgOPnMfixJA=\n";

fn key(seed: u8) -> (PrivateKey, VerifierKey) {
    let key = PrivateKey::from_seed(&[seed; 32]);
    let verifier = VerifierKey::new("tenure/acme", key.public_key()).unwrap();
    (key, verifier)
}

#[test]
fn note_with_a_changed_bit_is_rejected() {
    let (signer, verifier) = key(1);
    let note = SignedNote::sign(TEXT, "tenure/acme", &signer).unwrap().to_string();
    assert_eq!(SignedNote::parse(&note).unwrap().verify(std::slice::from_ref(&verifier)).map(|v| v.len()), Ok(1));
    for index in 0..note.len() {
        for bit in 0..8 {
            let mut bytes = note.clone().into_bytes();
            bytes[index] ^= 1 << bit;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            let accepted =
                SignedNote::parse(&changed).and_then(|n| n.verify(std::slice::from_ref(&verifier)).map(|v| v.len()));
            assert!(accepted.is_err(), "byte {index}, bit {bit}");
        }
    }
}

#[test]
fn unknown_keys_are_skipped_and_known_keys_must_match() {
    let ((signer, verifier), (other, _)) = (key(1), key(2));
    let mut note = SignedNote::sign(TEXT, "tenure/acme", &signer).unwrap();
    note.add("witness.example", &other).unwrap();
    let read = SignedNote::parse(&note.to_string()).unwrap();
    assert_eq!(read, note);
    assert_eq!(
        read.verify(std::slice::from_ref(&verifier)).map(|v| v[0].name().to_owned()),
        Ok("tenure/acme".to_owned())
    );
    assert_eq!(read.verify(&[]), Err(NoteError::Unsigned));
    let mut forged = note;
    forged.signatures[0].bytes[5] ^= 1;
    let witness = VerifierKey::new("witness.example", other.public_key()).unwrap();
    assert!(
        matches!(forged.verify(&[witness, verifier]), Err(NoteError::Mismatch(_))),
        "one bad signature of a known key invalidates the note"
    );
}

#[test]
fn malformed_notes_are_rejected() {
    let (signer, _) = key(1);
    let note = SignedNote::sign(TEXT, "tenure/acme", &signer).unwrap().to_string();
    let line = note.lines().last().unwrap().to_owned();
    let many: String = (0..40).map(|i| format!("\u{2014} w{i} AAAAAAAA\n")).collect();
    let others = [
        String::new(),
        TEXT.to_owned(),
        note.trim_end().to_owned(),
        format!("{note}\n"),
        format!("{note}{line}\n"),
        note.replace('\n', "\r\n"),
        note.replace("acme\n7", "acme\t7"),
        note.replace('\u{2014}', "-"),
        note.replace('=', ""),
        format!("{TEXT}\n{many}"),
    ];
    for other in others {
        assert!(SignedNote::parse(&other).is_err(), "{other:?}");
    }
    for name in ["", "a b", "a+b", "a\u{2003}b", "a\nb"] {
        assert!(SignedNote::sign(TEXT, name, &signer).is_err(), "{name:?}");
    }
    assert!(SignedNote::sign("no line feed", "n", &signer).is_err());
}

#[test]
fn verifier_key_has_one_form() {
    let (_, verifier) = key(1);
    let text = verifier.to_string();
    assert_eq!(VerifierKey::parse(&text), Ok(verifier));
    for index in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[index] ^= 1;
        let changed = String::from_utf8(bytes).unwrap();
        assert!(VerifierKey::parse(&changed).is_err(), "{changed}");
    }
}

#[test]
fn note_agrees_with_another_implementation() {
    let (signer, verifier) = key(1);
    let note = SignedNote::sign(TEXT, "tenure/acme", &signer).unwrap();
    let theirs = signed_note::Note::from_bytes(note.to_string().as_bytes()).unwrap();
    let known = VerifierList::new(vec![Box::new(StandardVerifier::new(&verifier.to_string()).unwrap())]);
    let (verified, unknown) = theirs.verify(&known).unwrap();
    assert_eq!((verified.len(), unknown.len()), (1, 0));
    assert_eq!(theirs.to_bytes(), note.to_string().as_bytes());
}

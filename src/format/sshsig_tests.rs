//! Tests of SSH signatures: accepted and rejected forms.

use super::*;
use crate::format::ssh_keys::PrivateKey;

const MESSAGE: &[u8] = b"decision = \"revoke\"\n";

fn key() -> PrivateKey {
    PrivateKey::from_seed(&[42; 32])
}

fn signed() -> String {
    SshSignature::sign(&key(), SignatureNamespace::Review, MESSAGE).unwrap().armored()
}

fn accepts(armored: &[u8], message: &[u8]) -> bool {
    SshSignature::parse(armored).is_ok_and(|s| s.verify(SignatureNamespace::Review, message) == Ok(key().public_key()))
}

/// A signature blob with the given fields, correctly signed over them.
fn blob(version: u32, namespace: &[u8], reserved: &[u8], hash: &[u8], kind: &[u8], after: &[u8]) -> Vec<u8> {
    let mut message = MAGIC.to_vec();
    message.extend(ssh_wire::strings(&[namespace, reserved, hash, &Sha512::digest(MESSAGE)]));
    let inner = ssh_wire::strings(&[kind, &key().sign(&message).unwrap()]);
    let mut blob = MAGIC.to_vec();
    blob.extend_from_slice(&version.to_be_bytes());
    blob.extend(ssh_wire::strings(&[&key().public_key().to_wire(), namespace, reserved, hash, &inner]));
    blob.extend_from_slice(after);
    blob
}

#[test]
fn signature_with_a_changed_bit_is_rejected() {
    let armored = signed();
    assert!(accepts(armored.as_bytes(), MESSAGE));
    for index in 0..armored.len() {
        for bit in 0..8 {
            let mut bytes = armored.as_bytes().to_vec();
            bytes[index] ^= 1 << bit;
            assert!(!accepts(&bytes, MESSAGE), "signature byte {index}, bit {bit}");
        }
    }
    for index in 0..MESSAGE.len() {
        let mut bytes = MESSAGE.to_vec();
        bytes[index] ^= 1;
        assert!(!accepts(armored.as_bytes(), &bytes), "message byte {index}");
    }
    for length in 0..armored.len() {
        assert!(!accepts(&armored.as_bytes()[..length], MESSAGE), "cut to {length}");
    }
}

#[test]
fn non_canonical_armor_is_rejected() {
    let armored = signed();
    let body = armored.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)).unwrap();
    let joined = body.replace('\n', "");
    let others = [
        format!("{armored}\n"),
        format!("\n{armored}"),
        format!("{armored}{armored}"),
        format!("{armored}junk"),
        armored.replace('\n', "\r\n"),
        armored.trim_end().to_owned(),
        format!("{BEGIN}{joined}\n{END}"),
        format!("{BEGIN}{}\n\n{END}", body.trim_end()),
        format!("{BEGIN} {body}{END}"),
    ];
    for other in others {
        assert!(matches!(SshSignature::parse(other.as_bytes()), Err(SshSignatureError::Armor(_))), "{other}");
    }
    let large = format!("{armored}{}", "A".repeat(MAX_ARMORED));
    assert_eq!(SshSignature::parse(large.as_bytes()), Err(SshSignatureError::Armor("is larger than 4 KiB")));
}

#[test]
fn each_invalid_field_has_its_own_error() {
    let name = SignatureNamespace::Review.as_str().as_bytes();
    let parse = |blob: &[u8]| SshSignature::parse(armor(blob).as_bytes());
    assert!(parse(&blob(1, name, b"", b"sha512", b"ssh-ed25519", b"")).is_ok());
    assert_eq!(parse(&blob(2, name, b"", b"sha512", b"ssh-ed25519", b"")), Err(SshSignatureError::Version(2)));
    assert_eq!(parse(&blob(1, name, b"x", b"sha512", b"ssh-ed25519", b"")), Err(SshSignatureError::Reserved));
    let hash = parse(&blob(1, name, b"", b"sha256", b"ssh-ed25519", b""));
    assert_eq!(hash, Err(SshSignatureError::Hash("sha256".into())));
    let kind = parse(&blob(1, name, b"", b"sha512", b"ssh-rsa", b""));
    assert_eq!(kind, Err(SshSignatureError::Type("ssh-rsa".into())));
    let trailing = parse(&blob(1, name, b"", b"sha512", b"ssh-ed25519", b"\0"));
    assert_eq!(trailing, Err(SshSignatureError::Wire(WireError::Trailing)));
    let file = parse(&blob(1, b"file", b"", b"sha512", b"ssh-ed25519", b""));
    assert!(matches!(file, Err(SshSignatureError::Namespace { .. })), "{file:?}");
}

#[test]
fn signature_is_valid_for_one_namespace_only() {
    for made in SignatureNamespace::ALL {
        let armored = SshSignature::sign(&key(), made, MESSAGE).unwrap().armored();
        let signature = SshSignature::parse(armored.as_bytes()).unwrap();
        for wanted in SignatureNamespace::ALL {
            assert_eq!(signature.verify(wanted, MESSAGE).is_ok(), made == wanted, "{made} as {wanted}");
        }
    }
}

#[test]
fn signature_of_a_weak_key_is_rejected() {
    // The neutral point as key, the neutral point and zero as signature: lax verifiers accept it for every message.
    let mut point = [0; 32];
    point[0] = 1;
    let inner = ssh_wire::strings(&[b"ssh-ed25519", &[point, [0; 32]].concat()]);
    let weak = ssh_wire::strings(&[b"ssh-ed25519", &point]);
    let mut blob = MAGIC.to_vec();
    blob.extend_from_slice(&1_u32.to_be_bytes());
    blob.extend(ssh_wire::strings(&[&weak, SignatureNamespace::Review.as_str().as_bytes(), b"", b"sha512", &inner]));
    assert_eq!(SshSignature::parse(armor(&blob).as_bytes()), Err(SshSignatureError::Key(KeyError::Weak)));
}

#[test]
fn signature_agrees_with_another_implementation() {
    let armored = signed();
    let theirs = ssh_key::SshSig::from_pem(armored.as_bytes()).unwrap();
    let public = ssh_key::PublicKey::from_openssh(&key().public_key().to_string()).unwrap();
    assert!(public.verify(SignatureNamespace::Review.as_str(), MESSAGE, &theirs).is_ok());
    let pair = ssh_key::private::Ed25519Keypair::from_seed(&[42; 32]);
    let made = ssh_key::PrivateKey::from(pair).sign("review.v1@tenure", ssh_key::HashAlg::Sha512, MESSAGE).unwrap();
    let pem = made.to_pem(ssh_key::LineEnding::LF).unwrap();
    assert_eq!(pem.trim_end(), armored.trim_end(), "Ed25519 is deterministic: both wrote the same signature");
}

//! Signatures of Tenure verified by `ssh-keygen` and `openssl`, and the reverse.

use crate::support::governed::*;
use crate::support::{
    sandbox::{Sandbox, succeed},
    servers::program,
};
use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tenure::{
    format::{
        checkpoint::Checkpoint,
        ssh_keys::{KeyError, PrivateKey, PublicKey, Signer},
        sshsig::{SignatureNamespace, SshSignature},
    },
    model::{Digest, PrincipalId},
    trust::{AgentError, SigningError, SshAgent, sign},
};

/// Creates a key with `ssh-keygen` and returns it as parsed by Tenure.
fn keygen(sandbox: &Sandbox, name: &str) -> PrivateKey {
    let mut command = sandbox.command(program("ssh-keygen"), sandbox.path());
    succeed(command.args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", name]));
    PrivateKey::parse_openssh(&fs::read_to_string(sandbox.join(name)).unwrap()).unwrap()
}

fn keygen_verifies(sandbox: &Sandbox, who: &str, namespace: SignatureNamespace, file: &str) -> bool {
    let mut command = sandbox.command(program("ssh-keygen"), sandbox.path());
    let signature = format!("{file}.{who}.sig");
    command.args(["-Y", "verify", "-f", "allowed_signers", "-I", who, "-n", namespace.as_str(), "-s", &signature]);
    command.stdin(File::open(sandbox.join(file)).unwrap()).output().unwrap().status.success()
}

#[test]
fn ssh_keygen_verifies_what_tenure_signs_and_by_the_same_rules() {
    let sandbox = Sandbox::new();
    let world = TestHistory::new();
    let files = world.decided(revoke_first, &["dora"]);
    fs::write(sandbox.join("allowed_signers"), &files["trust/allowed_signers"]).unwrap();
    let lay = |name: &str, path: &str, signer: &str| {
        fs::write(sandbox.join(name), &files[path]).unwrap();
        fs::write(sandbox.join(&signature_path(name, signer)), &files[&signature_path(path, signer)]).unwrap();
    };
    lay("review", &review_path("dora"), "dora");
    assert!(keygen_verifies(&sandbox, "dora", SignatureNamespace::Review, "review"));
    assert!(!keygen_verifies(&sandbox, "dora", SignatureNamespace::Campaign, "review"));
    lay("root", "trust/root/1.toml", "ana");
    assert!(keygen_verifies(&sandbox, "ana", SignatureNamespace::Root, "root"));
    lay("campaign", &campaign_path(), "ana");
    assert!(keygen_verifies(&sandbox, "ana", SignatureNamespace::Campaign, "campaign"));
    // Emil may sign only reviews, both for ssh-keygen and for Tenure.
    let mut files = files.clone();
    sign_as(&mut files, &campaign_path(), "emil", &key("emil"), SignatureNamespace::Campaign);
    fs::write(sandbox.join("campaign.emil.sig"), &files[&signature_path(&campaign_path(), "emil")]).unwrap();
    assert!(!keygen_verifies(&sandbox, "emil", SignatureNamespace::Campaign, "campaign"));
}

#[test]
fn tenure_verifies_what_ssh_keygen_signs() {
    let sandbox = Sandbox::new();
    let key = keygen(&sandbox, "ana");
    let (public, comment) = (fs::read_to_string(sandbox.join("ana.pub")).unwrap(), "ana");
    assert_eq!(PublicKey::parse_line(&public), Ok((key.public_key(), comment)));
    let listed = succeed(sandbox.command(program("ssh-keygen"), sandbox.path()).args(["-l", "-f", "ana.pub"]));
    assert!(listed.contains(&key.public_key().fingerprint()), "{listed}");
    fs::write(sandbox.join("file"), "decision = \"revoke\"\n").unwrap();
    let mut command = sandbox.command(program("ssh-keygen"), sandbox.path());
    succeed(command.args(["-Y", "sign", "-q", "-f", "ana", "-n", "review.v1@tenure", "file"]));
    let armored = fs::read(sandbox.join("file.sig")).unwrap();
    let signature = SshSignature::parse(&armored).unwrap();
    assert_eq!(signature.verify(SignatureNamespace::Review, b"decision = \"revoke\"\n"), Ok(key.public_key()));
    assert_eq!(signature.armored().as_bytes(), armored, "the same bytes");
    let mut command = sandbox.command(program("ssh-keygen"), sandbox.path());
    fs::remove_file(sandbox.join("file.sig")).unwrap();
    succeed(command.args(["-Y", "sign", "-q", "-f", "ana", "-O", "hashalg=sha256", "-n", "review.v1@tenure", "file"]));
    let weaker = fs::read(sandbox.join("file.sig")).unwrap();
    assert!(SshSignature::parse(&weaker).is_err(), "sha256 is refused");
}

#[test]
fn ssh_keygen_signature_counts_but_not_weak_hash() {
    let sandbox = Sandbox::new();
    let mut world = TestHistory::new();
    let mut files = world.decided(revoke_first, &[]);
    let path = sandbox.join("dora");
    fs::write(&path, key("dora").to_openssh("dora").unwrap().as_bytes()).unwrap();
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    for (hash, codes) in [("sha512", &[][..]), ("sha256", &["wrong-hash"])] {
        fs::write(sandbox.join("review"), &files[&review_path("dora")]).unwrap();
        let mut command = sandbox.command(program("ssh-keygen"), sandbox.path());
        let option = format!("hashalg={hash}");
        succeed(command.args(["-Y", "sign", "-q", "-f", "dora", "-O", &option, "-n", "review.v1@tenure", "review"]));
        files.insert(signature_path(&review_path("dora"), "dora"), fs::read(sandbox.join("review.sig")).unwrap());
        fs::remove_file(sandbox.join("review.sig")).unwrap();
        assert_eq!(world.codes_after(&files), codes, "{hash}");
    }
}

#[test]
fn ssh_keygen_reads_the_keys_that_tenure_makes() {
    let sandbox = Sandbox::new();
    let key = PrivateKey::generate().unwrap();
    let path = sandbox.join("made");
    fs::write(&path, key.to_openssh("a comment").unwrap().as_bytes()).unwrap();
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let public = succeed(sandbox.command(program("ssh-keygen"), sandbox.path()).args(["-y", "-f", "made"]));
    assert_eq!(PublicKey::parse_line(&public).map(|(key, _)| key), Ok(key.public_key()));
}

#[test]
fn a_protected_key_file_leads_to_the_agent() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(program("ssh-keygen"), sandbox.path());
    succeed(command.args(["-q", "-t", "ed25519", "-N", "not a secret", "-f", "locked"]));
    let refused = PrivateKey::parse_openssh(&fs::read_to_string(sandbox.join("locked")).unwrap()).err();
    assert_eq!(refused, Some(KeyError::Protected));
    assert!(KeyError::Protected.to_string().contains("ssh-add"));
}

#[test]
fn an_agent_signs_as_a_key_file_does() {
    let sandbox = Sandbox::new();
    let (ana, ben) = (keygen(&sandbox, "ana"), keygen(&sandbox, "ben"));
    let agent = RunningAgent::start(&sandbox);
    let mut add = sandbox.command(program("ssh-add"), sandbox.path());
    succeed(add.env("SSH_AUTH_SOCK", sandbox.join("agent")).args(["-q", "ana"]));
    let connect = || SshAgent::connect(&sandbox.join("agent")).unwrap();
    let keys = connect().keys().unwrap();
    assert_eq!((keys.len(), keys[0].key, keys[0].comment.as_str()), (1, ana.public_key(), "ana"));
    let signer = connect().signer(ana.public_key()).unwrap();
    let by_agent = SshSignature::sign(&signer, SignatureNamespace::Review, b"x").unwrap();
    assert_eq!(by_agent, SshSignature::sign(&ana, SignatureNamespace::Review, b"x").unwrap());
    assert!(matches!(connect().signer(ben.public_key()), Err(AgentError::NoSuchKey(_))));
    drop(agent);
    assert!(SshAgent::connect(&sandbox.join("nobody")).is_err());
}

#[test]
fn only_a_file_of_a_signed_kind_in_its_place_and_form_is_signed() {
    let world = TestHistory::new();
    let name = PrincipalId::parse("dora").unwrap();
    let path = review_path("dora");
    let bytes = &world.files[&path];
    let signed = sign(&path, bytes, &name, &key("dora")).unwrap();
    assert_eq!((signed.path, signed.namespace), (signature_path(&path, "dora"), SignatureNamespace::Review));
    let loose = [b"# a comment\n", &bytes[..]].concat();
    let code = |result| match result {
        Err(SigningError::Refused(refusal)) => refusal.code(),
        other => panic!("{other:?}"),
    };
    assert_eq!(code(sign(&path, &loose, &name, &key("dora"))), "not-canonical");
    assert_eq!(code(sign(&campaign_path(), bytes, &name, &key("dora"))), "schema-mismatch");
    let people = &world.files["principals.toml"];
    assert!(matches!(sign("principals.toml", people, &name, &key("dora")), Err(SigningError::Kind(_))));
    assert!(matches!(sign("notes/review.toml", bytes, &name, &key("dora")), Err(SigningError::Place(_))));
}

#[test]
fn openssl_verifies_a_checkpoint() {
    let sandbox = Sandbox::new();
    let log = PrivateKey::generate().unwrap();
    let checkpoint = Checkpoint { origin: "tenure/test".to_owned(), size: 3, root: Digest::of("x") };
    let note = checkpoint.sign(&log).unwrap();
    // The public key in the format of X.509 (RFC 8410), and the signature without its four bytes of key id.
    let der = [b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", &log.public_key().as_bytes()[..]].concat();
    fs::write(sandbox.join("key.der"), der).unwrap();
    fs::write(sandbox.join("text"), note.text()).unwrap();
    let line = note.to_string().lines().last().unwrap().rsplit(' ').next().unwrap().to_owned();
    fs::write(sandbox.join("line"), line).unwrap();
    let verify = |file: &str| {
        let script = format!(
            "base64 -d line | tail -c +5 > sig && openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey key.der -in {file} -sigfile sig"
        );
        sandbox.command(program("sh"), sandbox.path()).args(["-c", &script]).output().unwrap().status.success()
    };
    assert!(verify("text"));
    fs::write(sandbox.join("other"), note.text().replace('3', "4")).unwrap();
    assert!(!verify("other"));
}

/// The ssh-agent of this test, stopped when dropped.
struct RunningAgent(Child);

impl RunningAgent {
    fn start(sandbox: &Sandbox) -> Self {
        let socket = sandbox.join("agent");
        let mut command: Command = sandbox.command(program("ssh-agent"), sandbox.path());
        command.arg("-D").arg("-a").arg(&socket).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        let started = Instant::now();
        while !answers(&socket) {
            assert!(started.elapsed() < Duration::from_secs(20), "the agent does not come up");
            std::thread::sleep(Duration::from_millis(10));
        }
        Self(child)
    }
}

impl Drop for RunningAgent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn answers(socket: &Path) -> bool {
    SshAgent::connect(socket).is_ok_and(|agent| agent.keys().is_ok())
}

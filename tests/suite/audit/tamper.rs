//! The tamper corpus: each manipulation of a valid repository is reported by `tenure audit` on a clone with its own
//! code.

use crate::support::enforced::*;
use crate::support::evidence;
use crate::support::tampering::*;
use std::collections::BTreeSet;
use tenure::{
    evidence::layout::{REMEMBERED, blob_path},
    format::{checkpoint::Checkpoint, sshsig::SignatureNamespace},
    git::TreeEdit,
    model::{
        Digest,
        file::{KeyState, Registry, WitnessRole},
    },
    trust::RepositoryState,
};

/// The description of a manipulation, the manipulation, and the expected code.
type Tampering = (&'static str, fn(&mut Case<'_>), &'static str);

/// The description of a change of the cosigned checkpoint, the change, the signer, and the expected codes.
type Cosigned = (&'static str, fn(&mut Checkpoint), &'static str, &'static [&'static str]);

/// Runs each case. The text output has the same findings, so it is checked for one case of each table.
fn hold(world: &EnforcedRepository, corpus: &[Tampering]) {
    let mut wrong = Vec::new();
    for (number, (name, tamper, code)) in corpus.iter().enumerate() {
        let mut case = world.case(name);
        tamper(&mut case);
        let said = case.audit();
        if said.exit != 3 || !said.codes.iter().any(|found| found == code) {
            wrong.push(format!("{name}: {code} is not among {:?}, exit {}\n{}", said.codes, said.exit, said.json));
        }
        if number == 0 {
            let (exit, text) = case.audit_for_people();
            assert!(exit == 3 && text.contains(&format!("[{code}]")), "{exit}: {text}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_honest_world_has_no_findings() {
    let world = EnforcedRepository::new();
    let said = world.case("honest").audit();
    assert_eq!((said.exit, said.codes), (0, Vec::<String>::new()), "{}", said.json);
    assert!(said.json.contains("2 review files recorded, 1 plan recomputed"), "{}", said.json);
    let (exit, text) = world.case("honest, for people").audit_for_people();
    assert_eq!((exit, text.matches("nothing found").count()), (0, 6), "{text}");
    let mut case = world.case("a change of mind");
    let files = case.next_review();
    case.merge(&files);
    assert_eq!(
        case.audit().codes,
        ["decision-not-recorded"],
        "what the forms and signatures below are put into is good"
    );
    let mut case = world.case("a raised severity");
    let raised = case.mandate(|mandate| {
        mandate.severities.insert("decision-not-recorded".to_owned(), tenure::model::Severity::Critical);
        mandate.severities.insert("decision-late".to_owned(), tenure::model::Severity::Low);
    });
    case.merge(&raised);
    let files = case.next_review();
    case.merge(&files);
    let said = case.audit();
    assert_eq!(said.codes, ["decision-not-recorded"]);
    assert!(said.json.contains("\"severity\":\"critical\""), "{}", said.json);
    let mut case = world.case("a new registry");
    let files = case.registry(|_| {});
    case.merge(&files);
    assert_eq!(case.audit().codes, Vec::<String>::new(), "and so is the trust");
}

#[test]
fn what_is_done_to_signed_files_and_signatures() {
    hold(&EnforcedRepository::new(), &FILES);
}

#[test]
fn what_is_done_to_trust() {
    hold(&EnforcedRepository::new(), &TRUST);
}

#[test]
fn what_is_done_to_the_history_of_main() {
    hold(&EnforcedRepository::new(), &HISTORY);
}

#[test]
fn what_is_done_to_evidence_with_the_real_keys() {
    hold(&EnforcedRepository::new(), &EVIDENCE_CORPUS);
}

#[test]
fn each_field_of_each_signed_file() {
    let world = EnforcedRepository::new();
    let case = world.case("fields");
    let pin = Digest::parse(&world.pin).unwrap();
    let before = RepositoryState::walk(&case.repository, pin, case.main).unwrap();
    let mut fields = 0;
    for path in ["trust/root/1.toml", "trust/registry/1.toml", "trust/mandate/1.toml", CAMPAIGN, TOP, REVIEW] {
        let text = String::from_utf8(case.read(path)).unwrap();
        let mut seen = BTreeSet::new();
        for (number, line) in text.lines().enumerate() {
            let Some((key, value)) = line.split_once(" = ").filter(|(key, _)| seen.insert(key.to_owned())) else {
                continue;
            };
            let flipped =
                if value.contains('0') { value.replacen('0', "1", 1) } else { value.replacen(['e', 'a', '2'], "0", 1) };
            let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
            lines[number] = format!("{key} = {flipped}");
            let tampered = lines.join("\n") + "\n";
            let files = Files::from([(path.to_owned(), Some(tampered.into_bytes()))]);
            let commit = case.commit(case.tree(case.main, &files), &[case.main]);
            let mut after = before.clone();
            after.advance(&case.repository, commit).unwrap();
            let codes: Vec<_> = after.findings().iter().map(|finding| finding.code).collect();
            assert!(flipped == value || codes.contains(&"signed-file-edited"), "{path}: {line}: {codes:?}");
            fields += usize::from(flipped != value);
        }
    }
    assert!(fields > 40, "{fields} fields were flipped");
}

const FILES: [Tampering; 27] = [
    (
        "accepted review edited",
        |c| c.edit(REVIEW, |t| t.replacen("\"revoke\"", "\"certify\"", 1)),
        "signed-file-edited",
    ),
    ("accepted review as CRLF", |c| c.edit(REVIEW, |t| t.replace('\n', "\r\n")), "signed-file-edited"),
    ("CRLF", |c| c.form(|t| t.replace('\n', "\r\n")), "carriage-return"),
    ("BOM", |c| c.form(|t| format!("\u{feff}{t}")), "byte-order-mark"),
    ("trailing space", |c| c.form(|t| t.replacen('\n', " \n", 1)), "not-canonical"),
    ("added comment", |c| c.form(|t| format!("# approved\n{t}")), "not-canonical"),
    ("key order", |c| c.form(|t| swap(t, 1, 2)), "not-canonical"),
    ("unknown key", |c| c.form(|t| t.replacen("reviewer =", "approved = true\nreviewer =", 1)), "unknown-key"),
    ("key twice", |c| c.form(|t| t.replacen("system =", "system = \"x\"\nsystem =", 1)), "duplicate-key"),
    ("hidden text", |c| c.form(|t| t.replacen("in use", "in\\u202euse", 1)), "hidden-text"),
    ("oversize file", |c| c.form(|t| format!("{t}{}", "# more\n".repeat(40_000))), "too-large"),
    ("oversize line", |c| c.form(|t| t.replacen("in use", &"x".repeat(5000), 1)), "long-line"),
    ("reviewed thing altered", |c| c.form(|t| t.replacen("tier = \"T2\"", "tier = \"T3\"", 1)), "item-altered"),
    ("wrong hash of the campaign", |c| c.form(|t| flip(t, "digest = \"sha256:")), "campaign-mismatch"),
    (
        "decision flipped under its signature",
        |c| c.unsigned(|t| t.replacen("now in use", "not in use", 1)),
        "signature-mismatch",
    ),
    (
        "wrong namespace",
        |c| c.signed(|f| sign_as(f, NEXT, "ana", &key("ana"), SignatureNamespace::Campaign)),
        "wrong-namespace",
    ),
    ("wrong key", |c| c.signed(|f| sign_as(f, NEXT, "ana", &key("ben"), SignatureNamespace::Review)), "wrong-key"),
    (
        "unknown key of a signer",
        |c| c.signed(|f| sign_as(f, NEXT, "mallory", &key("mallory"), SignatureNamespace::Review)),
        "unknown-signer",
    ),
    ("wrong hash", |c| c.armor(|m| unusual(m, b"", "sha256")), "wrong-hash"),
    ("reserved not empty", |c| c.armor(|m| unusual(m, b"x", "sha512")), "signature-malformed"),
    ("trailing block", |c| c.armor(|m| armored(m).repeat(2)), "signature-malformed"),
    ("trailing junk", |c| c.armor(|m| armored(m) + "junk\n"), "signature-malformed"),
    ("wrapped again", |c| c.armor(wrapped_again), "signature-malformed"),
    (
        "same signer twice",
        |c| c.signed(|f| sign_as(f, NEXT, "ben", &key("ana"), SignatureNamespace::Review)),
        "wrong-key",
    ),
    ("signature stripped", |c| c.merge(&Files::from([(signature_path(TOP, "ben"), None)])), "signed-file-deleted"),
    ("not signed", |c| c.signed(|f| drop(f.remove(&signature_path(NEXT, "ana")))), "below-threshold"),
    ("executable", |c| c.mode("100755", "systems/web-1/1.toml"), "file-not-regular"),
];

const TRUST: [Tampering; 17] = [
    ("revoked key", |c| c.signed_after(KeyState::Revoked), "revoked-key"),
    ("retired key", |c| c.signed_after(KeyState::Retired), "retired-key"),
    ("decision suspect since", suspect, "decision-suspect"),
    (
        "weak key",
        |c| {
            let f = c.registry(|r| WEAK.clone_into(&mut r.principals[2].keys[0].ssh));
            c.merge(&f);
        },
        "weak-key",
    ),
    (
        "duplicate key",
        |c| {
            let f = c.registry(|r| {
                let k = r.principals[0].keys[0].clone();
                r.principals[2].keys.push(k);
            });
            c.merge(&f);
        },
        "duplicate-signing-key",
    ),
    (
        "key taken out",
        |c| {
            let f = c.registry(|r| drop(r.principals[2].keys.pop()));
            c.merge(&f);
        },
        "key-history",
    ),
    (
        "version skipped",
        |c| {
            let f = c.next::<Registry>("registry", 3, |r, prev| (r.version, r.prev) = (3, prev));
            c.merge(&f);
        },
        "version-skipped",
    ),
    (
        "wrong prev",
        |c| {
            let f = c.registry(|r| r.prev = Digest::of("x").to_string());
            c.merge(&f);
        },
        "prev-mismatch",
    ),
    (
        "root with two signatures by one key",
        |c| {
            let mut f = c.root(|_| {});
            sign_as(&mut f, "trust/root/2.toml", "ben", &key("ana"), SignatureNamespace::Root);
            c.merge(&f);
        },
        "wrong-key",
    ),
    (
        "root with one key under two names",
        |c| {
            let f = c.root(|r| {
                let again = r.roles.root.keys[0].replace(" ana", " ana-two");
                r.roles.root.keys.push(again);
            });
            c.merge(&f);
        },
        "duplicate-signing-key",
    ),
    (
        "root by its own new keys",
        |c| {
            let mut f = c.root(|r| r.roles.root.keys = vec![line("mallory"), line("zoe")]);
            ["ana", "ben"].iter().for_each(|s| drop(f.remove(&signature_path("trust/root/2.toml", s))));
            ["mallory", "zoe"].iter().for_each(|s| sign(&mut f, "trust/root/2.toml", s));
            c.merge(&f);
        },
        "below-threshold",
    ),
    (
        "lower threshold by one signature",
        |c| {
            let mut f = c.mandate(|m| m.thresholds.t0 = 1);
            f.remove(&signature_path("trust/mandate/2.toml", "ben"));
            c.merge(&f);
        },
        "below-threshold",
    ),
    (
        "lower threshold not signed",
        |c| {
            let mut f = c.mandate(|m| m.thresholds.t0 = 1);
            ["ana", "ben"].iter().for_each(|s| drop(f.remove(&signature_path("trust/mandate/2.toml", s))));
            c.merge(&f);
        },
        "below-threshold",
    ),
    (
        "lower threshold in the old file",
        |c| c.edit("trust/mandate/1.toml", |t| t.replacen("T0 = 2", "T0 = 1", 1)),
        "signed-file-edited",
    ),
    (
        "key added and used in the same merge",
        |c| {
            let mut f = c.registry(|r| r.principals[0].keys.push(entry("ana two")));
            f.extend(c.next_review());
            sign_as(&mut f, NEXT, "ana", &key("ana two"), SignatureNamespace::Review);
            c.merge(&f);
        },
        "trust-change-not-isolated",
    ),
    (
        "allowed_signers edited",
        |c| c.edit("trust/allowed_signers", |t| t.replacen("ana", "mal", 1)),
        "allowed-signers-differ",
    ),
    (
        "another root",
        |c| {
            let mut f = c.root(|_| {});
            let text = f["trust/root/2.toml"].clone();
            f.insert("trust/root/1.toml".to_owned(), text);
            c.merge_as(c.tree(c.main, &f), &[]);
        },
        "root-pin-mismatch",
    ),
];

const HISTORY: [Tampering; 17] = [
    (
        "evil merge of a new decision",
        |c| {
            let mut f = c.next_review();
            let branch = c.commit(c.tree(c.main, &f), &[c.main]);
            rewrite(&mut f, NEXT, |t| t.replacen("now in use", "not in use", 1));
            c.merge_as(c.tree(c.main, &f), &[c.main, branch]);
        },
        "signature-mismatch",
    ),
    (
        "evil merge of an old decision",
        |c| {
            let branch = c.commit(c.tree_of_main(), &[c.main]);
            let mut f = Files::from([(REVIEW.to_owned(), Some(c.read(REVIEW)))]);
            rewrite(&mut f, REVIEW, |t| t.replacen("in use", "unused", 1));
            c.merge_as(c.tree(c.main, &f), &[c.main, branch]);
        },
        "signed-file-edited",
    ),
    (
        "wholesale tree of an old branch",
        |c| {
            let (branch, tree) = c.old_branch();
            c.merge_as(tree, &[c.main, branch]);
        },
        "signed-file-deleted",
    ),
    (
        "merged the wrong way round",
        |c| {
            let (branch, _) = c.old_branch();
            c.merge_as(c.tree_of_main(), &[branch, c.main]);
        },
        "main-rolled-back",
    ),
    (
        "delete",
        |c| c.merge(&Files::from([(REVIEW.to_owned(), None), (signature_path(REVIEW, "ana"), None)])),
        "signed-file-deleted",
    ),
    ("campaign deleted", |c| c.merge(&Files::from([(CAMPAIGN.to_owned(), None)])), "signed-file-deleted"),
    (
        "rename",
        |c| {
            let bytes = c.read(REVIEW);
            c.merge(&Files::from([(REVIEW.to_owned(), None), (NEXT.to_owned(), Some(bytes))]));
        },
        "signed-file-renamed",
    ),
    (
        "copy under a new name",
        |c| {
            let (bytes, sig) = (c.read(REVIEW), c.read(&signature_path(REVIEW, "ana")));
            c.merge(&Files::from([(NEXT.to_owned(), Some(bytes)), (signature_path(NEXT, "ana"), Some(sig))]));
        },
        "duplicate-decision",
    ),
    (
        "revert",
        |c| {
            let (_, tree) = c.old_branch();
            c.merge_as(tree, &[c.main]);
        },
        "signed-file-edited",
    ),
    ("reset", |c| c.main_is(c.before_the_review()), "main-rolled-back"),
    ("reset, and what it lost", |c| c.main_is(c.before_the_review()), "acceptance-missing"),
    (
        "octopus",
        |c| {
            let f = c.next_review();
            let tree = c.tree(c.main, &f);
            let (one, two) = (c.commit(tree, &[c.main]), c.old_branch().0);
            c.merge_as(tree, &[c.main, one, two]);
        },
        "octopus-merge",
    ),
    ("unrelated history", |c| c.merge_as(c.tree_of_main(), &[]), "main-rolled-back"),
    ("shallow", |c| write(c, "shallow", &format!("{}\n", c.main)), "shallow-history"),
    ("grafts", |c| write(c, "info/grafts", &format!("{}\n", c.main)), "grafted-history"),
    (
        "replace",
        |c| {
            let old = c.before_the_review().to_string();
            c.git(&["replace", &c.main.to_string(), &old]);
        },
        "replaced-history",
    ),
    ("governance of another repository", |c| c.edit("governance.toml", |t| flip(t, "urn:uuid:")), "wrong-repository"),
];

const EVIDENCE_CORPUS: [Tampering; 34] = [
    (
        "a level that its run did not earn",
        |c| {
            c.forge(|l| {
                l.change("\"level\":\"V3\"", "\"level\":\"V4\"");
                l.relink();
            })
        },
        "verification-level-unproven",
    ),
    ("record edited", |c| c.forge(|l| l.change("\"result\":\"applied\"", "\"result\":\"already\"")), "chain-broken"),
    ("record deleted", |c| c.forge(|l| drop(l.last().lines.remove(1))), "sequence-gap"),
    (
        "record inserted",
        |c| {
            c.forge(|l| {
                let again = l.last().lines[1].clone();
                l.last().lines.insert(1, again);
            })
        },
        "sequence-duplicate",
    ),
    ("records swapped", |c| c.forge(|l| l.last().lines.swap(0, 1)), "sequence-duplicate"),
    ("seq gap", |c| c.forge(|l| l.number(|seq| if seq > 5 { seq + 1 } else { seq })), "sequence-gap"),
    ("seq twin", |c| c.forge(|l| l.number(|seq| if seq > 5 { seq - 1 } else { seq })), "sequence-duplicate"),
    (
        "unknown kind",
        |c| {
            c.forge(|l| {
                l.change("\"kind\":\"run.end\"", "\"kind\":\"run.off\"");
                l.relink();
            })
        },
        "record-kind",
    ),
    (
        "unknown version",
        |c| {
            c.forge(|l| {
                l.change("\"v\":1}", "\"v\":2}");
                l.relink();
            })
        },
        "record-version",
    ),
    (
        "unknown key",
        |c| {
            c.forge(|l| {
                l.change("\"exit\":0", "\"exit\":0,\"extra\":1");
                l.relink();
            })
        },
        "record-schema",
    ),
    (
        "oversize",
        |c| {
            c.forge(|l| {
                let long = format!("\"command\":\"{}\"", "x".repeat(600));
                l.change("\"command\":\"verify\"", &long);
                l.relink();
            })
        },
        "record-size",
    ),
    (
        "float",
        |c| {
            c.forge(|l| {
                l.change("\"exit\":0", "\"exit\":0.5");
                l.relink();
            })
        },
        "record-number",
    ),
    (
        "not canonical",
        |c| {
            c.forge(|l| {
                l.change("\"exit\":0", "\"exit\": 0");
                l.relink();
            })
        },
        "record-malformed",
    ),
    (
        "of another run",
        |c| {
            c.forge(|l| {
                l.last().lines.iter_mut().for_each(|line| *line = flip(line, "\"run\":\""));
                l.relink();
            })
        },
        "record-run",
    ),
    (
        "dangling intent",
        |c| {
            let at = c.with("intent");
            c.log_is(at);
        },
        "intent-without-outcome",
    ),
    ("tail cut in the middle of a run", |c| c.log_is(c.with("intent")), "run-not-ended"),
    ("all evidence dropped", |c| drop(c.git(&["update-ref", "-d", EVIDENCE])), "decision-not-enforced"),
    (
        "outcome without intent",
        |c| {
            c.forge(|l| {
                l.remove("\"kind\":\"intent\"");
                l.relink();
            })
        },
        "outcome-without-intent",
    ),
    (
        "outcome made away with",
        |c| {
            c.forge(|l| {
                l.remove("\"kind\":\"outcome\"");
                l.relink();
            })
        },
        "intent-without-outcome",
    ),
    (
        "intent nobody decided",
        |c| {
            c.forge(|l| {
                l.lines().filter(|line| line.contains("\"act-")).for_each(|line| *line = flip(line, "\"act-"));
                l.relink();
            })
        },
        "intent-without-decision",
    ),
    (
        "acceptance of another path",
        |c| {
            c.forge(|l| {
                l.change("web-1/ana-2.toml\"", "web-1/ana-9.toml\"");
                l.relink();
            })
        },
        "acceptance-missing",
    ),
    (
        "acceptance of other bytes",
        |c| {
            c.forge(|l| {
                l.flip("\"kind\":\"decision.accepted\"", "\"digest\":\"sha256:");
                l.relink();
            })
        },
        "acceptance-changed",
    ),
    (
        "acceptance made away with",
        |c| {
            c.forge(|l| {
                l.remove("\"kind\":\"decision.accepted\"");
                l.relink();
            })
        },
        "decision-not-recorded",
    ),
    (
        "another plan",
        |c| {
            c.forge(|l| {
                l.flip("\"kind\":\"run.start\"", "\"plan\":\"sha256:");
                l.relink();
            })
        },
        "plan-mismatch",
    ),
    (
        "another manifest",
        |c| {
            c.forge(|l| {
                l.flip("\"kind\":\"run.start\"", "\"manifest\":\"sha256:");
                l.relink();
            })
        },
        "manifest-mismatch",
    ),
    (
        "forked log",
        |c| {
            let seen = c.log;
            c.forge(|l| {
                l.change("\"result\":\"applied\"", "\"result\":\"already\"");
                l.relink();
            });
            c.repository.move_reference(REMEMBERED, seen, None, "test").unwrap();
        },
        "evidence-rewritten",
    ),
    (
        "last segment dropped",
        |c| {
            let path = c.segments().pop().unwrap();
            c.engine(&[TreeEdit::Remove { path }]);
        },
        "segment-deleted",
    ),
    (
        "segment edited",
        |c| {
            let path = c.segments().remove(0);
            c.engine(&[evidence::put(&c.repository, &path, "{}\n")]);
        },
        "segment-changed",
    ),
    (
        "blob under another name",
        |c| c.engine(&[evidence::put(&c.repository, &blob_path(&Digest::of("a")), "b")]),
        "blob-digest",
    ),
    ("size mismatch", |c| c.checkpoint(|note| note.size -= 1), "checkpoint-size"),
    ("root mismatch", |c| c.checkpoint(|note| note.root = Digest::of("x")), "checkpoint-root"),
    ("another log", |c| c.checkpoint(|note| note.origin = "tenure/other".to_owned()), "checkpoint-signature"),
    ("segments signed by a stranger", |c| c.list(&key("mallory")), "segment-list-signature"),
    (
        "commit by a stranger",
        |c| {
            let tree = c.repository.tree_of(c.log).unwrap();
            let forged = c.world.engine.forge_tree(&c.repository, &[c.log], tree, &key("mallory"));
            c.log_is(forged);
        },
        "commit-signer",
    ),
];

#[test]
fn what_witnesses_have_seen_is_what_the_log_holds() {
    let world = EnforcedRepository::new();
    let stories: [Cosigned; 6] = [
        ("honest", |_| {}, "witness", &[]),
        ("another size", |c| c.size -= 1, "witness", &["cosignature-mismatch"]),
        ("another origin", |c| c.origin = "tenure/other".to_owned(), "witness", &["cosignature-mismatch"]),
        ("another root", |c| c.root = Digest::of("x"), "witness", &["cosignature-mismatch"]),
        ("another witness", |_| {}, "mallory", &["cosignature-signature"]),
        ("no witness", |_| {}, "nobody", &["cosignature-malformed"]),
    ];
    for (name, change, witness, codes) in stories {
        let mut case = world.case(name);
        let role = WitnessRole { threshold: 1, keys: vec![witness_key("witness").to_string()] };
        let files = case.root(|root| root.roles.witness = Some(role));
        case.merge(&files);
        let (mut seen, size) = (case.seen(), case.seen().size);
        change(&mut seen);
        let text = cosigned(&seen, witness);
        case.engine(&[evidence::put(&case.repository, &format!("anchors/{size:012}.cosig"), &text)]);
        assert_eq!(case.audit().codes, codes, "{name}");
    }
}

#[test]
fn row_34_what_no_witness_saw_of_late_is_stale() {
    let world = EnforcedRepository::new();
    let mut case = world.case("stale");
    // The newest record is of the same day; without witnesses, no other time is available.
    assert_eq!(case.audit_with(&["--max-age", "1"]).codes, Vec::<String>::new());
    let role = WitnessRole { threshold: 1, keys: vec![witness_key("witness").to_string()] };
    let files = case.root(|root| root.roles.witness = Some(role));
    case.merge(&files);
    let aged = |case: &Case<'_>, days: &str| case.audit_with(&["--max-age", days]).codes;
    assert_eq!(aged(&case, "1000"), ["evidence-stale"], "no witness has seen it");
    let seen = case.seen();
    let text = cosigned(&seen, "witness");
    case.engine(&[evidence::put(&case.repository, &format!("anchors/{:012}.cosig", seen.size), &text)]);
    // The witness cosigned on 2026-11-18, five days before the audit.
    assert_eq!(aged(&case, "5"), Vec::<String>::new());
    assert_eq!(aged(&case, "4"), ["evidence-stale"]);
    assert_eq!(case.audit().codes, Vec::<String>::new(), "who asks for no age is told none");
}

fn suspect(case: &mut Case<'_>) {
    let files = case.registry(|registry| {
        registry.principals[0].keys[0].state = KeyState::Revoked;
        registry.principals[0].keys[0].suspect_from_index = Some(0);
        registry.principals[0].keys.push(entry("ana new"));
    });
    case.merge(&files);
}

fn wrapped_again(message: &[u8]) -> String {
    let armored = armored(message);
    let (head, body) = armored.split_once('\n').unwrap();
    format!("{head}\n{}", body.replacen('\n', "", 1))
}

/// The neutral point: lax verifiers accept it for every message.
const WEAK: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

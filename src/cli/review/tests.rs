//! Tests of the review session without a terminal: files, undo, bulk decisions, rejections and screens.

use super::{
    app::{AppEffect, ReviewApp, StatusMessage},
    decision_input::DecisionInput,
    draw::draw,
    keys::KeyPress,
    review_file::{ReviewFile, ReviewFileState},
    session::{DecisionError, ReviewSession, SessionInput, UndecidableItem},
    style::TerminalStyle,
};
use crate::{
    campaign::{ContextLine, ContextSection, DecisionContext},
    format::codec,
    model::{
        Digest, ItemId, PrincipalId, Severity, Tier, Timestamp, Verdict,
        file::{Item, Review, ReviewTerms},
    },
};
use proptest::prelude::*;
use ratatui::{Terminal, backend::TestBackend};
use std::collections::BTreeMap;

const NOW: i64 = 1_795_410_000;

/// Ten items: the first three flagged, the last five of one shape.
fn review() -> Review {
    let text = include_str!("../../../schemas/examples/review.toml");
    let mut review: Review = codec::parse("review.toml", text.as_bytes()).unwrap();
    let blank = review.items.pop().unwrap();
    review.items = (0..10)
        .map(|number| Item {
            id: ItemId::parse(&format!("itm-{number:016x}")).unwrap(),
            subject: format!("pg-orders:{number}"),
            principal: format!("holder_{number}"),
            tier: if number == 0 { Tier::T0 } else { Tier::T2 },
            severity: (number < 3).then_some(if number == 1 { Severity::Critical } else { Severity::High }),
            recommendation: if number < 3 { "revoke: NHI-OWN-02, NHI-LIF-02".to_owned() } else { String::new() },
            entitlement: if number < 5 { format!("role number_{number}") } else { "role reporting".to_owned() },
            ..blank.clone()
        })
        .collect();
    review
}

fn review_file(path: &str, review: Review, standing: ReviewFileState) -> ReviewFile {
    let due = Timestamp::from_unix(NOW).plus_days(14);
    ReviewFile { path: path.to_owned(), review, standing, due, bar: None, next: None }
}

fn review_session() -> ReviewSession {
    let review_files =
        vec![review_file("campaigns/q4/reviews/pg-orders/ana.ruiz.toml", review(), ReviewFileState::Open)];
    ReviewSession::new(PrincipalId::parse("ana.ruiz").unwrap(), review_files, &laid())
}

fn laid() -> SessionInput {
    SessionInput { bars: BTreeMap::new(), in_force: BTreeMap::new(), terms: ReviewTerms::usual() }
}

fn bytes(review_session: &ReviewSession) -> Vec<String> {
    let written = review_session.review_files().iter().filter(|review_file| !review_file.is_empty());
    written.map(|review_file| codec::render(&review_file.review)).collect()
}

fn answer(verdict: Verdict) -> DecisionInput {
    let to = verdict.needs_to().then(|| "li.chen".to_owned());
    let until = Some(Timestamp::from_unix(NOW).plus_days(30));
    let until = until.filter(|_| matches!(verdict, Verdict::Certify | Verdict::Except));
    DecisionInput {
        verdict: Some(verdict),
        to,
        until,
        reason: "unused: retired with the old warehouse in May".to_owned(),
    }
}

fn press(app: &mut ReviewApp, keys: &str) -> AppEffect {
    let key = |character: char| match character {
        '\r' => KeyPress::Enter,
        '\x1b' => KeyPress::Escape,
        '\t' => KeyPress::Tab,
        other => KeyPress::Char(other),
    };
    keys.chars().map(|character| app.press(key(character))).last().unwrap_or(AppEffect::None)
}

/// An action in a review session.
#[derive(Clone, Debug)]
enum Act {
    Bulk(usize, Verdict),
    Decide(usize, Verdict),
    Open(usize),
    Redo,
    Undo,
}

fn act() -> impl Strategy<Value = Act> {
    let verdict = || prop::sample::select(Verdict::ALL.to_vec());
    prop_oneof![
        (0..10_usize, verdict()).prop_map(|(row, verdict)| Act::Decide(row, verdict)),
        (0..10_usize, verdict()).prop_map(|(row, verdict)| Act::Bulk(row, verdict)),
        (0..10_usize).prop_map(Act::Open),
        Just(Act::Undo),
        Just(Act::Redo),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// For any sequence of actions, the file is canonical after each step, bulk decisions change no flagged item, and
    /// undoing all steps restores the original bytes.
    #[test]
    fn undoing_all_actions_restores_the_original_bytes(acts in prop::collection::vec(act(), 0..24)) {
        let mut review_session = review_session();
        let first = bytes(&review_session);
        for act in acts {
            let before = bytes(&review_session);
            let flagged: Vec<_> = review_session.review_files()[0].review.items[..3].to_vec();
            match act {
                Act::Decide(row, verdict) => {
                    if review_session.decide(row, &answer(verdict)).is_err() {
                        prop_assert_eq!(&bytes(&review_session), &before, "what is refused changes nothing");
                    }
                }
                Act::Bulk(row, verdict) => {
                    let rows: Vec<usize> = (row..10).collect();
                    let refused = review_session.decide_all(&rows, &answer(verdict)).is_err();
                    prop_assert!(refused || row >= 3);
                    prop_assert_eq!(&flagged[..], &review_session.review_files()[0].review.items[..3]);
                }
                Act::Open(row) => drop(review_session.decide(row, &DecisionInput::default())),
                Act::Undo => drop(review_session.undo()),
                Act::Redo => drop(review_session.redo()),
            }
            for text in bytes(&review_session) {
                prop_assert!(codec::parse::<Review>("x.toml", text.as_bytes()).is_ok());
            }
        }
        let last = bytes(&review_session);
        let mut steps = 0;
        while review_session.undo().is_some() {
            steps += 1;
        }
        prop_assert_eq!(&bytes(&review_session), &first);
        for _ in 0..steps {
            review_session.redo();
        }
        prop_assert_eq!(&bytes(&review_session), &last);
    }
}

#[test]
fn certify_against_policy_requires_code_and_text() {
    let mut review_session = review_session();
    let short = DecisionInput { reason: "in-use-needed: yes".to_owned(), ..answer(Verdict::Certify) };
    assert!(matches!(review_session.decide(0, &short), Err(DecisionError::Lacks(_))), "a code without words");
    let plain = DecisionInput { reason: "we need it for the work".to_owned(), ..answer(Verdict::Certify) };
    assert!(matches!(review_session.decide(0, &plain), Err(DecisionError::Lacks(_))), "words without a code");
    assert!(
        matches!(review_session.decide(1, &answer(Verdict::Certify)), Err(DecisionError::Lacks(_))),
        "a critical rule"
    );
    assert!(review_session.decide(1, &answer(Verdict::Except)).is_ok());
    let one_word = DecisionInput { reason: "unused".to_owned(), ..answer(Verdict::Revoke) };
    assert!(review_session.decide(2, &one_word).is_ok(), "taking away never needs more text than keeping");
}

#[test]
fn decision_on_signed_item_goes_into_next_file() {
    let mut signed = review();
    signed.items[3] = answer(Verdict::Certify).on(signed.items[3].clone());
    let reference = format!("campaigns/q4/reviews/pg-orders/ana.ruiz.toml@{}", Digest::of("bytes"));
    let standing = ReviewFileState::Signed { reference: reference.clone(), merged: false };
    let mut first = review_file("campaigns/q4/reviews/pg-orders/ana.ruiz.toml", signed.clone(), standing);
    first.next = Some(1);
    let head = Review { items: Vec::new(), ..signed.clone() };
    let next = review_file("campaigns/q4/reviews/pg-orders/ana.ruiz-2.toml", head, ReviewFileState::Next);
    let mut review_session = ReviewSession::new(signed.reviewer.clone(), vec![first, next], &laid());
    assert_eq!((review_session.len(), review_session.progress().decided, bytes(&review_session).len()), (10, 1, 1));

    assert_eq!(review_session.decide(3, &answer(Verdict::Revoke)).as_deref(), Ok(&[1_usize][..]));
    review_session.decide(0, &answer(Verdict::Revoke)).unwrap();
    let next = &review_session.review_files()[1].review;
    let named: Vec<_> = next.items.iter().map(|item| (item.principal.as_str(), item.supersedes.clone())).collect();
    assert_eq!(named, [("holder_0", None), ("holder_3", Some(reference))], "in the order of the first file");
    assert_eq!(review_session.review_files()[0].review, signed, "the bytes that were signed stay");
    assert_eq!(review_session.item(3).and_then(|item| item.decision), Some(Verdict::Revoke));

    review_session.decide(3, &DecisionInput::default()).unwrap();
    assert_eq!(
        review_session.item(3).and_then(|item| item.decision),
        Some(Verdict::Certify),
        "what was signed is in force again"
    );
    review_session.undo();
    review_session.undo();
    review_session.undo();
    assert!(review_session.review_files()[1].is_empty());
}

#[test]
fn own_item_can_only_be_abstained_from() {
    let why = "it is their own access".to_owned();
    let bars = BTreeMap::from([(review().items[4].id, UndecidableItem { why, may_abstain: true })]);
    let review_files =
        vec![review_file("campaigns/q4/reviews/pg-orders/ana.ruiz.toml", review(), ReviewFileState::Open)];
    let mut review_session =
        ReviewSession::new(PrincipalId::parse("ana.ruiz").unwrap(), review_files, &SessionInput { bars, ..laid() });
    assert!(matches!(review_session.decide(4, &answer(Verdict::Certify)), Err(DecisionError::Barred(_))));
    assert!(review_session.decide(4, &answer(Verdict::Abstain)).is_ok());
}

#[test]
fn hidden_text_in_a_reason_is_refused() {
    let mut review_session = review_session();
    for reason in ["a\u{202e}b and more", "\u{1b}[2J and more", &"x".repeat(3000)] {
        let answer = DecisionInput { reason: reason.to_owned(), ..answer(Verdict::Revoke) };
        assert!(matches!(review_session.decide(5, &answer), Err(DecisionError::Form(_))), "{reason:?}");
    }
}

#[test]
fn keys_decide_and_every_decision_is_saved() {
    let mut app = ReviewApp::new(review_session(), Timestamp::from_unix(NOW));
    assert_eq!(press(&mut app, "r1gone since May\r"), AppEffect::Save(vec![0]));
    assert_eq!(app.review_session.item(0).map(|item| item.reason.as_str()), Some("unused: gone since May"));
    assert_eq!(app.at, 1, "the next open item");
    assert_eq!(press(&mut app, "n"), AppEffect::None);
    assert_eq!(press(&mut app, "u"), AppEffect::Save(vec![0]));
    assert_eq!(app.review_session.progress().decided, 0);
    press(&mut app, "g");
    press(&mut app, "c");
    assert_eq!(press(&mut app, "\r"), AppEffect::None, "an end is needed on T0");
    assert_eq!(press(&mut app, "soon\r"), AppEffect::None);
    assert_eq!(press(&mut app, "\x1b"), AppEffect::None);
    assert_eq!(app.review_session.progress().decided, 0, "nothing is decided before its reason");
}

#[test]
fn bulk_selects_open_unflagged_items_of_one_kind() {
    let mut app = ReviewApp::new(review_session(), Timestamp::from_unix(NOW));
    press(&mut app, "b");
    assert!(
        matches!(&app.notice, Some(StatusMessage::Refused(why)) if why.contains("is flagged by a rule")),
        "{:?}",
        app.notice
    );
    press(&mut app, "G");
    assert_eq!(press(&mut app, "bc1\r"), AppEffect::Save(vec![0]));
    let decided: Vec<_> =
        (0..10).filter(|row| app.review_session.item(*row).is_some_and(|item| item.decision.is_some())).collect();
    assert_eq!(decided, [5, 6, 7, 8, 9]);
    assert_eq!(press(&mut app, "u"), AppEffect::Save(vec![0]));
    assert_eq!(app.review_session.progress().decided, 0, "one step takes all of it back");
}

#[test]
fn search_filter_and_sort_show_and_never_decide() {
    let mut app = ReviewApp::new(review_session(), Timestamp::from_unix(NOW));
    press(&mut app, "/holder_7\r");
    assert_eq!(app.rows, [7]);
    press(&mut app, "\x1b");
    press(&mut app, "fjj\r");
    assert_eq!(app.rows, [0, 1, 2], "flagged");
    press(&mut app, "\x1bs");
    assert_eq!(app.rows.len(), 10);
    app.paste("rrrr1 pasted\ry");
    assert_eq!(app.review_session.progress().decided, 0, "what is pasted is no key");
}

#[test]
fn signing_asks_for_the_number_of_flagged_items_that_stay_open() {
    let mut app = ReviewApp::new(review_session(), Timestamp::from_unix(NOW));
    assert_eq!(press(&mut app, "S"), AppEffect::None);
    press(&mut app, "r1\r");
    assert_eq!(press(&mut app, "Sy\r"), AppEffect::None);
    assert_eq!(press(&mut app, "\x1b"), AppEffect::None);
    assert_eq!(press(&mut app, "S2\r"), AppEffect::Sign);
}

fn dossier(text: &str) -> DecisionContext {
    let line = |text: &str, marked| ContextLine { text: text.to_owned(), marked };
    let lines = vec![line("svc_export holds role reporting", false), line(text, true)];
    DecisionContext {
        chapters: vec![
            ContextSection { title: "What it is", lines: lines.clone() },
            ContextSection { title: "Question", lines },
        ],
    }
}

fn screen(app: &mut ReviewApp, dossier: &DecisionContext, columns: u16, rows: u16, unicode: bool) -> String {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| draw(frame, app, Some(dossier), TerminalStyle { colour: false, unicode })).unwrap();
    terminal.backend().to_string()
}

fn is(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../../tests/cases/review");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn list_of_several_systems_names_the_system_of_each_row() {
    let twin = |system: &str, number: u8| {
        let mut review = review();
        review.system = crate::model::SystemId::parse(system).unwrap();
        review.items.retain(|item| item.entitlement == "role number_3");
        for item in &mut review.items {
            item.id = ItemId::parse(&format!("itm-{number:016x}")).unwrap();
            item.subject = format!("{system}:3");
        }
        review_file(&format!("campaigns/q4/reviews/{system}/ana.ruiz.toml"), review, ReviewFileState::Open)
    };
    let files = vec![twin("web-1", 1), twin("web-2", 2)];
    let session = ReviewSession::new(PrincipalId::parse("ana.ruiz").unwrap(), files, &laid());
    let mut app = ReviewApp::new(session, Timestamp::from_unix(NOW));
    for columns in [80, 100, 120] {
        let shown = screen(&mut app, &dossier("in use"), columns, 24, true);
        for system in ["web-1", "web-2"] {
            let row = format!("T2 {system} holder_3 role number_3");
            assert!(shown.contains(&row), "{columns} columns: {row} in\n{shown}");
        }
    }
}

#[test]
fn the_screen_in_80_and_in_120_columns() {
    let mut app = ReviewApp::new(review_session(), Timestamp::from_unix(NOW));
    press(&mut app, "r1gone since May\r");
    let told = dossier("the owner has left");
    is("screen-list", &screen(&mut app, &told, 80, 24, true));
    press(&mut app, "\r");
    is("screen-card", &screen(&mut app, &told, 80, 24, false));
    press(&mut app, "x");
    is("screen-form", &screen(&mut app, &told, 80, 24, true));
    is("screen-wide", &screen(&mut app, &told, 120, 40, true));
}

#[test]
fn small_terminal_shows_item_and_input() {
    let mut app = ReviewApp::new(review_session(), Timestamp::from_unix(NOW));
    let told = dossier("the owner has left");
    is("screen-small-list", &screen(&mut app, &told, 40, 10, true));
    press(&mut app, "\r");
    is("screen-small-card", &screen(&mut app, &told, 40, 10, true));
    press(&mut app, "x90");
    let form = screen(&mut app, &told, 40, 10, true);
    assert!(form.contains("until* 90") && form.contains("What it is"), "{form}");
    press(&mut app, "d\r1because of the move\r");
    assert_eq!(app.review_session.progress().decided, 1);
    press(&mut app, "S7");
    let sign = screen(&mut app, &told, 40, 10, true);
    assert!(sign.contains("sign 7"), "{sign}");
    press(&mut app, "\x1b?");
    assert!(!screen(&mut app, &told, 40, 10, true).contains("signs them"));
    press(&mut app, "jjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjj");
    assert!(screen(&mut app, &told, 40, 10, true).contains("signs"), "the page of keys can be scrolled to its end");
}

#[test]
fn ascii_terminal_shows_only_ascii() {
    let mut app = ReviewApp::new(review_session(), Timestamp::from_unix(NOW));
    let told = dossier("the owner “Zoë” has left · 東京 → …");
    for keys in ["", "\r", "r", "\x1b", "?", "q", "f"] {
        press(&mut app, keys);
        let text = screen(&mut app, &told, 80, 24, false);
        assert!(text.is_ascii(), "{text}");
    }
}

#[test]
fn hostile_names_do_not_affect_terminal_or_frame() {
    let hostile = "\u{1b}[2J\u{1b}]0;x\u{7}\u{202e}\u{9b}31m\u{200b}東京タワー\r\n".repeat(100);
    let mut review = review();
    for item in &mut review.items {
        item.principal.clone_from(&hostile);
        item.entitlement.clone_from(&hostile);
        item.summary.clone_from(&hostile);
    }
    let review_files = vec![review_file("campaigns/q4/reviews/pg-orders/ana.ruiz.toml", review, ReviewFileState::Open)];
    let mut app = ReviewApp::new(
        ReviewSession::new(PrincipalId::parse("ana.ruiz").unwrap(), review_files, &laid()),
        Timestamp::from_unix(NOW),
    );
    let told = dossier(&hostile);
    for keys in ["", "\r", "r", "\x1b", "?", "q", "f", "q", "/", "\r", "S"] {
        press(&mut app, keys);
        for (columns, rows) in [(80, 24), (120, 40), (40, 10), (10, 3), (1, 1)] {
            let text = screen(&mut app, &told, columns, rows, true);
            assert!(text.chars().all(|c| c == '\n' || crate::diag::HiddenCharacter::of(c).is_none()), "{text:?}");
            assert_eq!(text.lines().count(), usize::from(rows));
        }
    }
}

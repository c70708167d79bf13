//! Property tests of the codecs on arbitrary values, without panics on arbitrary bytes.
//!
//! The seed is fixed, so that every run has the same result; `fuzz/` searches further.

use proptest::{collection::vec, option, prelude::*, test_runner::RngSeed};
use tenure::{
    diag::RenderStyle,
    format::{canonical_toml, codec, confusables, fmt, json_lines, schema},
    model::{
        CampaignId, Digest, Grant, ItemId, PrincipalId, RepoId, SystemId, Tier, Timestamp, Verdict,
        file::{FileKind, GovernedFile, Item, Review},
    },
};

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, rng_seed: RngSeed::Fixed(20_261_123), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_as_it_was(review in reviews()) {
        let text = codec::render(&review);
        let texts = review.items.iter().flat_map(|item| [Some(&item.summary), Some(&item.principal), item.to.as_ref()]);
        let honest = texts.flatten().all(|text| confusables::check(text).is_none());
        let read = codec::parse::<Review>("r.toml", text.as_bytes());
        if honest {
            prop_assert_eq!(read.map_err(|problems| problems.render(RenderStyle::plain())), Ok(review));
        } else {
            prop_assert!(read.is_err());
        }
    }

    #[test]
    fn any_table_has_one_text_and_comes_back(table in tables()) {
        // A list that mixes tables with other values has no text form.
        let Ok(text) = canonical_toml::to_string(&table) else { return Ok(()) };
        let read: toml::Table = toml::from_str(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(&read, &table, "{}", text);
        prop_assert_eq!(canonical_toml::to_string(&read).unwrap(), text.as_str());
        // The fast parser may give up, but never returns a different value.
        prop_assert_eq!(canonical_toml::from_str::<toml::Table>(&text).unwrap_or(read), table);
    }

    #[test]
    fn mending_twice_changes_nothing(review in reviews(), spaces in 0..3_usize) {
        let draft = codec::render(&review).replace(" = ", &format!("{0}={0}", " ".repeat(spaces)));
        if let Ok(once) = fmt::format("r.toml", draft.as_bytes(), fmt::CommentHandling::Refuse) {
            prop_assert!(codec::check(FileKind::Review, "r.toml", once.text.as_bytes()).is_ok());
            let twice = fmt::format("r.toml", once.text.as_bytes(), fmt::CommentHandling::Refuse).unwrap();
            prop_assert_eq!(twice.text, once.text);
        }
    }

    #[test]
    fn no_parser_panics_on_random_bytes(bytes in vec(any::<u8>(), 0..2000), text in "\\PC*") {
        for bytes in [bytes.as_slice(), text.as_bytes()] {
            everything(bytes);
        }
    }

    #[test]
    fn no_parser_panics_on_damaged_lines(damage in vec(damages(), 0..3)) {
        let mut bytes = include_bytes!("../../cases/grants.jsonl").to_vec();
        for (at, cut, insert) in damage {
            let at = at.index(bytes.len() + 1);
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, insert);
        }
        everything(&bytes);
    }

    #[test]
    fn no_parser_panics_on_a_damaged_file(kind in 0..FileKind::ALL.len(), damage in vec(damages(), 1..6)) {
        let mut bytes = schema::example(FileKind::ALL[kind]).as_bytes().to_vec();
        for (at, cut, insert) in damage {
            let at = at.index(bytes.len() + 1);
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, insert);
        }
        everything(&bytes);
    }
}

/// Passes the bytes to every parser, and renders the diagnostics.
fn everything(bytes: &[u8]) {
    for kind in FileKind::ALL {
        if let Err(problems) = codec::check(kind, "x.toml", bytes) {
            assert!(!problems.is_empty());
            let _ = (problems.render(RenderStyle::coloured()), problems.to_json());
        }
    }
    if let Ok(mended) = fmt::format("x.toml", bytes, fmt::CommentHandling::Drop) {
        let kind = codec::kind("x.toml", &mended.text).unwrap();
        assert!(codec::check(kind, "x.toml", mended.text.as_bytes()).is_ok(), "{}", mended.text);
    }
    let (mut grants, mut refused) = (Vec::new(), false);
    for line in json_lines::LineReader::<Grant, _>::new("x.jsonl", bytes) {
        match line {
            Ok(grant) => grants.push(grant),
            Err(problem) => refused = !problem.render(RenderStyle::plain()).is_empty(),
        }
    }
    if !refused {
        let mut again = Vec::new();
        json_lines::write(&grants, &mut again).unwrap();
        assert_eq!(again, bytes);
    }
    let text = String::from_utf8_lossy(bytes);
    // If the fast parser accepts a text, the general parser returns the same value.
    if let Some(table) = canonical_toml::from_str::<toml::Table>(&text)
        && canonical_toml::to_string(&table).as_deref() == Ok(&*text)
    {
        assert_eq!(toml::from_str::<toml::Table>(&text).ok(), Some(table), "{text}");
    }
    let _ = codec::place(&text, &["item".into(), 0.into(), "id".into()]);
    assert_eq!(confusables::check(&confusables::escape_confusables(&text)), None);
}

fn damages() -> impl Strategy<Value = (prop::sample::Index, usize, Vec<u8>)> {
    let tokens = prop::sample::select(vec![
        "[[item]]\n",
        "\"\"\"",
        "'",
        "\"",
        "=",
        "\n",
        "[",
        "]",
        "{",
        "}",
        "#",
        "\\u",
        "\\U0010FFFF",
        ".",
        ",",
        "a.b.c",
        "1979-05-27",
        "inf",
        "nan",
        "0x",
        "1e9",
        "\u{202e}",
        "\u{feff}",
        "é",
        "schema",
        "\r\n",
        "true",
    ]);
    let insert = prop_oneof![
        3 => tokens.prop_map(|token| token.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..8),
    ];
    (any::<prop::sample::Index>(), 0..12_usize, insert)
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[ -~]{0,60}", 2 => "[a-zäöüß€🔑東京]{0,20}", 1 => "\\PC{0,20}", 1 => any::<String>()]
}

fn reviews() -> impl Strategy<Value = Review> {
    (vec(items(), 0..6), vec(principals(), 0..4), any::<u64>()).prop_map(|(items, cosigners, seed)| Review {
        schema: Review::KIND.schema().to_owned(),
        repo: RepoId::parse("urn:uuid:9c1e6f0a-6a0f-4c59-9a53-1c7f5f6d2b11").unwrap(),
        campaign: CampaignId::parse(&format!("c-{seed}")).unwrap(),
        digest: Digest::of(seed.to_be_bytes()),
        system: SystemId::parse("db").unwrap(),
        reviewer: PrincipalId::parse("ana").unwrap(),
        cosigners,
        stage: None,
        items,
    })
}

fn principals() -> impl Strategy<Value = PrincipalId> {
    "[a-z0-9][a-z0-9_-]{0,63}".prop_map(|text| PrincipalId::parse(&text).unwrap())
}

fn items() -> impl Strategy<Value = Item> {
    let texts = (texts(), texts(), option::of(texts()));
    let times = option::of((0..4_000_000_000_i64).prop_map(Timestamp::from_unix));
    (any::<u64>(), texts, times, option::of(prop::sample::select(Verdict::ALL.to_vec()))).prop_map(
        |(seed, (facts, principal, to), until, decision)| Item {
            id: ItemId::parse(&format!("itm-{seed:016x}")).unwrap(),
            grant_digest: Digest::of(seed.to_le_bytes()),
            subject: "db:1".to_owned(),
            tier: [Tier::T0, Tier::T1, Tier::T2, Tier::T3][(seed % 4) as usize],
            summary: facts,
            recommendation: if seed % 2 == 0 { String::new() } else { "revoke".to_owned() },
            severity: None,
            principal,
            entitlement: "role".to_owned(),
            decision,
            to,
            until,
            reason: String::new(),
            supersedes: None,
        },
    )
}

fn tables() -> impl Strategy<Value = toml::Table> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(toml::Value::Boolean),
        any::<i64>().prop_map(toml::Value::Integer),
        (-1e300..1e300).prop_map(toml::Value::Float),
        any::<String>().prop_map(toml::Value::String),
        prop::sample::select(vec!["1979-05-27T07:32:00Z", "1979-05-27", "07:32:00.5"])
            .prop_map(|text| toml::Value::Datetime(text.parse().unwrap())),
    ];
    let value = leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(toml::Value::Array),
            prop::collection::btree_map("[a-z]{0,3}|\\PC{0,3}", inner, 0..4)
                .prop_map(|members| toml::Value::Table(members.into_iter().collect())),
        ]
    });
    prop::collection::btree_map("[a-z_-]{0,5}", value, 0..5).prop_map(|members| members.into_iter().collect())
}

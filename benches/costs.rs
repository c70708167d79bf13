//! Microbenchmarks: `cargo bench --bench costs`.
#![allow(unreachable_pub, reason = "`pub` marks what the modules of this program share; it exports nothing")]
#![allow(clippy::expect_used, reason = "a benchmark that cannot go on should stop there")]

mod work;

use divan::{Bencher, counter::BytesCount};
use tenure::format::codec;
use tenure::format::merkle::MerkleTree;
use tenure::format::sshsig::{SignatureNamespace, SshSignature};
use tenure::model::Digest;
use tenure::model::file::Review;
use work::{evidence, reviews};

fn main() {
    divan::main();
}

/// Strict parsing of one review file with ten items.
#[divan::bench]
fn review_parse(bencher: Bencher<'_, '_>) {
    let signed = reviews::signed(1);
    bencher.counter(BytesCount::of_slice(&signed.file)).bench(|| codec::parse::<Review>("ana.ruiz.toml", &signed.file));
}

/// Verification of one signature file.
#[divan::bench]
fn review_signature(bencher: Bencher<'_, '_>) {
    let signed = reviews::signed(1);
    bencher.bench(|| {
        let signature = SshSignature::parse(&signed.signatures[0]).expect("it was just made");
        signature.verify(SignatureNamespace::Review, &signed.file)
    });
}

/// One record: parsed, chained, and added to the tree.
#[divan::bench]
fn evidence_record(bencher: Bencher<'_, '_>) {
    let line = evidence::line(3, Digest::ZERO);
    bencher
        .counter(BytesCount::of_str(&line))
        .with_inputs(MerkleTree::default)
        .bench_values(|mut tree| evidence::next(&line, 3, Digest::ZERO, &mut tree));
}

//! Timings of the hot paths: `cargo bench --bench hot_paths`.
//!
//! Reads the shipped intents and articles, so the figures are those of a desk that starts with them.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use madoguchi::app::{listing, rules};
use madoguchi::classify::Engine;
use madoguchi::config::Config;
use madoguchi::text::tokenise::light;
use madoguchi::text::{language, normalise};
use madoguchi::workers::live::Rules;

/// The rules of a desk without settings of its own.
#[expect(clippy::panic, reason = "figures of a desk without content would be worth nothing")]
fn shipped() -> Rules {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("madoguchi.toml");
    let rules = Config::parse(&file, "", &[]).and_then(|config| rules(&config));
    rules.unwrap_or_else(|faults| panic!("{}", listing(&faults)))
}

fn classify(c: &mut Criterion) {
    let Rules { catalog, engine, .. } = shipped();
    let long = "お世話になっております。昨日からVPNに接続できず、エラー0x80070057と表示されます。".repeat(20);
    for (name, text) in [
        ("classify/question ja", "パスワードを忘れてしまいログインできません。再設定の方法を教えてください。"),
        ("classify/question en", "I forgot my password and cannot log in. How can I reset it?"),
        ("classify/request ja", "お疲れ様です。web01を本日23時に再起動してください。よろしくお願いいたします。"),
        ("classify/long mail", &long),
    ] {
        c.bench_function(name, |b| b.iter(|| engine.classify_text("", black_box(text), None)));
    }
    let mut slow = c.benchmark_group("build");
    slow.sample_size(10);
    slow.bench_function("engine", |b| b.iter(|| Engine::build(black_box(&catalog)).is_ok()));
    slow.finish();
}

fn text(c: &mut Criterion) {
    let written = "VPNに接続できず、エラー0x80070057が表示されます。ｻｰﾊﾞ web01 の設定は変更していません。".repeat(18);
    let normal = normalise(&written);
    c.bench_function("text/normalise 1000 chars", |b| b.iter(|| normalise(black_box(&written))));
    c.bench_function("text/language 1000 chars", |b| b.iter(|| language::detect(black_box(&written))));
    c.bench_function("text/tokenise 1000 chars", |b| {
        b.iter(|| {
            let mut pieces = 0;
            light(black_box(&normal), |_| pieces += 1);
            pieces
        });
    });
}

criterion_group!(benches, classify, text);
criterion_main!(benches);

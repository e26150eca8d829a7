//! Timings of the hot paths: `cargo bench --bench hot_paths`.
//!
//! Reads the shipped intents and articles, so the figures are those of a desk that starts with them.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use madoguchi::classify::Engine;
use madoguchi::content;
use madoguchi::domain::Language;
use madoguchi::domain::catalog::{Catalog, Desk, SendLimits, Thresholds};
use madoguchi::text::tokenise::light;
use madoguchi::text::{language, normalise};

fn catalog() -> Catalog {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (content, _) = content::load(&root.join("intents"), &root.join("knowledge-base"));
    Catalog {
        version: content.version,
        desk: Desk {
            name: "desk".to_owned(),
            language: Language::Ja,
            timezone: chrono_tz::Asia::Tokyo,
            mailboxes: Vec::new(),
        },
        intents: content.intents,
        articles: content.articles,
        synonyms: content.synonyms,
        queues: Vec::new(),
        calendars: Vec::new(),
        thresholds: Thresholds { answer: 0.9, suggest: 0.5, intent: 0.5 },
        limits: SendLimits {
            automatic_per_sender_day: 10,
            automatic_per_ticket: 5,
            questions_per_ticket: 2,
            reopen_within_days: 14,
        },
        service: madoguchi::domain::ServiceRules::default(),
    }
}

fn classify(c: &mut Criterion) {
    let catalog = catalog();
    let Ok(engine) = Engine::build(&catalog) else { return };
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

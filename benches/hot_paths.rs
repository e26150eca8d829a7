//! Timings of the hot paths: `cargo bench --bench hot_paths`.
//!
//! Reads the shipped intents and articles, so the figures are those of a desk that starts with them.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use madoguchi::app::{listing, rules};
use madoguchi::classify::Engine;
use madoguchi::config::Config;
use madoguchi::decide::{self, Context};
use madoguchi::domain::rulebook::{Actions, Conditions, DeskRule, Written};
use madoguchi::domain::schedule::{Calendar, Objective, Span, Timetable};
use madoguchi::domain::{Classification, Known, Language, Message, Timestamp};
use madoguchi::rulebook::{Patterns, blank};
use madoguchi::sla::hours;
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

/// A mail, with no desk rule and with 200: what the rules add to reading it.
#[expect(clippy::panic, reason = "figures without rules would be worth nothing")]
fn desk_rules(c: &mut Criterion) {
    let Rules { mut catalog, .. } = shipped();
    let message = Message {
        subject: "VPN".into(),
        text: "昨日からVPNに接続できません。web01 の再起動はしました。".repeat(6),
        reply_text: "昨日からVPNに接続できません。web01 の再起動はしました。".repeat(6),
        ..blank()
    };
    let rule = |number: usize| {
        let texts = vec![Written { pattern: format!("(?:障害|outage){number}.{{0,20}}(?:至急|asap)"), line: 0 }];
        let when = Conditions { texts, senders: vec![format!("@client{number}.example")], ..Conditions::default() };
        let then = Actions { tags: vec!["x".into()], ..Actions::default() };
        DeskRule { id: format!("rule-{number}"), when, then, ..DeskRule::default() }
    };
    for count in [0, 200] {
        catalog.rulebook.rules = (0..count).map(rule).collect();
        let patterns = Patterns::new(&catalog.rulebook).unwrap_or_else(|bad| panic!("{bad:?}"));
        let (subject, text) = (normalise(&message.subject), normalise(&message.reply_text));
        c.bench_function(&format!("rules/read with {count}"), |b| {
            b.iter(|| patterns.read(black_box(&message), &subject, &text));
        });
        let (classification, known) = (Classification::nothing(Language::Ja), Known::default());
        let context = Context { catalog: &catalog, classification: &classification, known: &known };
        c.bench_function(&format!("rules/decide with {count}"), |b| {
            b.iter(|| decide::decide(black_box(&message), &context, Timestamp(1_795_327_200_000)));
        });
    }
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

/// Due times from 1,024 starting points in a year, with a lunch break, holidays and a year-end closing.
fn sla(c: &mut Criterion) {
    let hours = vec![Span { start_minute: 600, end_minute: 720 }, Span { start_minute: 780, end_minute: 1020 }];
    let table = Timetable::new(Calendar {
        name: "phone".to_owned(),
        timezone: chrono_tz::Asia::Tokyo,
        week: std::array::from_fn(|day| if day < 5 { hours.clone() } else { Vec::new() }),
        japanese_holidays: true,
        closed_yearly: vec![((12, 30), (1, 3))],
        holidays: Vec::new(),
        closed_dates: Vec::new(),
        open_dates: Vec::new(),
        special_hours: Vec::new(),
    });
    let starts: Vec<Timestamp> = (0..1_024).map(|n| Timestamp(1_767_193_200_000 + n * 30_789_000)).collect();
    let mut group = c.benchmark_group("sla");
    group.throughput(Throughput::Elements(1_024));
    for (name, target) in [("due 4h", Objective::Minutes(240)), ("due 5bd", Objective::BusinessDays(5))] {
        group.bench_function(name, |b| {
            b.iter(|| {
                starts.iter().map(|start| hours::due(&table, black_box(*start), target).0).fold(0, i64::wrapping_add)
            });
        });
    }
    group.bench_function("count a week", |b| {
        b.iter(|| {
            let week = |start: &Timestamp| hours::working_ms(&table, black_box(*start), start.plus_ms(604_800_000));
            starts.iter().map(week).fold(0, i64::wrapping_add)
        });
    });
    group.finish();
}

criterion_group!(benches, classify, desk_rules, text, sla);
criterion_main!(benches);

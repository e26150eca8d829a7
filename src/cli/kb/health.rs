//! `kb health`: which articles need care. `kb contradictions`: labels that cannot all be right.

use std::collections::HashMap;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::super::{Global, out};
use super::draft::today;
use super::words::Words;
use crate::app::{self, App};
use crate::domain::{Article, Aspect, Bilingual, FeedbackSource, InboxId, Language, Outcome, Timestamp};
use crate::knowledge::contradictions::{Contradiction, Label, Settled, contradictions};
use crate::knowledge::health::{Finding, Known, Trouble, findings};
use crate::knowledge::plain::{Names, question};
use crate::replay::teach::{self, Written};
use crate::store::JudgedText;
use crate::text::synonyms::Synonyms;
use crate::workers::learn;

const DAY_MS: i64 = 86_400_000;
/// Characters of a message that are shown.
const SHOWN_CHARS: usize = 100;

pub(super) async fn run(
    app: &App,
    unused_days: u32,
    language: Option<Language>,
    global: &Global,
) -> anyhow::Result<ExitCode> {
    let now = app.clock.now();
    let rules = app.live.get();
    let unused_days = i64::from(unused_days);
    let uses = app.store.article_uses(now.plus_ms(-unused_days * DAY_MS)).await?;
    let shelved = app::shelved(&app.config);
    let articles: Vec<&Article> = rules.catalog.articles.iter().chain(&shelved).collect();
    let known = Known {
        policy: &rules.catalog.policy,
        wanted: app.config.answer_precision,
        uses: &uses,
        first_message_at: app.store.first_message_at().await?,
        unused_days,
        now,
        today: today(app, now)?,
    };
    let found = findings(&articles, &known, &Synonyms::new(&rules.catalog.synonyms));
    if global.json {
        out::json(&json!({ "articles": articles.len(), "findings": found }))?;
    } else {
        show(&found, articles.len(), &Words { language: language.unwrap_or(app.config.language) });
    }
    Ok(ExitCode::SUCCESS)
}

fn show(found: &[Finding], articles: usize, words: &Words) {
    for trouble in Trouble::ALL {
        let own: Vec<&Finding> = found.iter().filter(|one| one.trouble == *trouble).collect();
        let Some(first) = own.first() else { continue };
        let colour = if *trouble <= Trouble::LowPrecision { out::Colour::Red } else { out::Colour::Yellow };
        out::line(out::paint(&format!("{} ({})", words.of(&trouble.title()), own.len()), colour));
        out::line(format!("  → {}", words.of(&first.advice)));
        let mut table = out::table([words.pick("記事", "article"), words.pick("理由", "because")]);
        for one in own {
            table.add_row([format!("{}/{}", one.language, one.article), words.of(&one.because).to_owned()]);
        }
        out::line(format!("{table}\n"));
    }
    out::line(words.either(
        format!("{articles} 記事、{} 件の指摘", found.len()),
        format!("{articles} articles, {} things to look at", found.len()),
    ));
}

/// Prints the labels that contradict each other.
pub(super) async fn labels(app: &App, language: Option<Language>, global: &Global) -> anyhow::Result<ExitCode> {
    let votes = app.store.votes().await?;
    let since = app.clock.now().plus_ms(-i64::from(app.config.retention.texts_days) * DAY_MS);
    let texts = app.store.judged_texts(since).await?;
    let written: Vec<Written<'_>> = texts.iter().map(learn::as_written).collect();
    let found = contradictions(&votes, &teach::examples(&votes, &written));
    let shown: HashMap<InboxId, String> = texts.iter().map(|one| (one.inbox_id, excerpt(one))).collect();
    let text = |message: InboxId| shown.get(&message).map_or("", String::as_str);
    if global.json {
        let listed: Vec<Value> = found
            .iter()
            .map(|one| {
                let mut document = serde_json::to_value(one)?;
                document["text"] = text(one.message).into();
                for (place, label) in one.labels.iter().enumerate() {
                    document["labels"][place]["at"] = label.at.rfc3339().into();
                }
                Ok(document)
            })
            .collect::<anyhow::Result<_>>()?;
        out::json(&listed.into())?;
        return Ok(ExitCode::SUCCESS);
    }
    let words = Words { language: language.unwrap_or(app.config.language) };
    for one in &found {
        show_labels(one, text(one.message), &words, app.config.timezone);
    }
    out::line(words.either(
        format!("評価 {} 件のうち食い違い {} 件", votes.len(), found.len()),
        format!("{} votes, {} contradictions", votes.len(), found.len()),
    ));
    Ok(ExitCode::SUCCESS)
}

fn excerpt(one: &JudgedText) -> String {
    let mut names = Names::default();
    names.said(&one.text);
    question(&one.subject, &one.text, &names, SHOWN_CHARS)
}

fn show_labels(one: &Contradiction, text: &str, words: &Words, zone: chrono_tz::Tz) {
    let text = if text.is_empty() {
        words.pick("(本文は保存期間を過ぎています)", "(its text is gone)")
    } else {
        text
    };
    out::line(format!(
        "{}: {}",
        out::paint(&format!("{} {}", one.message, aspect(one.aspect, words)), out::Colour::Yellow),
        text
    ));
    let mut table = out::table([
        words.pick("日時", "when"),
        words.pick("誰が", "who"),
        words.pick("評価", "said"),
        words.pick("選ばれていたもの", "given"),
        words.pick("正しいもの", "wanted"),
    ]);
    for label in &one.labels {
        let wanted = label.wanted.as_deref().unwrap_or_default();
        let given = label.given.as_deref().unwrap_or_default();
        table.add_row([&when(label.at, zone), &who(label, words), said(label, words), given, wanted]);
    }
    out::line(table.to_string());
    let settled = match one.settled {
        Settled::Agent => words.pick("→ 担当者の最後の評価を採用", "→ the last word of an agent counts"),
        Settled::Nothing => words.pick(
            "→ 何も学習しない。ticket correct で決められます",
            "→ nothing is learnt; `ticket correct` settles it",
        ),
        Settled::Strongest => words.pick(
            "→ 重みの大きい方を学習。ticket correct でそろえられます",
            "→ the label with more weight is learnt; `ticket correct` settles it",
        ),
    };
    out::line(format!("{settled}\n"));
}

fn when(at: Timestamp, zone: chrono_tz::Tz) -> String {
    out::when(at, zone)
}

fn who(label: &Label, words: &Words) -> String {
    let source = match label.source {
        FeedbackSource::Agent => words.pick("担当者", "agent"),
        FeedbackSource::Requester | FeedbackSource::Reopened => words.pick("依頼者", "requester"),
        FeedbackSource::Button => words.pick("依頼者(ボタン)", "requester (button)"),
    };
    label.agent.as_ref().map_or_else(|| source.to_owned(), |name| format!("{source} {name}"))
}

const fn said(label: &Label, words: &Words) -> &'static str {
    match label.outcome {
        Some(Outcome::Right) => words.pick("正しい", "right"),
        Some(Outcome::Wrong) => words.pick("誤り", "wrong"),
        None => "",
    }
}

fn aspect(aspect: Aspect, words: &Words) -> String {
    let name = match aspect {
        Aspect::Article => Bilingual { ja: "記事".into(), en: "article".into() },
        Aspect::Intent => Bilingual { ja: "依頼の種類".into(), en: "request type".into() },
        Aspect::Queue => Bilingual { ja: "担当窓口".into(), en: "queue".into() },
        Aspect::Priority => Bilingual { ja: "優先度".into(), en: "priority".into() },
        Aspect::Satisfaction => Bilingual { ja: "満足度".into(), en: "satisfaction".into() },
    };
    words.of(&name).to_owned()
}

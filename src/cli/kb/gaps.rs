//! `kb gaps`: what people ask and no article answers.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::super::{Global, out, since};
use super::words::Words;
use crate::app::{self, App};
use crate::domain::{Asked, InboxId, Language, TicketId, Timestamp};
use crate::knowledge::effort::spent_ms;
use crate::knowledge::gaps::{Gap, Hidden, Nearest, Why, Wording, answerable, find, gaps, nearest};
use crate::workers::live::Rules;

/// Gaps printed for people without `--all`, and with.
const SHOWN: usize = 20;
/// Days looked at when nothing else is said.
const DAYS: i64 = 90;
const DAY_MS: i64 = 86_400_000;

/// Which questions are looked at.
#[derive(clap::Args)]
pub(super) struct Scope {
    /// Only what was asked from then on: 2026-10-01, an RFC 3339 time, or 30d [default: 90d]
    #[arg(long, value_name = "D")]
    pub(super) since: Option<String>,
    /// Also questions asked once, and requests that people deal with by their type
    #[arg(long)]
    pub(super) all: bool,
}

/// The questions and what was found among them.
pub(super) struct Found {
    pub(super) asked: Vec<Asked>,
    pub(super) gaps: Vec<Gap>,
    words: Wording,
    /// Messages that opened a ticket, answered ones included.
    opened: u64,
    /// Unanswered ones that people deal with by their type.
    for_people: usize,
    since: Timestamp,
}

impl Found {
    /// Reads and groups the questions of `scope`.
    pub(super) async fn read(app: &App, rules: &Rules, scope: &Scope) -> anyhow::Result<Self> {
        let now = app.clock.now();
        let since = match &scope.since {
            Some(text) => since::since(text, app.config.timezone, now)?,
            None => now.plus_ms(-DAYS * DAY_MS),
        };
        let asked = app.store.unanswered(since).await?;
        let spent = spent_ms(&app.store.hand_work(since).await?);
        let opened = app.store.opened(since).await?;
        let places = if scope.all { (0..asked.len()).collect() } else { answerable(&asked, &rules.catalog) };
        let for_people = asked.len() - places.len();
        let words = Wording::of(&rules.catalog);
        let gaps = gaps(&asked, &places, &spent, &words);
        Ok(Self { asked, gaps, words, opened, for_people, since })
    }

    pub(super) fn find(&self, id: &str) -> Option<&Gap> {
        find(&self.gaps, &self.asked, id)
    }
}

pub(super) async fn run(
    app: &App,
    scope: &Scope,
    language: Option<Language>,
    global: &Global,
) -> anyhow::Result<ExitCode> {
    let rules = app.live.get();
    let found = Found::read(app, &rules, scope).await?;
    let shown: Vec<&Gap> = found.gaps.iter().filter(|gap| scope.all || gap.places.len() > 1).collect();
    let shelved = app::shelved(&app.config);
    let hidden = Hidden::new(&rules.catalog, &shelved, &shown, &found.words.synonyms);
    let count = if global.json || scope.all { shown.len() } else { shown.len().min(SHOWN) };
    let near: Vec<Nearest> = shown
        .iter()
        .take(count)
        .enumerate()
        .map(|(place, gap)| nearest((gap, place), &found.asked, (&rules.catalog, &rules.engine), &hidden))
        .collect();
    if global.json {
        let listed: Vec<Value> = shown.iter().zip(&near).map(|(gap, near)| document(gap, near, &found.asked)).collect();
        let unanswered: usize = found.gaps.iter().map(|gap| gap.places.len()).sum();
        out::json(&json!({
            "since": found.since.rfc3339(), "opened": found.opened, "unanswered": unanswered, "for_people": found.for_people,
            "single": found.gaps.iter().filter(|gap| gap.places.len() == 1).count(), "gaps": listed,
        }))?;
    } else {
        show(&found, &shown, &near, &Words { language: language.unwrap_or(app.config.language) });
    }
    Ok(ExitCode::SUCCESS)
}

fn document(gap: &Gap, near: &Nearest, asked: &[Asked]) -> Value {
    let messages: Vec<InboxId> = gap.places.iter().map(|place| asked[*place].inbox_id).collect();
    let tickets: Vec<String> = gap.places.iter().map(|place| asked[*place].ticket.to_string()).collect();
    json!({
        "id": gap.id, "language": gap.language, "count": gap.places.len(), "people": gap.people, "minutes": gap.minutes,
        "first_at": gap.first_at.rfc3339(), "last_at": gap.last_at.rfc3339(), "decisions": gap.decisions, "wrong": gap.wrong,
        "intent": gap.intent, "examples": gap.examples, "nearest": near, "messages": messages, "tickets": tickets,
    })
}

fn show(found: &Found, shown: &[&Gap], near: &[Nearest], words: &Words) {
    let mut table = out::table([
        words.pick("番号", "gap"),
        words.pick("言語", "lang"),
        words.pick("件数", "asked"),
        words.pick("人数", "people"),
        words.pick("対応(分)", "minutes"),
        words.pick("質問の例", "for example"),
        words.pick("近い記事と回答しなかった理由", "nearest article, and why it was not given"),
    ]);
    for (gap, near) in shown.iter().zip(near) {
        let example = gap.examples.first().map_or_else(String::new, |text| out::short(text, 44));
        table.add_row([
            gap.id.clone(),
            gap.language.to_string(),
            gap.places.len().to_string(),
            gap.people.to_string(),
            gap.minutes.to_string(),
            example,
            reason(near, words),
        ]);
    }
    out::line(table.to_string());
    let unanswered: usize = found.gaps.iter().map(|gap| gap.places.len()).sum();
    let singles = found.gaps.iter().filter(|gap| gap.places.len() == 1).count();
    let minutes: i64 = found.gaps.iter().map(|gap| gap.minutes).sum();
    out::line(words.either(
        format!(
            "新しい問い合わせ {} 件のうち記事で回答できなかったもの {unanswered} 件(対応 約 {minutes} 分)",
            found.opened
        ),
        format!(
            "of {} new requests {unanswered} were not answered by an article (about {minutes} minutes of work)",
            found.opened
        ),
    ));
    if shown.len() > near.len() || (singles > 0 && shown.iter().all(|gap| gap.places.len() > 1)) || found.for_people > 0
    {
        out::line(words.either(
            format!(
                "一度だけの質問 {singles} 件、種類により担当者が対応する依頼 {} 件は --all で表示",
                found.for_people
            ),
            format!("{singles} asked once and {} that people deal with by their type: --all", found.for_people),
        ));
    }
    if let Some(first) = shown.first() {
        out::line(words.either(
            format!("下書きを作る: madoguchi kb draft {}", first.id),
            format!("to draft an article: madoguchi kb draft {}", first.id),
        ));
    }
}

/// `vpn-setup 62 %: below 95 %`.
fn reason(near: &Nearest, words: &Words) -> String {
    let article = near.article.as_deref().unwrap_or_default();
    let sure = near.probability.map_or_else(String::new, |share| format!(" {:.0} %", share * 100.0));
    let wanted = near.wanted.filter(|share| *share <= 1.0).map_or(100.0, |share| share * 100.0);
    let why = match near.why {
        Why::NothingNear => return words.pick("近い記事がない", "nothing comes near").to_owned(),
        Why::NotSure => words.either(format!("{wanted:.0} % に足りない"), format!("{wanted:.0} % are wanted")),
        Why::Measured => {
            words.either("実績により基準が上がっている".into(), "too many of its answers were wrong".into())
        }
        Why::Wrong => words.either("回答したが誤りと評価された".into(), "was given and called wrong".into()),
        Why::OnlySuggested => words.either("候補の提示のみの記事".into(), "may only be suggested".into()),
        Why::OtherLanguage => words.either("この言語の記事がない".into(), "not in this language".into()),
        Why::Internal => words.either("社内向けの記事".into(), "is for agents".into()),
        Why::Draft => words.either("承認待ちの下書き".into(), "a draft nobody has approved".into()),
        Why::Retired => words.either("使用をやめた記事".into(), "was retired".into()),
        Why::AnsweredNow => words.either("今は回答できる".into(), "would be answered now".into()),
    };
    format!("{article}{sure}: {why}")
}

/// The tickets of a gap, its most typical question first, each once.
pub(super) fn tickets(gap: &Gap, asked: &[Asked]) -> Vec<TicketId> {
    let mut tickets: Vec<TicketId> = Vec::new();
    for place in &gap.places {
        if !tickets.contains(&asked[*place].ticket) {
            tickets.push(asked[*place].ticket);
        }
    }
    tickets
}

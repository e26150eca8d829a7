//! `replay`: past messages decided again with changed settings, request types, articles or precision. Changes nothing.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::mpsc;

use super::{Global, out, rehearsal, settings, since};
use crate::app;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::{InboxId, Past, Timestamp};
use crate::replay::again::{Change, Difference, Outline, Summary, again};
use crate::store::Store;
use crate::workers::live::Rules;

/// Messages read at a time, and pages read ahead: what is in memory at once.
const PAGE: u32 = 500;
const AHEAD: usize = 4;
/// Differing messages printed for people.
const SHOWN: usize = 20;

#[derive(Args)]
pub(super) struct Replay {
    /// Only messages from then on: 2026-10-01, an RFC 3339 time, or 30d [default: all]
    #[arg(long, value_name = "D")]
    since: Option<String>,
    /// Request types from here
    #[arg(long, value_name = "DIR")]
    intents: Option<PathBuf>,
    /// Articles from here
    #[arg(long, value_name = "DIR")]
    knowledge_base: Option<PathBuf>,
    /// The share of answers that must be right
    #[arg(long, value_name = "P")]
    answer_precision: Option<f64>,
    /// Instead: which escalation rules would have fired on the tickets of that time, and which did
    #[arg(long)]
    escalations: bool,
}

pub(super) fn run(command: &Replay, global: &Global) -> anyhow::Result<ExitCode> {
    let mut config = settings::start(global)?;
    if let Some(dir) = &command.intents {
        config.intents.clone_from(dir);
    }
    if let Some(dir) = &command.knowledge_base {
        config.knowledge_base.clone_from(dir);
    }
    if let Some(precision) = command.answer_precision {
        anyhow::ensure!(
            (0.0..=1.0).contains(&precision),
            "--answer-precision {precision} is not a share; write 0 to 1"
        );
        config.answer_precision = precision;
        config.suggest_precision = config.suggest_precision.min(precision);
    }
    let since = match &command.since {
        Some(text) => since::since(text, config.timezone, Clock::system().now())?,
        None => Timestamp(i64::MIN),
    };
    settings::block_on(async {
        let store = app::open_store(&config).await?;
        if command.escalations {
            let rehearsed = rehearsal::run(&store, &config, since, global).await;
            store.close().await;
            return rehearsed.map(|()| ExitCode::SUCCESS);
        }
        let summary = replay(&store, &config, since, global).await;
        store.close().await;
        let summary = summary?;
        if global.json {
            out::json(&serde_json::to_value(&summary)?)?;
        } else {
            show(&summary, config.timezone);
        }
        Ok(ExitCode::SUCCESS)
    })
}

async fn replay(store: &Store, config: &Config, since: Timestamp, global: &Global) -> anyhow::Result<Summary> {
    let learned = app::learned(store, config).await?;
    let rules = app::rules_with(config, &learned).map_err(|faults| anyhow::anyhow!("{}", app::listing(&faults)))?;
    let bar = bar(global, store.past_count(since).await?);
    let (pages, receiver) = mpsc::channel::<Vec<Past>>(AHEAD);
    let deciders = deciders(&Arc::new(rules), receiver, &bar);
    let read = read(store, since, &pages).await;
    // The deciders end when nobody sends any more.
    drop(pages);
    let mut summary = Summary { lost: read?, ..Summary::default() };
    for decider in deciders {
        let part = tokio::task::spawn_blocking(move || decider.join()).await?;
        summary.merge(part.map_err(|_| anyhow::anyhow!("deciding a message again failed; the log says which"))?);
    }
    bar.finish_and_clear();
    Ok(summary)
}

/// Hands every page to the deciders. Returns how many decisions cannot be made again.
async fn read(store: &Store, since: Timestamp, pages: &mpsc::Sender<Vec<Past>>) -> anyhow::Result<u64> {
    let (mut after, mut lost) = (InboxId(0), 0);
    loop {
        let page = store.past(since, after, PAGE).await?;
        lost += page.lost.len() as u64;
        if !page.past.is_empty() {
            pages.send(page.past).await.map_err(|_| anyhow::anyhow!("deciding a message again failed"))?;
        }
        match page.last {
            Some(read) => after = read,
            None => return Ok(lost),
        }
    }
}

/// One thread a core; each takes the next page when it is done with one.
fn deciders(
    rules: &Arc<Rules>,
    pages: mpsc::Receiver<Vec<Past>>,
    bar: &ProgressBar,
) -> Vec<thread::JoinHandle<Summary>> {
    let pages = Arc::new(Mutex::new(pages));
    let cores = thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let decider = |_| {
        let (rules, pages, bar) = (rules.clone(), pages.clone(), bar.clone());
        thread::spawn(move || {
            let mut summary = Summary::default();
            loop {
                // Only the wait for a page is under the lock.
                let page = pages.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
                let Some(page) = page else { return summary };
                for past in &page {
                    summary.add(again(past, &rules.catalog, &rules.engine));
                }
                bar.inc(page.len() as u64);
            }
        })
    };
    (0..cores).map(decider).collect()
}

fn bar(global: &Global, count: u64) -> ProgressBar {
    if global.quiet || global.json {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{pos}/{len} decided again {bar:30} {per_sec} [{elapsed}]");
    ProgressBar::new(count).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show(summary: &Summary, zone: chrono_tz::Tz) {
    let Summary { decided, same, other_reasons, differing, lost, .. } = summary;
    out::line(format!(
        "{decided} decided again: {same} the same bit for bit, {other_reasons} with other figures behind them, {differing} differ"
    ));
    if *lost > 0 {
        out::line(format!("{lost} cannot be decided again: their text is gone, or they are older than this record"));
    }
    for (change, count) in &summary.changes {
        let colour = if *change == Change::Breaks { out::Colour::Red } else { out::Colour::Blue };
        out::line(format!("  {count:>7}  {}", out::paint(words(*change), colour)));
    }
    for (title, ways) in [("queues", &summary.queues), ("priorities", &summary.priorities)] {
        let ways: Vec<String> = ways.iter().map(|(way, count)| format!("{way} ({count})")).collect();
        if !ways.is_empty() {
            out::line(format!("{title}: {}", ways.join(", ")));
        }
    }
    if summary.differences.is_empty() {
        return;
    }
    let mut table = out::table(["message", "was", "would be", "what"]);
    for difference in summary.differences.iter().take(SHOWN) {
        table.add_row(row(difference, zone));
    }
    out::line(table.to_string());
    let more = (*differing).saturating_sub(SHOWN as u64);
    if more > 0 {
        out::line(format!("and {more} more; --json has the first {}", summary.differences.len()));
    }
}

fn row(difference: &Difference, zone: chrono_tz::Tz) -> [String; 4] {
    let changes: Vec<&str> = difference.changes.iter().map(|change| words(*change)).collect();
    let due = difference.changes.contains(&Change::Due);
    let side = |outline: &Outline| {
        let article = outline.article.as_deref().map_or_else(String::new, |article| format!(" {article}"));
        let mut text = format!("{}{article}, {}, {}", outline.decision, outline.queue, outline.priority);
        if let Some(at) = outline.due.resolution.or(outline.due.first_response).filter(|_| due) {
            text = format!("{text}, due {}", out::when(at, zone));
        }
        text
    };
    [difference.inbox_id.to_string(), side(&difference.was), side(&difference.now), changes.join(", ")]
}

const fn words(change: Change) -> &'static str {
    match change {
        Change::Gained => "answer gained",
        Change::Lost => "answer lost",
        Change::OtherArticle => "another article",
        Change::Decision => "another decision",
        Change::Intent => "another request type",
        Change::Queue => "another queue",
        Change::Priority => "another priority",
        Change::Due => "due at another time",
        Change::Breaks => "breaks what people confirmed",
        Change::Mends => "mends what people corrected",
    }
}

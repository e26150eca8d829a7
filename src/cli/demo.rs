//! `demo`: a sample bilingual mailbox and chat through the real pipeline, with a summary of what became of each message.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};

use super::ingest::Intake;
use super::{Global, files, init, out, pipeline, serve, settings, talk};
use crate::app::{self, App};
use crate::config::Config;
use crate::domain::{Decision, Fate, Message, Received};
use crate::store::{InboxItem, InboxRow, Page};
use crate::telemetry;
use crate::workers::supervise::Supervisor;

const DIR: &str = "madoguchi-demo";

#[derive(Args)]
pub(super) struct Demo {
    /// Stop after the summary
    #[arg(long)]
    once: bool,
}

/// What became of the samples.
#[derive(Default)]
struct Summary {
    messages: u64,
    filed: u64,
    joined: u64,
    answered: u64,
    suggested: u64,
    asked: u64,
    ignored: u64,
    duplicate: u64,
    escalated: u64,
}

pub(super) fn run(command: &Demo, global: &Global) -> anyhow::Result<ExitCode> {
    let dir = Path::new(DIR);
    let config = prepare(dir, global)?;
    telemetry::start(if global.verbose { "debug" } else { "warn" }, telemetry::Format::Text, None)
        .map_err(anyhow::Error::msg)?;
    let (once, json) = (command.once, global.json);
    settings::block_on(async move {
        let started = Instant::now();
        let app = Arc::new(App::open(config).await?);
        let samples = files::list(&[dir.join("samples")])?;
        let alerts = app.config.alerts.clone();
        let intake = Intake { source: "support".into(), now: app.clock.now(), answer_old: true, alerts };
        pipeline::push(&app, move |each| intake.read(&samples, each), |_| {}).await?;
        let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let rows = app.store.ledger_rows(Page::default()).await?;
        let summary = summary(&app, &rows).await?;
        if json {
            out::json(&document(&summary, elapsed_ms))?;
        } else {
            show(&app, &rows).await?;
            sums(&summary, elapsed_ms);
        }
        if !once {
            stay(&app, &global.set).await?;
        }
        app.store.close().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// A fresh desk with the samples: what an earlier demo left is replaced.
fn prepare(dir: &Path, global: &Global) -> anyhow::Result<Config> {
    for old in ["data", "intents", "knowledge-base", "samples"].map(|name| dir.join(name)) {
        if old.is_dir() {
            std::fs::remove_dir_all(&old).with_context(|| format!("cannot remove {}", old.display()))?;
        }
    }
    let file = dir.join("madoguchi.toml");
    if file.exists() {
        std::fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
    }
    init::write(dir, "support@desk.example")?;
    app::write_samples(&dir.join("samples"))?;
    Config::load(&file, &global.set).map_err(|faults| anyhow::anyhow!("{}", app::listing(&faults)))
}

async fn summary(app: &Arc<App>, rows: &[InboxRow]) -> anyhow::Result<Summary> {
    let mut summary = Summary { messages: rows.len() as u64, ..Summary::default() };
    for row in rows {
        match row.fate {
            Fate::Filed => summary.filed += 1,
            Fate::Joined => summary.joined += 1,
            Fate::Duplicate => summary.duplicate += 1,
            Fate::Ignored => summary.ignored += 1,
            Fate::Pending | Fate::Buried => {}
        }
        let Some(decided) = app.store.decision_of(row.id).await?.and_then(|settled| settled.decided) else { continue };
        match decided.decision {
            Decision::Answer { .. } => summary.answered += 1,
            Decision::Suggest { .. } => summary.suggested += 1,
            Decision::Ask { .. } => summary.asked += 1,
            Decision::Escalate { .. } => summary.escalated += 1,
            Decision::Ignore { .. } | Decision::FollowUp { .. } | Decision::File => {}
        }
    }
    Ok(summary)
}

fn document(summary: &Summary, elapsed_ms: u64) -> Value {
    json!({
        "messages": summary.messages, "filed": summary.filed, "joined": summary.joined, "answered": summary.answered,
        "suggested": summary.suggested, "asked": summary.asked, "ignored": summary.ignored, "duplicate": summary.duplicate,
        "escalated": summary.escalated, "elapsed_ms": elapsed_ms,
    })
}

async fn show(app: &Arc<App>, rows: &[InboxRow]) -> anyhow::Result<()> {
    let mut table = out::table(["from", "message", "outcome", "ticket", "queue", "priority", "why"]);
    for row in rows {
        let message = message(app, row).await?;
        let text = if message.subject.is_empty() { &message.text } else { &message.subject };
        let decided = app.store.decision_of(row.id).await?.and_then(|settled| settled.decided);
        let name = if message.from.name.is_empty() { &message.from.address } else { &message.from.name };
        let (outcome, why) = decided.as_ref().map_or_else(
            || (row.fate.to_string(), row.reason.clone()),
            |decided| {
                let why = decided.trace.iter().rfind(|step| step.decided).map_or("", |step| step.because.as_str());
                (outcome(&decided.decision, row), why.to_owned())
            },
        );
        let to_people = matches!(row.fate, Fate::Filed);
        table.add_row([
            out::short(name, 14),
            out::short(text, 36),
            out::short(&outcome, 32),
            row.ticket.map_or_else(String::new, |ticket| ticket.to_string()),
            decided.as_ref().filter(|_| to_people).map_or_else(String::new, |decided| decided.queue.clone()),
            decided.as_ref().filter(|_| to_people).map_or_else(String::new, |decided| decided.priority.to_string()),
            out::short(&why, 46),
        ]);
    }
    out::line(table.to_string());
    Ok(())
}

/// The stored message, read again.
async fn message(app: &Arc<App>, row: &InboxRow) -> anyhow::Result<Message> {
    let received = Received {
        channel: row.channel,
        source: row.source.clone(),
        external_id: row.external_id.clone(),
        conversation: row.conversation.clone(),
        raw: app.store.raw(row.id).await?,
        full_size_bytes: None,
        arrived_at: row.arrived_at,
        hold_ms: 0,
        stale: false,
    };
    let language = app.live.get().catalog.desk.language;
    Ok(app.reader.read(&InboxItem { id: row.id, received, attempt: 1, companions: Vec::new() }, language).await)
}

fn outcome(decision: &Decision, row: &InboxRow) -> String {
    match decision {
        Decision::Answer { article, .. } => format!("answered: {article}"),
        Decision::Suggest { articles } => format!("suggested: {}", articles.join(", ")),
        Decision::Ask { missing, .. } => format!("asked for {}", missing.join(", ")),
        Decision::File => "filed".to_owned(),
        Decision::Escalate { .. } => "escalated".to_owned(),
        Decision::FollowUp { reopen: true, .. } => "joined, reopened".to_owned(),
        Decision::FollowUp { reopen: false, .. } => "joined".to_owned(),
        Decision::Ignore { reason } if row.fate == Fate::Joined => format!("noted: {reason}"),
        Decision::Ignore { reason } => format!("ignored: {reason}"),
    }
}

fn sums(summary: &Summary, elapsed_ms: u64) {
    out::line(format!(
        "\n{} messages in {elapsed_ms} ms: {} filed (of those {} answered, {} suggested, {} asked for details, {} escalated), {} joined, {} \
         duplicates, {} ignored.",
        summary.messages,
        summary.filed,
        summary.answered,
        summary.suggested,
        summary.asked,
        summary.escalated,
        summary.joined,
        summary.duplicate,
        summary.ignored
    ));
    let desk: PathBuf = Path::new(DIR).join("madoguchi.toml");
    out::line(format!("Look around: madoguchi --config {} ticket list | ledger --rows | outbox list", desk.display()));
}

/// Keeps the desk open: health and metrics over HTTP and, on a terminal, a chat as an end user.
async fn stay(app: &Arc<App>, set: &[String]) -> anyhow::Result<()> {
    let mut supervisor = Supervisor::new();
    serve::start(app, &mut supervisor).await?;
    if let Some(address) = app.config.listen {
        out::line(format!("Health and metrics: http://{address}/readyz, /metrics. Ctrl-C ends the demo."));
    }
    if std::io::stdin().is_terminal() {
        talk::run(app).await?;
    } else {
        serve::wait(app, set, &mut serve::Signals::listen()?).await?;
    }
    supervisor.drain(std::time::Duration::from_secs(5)).await;
    Ok(())
}

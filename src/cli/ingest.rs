//! `ingest`: mail files through the same pipeline as live mail. Idempotent: a second run finds everything known.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::pipeline::{self, Pushed};
use super::{Global, files, out, settings};
use crate::app::App;
use crate::connectors::alerts::{self, AlertSettings};
use crate::connectors::scripted;
use crate::domain::{Channel, Received, Timestamp};
use crate::mail;

/// Mail older than this is filed but not answered, unless asked for.
const ANSWER_NEWER_THAN_MS: i64 = 72 * 3_600_000;

#[derive(Args)]
pub(super) struct Ingest {
    /// .eml files, directories, Maildir, mbox or JSONL
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// The mailbox they were sent to [default: the first one]
    #[arg(long, value_name = "NAME")]
    mailbox: Option<String>,
    /// Answer mail older than three days as well
    #[arg(long)]
    answer_old: bool,
}

pub(super) fn run(command: &Ingest, global: &Global) -> anyhow::Result<ExitCode> {
    let files = files::list(&command.paths)?;
    settings::with_app(global, async |app| {
        let source = mailbox(&app, command.mailbox.as_deref())?;
        let before = app.store.ledger_totals().await?;
        let alerts = app.config.alerts.clone();
        let intake = Intake { source, now: app.clock.now(), answer_old: command.answer_old, alerts };
        let bar = bar(global, files.len());
        let pushed = pipeline::push(&app, move |each| intake.read(&files, each), |read| bar.set_position(read)).await?;
        bar.finish_and_clear();
        let after = app.store.ledger_totals().await?;
        let counts = [
            ("filed", after.filed - before.filed),
            ("joined", after.joined - before.joined),
            ("duplicate", after.duplicate - before.duplicate),
            ("ignored", after.ignored - before.ignored),
            ("buried", after.buried - before.buried),
        ];
        report(global, pushed, &counts)
    })
}

fn report(global: &Global, pushed: Pushed, counts: &[(&str, u64)]) -> anyhow::Result<ExitCode> {
    let buried = counts.iter().any(|(name, count)| *name == "buried" && *count > 0);
    if global.json {
        let mut document = json!({ "messages": pushed.read, "new": pushed.new });
        for (name, count) in counts {
            document[*name] = (*count).into();
        }
        out::json(&document)?;
    } else {
        let parts: Vec<String> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
        out::line(format!("{} messages, {} new: {}", pushed.read, pushed.new, parts.join(", ")));
        if buried {
            out::line("some messages could not be handled and are kept: madoguchi inbox list");
        }
    }
    Ok(if buried { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn mailbox(app: &Arc<App>, name: Option<&str>) -> anyhow::Result<String> {
    let known: Vec<&str> = app.config.mailboxes.iter().map(|mailbox| mailbox.name.as_str()).collect();
    match (name, known.first()) {
        (Some(name), _) if known.contains(&name) => Ok(name.to_owned()),
        (Some(name), _) => bail!("there is no mailbox `{name}`; known are {}", known.join(", ")),
        (None, Some(first)) => Ok((*first).to_owned()),
        (None, None) => bail!("the settings have no mailbox; add [[mailboxes]] with name and address"),
    }
}

fn bar(global: &Global, files: usize) -> ProgressBar {
    if global.quiet || global.json {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{pos} messages stored {spinner} {per_sec} [{elapsed}]");
    let bar = if files > 1 { ProgressBar::new(files as u64) } else { ProgressBar::new_spinner() };
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// How files become received messages.
pub(super) struct Intake {
    /// The mailbox.
    pub(super) source: String,
    /// When this run began.
    pub(super) now: Timestamp,
    /// Answer however old it is.
    pub(super) answer_old: bool,
    /// Sources of alerts, some of which report by mail.
    pub(super) alerts: Vec<AlertSettings>,
}

impl Intake {
    /// Hands every message of `paths` to `each`.
    ///
    /// # Errors
    /// A file cannot be read, a JSON line is not a message, or `each` failed.
    pub(super) fn read(
        &self,
        paths: &[PathBuf],
        each: &mut dyn FnMut(Received) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        for path in paths {
            files::read(path, |found| each(self.received(path, found)?))?;
        }
        Ok(())
    }

    fn received(&self, path: &std::path::Path, found: files::Found) -> anyhow::Result<Received> {
        let external_id = format!("{}/{}", self.source, found.external_id);
        if found.is_json {
            let received = scripted::received(&found.raw, &self.source, &external_id, self.now)
                .map_err(|fault| anyhow::anyhow!("{}: {fault}", path.display()))?;
            let arrived_at = if self.answer_old { self.now } else { received.arrived_at.min(self.now) };
            return Ok(Received { arrived_at, stale: is_stale(arrived_at, self.now), ..received });
        }
        let dated = mail::date_of(&found.raw).filter(|at| *at <= self.now).unwrap_or(self.now);
        let arrived_at = if self.answer_old { self.now } else { dated };
        Ok(Received {
            channel: Channel::Email,
            source: self.source.clone(),
            external_id,
            conversation: alerts::conversation(&self.alerts, &self.source, &found.raw)
                .unwrap_or_else(|| mail::thread_key(&found.raw)),
            raw: found.raw,
            full_size_bytes: None,
            arrived_at,
            hold_ms: 0,
            stale: is_stale(arrived_at, self.now),
        })
    }
}

fn is_stale(arrived_at: Timestamp, now: Timestamp) -> bool {
    arrived_at.plus_ms(ANSWER_NEWER_THAN_MS) < now
}

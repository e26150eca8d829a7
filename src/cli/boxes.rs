//! `outbox` and `inbox`: what waits, what failed, and another try.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::json;

use super::{Global, noted, out, settings};
use crate::clock::Clock;
use crate::domain::{Fate, InboxId, Outbound, OutboxId};
use crate::store::{InboxFilter, InboxRow, OutboxFilter, OutboxRow, OutboxState, Page, Which};

#[derive(Args)]
pub(super) struct Outbox {
    #[command(subcommand)]
    action: OutboxAction,
}

#[derive(Subcommand)]
enum OutboxAction {
    /// Outgoing messages, oldest first
    List {
        /// Only waiting, delivered or failed ones
        #[arg(long, value_name = "waiting|delivered|failed")]
        state: Option<OutboxState>,
    },
    /// Try failed messages again now
    Retry(Rows),
}

#[derive(Args)]
pub(super) struct Inbox {
    #[command(subcommand)]
    action: InboxAction,
}

#[derive(Subcommand)]
enum InboxAction {
    /// Waiting and buried messages
    List,
    /// Decide buried messages again
    Retry(Rows),
}

#[derive(Args)]
struct Rows {
    /// Row numbers, as `list` shows them
    ids: Vec<i64>,
    /// Every one of them
    #[arg(long)]
    all: bool,
}

impl Rows {
    fn which<T>(&self, id: impl Fn(i64) -> T) -> anyhow::Result<Which<T>> {
        match (self.all, self.ids.is_empty()) {
            (true, true) => Ok(Which::All),
            (false, false) => Ok(Which::Ids(self.ids.iter().copied().map(id).collect())),
            _ => bail!("name rows, or --all"),
        }
    }
}

pub(super) fn run_outbox(command: &Outbox, global: &Global) -> anyhow::Result<ExitCode> {
    settings::with_store(global, async |store, config| {
        match &command.action {
            OutboxAction::List { state } => {
                let rows = store.outbox_list(&OutboxFilter { state: *state, ..OutboxFilter::default() }).await?;
                list_outbox(&rows, config.timezone, global)?;
            }
            OutboxAction::Retry(rows) => {
                let now = Clock::system().now();
                let which = rows.which(OutboxId)?;
                for id in &rows.ids {
                    let after = Some(OutboxId(id.saturating_sub(1)));
                    let found = store.outbox_list(&OutboxFilter { state: None, after, limit: Some(1) }).await?;
                    is_known(found.iter().any(|row| row.id.0 == *id), "outbox", *id)?;
                }
                let count = store.retry_outbox(&which, now).await?;
                noted::change(store, "outbox.retry", "outbox", ["", &format!("{count} messages")], now).await?;
                retried(count, global)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

pub(super) fn run_inbox(command: &Inbox, global: &Global) -> anyhow::Result<ExitCode> {
    settings::with_store(global, async |store, config| {
        match &command.action {
            InboxAction::List => {
                let mut rows = Vec::new();
                for fate in [Fate::Pending, Fate::Buried] {
                    rows.extend(store.inbox_list(InboxFilter { fate: Some(fate), page: Page::default() }).await?);
                }
                list_inbox(&rows, config.timezone, global)?;
            }
            InboxAction::Retry(rows) => {
                let which = rows.which(InboxId)?;
                for id in &rows.ids {
                    let page = Page { after: Some(InboxId(id.saturating_sub(1))), limit: Some(1) };
                    let found = store.inbox_list(InboxFilter { fate: None, page }).await?;
                    is_known(found.iter().any(|row| row.id.0 == *id), "inbox", *id)?;
                }
                let count = store.retry_inbox(&which).await?;
                let after = format!("{count} messages");
                noted::change(store, "inbox.retry", "inbox", ["", &after], Clock::system().now()).await?;
                retried(count, global)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn is_known(found: bool, table: &str, id: i64) -> anyhow::Result<()> {
    anyhow::ensure!(found, "there is no {table} row {id}; `madoguchi {table} list` shows which there are");
    Ok(())
}

fn retried(count: u64, global: &Global) -> anyhow::Result<()> {
    if global.json {
        return out::json(&json!({ "retried": count }));
    }
    out::line(format!("{count} messages are tried again"));
    Ok(())
}

fn list_outbox(rows: &[OutboxRow], zone: chrono_tz::Tz, global: &Global) -> anyhow::Result<()> {
    if global.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|row| {
                json!({ "id": row.id, "state": row.state.as_str(), "ticket": row.outbound.ticket.map(|id| id.to_string()),
                        "channel": row.outbound.channel, "source": row.outbound.source, "kind": row.outbound.kind,
                        "to": row.outbound.to, "place": place(&row.outbound), "cc": row.outbound.cc, "subject": row.outbound.subject, "text": row.outbound.text,
                        "message_id": row.outbound.message_id, "in_reply_to": row.outbound.in_reply_to,
                        "attempts": row.attempts, "error": row.error, "created_at": row.created_at.rfc3339(),
                        "next_at": row.next_at.rfc3339() })
            })
            .collect();
        return out::json(&rows.into());
    }
    let mut table = out::table(["id", "state", "ticket", "kind", "to", "subject", "written", "tries", "error"]);
    for row in rows {
        table.add_row([
            row.id.to_string(),
            row.state.as_str().to_owned(),
            row.outbound.ticket.map_or_else(String::new, |id| id.to_string()),
            row.outbound.kind.to_string(),
            out::short(&goes_to(&row.outbound), 30),
            out::short(&row.outbound.subject, 36),
            out::when(row.created_at, zone),
            row.attempts.to_string(),
            out::short(&row.error, 40),
        ]);
    }
    out::line(table.to_string());
    out::line(format!("{} messages", rows.len()));
    Ok(())
}

/// Where a message goes that is no mail: a room, or a place of `[[notify]]` by its name. None for mail.
fn place(outbound: &Outbound) -> Option<&str> {
    let room = outbound.place.as_ref().map(|place| place.room.as_str());
    outbound.notice.as_ref().map(|notice| notice.target.as_str()).or(room)
}

/// The addresses, or the place where there are none.
fn goes_to(outbound: &Outbound) -> String {
    let to: Vec<&str> = outbound.to.iter().map(|to| to.address.as_str()).collect();
    if to.is_empty() { place(outbound).unwrap_or_default().to_owned() } else { to.join(", ") }
}

fn list_inbox(rows: &[InboxRow], zone: chrono_tz::Tz, global: &Global) -> anyhow::Result<()> {
    if global.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|row| {
                json!({ "id": row.id, "fate": row.fate, "reason": row.reason, "channel": row.channel, "source": row.source,
                        "external_id": row.external_id, "attempts": row.attempts, "size_bytes": row.size_bytes,
                        "arrived_at": row.arrived_at.rfc3339() })
            })
            .collect();
        return out::json(&rows.into());
    }
    let mut table = out::table(["id", "fate", "channel", "from", "arrived", "bytes", "tries", "reason"]);
    for row in rows {
        table.add_row([
            row.id.to_string(),
            row.fate.to_string(),
            row.channel.to_string(),
            out::short(&row.source, 20),
            out::when(row.arrived_at, zone),
            row.size_bytes.to_string(),
            row.attempts.to_string(),
            out::short(&row.reason, 50),
        ]);
    }
    out::line(table.to_string());
    out::line(format!("{} messages waiting or buried", rows.len()));
    Ok(())
}

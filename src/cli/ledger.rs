//! `ledger`: every message seen and its fate. Nothing vanishes.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::{Global, out, settings};
use crate::store::{InboxRow, LedgerTotals, Page, Store};

/// Rows read from the store at a time.
const PAGE: Option<u32> = Some(1_000);

#[derive(Args)]
pub(super) struct Ledger {
    /// One line a message
    #[arg(long)]
    rows: bool,
}

pub(super) fn run(command: &Ledger, global: &Global) -> anyhow::Result<ExitCode> {
    settings::with_store(global, async |store, config| {
        let totals = store.ledger_totals().await?;
        let rows = if command.rows { all(store).await? } else { Vec::new() };
        let balanced = totals.is_balanced();
        if global.json {
            let mut document = json!({
                "totals": { "seen": totals.seen, "filed": totals.filed, "joined": totals.joined, "duplicate": totals.duplicate,
                            "ignored": totals.ignored, "buried": totals.buried, "pending": totals.pending },
                "balanced": balanced,
            });
            if command.rows {
                document["rows"] = rows.iter().map(document_of).collect::<Vec<_>>().into();
            }
            out::json(&document)?;
        } else {
            if command.rows {
                show_rows(&rows, config.timezone);
            }
            show_totals(&totals);
        }
        Ok(if balanced { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

/// Every row, read a page at a time.
async fn all(store: &Store) -> anyhow::Result<Vec<InboxRow>> {
    let mut rows = Vec::new();
    let mut page = Page { after: None, limit: PAGE };
    loop {
        let found = store.ledger_rows(page).await?;
        let Some(last) = found.last() else { return Ok(rows) };
        page.after = Some(last.id);
        rows.extend(found);
    }
}

fn document_of(row: &InboxRow) -> Value {
    json!({ "inbox_id": row.id, "channel": row.channel, "source": row.source, "external_id": row.external_id, "fate": row.fate,
            "reason": row.reason, "ticket": row.ticket.map(|ticket| ticket.to_string()), "article": row.article,
            "arrived_at": row.arrived_at.rfc3339() })
}

fn show_rows(rows: &[InboxRow], zone: chrono_tz::Tz) {
    let mut table = out::table(["inbox", "arrived", "channel", "fate", "reason", "ticket", "article"]);
    for row in rows {
        table.add_row([
            row.id.to_string(),
            out::when(row.arrived_at, zone),
            row.channel.to_string(),
            row.fate.to_string(),
            out::short(&row.reason, 40),
            row.ticket.map_or_else(String::new, |ticket| ticket.to_string()),
            row.article.clone().unwrap_or_default(),
        ]);
    }
    out::line(table.to_string());
}

fn show_totals(totals: &LedgerTotals) {
    for (name, count) in [
        ("filed", totals.filed),
        ("joined", totals.joined),
        ("duplicate", totals.duplicate),
        ("ignored", totals.ignored),
        ("buried", totals.buried),
        ("pending", totals.pending),
    ] {
        out::line(format!("{name:<10} {count:>8}"));
    }
    let verdict = if totals.is_balanced() { "balances" } else { "DOES NOT BALANCE" };
    out::line(format!("{:<10} {:>8}   {verdict}", "seen", totals.seen));
}

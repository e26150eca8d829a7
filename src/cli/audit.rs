//! `audit list`: who changed what, when, and from where.

use std::process::ExitCode;

use anyhow::Context;
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Global, out, settings};
use crate::domain::{AuditEntry, Timestamp};
use crate::store::AuditFilter;

/// Rows read from the store at a time.
const PAGE: u32 = 2_000;

#[derive(Args)]
pub(super) struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Changes, oldest first; with --json one array
    List {
        /// Only from this day on: 2026-10-01
        #[arg(long, value_name = "DAY")]
        since: Option<NaiveDate>,
        /// Only of this person, `rule` or `requester`
        #[arg(long, value_name = "NAME")]
        who: Option<String>,
    },
}

pub(super) fn run(command: &Command, global: &Global) -> anyhow::Result<ExitCode> {
    let Action::List { since, who } = &command.action;
    settings::with_store(global, async |store, config| {
        let since = match since {
            Some(day) => Some(crate::report::period::midnight(*day, config.timezone).context("no such day")?),
            None => None,
        };
        let mut filter = AuditFilter { since, who: who.clone(), limit: Some(PAGE), ..AuditFilter::default() };
        let mut documents: Vec<Value> = Vec::new();
        let mut table = out::table(["when", "who", "from", "what", "of", "before", "after"]);
        let mut count = 0;
        loop {
            let page = store.audit_entries(&filter).await?;
            let Some((last, _)) = page.last() else { break };
            filter.after = *last;
            count += page.len();
            for (id, entry) in page {
                if global.json {
                    documents.push(document(id, &entry));
                } else {
                    table.add_row(row(&entry, config.timezone));
                }
            }
        }
        if global.json {
            out::json(&documents.into())?;
        } else {
            out::line(table.to_string());
            out::line(format!("{count} changes"));
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn document(id: i64, entry: &AuditEntry) -> Value {
    json!({ "id": id, "at": entry.at.rfc3339(), "who": entry.actor, "from": entry.origin, "action": entry.action,
            "subject": entry.subject, "before": entry.before, "after": entry.after })
}

fn row(entry: &AuditEntry, zone: chrono_tz::Tz) -> [String; 7] {
    let at: Timestamp = entry.at;
    [
        out::when(at, zone),
        entry.actor.clone(),
        entry.origin.clone(),
        entry.action.clone(),
        entry.subject.clone(),
        out::short(&entry.before, 40),
        out::short(&entry.after, 40),
    ]
}

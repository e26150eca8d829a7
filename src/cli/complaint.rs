//! `complaint list|action`: the register of complaints. A complaint gets into it by being made; nobody has to enter it.

use std::process::ExitCode;

use anyhow::Context;
use chrono::{Months, NaiveDate, TimeZone};
use clap::{Args, Subcommand};
use serde_json::json;

use super::ticket_change::{self, By, write};
use super::{Global, out, settings};
use crate::decide::agent::{self, Hand};
use crate::domain::{Complaint, TicketId, Timestamp};

#[derive(Args)]
pub(super) struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Date, service, content and action, oldest first
    List {
        /// Only of this month: 2026-10
        #[arg(long, value_name = "MONTH")]
        period: Option<String>,
        /// Only those nothing was done about yet
        #[arg(long)]
        open: bool,
    },
    /// Write down what was done about one
    Action {
        /// T-1042
        ticket: TicketId,
        /// What was done
        text: String,
        /// The service it was about
        #[arg(long)]
        service: Option<String>,
        #[command(flatten)]
        by: By,
    },
}

pub(super) fn run(command: &Command, global: &Global) -> anyhow::Result<ExitCode> {
    match &command.action {
        Action::List { period, open } => settings::with_store(global, async |store, config| {
            let span = match period {
                Some(text) => month(text, config.timezone)?,
                None => [Timestamp(i64::MIN), Timestamp(i64::MAX)],
            };
            let mut complaints = store.complaints(span).await?;
            complaints.retain(|(_, complaint)| !open || complaint.action.is_empty());
            list(&complaints, config.timezone, global)?;
            Ok(ExitCode::SUCCESS)
        }),
        Action::Action { ticket, text, service, by } => settings::with_app(global, async |app| {
            let rules = app.live.get();
            write(&app, *ticket, async |known, _| {
                let now = app.clock.now();
                let hand = Hand { catalog: &rules.catalog, keyring: &app.keyring, agent: &by.name, now };
                Ok(agent::answer_complaint(&hand, known, text, service.as_deref())?)
            })
            .await?;
            ticket_change::shown(&app, *ticket, global).await
        }),
    }
}

/// The first instant of a month and that of the next.
fn month(text: &str, zone: chrono_tz::Tz) -> anyhow::Result<[Timestamp; 2]> {
    let read = || {
        let first: NaiveDate = format!("{text}-01").parse().ok()?;
        let start =
            |day: NaiveDate| zone.from_local_datetime(&day.and_hms_opt(0, 0, 0)?).earliest().map(Timestamp::from);
        Some([start(first)?, start(first.checked_add_months(Months::new(1))?)?])
    };
    read().with_context(|| format!("--period {text}: write a month, for instance 2026-10"))
}

fn list(complaints: &[(TicketId, Complaint)], zone: chrono_tz::Tz, global: &Global) -> anyhow::Result<()> {
    if global.json {
        let rows = complaints.iter().map(|(ticket, complaint)| {
            json!({
                "ticket": ticket.to_string(), "at": complaint.at.rfc3339(), "service": complaint.service,
                "content": complaint.content, "action": complaint.action,
                "action_by": complaint.done.as_ref().map(|done| done.by.clone()),
                "action_at": complaint.done.as_ref().map(|done| done.at.rfc3339()),
            })
        });
        return out::json(&rows.collect::<Vec<_>>().into());
    }
    let mut table = out::table(["date", "ticket", "service", "content", "action", "by"]);
    for (ticket, complaint) in complaints {
        table.add_row([
            out::when(complaint.at, zone),
            ticket.to_string(),
            complaint.service.clone(),
            out::short(&complaint.content, 50),
            if complaint.action.is_empty() {
                out::paint("nothing yet", out::Colour::Yellow)
            } else {
                out::short(&complaint.action, 40)
            },
            complaint.done.as_ref().map(|done| done.by.clone()).unwrap_or_default(),
        ]);
    }
    out::line(table.to_string());
    out::line(format!("{} complaints", complaints.len()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_begins_and_ends_in_the_desks_zone() {
        let [from, to] = month("2026-12", chrono_tz::Asia::Tokyo).unwrap();
        assert_eq!([from.rfc3339(), to.rfc3339()], ["2026-11-30T15:00:00.000Z", "2026-12-31T15:00:00.000Z"]);
        assert!(month("2026-13", chrono_tz::Asia::Tokyo).is_err());
    }
}

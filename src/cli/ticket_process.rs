//! `ticket ack|approve|decline|report|recover|link`: the desk's processes from the shell.

use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;

use super::ticket::find;
use super::ticket_change::{self, By, write};
use super::{Global, out, settings};
use crate::app::App;
use crate::decide::agent::{self, Hand, Recovery, Refusal, Ruling};
use crate::domain::{Changes, StoredMessage, Ticket, TicketId, Timestamp, Verdict};

#[derive(Subcommand)]
pub(super) enum Process {
    /// Say that you see to it: nobody else is called
    Ack {
        /// T-1042
        ticket: TicketId,
        #[command(flatten)]
        by: By,
    },
    /// Work that may affect the service may start; the requester is told
    Approve {
        /// T-1042
        ticket: TicketId,
        /// A word with it
        #[arg(long, default_value = "")]
        note: String,
        #[command(flatten)]
        by: By,
    },
    /// Work is not to be done; the requester is told, and the ticket ends
    Decline {
        /// T-1042
        ticket: TicketId,
        /// Why
        #[arg(long, default_value = "")]
        note: String,
        #[command(flatten)]
        by: By,
    },
    /// Send an interim report on an incident to everybody on the ticket; a note where nobody can be written to
    Report {
        /// T-1042
        ticket: TicketId,
        /// How far it has come
        text: String,
        #[command(flatten)]
        by: By,
    },
    /// Send the recovery notice: the service is back, the ticket is resolved
    Recover {
        /// T-1042
        ticket: TicketId,
        /// What was done
        text: String,
        /// Since when it was down [default: the ticket's first message]
        #[arg(long, value_name = "RFC3339")]
        since: Option<String>,
        /// Since when it is back [default: now]
        #[arg(long, value_name = "RFC3339")]
        back: Option<String>,
        /// Why it was down
        #[arg(long, default_value = "")]
        cause: String,
        #[command(flatten)]
        by: By,
    },
    /// Two tickets belong beside each other
    Link {
        /// T-1042
        ticket: TicketId,
        /// The other one
        other: TicketId,
        #[command(flatten)]
        by: By,
    },
}

impl Process {
    fn ticket(&self) -> TicketId {
        match self {
            Self::Ack { ticket, .. }
            | Self::Approve { ticket, .. }
            | Self::Decline { ticket, .. }
            | Self::Report { ticket, .. }
            | Self::Recover { ticket, .. }
            | Self::Link { ticket, .. } => *ticket,
        }
    }

    fn agent(&self) -> &str {
        match self {
            Self::Ack { by, .. }
            | Self::Approve { by, .. }
            | Self::Decline { by, .. }
            | Self::Report { by, .. }
            | Self::Recover { by, .. }
            | Self::Link { by, .. } => &by.name,
        }
    }
}

pub(super) fn run(process: &Process, global: &Global) -> anyhow::Result<ExitCode> {
    settings::with_app(global, async |app| {
        write(&app, process.ticket(), async |ticket, messages| work_out(&app, process, ticket, messages).await).await?;
        ticket_change::shown(&app, process.ticket(), global).await
    })
}

async fn work_out(
    app: &App,
    process: &Process,
    ticket: &Ticket,
    messages: &[StoredMessage],
) -> anyhow::Result<Changes> {
    let rules = app.live.get();
    let hand = Hand { catalog: &rules.catalog, keyring: &app.keyring, agent: process.agent(), now: app.clock.now() };
    let last = messages.last();
    let done: Result<Changes, Refusal> = match process {
        Process::Ack { .. } => agent::acknowledge(&hand, ticket),
        Process::Approve { note, .. } => {
            agent::rule_on(&hand, ticket, &Ruling { verdict: Verdict::Approved, note, last })
        }
        Process::Decline { note, .. } => {
            agent::rule_on(&hand, ticket, &Ruling { verdict: Verdict::Declined, note, last })
        }
        Process::Report { text, .. } => agent::report(&hand, ticket, text, last),
        Process::Recover { text, since, back, cause, .. } => {
            let (since, back) = (time(since.as_ref(), "--since")?, time(back.as_ref(), "--back")?);
            agent::recover(&hand, ticket, &Recovery { text, since, back, cause, last })
        }
        Process::Link { other, .. } => agent::link(&hand, ticket, &find(&app.store, *other).await?),
    };
    Ok(done?)
}

fn time(text: Option<&String>, option: &str) -> anyhow::Result<Option<Timestamp>> {
    let read = |text: &String| {
        let at = chrono::DateTime::parse_from_rfc3339(text);
        at.map(Timestamp::from)
            .with_context(|| format!("{option} {text}: write an RFC 3339 time, for instance 2026-11-24T10:00:00+09:00"))
    };
    text.map(read).transpose()
}

/// How far the processes have come with a ticket, one line each.
pub(super) fn standing(ticket: &Ticket, zone: chrono_tz::Tz) -> Vec<String> {
    let course = &ticket.course;
    let mut lines = Vec::new();
    if course.unrouted {
        lines.push("nothing routed it: it is in the default queue".to_owned());
    }
    if let Some(mark) = &course.acknowledged {
        lines.push(format!("acknowledged by {}, {}", mark.by, out::when(mark.at, zone)));
    }
    for call in &course.calls {
        lines.push(format!("calling `{}`, the next one at {}", call.list, out::when(call.next_at, zone)));
    }
    if let Some(approval) = &course.approval {
        let by = approval.given.as_ref().map_or_else(
            || format!("since {}", out::when(approval.wanted_at, zone)),
            |given| format!("by {}, {}", given.by, out::when(given.at, zone)),
        );
        lines.push(format!("approval: {} {by} {}", approval.verdict, approval.note).trim_end().to_owned());
    }
    if course.reports > 0 {
        lines.push(format!("interim reports: {}", course.reports));
    }
    if let Some(outage) = &course.outage {
        let span = format!("{} to {}", out::when(outage.from, zone), out::when(outage.to, zone));
        lines.push(format!("down {span} {}", outage.cause).trim_end().to_owned());
    }
    if let Some(rating) = &course.rating {
        lines.push(format!("rated {} of 5 {}", rating.score, rating.comment).trim_end().to_owned());
    }
    if !course.links.is_empty() {
        let others: Vec<String> = course.links.iter().map(ToString::to_string).collect();
        lines.push(format!("beside {}", others.join(", ")));
    }
    if let Some(matter) = &course.matter {
        lines.push(format!("counted under {matter}"));
    }
    lines
}

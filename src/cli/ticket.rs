//! `ticket`: look at tickets. What changes them is in `ticket_change`.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::ticket_change::{self, Change};
use super::ticket_process::{self, Process};
use super::{Global, attachment, out, rules_words, settings, ticket_clock};
use crate::domain::{
    Clock, Decided, Decision, InboxId, Language, Mark, Priority, Status, Ticket, TicketEvent, TicketId, Timestamp,
};
use crate::store::{ListedTicket, Store, TicketFilter, TicketMessage};

#[derive(Args)]
pub(super) struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Tickets, newest first
    List(List),
    /// One ticket with its messages and history
    Show {
        /// T-1042
        ticket: TicketId,
        /// Its promises: time that counted and time that did not
        #[arg(long)]
        clock: bool,
    },
    /// The files that came with it; with a number, gets that file out
    #[command(
        after_help = "Examples:\n  madoguchi ticket attachment T-1042\n  madoguchi ticket attachment T-1042 1 --out report.pdf"
    )]
    Attachment(attachment::Command),
    #[command(flatten)]
    Change(Change),
    #[command(flatten)]
    Process(Process),
}

#[derive(Args)]
struct List {
    /// Only those that stand there
    #[arg(long, value_name = "STATUS")]
    status: Option<Status>,
    /// Only of this queue
    #[arg(long)]
    queue: Option<String>,
    /// Only of this agent
    #[arg(long)]
    assignee: Option<String>,
    /// Only of this requester's address
    #[arg(long, value_name = "ADDRESS")]
    requester: Option<String>,
    /// Only those that nothing routed
    #[arg(long)]
    unrouted: bool,
    /// At most this many [default: all with --json, else 50]
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
}

pub(super) fn run(command: Command, global: &Global) -> anyhow::Result<ExitCode> {
    match command.action {
        Action::Attachment(command) => attachment::run(&command, global),
        Action::Change(change) => ticket_change::run(&change, global),
        Action::Process(process) => ticket_process::run(&process, global),
        Action::List(list) => settings::with_store(global, async |store, config| {
            let limit = list.limit.or(if global.json { None } else { Some(50) });
            let filter = TicketFilter {
                status: list.status,
                queue: list.queue.clone(),
                assignee: list.assignee.clone(),
                requester: list.requester.clone(),
                limit,
                ..TicketFilter::default()
            };
            let mut tickets = store.tickets(&filter).await?;
            tickets.retain(|listed| !list.unrouted || listed.ticket.course.unrouted);
            if global.json {
                out::json(&tickets.iter().map(document).collect::<Vec<_>>().into())?;
            } else {
                table(&tickets, config.timezone);
            }
            Ok(ExitCode::SUCCESS)
        }),
        Action::Show { ticket, clock: true } => settings::with_app(global, async |app| {
            let found = find(&app.store, ticket).await?;
            ticket_clock::show(&app.live.get().catalog, &found, app.clock.now(), global)?;
            Ok(ExitCode::SUCCESS)
        }),
        Action::Show { ticket, clock: false } => settings::with_store(global, async |store, config| {
            show(store, ticket, config.timezone, global).await?;
            Ok(ExitCode::SUCCESS)
        }),
    }
}

/// A ticket as JSON, with the fields of `ticket list`.
pub(super) fn document(listed: &ListedTicket) -> Value {
    let ticket = &listed.ticket;
    let at = |at: Option<Timestamp>| at.map(Timestamp::rfc3339);
    json!({
        "id": ticket.id.to_string(),
        "status": ticket.status.as_str(),
        "subject": ticket.subject,
        "requester": { "name": ticket.requester.name, "address": ticket.requester.address },
        "channel": ticket.channel.as_str(),
        "source": ticket.source,
        "queue": ticket.queue,
        "priority": ticket.priority.as_str(),
        "intent": ticket.intent,
        "language": ticket.language.as_str(),
        "assignee": ticket.assignee,
        "slots": ticket.slots,
        "missing": ticket.missing,
        "article": ticket.article,
        "tags": ticket.tags,
        "created_at": ticket.created_at.rfc3339(),
        "updated_at": ticket.updated_at.rfc3339(),
        "first_response_at": at(ticket.first_response_at),
        "resolved_at": at(ticket.resolved_at),
        "messages": listed.messages,
        "due": { "first_response": at(ticket.due.first_response), "resolution": at(ticket.due.resolution),
                 "next_update": at(ticket.due.next_update) },
        "breached": ticket.breached,
        "clocks": ticket.promises.clocks.iter().map(clock_document).collect::<Vec<_>>(),
        "wish": ticket.promises.wish,
        "priority_set_by": ticket.promises.priority_by,
        "merged_into": ticket.merged_into.map(|id| id.to_string()),
        "linked_to": ticket.linked_to.map(|id| id.to_string()),
        "links": ticket.course.links.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "unrouted": ticket.course.unrouted,
        "skills": ticket.course.skills,
        "acknowledged": ticket.course.acknowledged.as_ref().map(mark_document),
        "calling": ticket.course.calls.iter().map(|call| call.list.clone()).collect::<Vec<_>>(),
        "approval": ticket.course.approval.as_ref().map(|approval| json!({
            "verdict": approval.verdict, "wanted_at": approval.wanted_at.rfc3339(), "note": approval.note,
            "by": approval.given.as_ref().map(|given| given.by.clone()),
            "at": approval.given.as_ref().map(|given| given.at.rfc3339()),
        })),
        "reports": ticket.course.reports,
        "outage": ticket.course.outage.as_ref().map(|outage| json!({
            "from": outage.from.rfc3339(), "to": outage.to.rfc3339(), "cause": outage.cause,
        })),
        "rating": ticket.course.rating.as_ref().map(|rating| json!({
            "score": rating.score, "comment": rating.comment, "by": rating.by, "at": rating.at.rfc3339(),
        })),
        "problem": ticket.course.matter,
    })
}

/// Who did something, and when.
fn mark_document(mark: &Mark) -> Value {
    json!({ "by": mark.by, "at": mark.at.rfc3339() })
}

/// A clock in a list; `ticket show --clock` says how it came about.
fn clock_document(clock: &Clock) -> Value {
    json!({ "kind": clock.kind, "level": clock.level, "state": clock.state(), "policy": clock.policy,
            "due_at": clock.due_at.rfc3339(), "kept": clock.kept, "missed": clock.missed })
}

fn table(tickets: &[ListedTicket], zone: chrono_tz::Tz) {
    let mut table =
        out::table(["ticket", "status", "priority", "queue", "subject", "requester", "created", "due", "msgs"]);
    for listed in tickets {
        let ticket = &listed.ticket;
        let colour = match ticket.priority {
            Priority::Critical => out::Colour::Red,
            Priority::High => out::Colour::Yellow,
            Priority::Medium | Priority::Low => out::Colour::Dim,
        };
        table.add_row([
            ticket.id.to_string(),
            ticket.status.to_string(),
            out::paint(ticket.priority.as_str(), colour),
            ticket.queue.clone(),
            out::short(&ticket.subject, 40),
            out::short(&ticket.requester.address, 28),
            out::when(ticket.created_at, zone),
            next_due(ticket).map_or_else(String::new, |due| out::when(due, zone)),
            listed.messages.to_string(),
        ]);
    }
    out::line(table.to_string());
    out::line(format!("{} tickets", tickets.len()));
}

fn next_due(ticket: &Ticket) -> Option<Timestamp> {
    [ticket.due.first_response, ticket.due.next_update, ticket.due.resolution].into_iter().flatten().min()
}

/// The ticket, or an error that says where to look.
///
/// # Errors
/// There is no such ticket, or the database failed.
pub(super) async fn find(store: &Store, id: TicketId) -> anyhow::Result<Ticket> {
    store.ticket(id).await?.with_context(|| format!("there is no ticket {id}; `madoguchi ticket list` shows all"))
}

async fn show(store: &Store, id: TicketId, zone: chrono_tz::Tz, global: &Global) -> anyhow::Result<()> {
    let ticket = find(store, id).await?;
    let messages = store.ticket_messages(id).await?;
    let events = store.ticket_events(id).await?;
    let decided = store.decided(InboxId(id.0)).await?;
    if global.json {
        let count = i64::try_from(messages.len()).unwrap_or(i64::MAX);
        let mut document = document(&ListedTicket { ticket, messages: count });
        document["conversation"] = messages.iter().map(message_document).collect::<Vec<_>>().into();
        document["history"] = events.iter().map(event_document).collect::<Vec<_>>().into();
        document["decision"] = decision_document(decided.as_ref())?;
        return out::json(&document);
    }
    out::line(format!("{id}  {}", ticket.subject));
    let assignee = ticket.assignee.as_deref().unwrap_or("nobody");
    out::line(format!("{} · {} · queue {} · with {assignee}", ticket.status, ticket.priority, ticket.queue));
    out::line(format!("from {} {} by {}", ticket.requester.name, ticket.requester.address, ticket.channel));
    if let Some(due) = next_due(&ticket) {
        out::line(format!("due {}", out::when(due, zone)));
    }
    for line in ticket_process::standing(&ticket, zone) {
        out::line(line);
    }
    for (name, value) in &ticket.slots {
        out::line(format!("{name}: {value}"));
    }
    if !ticket.tags.is_empty() {
        out::line(format!("tags {}", ticket.tags.join(", ")));
    }
    conversation(&messages, zone);
    if let Some(decided) = &decided {
        reasons(decided, ticket.language);
    }
    out::line("\nhistory");
    for event in &events {
        let (at, detail) = (out::when(event.at, zone), local(&event.detail, zone));
        out::line(format!("  {at}  {:<12} {:<10} {detail}", event.kind, event.actor));
    }
    Ok(())
}

/// A line of the history with its instants in the desk's zone.
fn local(detail: &str, zone: chrono_tz::Tz) -> String {
    let shown = |word: &str| match chrono::DateTime::parse_from_rfc3339(word) {
        Ok(at) => out::when(at.into(), zone),
        Err(_) => word.to_owned(),
    };
    detail.split(' ').map(shown).collect::<Vec<_>>().join(" ")
}

fn conversation(messages: &[TicketMessage], zone: chrono_tz::Tz) {
    for message in messages {
        match message {
            TicketMessage::In(stored) => {
                let at = out::when(stored.arrived_at, zone);
                out::line(format!("\n{} {at}  {}", out::paint("◀", out::Colour::Blue), stored.from.address));
                out::line(stored.reply_text.trim_end());
                for file in &stored.attachments {
                    let name = format!(
                        "  file: {} ({}, {} bytes, scan {})",
                        file.name, file.media_type, file.size_bytes, file.scan
                    );
                    out::line(name);
                    for warning in &file.warnings {
                        out::line(format!("    {}", out::paint(warning, out::Colour::Red)));
                    }
                }
            }
            TicketMessage::Out(row) => {
                let (at, kind, state) = (out::when(row.created_at, zone), row.outbound.kind, row.state.as_str());
                out::line(format!("\n{} {at}  {kind}, {state}", out::paint("▶", out::Colour::Green)));
                out::line(row.outbound.text.trim_end());
            }
        }
    }
}

/// How its first message was decided: the desk rules that held, then each check.
fn reasons(decided: &Decided, language: Language) {
    out::line(format!("\nwhy {}", decided.decision.name()));
    for held in &decided.ruled {
        out::line(format!("  rule {}", rules_words::ruled(held, language)));
    }
    for step in decided.trace.iter().filter(|step| step.check != "rule") {
        let mark = if step.decided { "→" } else { " " };
        out::line(format!("  {mark} {}: {}", step.check, step.because));
    }
}

/// A line of the history, its ticket and time as people and scripts write them.
fn event_document(event: &TicketEvent) -> Value {
    json!({ "ticket": event.ticket.to_string(), "at": event.at.rfc3339(), "kind": event.kind, "actor": event.actor,
            "detail": event.detail })
}

/// The decision as it is kept, the ticket it names as `T-12`.
fn decision_document(decided: Option<&Decided>) -> anyhow::Result<Value> {
    let mut document = serde_json::to_value(decided)?;
    if let Some(Decision::FollowUp { ticket, .. }) = decided.map(|decided| &decided.decision) {
        document["decision"]["ticket"] = ticket.to_string().into();
    }
    Ok(document)
}

fn message_document(message: &TicketMessage) -> Value {
    match message {
        TicketMessage::In(stored) => json!({
            "direction": "in", "inbox_id": stored.inbox_id, "at": stored.arrived_at.rfc3339(), "from": stored.from,
            "subject": stored.subject, "text": stored.text, "reply_text": stored.reply_text,
            "message_id": stored.message_id, "attachments": stored.attachments,
        }),
        TicketMessage::Out(row) => json!({
            "direction": "out", "outbox_id": row.id, "at": row.created_at.rfc3339(), "kind": row.outbound.kind, "state": row.state.as_str(),
            "to": row.outbound.to, "subject": row.outbound.subject, "text": row.outbound.text, "message_id": row.outbound.message_id,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::EventKind;

    #[test]
    fn the_history_has_times_and_ticket_numbers_as_everywhere_else() {
        let (at, kind) = (Timestamp(1_795_327_200_000), EventKind::Note);
        let line = TicketEvent { ticket: TicketId(12), at, kind, actor: "rule".into(), detail: "x".into() };
        let wanted = json!({ "ticket": "T-12", "at": "2026-11-22T06:00:00.000Z", "kind": "note", "actor": "rule", "detail": "x" });
        assert_eq!(event_document(&line), wanted);
    }
}

//! What agents do in their room, written as what the same action from the console would be.

use super::super::agent::{self, Hand, Recovery, Refusal, Reply, Ruling, Then};
use super::super::chat::{Deed, agent_name};
use super::super::letter::Told;
use super::super::recipient::is_reachable;
use super::super::wording::{ChatTemplate, Values};
use super::Sheet;
use crate::domain::{Changes, EventKind, Fate, OutboundKind, Step, Ticket};
use minijinja::Value;

const NOTE_CHARS: usize = 4_000;

pub(super) fn plan(mut sheet: Sheet<'_>, ticket: &Ticket, deed: &Deed) -> Changes {
    let name = agent_name(sheet.message).to_owned();
    if let Deed::Note { text } = deed {
        note(&mut sheet, ticket, (&name, text));
    } else {
        let hand =
            Hand { catalog: sheet.context.catalog, keyring: sheet.post.keyring, agent: &name, now: sheet.post.now };
        match act(&sheet, &hand, ticket, deed) {
            Ok(done) => take_over(&mut sheet, done),
            Err(refusal) => refuse(&mut sheet, &refusal),
        }
    }
    // What is said below a word of an agent is about the ticket too.
    if sheet.message.act.is_none() {
        sheet.lead_here(ticket.id);
    }
    sheet.settle(Fate::Joined, "", Some(ticket.id), None)
}

/// A note changes nothing but the history; where nobody can be written to it is a word like any other.
fn note(sheet: &mut Sheet<'_>, ticket: &Ticket, (name, text): (&str, &str)) {
    let text: String = text.chars().take(NOTE_CHARS).collect();
    let Sheet { context, post, .. } = sheet;
    let hand = Hand { catalog: context.catalog, keyring: post.keyring, agent: name, now: post.now };
    if is_reachable(&hand.catalog.desk, ticket) || ticket.merged_into.is_some() {
        return sheet.event(ticket.id, EventKind::Note, name, text);
    }
    match agent::note(&hand, ticket, &text) {
        Ok(done) => take_over(sheet, done),
        Err(refusal) => refuse(sheet, &refusal),
    }
}

fn act(sheet: &Sheet<'_>, hand: &Hand<'_>, ticket: &Ticket, deed: &Deed) -> Result<Changes, Refusal> {
    let known = sheet.context.known;
    let last = known.last.as_ref();
    match deed {
        Deed::Take => agent::assign(hand, ticket, Some(hand.agent)),
        Deed::Assign { to } => agent::assign(hand, ticket, Some(to)),
        Deed::Resolve => agent::resolve(hand, ticket, last),
        Deed::Rule { verdict } => agent::rule_on(hand, ticket, &Ruling { verdict: *verdict, note: "", last }),
        Deed::Reply { text } => agent::reply(hand, ticket, &Reply { text, then: Then::StaysOpen, last }),
        Deed::Report { text } => agent::report(hand, ticket, text, last),
        Deed::Recover { text } => {
            agent::recover(hand, ticket, &Recovery { text, since: None, back: None, cause: "", last })
        }
        Deed::Join => {
            known.other.as_ref().map_or_else(|| Ok(Changes::default()), |into| agent::merge(hand, ticket, into))
        }
        Deed::Split => {
            known.other.as_ref().map_or_else(|| Ok(Changes::default()), |from| agent::unmerge(hand, ticket, from))
        }
        Deed::Note { .. } => Ok(Changes::default()),
    }
}

fn take_over(sheet: &mut Sheet<'_>, done: Changes) {
    let Changes { tickets, events, thread_keys, outbound, problems, .. } = done;
    sheet.changes.tickets.extend(tickets);
    sheet.changes.events.extend(events);
    sheet.changes.thread_keys.extend(thread_keys);
    sheet.changes.outbound.extend(outbound);
    sheet.changes.problems.extend(problems);
}

/// The agent is told why nothing was done.
fn refuse(sheet: &mut Sheet<'_>, refusal: &Refusal) {
    let because = refusal.to_string();
    sheet.decided.trace.push(Step { check: "agent.refused".to_owned(), decided: false, because: because.clone() });
    let told = Told {
        kind: OutboundKind::Notice,
        chat: ChatTemplate::AgentReply,
        language: sheet.context.catalog.desk.language,
        values: Values::from([("text", Value::from(because))]),
    };
    if let Ok(notice) = sheet.post.tell(sheet.message, &sheet.message.from, told) {
        sheet.changes.outbound.push(notice);
    }
}

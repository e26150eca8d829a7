//! `ticket show --clock`: each promise of a ticket as a list of time that counted and time that did not.

use serde_json::{Value, json};

use super::{Global, out};
use crate::domain::catalog::Catalog;
use crate::domain::{Clock, Ticket, Timestamp};
use crate::sla::book::Book;
use crate::sla::timers::{explain, spent_ms};

/// Prints the clocks of `ticket` as they stand at `now`.
pub(super) fn show(catalog: &Catalog, ticket: &Ticket, now: Timestamp, global: &Global) -> anyhow::Result<()> {
    if global.json {
        let clocks: Vec<Value> =
            ticket.promises.clocks.iter().map(|clock| document(catalog, ticket, clock, now)).collect();
        return out::json(&json!({
            "id": ticket.id.to_string(), "now": now.rfc3339(), "status": ticket.status.as_str(), "clocks": clocks,
            "reopened": ticket.promises.count(crate::domain::Signal::Reopened), "fired": ticket.promises.fired,
        }));
    }
    out::line(format!("{}  {}", ticket.id, ticket.subject));
    if ticket.promises.clocks.is_empty() {
        out::line("no clock runs: no person has it yet");
    }
    for clock in &ticket.promises.clocks {
        lines(catalog, ticket, clock, now);
    }
    Ok(())
}

fn lines(catalog: &Catalog, ticket: &Ticket, clock: &Clock, now: Timestamp) {
    let Some(table) = (Book { catalog }).table_of(clock, &ticket.queue) else { return };
    let zone = table.calendar().timezone;
    let at = |at: Timestamp| out::when(at, zone);
    let colour = match clock.state() {
        "breached" | "late" => out::Colour::Red,
        "met" => out::Colour::Green,
        "paused" => out::Colour::Yellow,
        _ => out::Colour::Blue,
    };
    let head = format!("{} {}, cycle {}: ", clock.level, clock.kind, clock.cycle);
    out::line(format!("\n{head}{}", out::paint(clock.state(), colour)));
    out::line(format!("policy {}, {} in calendar {} ({zone})", clock.policy, clock.target, clock.calendar));
    let mut rows = out::table(["from", "to", "", "working time", "sum"]);
    let mut sum = 0;
    for part in explain(clock, &table, now) {
        sum += if part.counts { part.working_ms } else { 0 };
        let word = if part.counts { "counted" } else { "paused" };
        rows.add_row([at(part.from), at(part.to), word.to_owned(), span(part.working_ms), span(sum)]);
    }
    out::line(rows.to_string());
    let ended = match (clock.met_at, clock.dropped_at) {
        (Some(met), _) => format!("; met {}", at(met)),
        (None, Some(dropped)) => format!("; dropped {}", at(dropped)),
        (None, None) => String::new(),
    };
    let missed = clock.breached_at.map_or_else(String::new, |breached| format!("; missed {}", at(breached)));
    out::line(format!("due {}{missed}{ended}", at(clock.due_at)));
    for old in &clock.revisions {
        out::line(format!("until {}: policy {}, {}, due {}", at(old.at), old.policy, old.target, at(old.due_at)));
    }
}

/// `1 h 05 min`.
fn span(ms: i64) -> String {
    let minutes = ms / 60_000;
    format!("{} h {:02} min", minutes / 60, minutes % 60)
}

fn document(catalog: &Catalog, ticket: &Ticket, clock: &Clock, now: Timestamp) -> Value {
    let at = |at: Option<Timestamp>| at.map(Timestamp::rfc3339);
    let table = Book { catalog }.table_of(clock, &ticket.queue);
    let parts = table.as_ref().map_or_else(Vec::new, |table| explain(clock, table, now));
    let intervals: Vec<Value> = parts
        .iter()
        .map(|part| {
            json!({ "from": part.from.rfc3339(), "to": part.to.rfc3339(), "counted": part.counts, "working_s": part.working_ms / 1_000 })
        })
        .collect();
    json!({
        "kind": clock.kind, "level": clock.level, "state": clock.state(), "policy": clock.policy, "calendar": clock.calendar,
        "timezone": table.as_ref().map(|table| table.calendar().timezone.name()),
        "target": clock.target.to_string(), "cycle": clock.cycle, "started_at": clock.started_at.rfc3339(), "due_at": clock.due_at.rfc3339(),
        "met_at": at(clock.met_at), "breached_at": at(clock.breached_at), "dropped_at": at(clock.dropped_at),
        "warned_percent": clock.warned, "kept": clock.kept, "missed": clock.missed,
        "counted_s": table.as_ref().map(|table| spent_ms(clock, table, now) / 1_000), "intervals": intervals,
        "revisions": clock.revisions.iter().map(|old| json!({
            "at": old.at.rfc3339(), "policy": old.policy, "target": old.target.to_string(), "started_at": old.started_at.rfc3339(),
            "due_at": old.due_at.rfc3339(),
        })).collect::<Vec<_>>(),
    })
}

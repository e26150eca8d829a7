//! `replay --escalations`: the rules of the settings tried on past tickets. Changes nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Global, out};
use crate::app;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::{TicketId, Timestamp};
use crate::sla::book::Book;
use crate::sla::rehearsal::rehearse;
use crate::store::{Store, TicketFilter};

/// Tickets named for each rule.
const NAMED: usize = 20;

/// What a rule would have done, and what it did.
#[derive(Default)]
struct Tally {
    would_fire: u64,
    fired: u64,
    tickets: Vec<TicketId>,
}

/// Tries every rule on the tickets opened from `since` on, and prints the counts.
pub(super) async fn run(store: &Store, config: &Config, since: Timestamp, global: &Global) -> anyhow::Result<()> {
    let catalog = app::catalog(config).map_err(|faults| anyhow::anyhow!("{}", app::listing(&faults)))?;
    let now = Clock::system().now();
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for rule in &catalog.service.escalations {
        tallies.entry(rule.name.clone()).or_default();
    }
    let mut tried: u64 = 0;
    for listed in store.tickets(&TicketFilter::default()).await? {
        let ticket = &listed.ticket;
        if ticket.created_at < since {
            continue;
        }
        tried += 1;
        let events = store.ticket_events(ticket.id).await?;
        for one in rehearse(Book { catalog: &catalog }, ticket, &events, now) {
            let tally = tallies.entry(one.rule).or_default();
            tally.would_fire += 1;
            if tally.tickets.last() != Some(&ticket.id) && tally.tickets.len() < NAMED {
                tally.tickets.push(ticket.id);
            }
        }
        for firing in store.firings(ticket.id).await? {
            // Steps of a call and nudges are no rules.
            if let Some(tally) = tallies.get_mut(&firing.rule) {
                tally.fired += 1;
            }
        }
    }
    show(&tallies, tried, global)
}

fn show(tallies: &BTreeMap<String, Tally>, tried: u64, global: &Global) -> anyhow::Result<()> {
    if global.json {
        let rules = tallies.iter().map(|(rule, tally)| {
            let tickets: Vec<String> = tally.tickets.iter().map(ToString::to_string).collect();
            json!({ "rule": rule, "would_fire": tally.would_fire, "fired": tally.fired, "tickets": tickets })
        });
        return out::json(&json!({ "tickets": tried, "escalations": rules.collect::<Vec<Value>>() }));
    }
    let mut table = out::table(["rule", "would fire", "fired", "for instance"]);
    for (rule, tally) in tallies {
        let tickets: Vec<String> = tally.tickets.iter().map(ToString::to_string).collect();
        table.add_row([
            rule.clone(),
            tally.would_fire.to_string(),
            tally.fired.to_string(),
            out::short(&tickets.join(", "), 50),
        ]);
    }
    out::line(table.to_string());
    out::line(format!("{tried} tickets tried; nothing was changed"));
    Ok(())
}

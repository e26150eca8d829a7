//! Looks at tickets whose clocks or rules are due: warnings, misses, escalation. A page of them is written in one transaction
//! that names the versions they were read with, so that of two processes one does it and the other finds it done.
//!
//! When the rules change, every open ticket is brought up to them once, a page at a time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::live::Live;
use super::supervise::{Did, Worker, with_causes};
use crate::clock::Clock;
use crate::decide::{Staff, maintenance, problems, tick_staffed};
use crate::domain::routing::Strategy;
use crate::domain::{Catalog, Changes, Keyring, Ticket, TicketId, Timestamp};
use crate::store::{Store, StoreError, crash};

/// Clocks looked at in one step.
const PAGE: u32 = 200;
/// How long nothing is looked at when nothing was due.
const PAUSE: Duration = Duration::from_secs(1);
/// Stands in the place of the version while open tickets are being brought up to it.
const UNFINISHED: &str = "unfinished";

/// Lets time pass on tickets. Several may run at once, also on several machines.
pub struct Ticker {
    /// What is remembered.
    pub store: Arc<Store>,
    /// The rules in force.
    pub live: Live,
    /// Signs what cards refer to.
    pub keyring: Keyring,
    /// What time it is.
    pub clock: Clock,
    /// How far open tickets are brought up to changed rules.
    pub renewal: Mutex<Renewal>,
}

/// The way through all open tickets after the rules changed.
#[derive(Debug, Default)]
pub struct Renewal {
    /// The version all open tickets have, as far as is known.
    done: Option<String>,
    /// The version that is being brought in.
    wanted: String,
    /// The last ticket looked at.
    after: TicketId,
    /// Keys of announcements that are in the outbox.
    announced: BTreeSet<String>,
}

impl Worker for Ticker {
    const NAME: &'static str = "tick";

    async fn step(&self) -> Result<Did, String> {
        let done = self.once().await.map_err(|fault| with_causes(&fault))?;
        Ok(if done > 0 { Did::Work } else { Did::Nothing(PAUSE) })
    }

    // What falls due does so by the passing of time; a change that is due at once waits for the next look.
    fn signal(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

impl Ticker {
    /// Looks at one page of due tickets. Returns how many were written; what somebody else wrote meanwhile does not count.
    ///
    /// # Errors
    /// The database failed; what was not written is due again.
    pub async fn once(&self) -> Result<usize, StoreError> {
        let rules = self.live.get();
        let now = self.clock.now();
        let renewed = self.renew(&rules.catalog, now).await?;
        let due = self.store.timers_due(now, PAGE).await?;
        let written = self.write(&rules.catalog, &due, now).await?;
        let announced = self.announce(&rules.catalog, now).await?;
        Ok(renewed + written + announced + self.review(&rules.catalog, now).await?)
    }

    /// Announces planned maintenance. What another process, or this one before it was started, wrote is written once all the same.
    async fn announce(&self, catalog: &Catalog, now: Timestamp) -> Result<usize, StoreError> {
        let mut outbound = maintenance::announcements(catalog, now);
        let mut renewal = self.renewal.lock().await;
        outbound.retain(|announcement| !renewal.announced.contains(&announcement.dedupe_key));
        if outbound.is_empty() {
            return Ok(0);
        }
        let keys: Vec<String> = outbound.iter().map(|announcement| announcement.dedupe_key.clone()).collect();
        self.store.apply(&Changes { outbound, ..Changes::default() }, now).await?;
        let count = keys.len();
        renewal.announced.extend(keys);
        Ok(count)
    }

    /// Looks at matters that were seen again, and at problems whose owner is to be nudged.
    async fn review(&self, catalog: &Catalog, now: Timestamp) -> Result<usize, StoreError> {
        let mut written = 0;
        for record in self.store.problems_due(now, PAGE).await? {
            let Some(last) = self.store.ticket(record.last_ticket).await? else { continue };
            let (record, notices) = problems::review(catalog, &record, &last, now);
            match self.store.put_problem(&record, &notices, now).await {
                Ok(()) => written += 1,
                Err(StoreError::Conflict { what }) => tracing::debug!("changed meanwhile: {what}"),
                Err(fault) => return Err(fault),
            }
        }
        Ok(written)
    }

    /// What the agents have, read only when a queue gives its tickets out.
    async fn staff(&self, catalog: &Catalog, tickets: &[Ticket]) -> Result<Staff, StoreError> {
        let gives_out = catalog.service.routing.queues.iter().any(|queue| queue.assign != Strategy::None);
        if tickets.is_empty() || !gives_out {
            return Ok(Staff::default());
        }
        let (loads, turns) = self.store.agents_work().await?;
        let turns = turns.into_iter().map(|(queue, agent, turn)| ((queue, agent), turn)).collect();
        Ok(Staff { loads: loads.into_iter().collect(), turns })
    }

    /// Writes what time changed on `tickets`, all in one transaction; one by one when somebody else changed one of them.
    async fn write(&self, catalog: &Catalog, tickets: &[Ticket], now: Timestamp) -> Result<usize, StoreError> {
        let mut each = Vec::with_capacity(tickets.len());
        let mut staff = self.staff(catalog, tickets).await?;
        for ticket in tickets {
            crash::point("tick.begin");
            each.push(tick_staffed(catalog, &self.keyring, ticket, (&mut staff, now)));
        }
        if each.is_empty() {
            return Ok(0);
        }
        let written = match self.store.apply(&together(&each), now).await {
            Ok(()) => each.len(),
            Err(StoreError::Conflict { .. }) => self.write_alone(&each, now).await?,
            Err(fault) => return Err(fault),
        };
        crash::point("tick.applied");
        Ok(written)
    }

    async fn write_alone(&self, each: &[Changes], now: Timestamp) -> Result<usize, StoreError> {
        let mut written = 0;
        for changes in each {
            match self.store.apply(changes, now).await {
                Ok(()) => written += 1,
                // Somebody else changed the ticket: if it is still due, the next look sees it.
                Err(StoreError::Conflict { what }) => tracing::debug!("changed meanwhile: {what}"),
                Err(fault) => return Err(fault),
            }
        }
        Ok(written)
    }

    /// Brings a page of open tickets up to the rules in force; 0 when all are.
    async fn renew(&self, catalog: &Catalog, now: Timestamp) -> Result<usize, StoreError> {
        let version = &catalog.service.version;
        let mut renewal = self.renewal.lock().await;
        if renewal.done.as_ref() == Some(version) {
            return Ok(0);
        }
        if renewal.wanted != *version {
            (renewal.wanted, renewal.after, renewal.done) = (version.clone(), TicketId::default(), None);
        }
        if renewal.after == TicketId::default() {
            if self.store.clock_rules().await?.as_ref() == Some(version) {
                renewal.done = Some(version.clone());
                return Ok(0);
            }
            // Rules that come back before these have reached every ticket have to go through all of them again.
            self.store.put_clock_rules(UNFINISHED, now).await?;
        }
        let page = self.store.unfinished_tickets(renewal.after, PAGE).await?;
        let Some(last) = page.last() else {
            self.store.put_clock_rules(version, now).await?;
            (renewal.done, renewal.after) = (Some(version.clone()), TicketId::default());
            return Ok(0);
        };
        let after = last.id;
        let outdated: Vec<Ticket> = page.into_iter().filter(|ticket| ticket.promises.rules != *version).collect();
        self.write(catalog, &outdated, now).await?;
        renewal.after = after;
        // Pages without a single outdated ticket are work all the same.
        Ok(1)
    }
}

/// The changes of several tickets as one.
fn together(each: &[Changes]) -> Changes {
    let mut all = Changes::default();
    for changes in each {
        all.tickets.extend(changes.tickets.iter().cloned());
        all.events.extend(changes.events.iter().cloned());
        all.outbound.extend(changes.outbound.iter().cloned());
        all.fired.extend(changes.fired.iter().cloned());
        all.problems.extend(changes.problems.iter().cloned());
        all.turns.extend(changes.turns.iter().cloned());
        all.thread_keys.extend(changes.thread_keys.iter().cloned());
    }
    all
}

//! Decides received messages: claims a batch, reads and classifies it, decides in memory, settles it in one transaction.
//!
//! A batch that clashes with what somebody else wrote meanwhile is decided again, one message at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::Mutex;

use super::bursts::{Burst, has_any, probe};
use super::live::{Live, Rules};
use super::read::Reader;
use super::supervise::{Did, Worker, with_causes};
use crate::clock::Clock;
use crate::decide::{self, Context};
use crate::domain::{Changes, InboxId, Keyring, Known, Message, Outbound, OutboundKind, Probe, SendCount, Timestamp};
use crate::store::{Claim, SettleError, Store, StoreError, crash};
use crate::telemetry::Metrics;

/// How long a claimed batch is ours. A batch takes well under a second; a crash delays its messages by this long.
const LEASE_MS: i64 = 15_000;
/// How often waiting messages are looked for without a signal: those of other processes, and those whose lease ran out.
const LOOK: Duration = Duration::from_secs(1);
/// The pause after a small batch. Each message costs its batch the same few transactions, so a stream of single messages is taken
/// in handfuls; one that comes while nothing else does is taken at once.
const REST: Duration = Duration::from_millis(40);
/// Messages read at the same time: a chat service is asked who wrote, a scanner what a file is, and each takes its time to answer.
const AT_ONCE: usize = 8;
/// How often a clashing message is decided again before it goes back to the queue.
const ROUNDS: usize = 3;

/// Decides messages. Several may run at once, also on several machines.
pub struct Handler {
    /// What is remembered.
    pub store: Arc<Store>,
    /// The rules in force.
    pub live: Live,
    /// Reads raw messages.
    pub reader: Arc<Reader>,
    /// Signs reply tokens.
    pub keyring: Keyring,
    /// What time it is.
    pub clock: Clock,
    /// What is counted.
    pub metrics: Metrics,
    /// Names this worker in leases; unique over processes.
    pub owner: String,
    /// Messages in one batch.
    pub batch: u32,
    /// Which messages it takes.
    pub takes: Takes,
    /// Claimed messages that a failing database left undecided: given back before anything else is claimed, so that the
    /// attempt does not count against them.
    pub undecided: Mutex<Vec<InboxId>>,
}

/// Which messages a handler takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// All, those that were tried before one at a time. One handler of a process.
    All,
    /// Only those that were never tried. A message that ends the process must not count against another one.
    Fresh,
}

impl Worker for Handler {
    const NAME: &'static str = "handle";

    async fn step(&self) -> Result<Did, String> {
        let (done, tried) = self.batch().await.map_err(|fault| with_causes(&fault))?;
        if done > 0 {
            // What was tried before comes one by one, however many there are.
            let is_little = !tried && done < usize::try_from(self.batch / 2).unwrap_or(usize::MAX);
            return Ok(if is_little { Did::Little(REST) } else { Did::Work });
        }
        let now = self.clock.now();
        let hold = self.store.next_hold(now).await.map_err(|fault| with_causes(&fault))?;
        // While text is held more of it comes in: each arrival would be a look that finds nothing.
        Ok(hold.map_or(Did::Nothing(LOOK), |at| Did::Little(pause(now, at).min(REST))))
    }

    fn signal(&self) -> impl Future<Output = ()> + Send {
        self.store.notified_inbox()
    }
}

impl Handler {
    /// Handles one batch. Returns how many messages came to an end.
    ///
    /// # Errors
    /// The database failed; the messages stay where they are.
    pub async fn once(&self) -> Result<usize, StoreError> {
        Ok(self.batch().await?.0)
    }

    /// [`Handler::once`], and whether they had been tried before.
    async fn batch(&self) -> Result<(usize, bool), StoreError> {
        self.give_back().await?;
        let now = self.clock.now();
        let until = now.plus_ms(crash::lease_ms(LEASE_MS));
        let claim = match self.takes {
            Takes::All => self.store.claim_inbox(&self.owner, now, until, self.batch).await?,
            Takes::Fresh => self.store.claim_fresh(&self.owner, now, until, self.batch).await?,
        };
        let rows = claim.items.iter().flat_map(|item| std::iter::once(item).chain(&item.companions));
        let ids: Vec<InboxId> = rows.map(|item| item.id).collect();
        let tried = !claim.to_bury.is_empty() || claim.items.iter().any(|item| item.attempt > 1);
        let handled = self.handle(claim).await;
        if handled.is_err() {
            self.undecided.lock().await.extend(ids);
        }
        Ok((handled?, tried))
    }

    async fn give_back(&self) -> Result<(), StoreError> {
        let mut ids = self.undecided.lock().await;
        if !ids.is_empty() {
            self.store.release(&self.owner, &ids).await?;
            ids.clear();
        }
        Ok(())
    }

    async fn handle(&self, claim: Claim) -> Result<usize, StoreError> {
        let started = Instant::now();
        for buried in &claim.to_bury {
            tracing::error!(inbox.id = %buried.id, "message buried: {}", buried.reason);
            self.store.bury(&self.owner, buried.id, &buried.reason, self.clock.now()).await?;
            self.metrics.settled("buried", "", "none");
        }
        if claim.items.is_empty() {
            return Ok(claim.to_bury.len());
        }
        let rules = self.live.get();
        let mut read = Vec::with_capacity(claim.items.len());
        for some in claim.items.chunks(AT_ONCE) {
            let mut reading = Vec::with_capacity(some.len());
            for item in some {
                reading.push(self.read_burst(item, rules.catalog.desk.language));
            }
            for burst in join_all(reading).await {
                read.push(burst?);
            }
        }
        let count: usize = read.iter().map(Vec::len).sum();
        self.settle(&rules, read).await?;
        self.metrics.handled(started.elapsed().as_secs_f64(), u32::try_from(count).unwrap_or(u32::MAX));
        Ok(count + claim.to_bury.len())
    }

    /// Decides and writes all bursts as one; those that clash are decided again, alone, after the others.
    async fn settle(&self, rules: &Rules, bursts: Vec<Burst>) -> Result<(), StoreError> {
        let mut together = bursts;
        let mut alone = Vec::new();
        while !together.is_empty() {
            let changes = self.decide(rules, &together).await?;
            match self.store.settle(&self.owner, &changes, self.clock.now()).await {
                Ok(()) => {
                    self.count(&changes);
                    break;
                }
                Err(SettleError::Conflict { ids }) => {
                    let (clashing, rest): (Vec<_>, Vec<_>) =
                        together.into_iter().partition(|burst| has_any(burst, &ids));
                    if clashing.is_empty() {
                        // What clashed is gone by now: one after the other will go through.
                        alone.extend(rest);
                        break;
                    }
                    together = rest;
                    alone.extend(clashing);
                }
                Err(SettleError::LeaseLost { ids }) => {
                    tracing::warn!(rows = ids.len(), "leases ran out before the batch was written");
                    together.retain(|burst| !has_any(burst, &ids));
                }
                Err(SettleError::Store(fault)) => return Err(fault),
            }
        }
        for burst in alone {
            self.settle_alone(rules, burst).await?;
        }
        Ok(())
    }

    async fn settle_alone(&self, rules: &Rules, burst: Burst) -> Result<(), StoreError> {
        let ids: Vec<InboxId> = burst.iter().map(|message| message.inbox_id).collect();
        let alone = [burst];
        for _ in 0..ROUNDS {
            let changes = self.decide(rules, &alone).await?;
            match self.store.settle(&self.owner, &changes, self.clock.now()).await {
                Ok(()) => {
                    self.count(&changes);
                    return Ok(());
                }
                Err(SettleError::Conflict { .. }) => {}
                Err(SettleError::LeaseLost { .. }) => return Ok(()),
                Err(SettleError::Store(fault)) => return Err(fault),
            }
        }
        // Somebody changes the same ticket all the time: let the others go first.
        self.store.release(&self.owner, &ids).await
    }

    async fn decide(&self, rules: &Rules, bursts: &[Burst]) -> Result<Vec<Changes>, StoreError> {
        let now = self.clock.now();
        let watched = rules.catalog.rulebook.watched_queues();
        let asked = |message: &Message| {
            let alert = decide::alert_probe(&rules.catalog, message, now);
            Probe { alert, loads: watched.clone(), ..probe(message) }
        };
        let probes: Vec<Probe> = bursts.iter().flatten().map(asked).collect();
        let mut known = self.store.context(&probes, now).await?.into_iter();
        // The store knows what is written; what this batch is about to send to somebody counts as well.
        let mut sent: HashMap<String, u32> = HashMap::new();
        let mut batch = Vec::with_capacity(probes.len());
        for burst in bursts {
            let parts: Vec<(&Message, Known)> = burst.iter().zip(known.by_ref()).collect();
            // Copies are dealt with one by one, so that the rest of a burst is not taken for one.
            let (copies, fresh): (Vec<_>, Vec<_>) = parts.into_iter().partition(|(_, known)| known.duplicate.is_some());
            for (copy, known) in copies {
                batch.push(self.decide_one(rules, copy, &known));
            }
            let messages: Vec<&Message> = fresh.iter().map(|(message, _)| *message).collect();
            let (Some(message), Some((_, mut known))) = (decide::as_one(&messages), fresh.into_iter().next()) else {
                continue;
            };
            let earlier = sent.entry(message.from.address.to_lowercase()).or_default();
            known.automatic_to_sender = known.automatic_to_sender.saturating_add(*earlier);
            let mut changes = self.decide_one(rules, &message, &known);
            let automatic = changes.outbound.iter().filter(|outbound| is_counted(outbound)).count();
            if automatic > 0 {
                let address = message.from.address.to_lowercase();
                changes.send_count = Some(SendCount { address, known: known.automatic_to_sender });
                *earlier = earlier.saturating_add(u32::try_from(automatic).unwrap_or(u32::MAX));
            }
            batch.extend(decide::spread(changes, &messages, now));
        }
        Ok(batch)
    }

    fn decide_one(&self, rules: &Rules, message: &Message, known: &Known) -> Changes {
        let now = self.clock.now();
        let classification = decide::classified(message, (&rules.catalog, known), now, |intent, wanted| {
            rules.engine.classify_if(message, intent, wanted)
        });
        let context = Context { catalog: &rules.catalog, classification: &classification, known };
        let decided = decide::decide(message, &context, now);
        decide::plan(&decided, message, &context, &self.keyring, now)
    }

    fn count(&self, changes: &[Changes]) {
        for settled in changes.iter().filter_map(|change| change.settled.as_ref()) {
            let decision = settled.decided.as_ref().map_or("none", |decided| decided.decision.name());
            self.metrics.settled(settled.fate.as_str(), &settled.reason, decision);
        }
    }
}

/// How long until `at`, where somebody is let go on. Never zero, so that a clock that is behind costs no busy loop.
fn pause(now: Timestamp, at: Timestamp) -> Duration {
    let left = u64::try_from(at.0.saturating_sub(now.0)).unwrap_or_default();
    Duration::from_millis(left.max(1)).min(LOOK)
}

/// Whether the message counts against the limits on what one person is sent. Cards are for agents.
fn is_counted(outbound: &Outbound) -> bool {
    outbound.kind.is_automatic() && outbound.kind != OutboundKind::Notice
}

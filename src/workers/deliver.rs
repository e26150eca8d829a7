//! Sends what the outbox holds. Every message is written down before it is sent, and marked after; a crash in between sends it again
//! under the same Message-ID.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::outlet::{Earlier, Outlet, Took};
use super::supervise::{Did, Worker, with_causes};
use crate::clock::Clock;
use crate::connectors::notice::Circuit;
use crate::connectors::{Posted, SendError};
use crate::domain::{OutboxId, Timestamp};
use crate::store::{self, EarlierPost, OutboxItem, Sending, Store, StoreError, crash};
use crate::telemetry::Metrics;

/// How long claimed messages are ours without a word: how long they rest when this process dies. The lease is renewed while the
/// server takes its time, which may be ten minutes after the final dot (RFC 5321 §4.5.3.2.6).
const LEASE_MS: i64 = 30_000;
/// A message is only sent while at least this part of the lease is left.
const RENEWALS: i64 = 3;
/// How often a mark that the database did not take is tried again, and how far apart.
const MARKS: u32 = 120;
const MARK_PAUSE: Duration = Duration::from_millis(500);
/// Messages in one claim.
const BATCH: u32 = 20;
/// How long everything waits when only an operator can mend the connection.
const OPERATOR_PAUSE_MS: i64 = 5 * 60_000;

/// How long a message waits whose predecessor in the same place is still to be sent.
const PREDECESSOR_PAUSE_MS: i64 = 2_000;
/// Why it waits.
const NOT_ITS_TURN: &str = "an earlier message of this ticket to the same place is not out yet";
/// At most this long, however late the predecessor is tried again.
const LONGEST_PREDECESSOR_PAUSE_MS: i64 = 60_000;

/// Sends what one mailbox or chat service has to send.
pub struct Deliverer {
    /// What is remembered.
    pub store: Arc<Store>,
    /// The mailbox's or service's name.
    pub source: String,
    /// The connection.
    pub outlet: Outlet,
    /// Delivered mail is to be copied into the folder for sent mail.
    pub keeps_copies: bool,
    /// What time it is.
    pub clock: Clock,
    /// What is counted.
    pub metrics: Metrics,
    /// Names this worker in leases.
    pub owner: String,
}

impl Worker for Deliverer {
    const NAME: &'static str = "deliver";

    async fn step(&self) -> Result<Did, String> {
        let done = self.once().await.map_err(|fault| with_causes(&fault))?;
        Ok(if done > 0 { Did::Work } else { Did::Nothing(Duration::from_secs(1)) })
    }

    fn signal(&self) -> impl Future<Output = ()> + Send {
        self.store.notified_outbox()
    }
}

impl Deliverer {
    /// Sends one batch. Returns how many attempts were made.
    ///
    /// # Errors
    /// The database failed; what was sent but could not be marked is sent again under the same Message-ID.
    pub async fn once(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        if self.held_back(now).is_some() {
            return Ok(0);
        }
        let route = [Sending { channel: self.outlet.channel(), source: self.source.clone() }];
        let items = self.store.claim_outbox(&self.owner, [now, lease_from(now)], BATCH, &route).await?;
        let mut held = Held { ids: items.iter().map(|item| item.id).collect(), until: lease_from(now) };
        // The mark of one message is written while the next one is announced, and the next one is handed over only after that: never
        // are two out that are not marked.
        let mut unmarked = None;
        for item in &items {
            let now = self.clock.now();
            if held.until < now.plus_ms(margin_ms()) {
                held = self.renew(&held.ids, now).await?;
            }
            if held.ids.contains(&item.id) {
                unmarked = self.deliver(item, &mut held, unmarked.take()).await?;
            } else {
                tracing::warn!(outbox.id = %item.id, "not sent: another process has it now");
            }
            held.ids.retain(|id| *id != item.id);
        }
        if let Some(last) = unmarked {
            self.mark(&last).await?;
        }
        Ok(items.len())
    }

    async fn renew(&self, ids: &[OutboxId], now: Timestamp) -> Result<Held, StoreError> {
        let until = lease_from(now);
        Ok(Held { ids: self.store.renew_outbox(&self.owner, ids, until).await?, until })
    }

    /// Hands `item` to the other side once `go` says so, renewing the leases of all that is `held` while it takes its time.
    async fn send(
        &self,
        item: &OutboxItem,
        earlier: Earlier,
        held: &mut Held,
        go: impl Future<Output = bool> + Send,
    ) -> Result<Took, SendError> {
        let mut sending = pin!(self.outlet.send(&item.outbound, earlier, go));
        loop {
            tokio::select! {
                sent = &mut sending => return sent,
                () = tokio::time::sleep(Duration::from_millis(margin_ms().unsigned_abs())) => {}
            }
            match self.renew(&held.ids, self.clock.now()).await {
                Ok(renewed) => *held = renewed,
                Err(fault) => tracing::warn!(outbox.id = %item.id, "cannot renew the lease while sending: {fault}"),
            }
        }
    }

    /// Sends `item` and marks the one `before` it meanwhile. Returns `item` when it is out and still to be marked.
    async fn deliver(
        &self,
        item: &OutboxItem,
        held: &mut Held,
        before: Option<Delivered>,
    ) -> Result<Option<Delivered>, StoreError> {
        crash::point("deliver.begin");
        // The one it follows may be the one just sent: it counts as out only once it is marked.
        let before = match before {
            Some(before) if item.outbound.replaces.is_some() => {
                self.mark(&before).await?;
                None
            }
            other => other,
        };
        let replaces = match self.predecessor(item).await? {
            Ok(replaces) => replaces,
            Err((until, reason)) => {
                self.store.deferred(&self.owner, item.id, (until, reason), self.clock.now()).await?;
                return Ok(before);
            }
        };
        let (marked, go) = oneshot::channel();
        let marking = async {
            if let Some(before) = before {
                self.mark(&before).await?;
            }
            // Nobody waits any more when the message was refused meanwhile. On a failure the sender is dropped, which means no.
            let _ = marked.send(());
            Ok::<_, StoreError>(())
        };
        let go = async { go.await.is_ok() };
        let (marking, sent) = tokio::join!(
            marking,
            Box::pin(self.send(item, Earlier { post: replaces, tried: item.attempt > 1 }, held, go))
        );
        marking?;
        crash::point("deliver.sent");
        self.note_circuit().await;
        self.note(item, sent).await
    }

    /// Writes what became of sending `item`. Returns it when it is out and still to be marked.
    async fn note(&self, item: &OutboxItem, sent: Result<Took, SendError>) -> Result<Option<Delivered>, StoreError> {
        let now = self.clock.now();
        match sent {
            Ok(took) => {
                for reason in &took.not_for {
                    tracing::warn!(outbox.id = %item.id, "not delivered to one of the recipients: {reason}");
                }
                self.metrics.delivery("delivered");
                let delivered = Delivered { id: item.id, at: now, posted: took.posted };
                if delivered.posted.is_none() {
                    return Ok(Some(delivered));
                }
                // What is said below a post finds its ticket only once the post is known.
                self.mark(&delivered).await?;
            }
            Err(SendError::Permanent { reason }) => {
                self.metrics.delivery("failed");
                tracing::warn!(outbox.id = %item.id, "not deliverable: {reason}");
                self.store.failed(&self.owner, item.id, &reason, now).await?;
            }
            Err(SendError::Transient { reason, retry_after_ms }) => {
                let failures = u32::try_from(item.attempt).unwrap_or(u32::MAX);
                let wish_s = retry_after_ms.and_then(|ms| u64::try_from(ms / 1000).ok());
                let until = self.outlet.plan().next(&item.outbound.dedupe_key, failures, now, wish_s);
                self.postpone(item, until, &reason, now).await?;
            }
            Err(SendError::NeedsOperator { reason }) => {
                tracing::error!(outbox.id = %item.id, source = item.outbound.source, "cannot send: {reason}");
                self.postpone(item, Some(now.plus_ms(OPERATOR_PAUSE_MS)), &reason, now).await?;
            }
        }
        Ok(None)
    }

    /// The post `item` follows or takes the place of, when it names one that is there; or until when it has to wait, and for what.
    async fn predecessor(&self, item: &OutboxItem) -> Result<Result<Option<String>, Wait>, StoreError> {
        let now = self.clock.now();
        let replaces = match &item.outbound.replaces {
            None => None,
            Some(key) => match self.store.earlier_post(key).await? {
                EarlierPost::Posted(reference) => Some(reference),
                // Without its predecessor it is a post of its own.
                EarlierPost::Gone => None,
                // A sender that dies meanwhile leaves a lease, after which the earlier one is sent by another.
                EarlierPost::BeingSent => return Ok(Err((now.plus_ms(PREDECESSOR_PAUSE_MS), NOT_ITS_TURN))),
                EarlierPost::Waiting { next_at } => {
                    let wait_ms = (next_at.0 - now.0).clamp(PREDECESSOR_PAUSE_MS, LONGEST_PREDECESSOR_PAUSE_MS);
                    return Ok(Err((now.plus_ms(wait_ms), NOT_ITS_TURN)));
                }
            },
        };
        Ok(match self.held_back(now) {
            Some(until) => Err((until, "its place is not to be asked now")),
            None => Ok(replaces),
        })
    }

    /// Marks a message as delivered. It is out: a database that is locked or down is waited for, since giving up would send it
    /// again.
    async fn mark(&self, Delivered { id, at, posted }: &Delivered) -> Result<(), StoreError> {
        let (id, at) = (*id, *at);
        let mut left = MARKS;
        loop {
            let marked = match posted {
                Some(post) => {
                    let place = (post.reference.as_str(), post.thread.as_deref());
                    self.store.posted(&self.owner, id, place, at).await
                }
                None if self.keeps_copies => self.store.delivered_to_be_copied(&self.owner, id, at).await,
                None => self.store.delivered(&self.owner, id, at).await,
            };
            match marked {
                Ok(()) => return Ok(()),
                Err(StoreError::LeaseLost { .. }) => {
                    // Marked by a try whose outcome was not known, or taken by another process meanwhile.
                    tracing::warn!(outbox.id = %id, "delivered, but no longer ours to mark");
                    return Ok(());
                }
                Err(fault) if left == 0 => return Err(fault),
                Err(fault) => {
                    tracing::warn!(outbox.id = %id, "delivered, but not marked yet: {}", with_causes(&fault));
                }
            }
            left -= 1;
            tokio::time::sleep(MARK_PAUSE).await;
        }
    }

    fn held_back(&self, now: Timestamp) -> Option<Timestamp> {
        self.outlet.circuit().and_then(|circuit| circuit.open_until(now))
    }

    /// Shows how the other side is doing to whoever looks, in this process and in others.
    async fn note_circuit(&self) {
        let Some(state) = self.outlet.circuit().and_then(Circuit::changed) else { return };
        let now = self.clock.now();
        self.metrics.circuit(&self.source, state.word(now));
        let row = store::Circuit {
            name: self.source.clone(),
            failures: state.failures,
            open_until: state.open_until,
            fault: state.fault,
            changed_at: now,
        };
        if let Err(fault) = self.store.put_circuit(&row).await {
            tracing::warn!(target = self.source, "how the place is doing is not noted: {}", with_causes(&fault));
        }
    }

    async fn postpone(
        &self,
        item: &OutboxItem,
        until: Option<Timestamp>,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(until) = until else {
            self.metrics.delivery("failed");
            let reason = format!("given up after {} attempts: {reason}", item.attempt);
            return self.store.failed(&self.owner, item.id, &reason, now).await;
        };
        self.metrics.delivery("postponed");
        self.store.postponed(&self.owner, item.id, (until, reason), now).await
    }
}

/// Until when, and for what.
type Wait = (Timestamp, &'static str);

/// A message that is out and not marked yet.
struct Delivered {
    id: OutboxId,
    at: Timestamp,
    posted: Option<Posted>,
}

/// Claimed messages that are still ours.
struct Held {
    ids: Vec<OutboxId>,
    until: Timestamp,
}

fn lease_from(now: Timestamp) -> Timestamp {
    now.plus_ms(crash::lease_ms(LEASE_MS))
}

fn margin_ms() -> i64 {
    crash::lease_ms(LEASE_MS) / RENEWALS
}

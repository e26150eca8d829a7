//! Sends what the outbox holds. Every message is written down before it is sent, and marked after; a crash in between sends it again
//! under the same Message-ID.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::supervise::{Did, Worker};
use crate::clock::Clock;
use crate::connectors::SendError;
use crate::connectors::email::smtp::Sender;
use crate::domain::{Address, Channel, Timestamp};
use crate::sla::retry::DELIVERY;
use crate::store::{OutboxItem, Sending, Store, StoreError};
use crate::telemetry::Metrics;

/// How long a claimed message is ours: longer than the server may take after the final dot.
const LEASE_MS: i64 = 15 * 60_000;
/// Messages in one claim.
const BATCH: u32 = 20;
/// How long everything waits when only an operator can mend the connection.
const OPERATOR_PAUSE_MS: i64 = 5 * 60_000;

/// Sends what one mailbox has to send.
pub struct Deliverer {
    /// What is remembered.
    pub store: Arc<Store>,
    /// The mailbox's name.
    pub mailbox: String,
    /// Its address and the name shown with it.
    pub from: Address,
    /// The connection.
    pub sender: Mutex<Sender>,
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
        let done = self.once().await.map_err(|fault| fault.to_string())?;
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
        let route = [Sending { channel: Channel::Email, source: self.mailbox.clone() }];
        let items = self.store.claim_outbox(&self.owner, [now, now.plus_ms(LEASE_MS)], BATCH, &route).await?;
        for item in &items {
            self.deliver(item).await?;
        }
        Ok(items.len())
    }

    async fn deliver(&self, item: &OutboxItem) -> Result<(), StoreError> {
        let sent = self.sender.lock().await.send(&item.outbound, &self.from, &self.from.name).await;
        let now = self.clock.now();
        match sent {
            Ok(sent) => {
                for (_, reason) in sent.refused.iter().chain(&sent.deferred) {
                    tracing::warn!(outbox.id = %item.id, "not delivered to one of the recipients: {reason}");
                }
                self.metrics.delivery("delivered");
                self.store.delivered(&self.owner, item.id, now).await
            }
            Err(SendError::Permanent { reason }) => {
                self.metrics.delivery("failed");
                tracing::warn!(outbox.id = %item.id, "not deliverable: {reason}");
                self.store.failed(&self.owner, item.id, &reason, now).await
            }
            Err(SendError::Transient { reason, retry_after_ms }) => {
                let failures = u32::try_from(item.attempt).unwrap_or(u32::MAX);
                let wish_s = retry_after_ms.and_then(|ms| u64::try_from(ms / 1000).ok());
                let until = DELIVERY.next(&item.outbound.dedupe_key, failures, now, wish_s);
                self.postpone(item, until, &reason, now).await
            }
            Err(SendError::NeedsOperator { reason }) => {
                tracing::error!(outbox.id = %item.id, mailbox = item.outbound.source, "cannot send: {reason}");
                self.postpone(item, Some(now.plus_ms(OPERATOR_PAUSE_MS)), &reason, now).await
            }
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

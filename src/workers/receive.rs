//! Takes mail in from one mailbox: fetch, store, and only then tell the server. One process at a time reads a mailbox; a process that
//! slept through its lease is fenced off.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::supervise::with_causes;
use crate::clock::Clock;
use crate::connectors::alerts::{self, AlertSettings};
use crate::connectors::email::imap::{Fetched, MailState, ReceiveError, Receiver};
use crate::domain::Received;
use crate::store::{Fence, MailCursor, Store, StoreError, crash};
use crate::telemetry::{MailboxHealth, Metrics};

/// How long the mailbox is ours without a word: how long it rests when this process dies.
const LEASE_MS: i64 = 15_000;
/// The lease is renewed this many times before it would end, also while the server has nothing to say.
const RENEWALS: i64 = 3;
/// How often a mailbox that another process reads is asked for.
const STAND_BY: Duration = Duration::from_secs(1);
/// Pause after the database failed.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Reads one folder of one mailbox.
pub struct MailReceiver {
    /// The mailbox's name.
    pub mailbox: String,
    /// The folder.
    pub folder: String,
    /// The connection.
    pub receiver: Receiver,
    /// Sources of alerts, whose mail is decided in the order it came.
    pub alerts: Arc<Vec<AlertSettings>>,
    /// What is remembered.
    pub store: Arc<Store>,
    /// What time it is.
    pub clock: Clock,
    /// What is counted.
    pub metrics: Metrics,
    /// Names this process in leases.
    pub owner: String,
}

/// Why a look at the mailbox brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The server.
    #[error(transparent)]
    Receive(#[from] ReceiveError),
    /// The database; nothing was acknowledged.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MailReceiver {
    /// Reads until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut held: Option<(Fence, MailState)> = None;
        while !stop.is_cancelled() {
            let pause = tokio::select! {
                () = stop.cancelled() => break,
                pause = self.turn(&mut held) => pause,
            };
            if !pause.is_zero() {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(pause) => {}
                }
            }
        }
        self.receiver.close().await;
        if let Some((fence, _)) = held {
            // Not released, it ends by itself.
            let _ = self.store.release_lease(&fence).await;
        }
    }

    /// One look at the mailbox, or one try to get its lease. Returns how long to wait before the next.
    async fn turn(&mut self, held: &mut Option<(Fence, MailState)>) -> Duration {
        if held.is_none() {
            match self.acquire().await {
                Ok(Some(got)) => *held = Some(got),
                Ok(None) => {
                    // Another process reads it; this one stands by, which is all that is asked of it.
                    self.metrics.mailbox(&self.mailbox, MailboxHealth::default());
                    return STAND_BY;
                }
                Err(fault) => return self.failed(&fault.into(), held),
            }
        }
        let Some((fence, state)) = held else { return STAND_BY };
        match self.look(fence, state).await {
            Ok(()) => Duration::ZERO,
            Err(fault) => self.failed(&fault, held),
        }
    }

    async fn acquire(&mut self) -> Result<Option<(Fence, MailState)>, StoreError> {
        let now = self.clock.now();
        let name = format!("mailbox:{}/{}", self.mailbox, self.folder);
        let until = now.plus_ms(crash::lease_ms(LEASE_MS));
        let Some(fence) = self.store.acquire_lease(&name, &self.owner, now, until).await? else {
            return Ok(None);
        };
        // The folder's latest numbering; should the server have gone back to an older one, known mail is told by its key.
        let stored = self.store.mail_state(&self.mailbox, &self.folder).await?;
        let state = stored.into_iter().max_by_key(|state| state.uidvalidity).map_or_else(MailState::default, |state| {
            MailState {
                uid_validity: Some(state.uidvalidity),
                contiguous_done: state.high_water,
                done_above: state.done,
                started_at: Some(state.started_at),
            }
        });
        Ok(Some((fence, state)))
    }

    /// Fetches once and stores what came.
    async fn look(&mut self, fence: &Fence, state: &mut MailState) -> Result<(), Fault> {
        self.renew(fence).await?;
        let fetched = self.fetch(fence, state).await?;
        crash::point("receive.fetched");
        if fetched.rescan {
            tracing::warn!(mailbox = self.mailbox, "the server renumbered the folder: it is read again");
        }
        self.take_in(fence, state, fetched).await?;
        let last_success_at = Some(self.clock.now());
        self.metrics.mailbox(&self.mailbox, MailboxHealth { last_success_at, ..MailboxHealth::default() });
        Ok(())
    }

    /// The next mails. Waiting for them may take longer than the lease, so it is renewed meanwhile.
    async fn fetch(&mut self, fence: &Fence, state: &MailState) -> Result<Fetched, Fault> {
        let (store, clock) = (self.store.clone(), self.clock.clone());
        let every = Duration::from_millis((crash::lease_ms(LEASE_MS) / RENEWALS).unsigned_abs());
        let mut next = pin!(self.receiver.next(state, clock.now()));
        loop {
            tokio::select! {
                fetched = &mut next => return Ok(fetched?),
                () = tokio::time::sleep(every) => renew(&store, &clock, fence).await?,
            }
        }
    }

    async fn renew(&self, fence: &Fence) -> Result<(), StoreError> {
        renew(&self.store, &self.clock, fence).await
    }

    async fn take_in(&mut self, fence: &Fence, state: &mut MailState, fetched: Fetched) -> Result<(), Fault> {
        for (uid, reason) in &fetched.unreadable {
            tracing::error!(
                mailbox = self.mailbox,
                uid,
                "a mail cannot be fetched and is filed without its text: {reason}"
            );
        }
        let now = self.clock.now();
        let after = state.after(&fetched, now);
        if after == *state && fetched.messages.is_empty() {
            return Ok(());
        }
        let uids: Vec<u32> = fetched.messages.iter().map(|(uid, _)| *uid).collect();
        let cursor = MailCursor {
            mailbox: self.mailbox.clone(),
            folder: self.folder.clone(),
            uidvalidity: fetched.uid_validity,
            done: uids.iter().chain(&fetched.missing).copied().collect(),
            high_water: fetched.horizon,
            started_at: after.started_at.unwrap_or(now),
            fence: Some(fence.clone()),
        };
        let messages: Vec<Received> =
            fetched.messages.into_iter().map(|(_, received)| self.in_order(received)).collect();
        let accepted = self.store.accept_mail(&messages, &cursor, now).await?;
        self.metrics.received(&self.mailbox, accepted.new_count() as u64);
        *state = after;
        self.receiver.acknowledge(fetched.uid_validity, &uids).await?;
        crash::point("receive.acknowledged");
        Ok(())
    }

    fn in_order(&self, received: Received) -> Received {
        match alerts::conversation(&self.alerts, &self.mailbox, &received.raw) {
            Some(conversation) => Received { conversation, ..received },
            None => received,
        }
    }

    fn failed(&mut self, fault: &Fault, held: &mut Option<(Fence, MailState)>) -> Duration {
        let needs_operator = matches!(fault, Fault::Receive(ReceiveError::NeedsOperator { .. }));
        let health = MailboxHealth { last_success_at: None, fault: Some(fault.to_string()), needs_operator };
        self.metrics.mailbox(&self.mailbox, health);
        match fault {
            Fault::Receive(ReceiveError::Transient { retry_after_ms, .. }) => {
                tracing::warn!(mailbox = self.mailbox, retry_after_ms, "{fault}");
                // The receiver sits the pause out itself.
                Duration::ZERO
            }
            Fault::Receive(ReceiveError::NeedsOperator { retry_after_ms, .. }) => {
                tracing::error!(mailbox = self.mailbox, retry_after_ms, "{fault}");
                Duration::ZERO
            }
            Fault::Store(StoreError::LeaseLost { .. }) => {
                tracing::warn!(mailbox = self.mailbox, "another process reads the mailbox now");
                *held = None;
                STAND_BY
            }
            Fault::Store(_) => {
                tracing::error!(mailbox = self.mailbox, "mail stays on the server: {}", with_causes(fault));
                // What is stored is read again: the outcome of the last write may be unknown. The look after that says at once
                // that all is well.
                *held = None;
                self.receiver.answer_at_once();
                STORE_PAUSE
            }
        }
    }
}

async fn renew(store: &Store, clock: &Clock, fence: &Fence) -> Result<(), StoreError> {
    let now = clock.now();
    store.renew_lease(fence, now, now.plus_ms(crash::lease_ms(LEASE_MS))).await
}

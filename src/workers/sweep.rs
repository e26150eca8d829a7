//! Removes what nothing needs any more, and what is kept for a number of days only.

use std::sync::Arc;
use std::time::Duration;

use super::supervise::{Did, Worker, with_causes};
use crate::clock::Clock;
use crate::domain::{InboxId, OutboxId, Taught, Timestamp};
use crate::replay::teach;
use crate::store::{Store, StoreError};

/// How often.
const EVERY: Duration = Duration::from_hours(1);
/// A file may be put this long before the message that names it is decided.
const FILE_AGE_MS: i64 = 24 * 3_600_000;
const DAY_MS: i64 = 86_400_000;
/// Rows of one transaction.
const PAGE: u32 = 200;

/// How long what is kept, in days; 0 for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// The texts of examples: then hashed features stand for them.
    pub texts_days: u32,
    /// Raw messages and their files.
    pub raw_days: u32,
    /// Texts of matters that have ended.
    pub messages_days: u32,
    /// The audit log.
    pub audit_days: u32,
}

/// What one sweep removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Files that no message names.
    pub files: u64,
    /// Examples that lost their text.
    pub texts: usize,
    /// Messages whose raw form was removed.
    pub raw: usize,
    /// Messages whose text was erased.
    pub messages: usize,
    /// Outgoing messages whose text was erased.
    pub sent: usize,
    /// Entries of the audit log.
    pub audit: u64,
}

/// Removes what nothing needs.
pub struct Sweeper {
    /// What is remembered.
    pub store: Arc<Store>,
    /// What time it is.
    pub clock: Clock,
    /// How long what is kept.
    pub keep: Keep,
}

impl Worker for Sweeper {
    const NAME: &'static str = "sweep";

    async fn step(&self) -> Result<Did, String> {
        let swept = self.once().await.map_err(|fault| with_causes(&fault))?;
        if swept != Swept::default() {
            let Swept { files, texts, raw, messages, sent, audit } = swept;
            tracing::info!(files, texts, raw, messages, sent, audit, "what is kept no longer is removed");
        }
        Ok(Did::Nothing(EVERY))
    }

    fn signal(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

impl Sweeper {
    /// Removes everything whose time is over.
    ///
    /// # Errors
    /// When the database or the disk fails; what was removed until then stays removed.
    pub async fn once(&self) -> Result<Swept, StoreError> {
        let now = self.clock.now();
        let before = |days: u32| (days > 0).then(|| now.plus_ms(-i64::from(days) * DAY_MS));
        let mut swept = Swept { files: self.store.sweep_files(now.plus_ms(-FILE_AGE_MS)).await?, ..Swept::default() };
        if let Some(before) = before(self.keep.texts_days) {
            swept.texts = self.texts(before).await?;
        }
        if let Some(before) = before(self.keep.messages_days) {
            swept.messages = self.messages(before, now).await?;
            swept.sent = self.sent(before).await?;
        }
        if let Some(before) = before(self.keep.raw_days) {
            swept.raw = self.raw(before).await?;
        }
        if let Some(before) = before(self.keep.audit_days) {
            swept.audit = self.store.sweep_audit(before).await?;
        }
        Ok(swept)
    }

    /// Replaces the texts of old examples by what the model keeps of them.
    async fn texts(&self, before: Timestamp) -> Result<usize, StoreError> {
        let kept = features(&self.store.expiring_examples(before).await?);
        if !kept.is_empty() {
            self.store.expire_examples(&kept).await?;
        }
        Ok(kept.len())
    }

    async fn messages(&self, before: Timestamp, now: Timestamp) -> Result<usize, StoreError> {
        let mut count = 0;
        loop {
            let ids = self.store.outlived(before, PAGE).await?;
            if ids.is_empty() {
                return Ok(count);
            }
            let mut examples = self.store.learned().await?.examples;
            examples.retain(|one| ids.contains(&one.inbox_id));
            self.store.outlive(&ids, &features(&examples), now).await?;
            count += ids.len();
        }
    }

    async fn sent(&self, before: Timestamp) -> Result<usize, StoreError> {
        let (mut count, mut after) = (0, OutboxId(0));
        loop {
            let page = self.store.expired_sent(before, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(count) };
            after = *last;
            self.store.blank_outbox(&page).await?;
            count += page.len();
        }
    }

    async fn raw(&self, before: Timestamp) -> Result<usize, StoreError> {
        let (mut count, mut after) = (0, InboxId(0));
        loop {
            let page = self.store.expired_raw(before, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(count) };
            after = *last;
            self.store.drop_raw(&page, before).await?;
            count += page.len();
        }
    }
}

fn features(examples: &[Taught]) -> Vec<(InboxId, Vec<u8>)> {
    examples.iter().map(|one| (one.inbox_id, teach::kept(one))).collect()
}

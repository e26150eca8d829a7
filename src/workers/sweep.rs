//! Removes what nothing needs any more.

use std::sync::Arc;
use std::time::Duration;

use super::supervise::{Did, Worker, with_causes};
use crate::clock::Clock;
use crate::domain::{InboxId, Timestamp};
use crate::replay::teach;
use crate::store::{Store, StoreError};

/// How often.
const EVERY: Duration = Duration::from_hours(1);
/// A file may be put this long before the message that names it is decided.
const FILE_AGE_MS: i64 = 24 * 3_600_000;

/// Messages erased in one transaction.
const AT_ONCE: u32 = 200;
const DAY_MS: i64 = 86_400_000;

/// How long texts are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Days the model is taught with a message's text; then with what it keeps of it.
    pub texts_days: u32,
    /// Days a message is kept once its ticket has ended; 0 for ever.
    pub messages_days: u32,
}

/// Removes files that no message names, and texts that were kept long enough.
pub struct Sweeper {
    /// What is remembered.
    pub store: Arc<Store>,
    /// What time it is.
    pub clock: Clock,
    /// How long texts are kept.
    pub retention: Retention,
}

impl Sweeper {
    /// Replaces the texts of old examples by what the model keeps of them, and erases messages that were kept long enough. Returns how
    /// many texts of examples and how many messages went.
    ///
    /// # Errors
    /// When the database fails; what was done until then stays done.
    pub async fn expire(&self) -> Result<(usize, usize), StoreError> {
        let now = self.clock.now();
        let days = |days: u32| now.plus_ms(-i64::from(days) * DAY_MS);
        let old = self.store.expiring_examples(days(self.retention.texts_days)).await?;
        let kept: Vec<(InboxId, Vec<u8>)> = old.iter().map(|one| (one.inbox_id, teach::kept(one))).collect();
        if !kept.is_empty() {
            self.store.expire_examples(&kept).await?;
        }
        let erased = if self.retention.messages_days == 0 {
            0
        } else {
            self.erase(days(self.retention.messages_days), now).await?
        };
        Ok((kept.len(), erased))
    }

    /// Erases what arrived before `before` and is not needed any more. Returns how many messages that were.
    async fn erase(&self, before: Timestamp, now: Timestamp) -> Result<usize, StoreError> {
        let mut erased = 0;
        loop {
            let ids = self.store.outlived(before, AT_ONCE).await?;
            if ids.is_empty() {
                return Ok(erased);
            }
            let examples = self.store.learned().await?.examples;
            let own = examples.iter().filter(|one| ids.contains(&one.inbox_id));
            let kept: Vec<(InboxId, Vec<u8>)> = own.map(|one| (one.inbox_id, teach::kept(one))).collect();
            self.store.outlive(&ids, &kept, now).await?;
            erased += ids.len();
        }
    }
}

impl Worker for Sweeper {
    const NAME: &'static str = "sweep";

    async fn step(&self) -> Result<Did, String> {
        let before = self.clock.now().plus_ms(-FILE_AGE_MS);
        let removed = self.store.sweep_files(before).await.map_err(|fault| with_causes(&fault))?;
        if removed > 0 {
            tracing::info!(removed, "files that no message names are removed");
        }
        let (texts, messages) = self.expire().await.map_err(|fault| with_causes(&fault))?;
        if texts + messages > 0 {
            tracing::info!(texts, messages, "texts that were kept long enough are gone");
        }
        Ok(Did::Nothing(EVERY))
    }

    fn signal(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

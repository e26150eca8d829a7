//! Puts copies of delivered mail into the mailbox's folder for sent mail. The mail itself is marked as delivered before this begins:
//! a copy that fails is tried again by itself and never sends anything.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::supervise::{Did, Worker, with_causes};
use crate::clock::Clock;
use crate::connectors::email::imap::{Copied, SentFolder};
use crate::connectors::email::settings::ReplyTo;
use crate::connectors::email::smtp::render;
use crate::domain::Address;
use crate::store::{SentCopy, Store, StoreError};
use crate::telemetry::Metrics;

/// Copies in one page.
const PAGE: u32 = 20;
/// How often copies are looked for.
const LOOK: Duration = Duration::from_secs(5);
/// Tries of one copy, about three days.
const TRIES: i64 = 13;

/// Copies what one mailbox has sent.
pub struct SentCopier {
    /// What is remembered.
    pub store: Arc<Store>,
    /// The mailbox's name.
    pub mailbox: String,
    /// Its address and the name shown with it.
    pub from: Address,
    /// Where its mail asks for answers.
    pub reply_to: ReplyTo,
    /// The folder.
    pub folder: Mutex<SentFolder>,
    /// What time it is.
    pub clock: Clock,
    /// What is counted.
    pub metrics: Metrics,
}

impl Worker for SentCopier {
    const NAME: &'static str = "sent_copies";

    async fn step(&self) -> Result<Did, String> {
        if let Some(rest) = self.folder.lock().await.rests_for() {
            return Ok(Did::Nothing(rest.max(LOOK)));
        }
        let done = self.once().await.map_err(|fault| with_causes(&fault))?;
        Ok(if done > 0 { Did::Work } else { Did::Nothing(LOOK) })
    }

    /// A copy is in no hurry.
    fn signal(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

impl SentCopier {
    /// Tries one page. Returns how many copies came to an end.
    ///
    /// # Errors
    /// The database failed; the copies are tried again and found to be there.
    pub async fn once(&self) -> Result<usize, StoreError> {
        let mut folder = self.folder.lock().await;
        let mut done = Vec::new();
        for copy in self.store.claim_sent_copies(&self.mailbox, self.clock.now(), PAGE).await? {
            if let Err(reason) = self.copy(&mut folder, &copy).await {
                tracing::warn!(outbox.id = %copy.id, mailbox = self.mailbox, attempt = copy.attempt, "no copy of a sent mail: {reason}");
                self.metrics.sent_copy("failed");
                if copy.attempt < TRIES {
                    // The others would fail for the same reason; each has its own next time.
                    if folder.rests_for().is_some() {
                        break;
                    }
                    continue;
                }
                self.metrics.sent_copy("given_up");
            }
            done.push(copy.id);
        }
        if !done.is_empty() {
            self.store.sent_copies_done(&done).await?;
        }
        Ok(done.len())
    }

    async fn copy(&self, folder: &mut SentFolder, copy: &SentCopy) -> Result<(), String> {
        let raw =
            render(&copy.outbound, &self.from, &self.from.name, self.reply_to).map_err(|fault| fault.to_string())?;
        let id = &copy.outbound.message_id;
        let copied = folder.put(id, &raw, copy.outbound.send_at).await.map_err(|fault| fault.to_string())?;
        self.metrics.sent_copy(match copied {
            Copied::Stored => "stored",
            Copied::There => "there",
        });
        Ok(())
    }
}

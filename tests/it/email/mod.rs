//! Mail in and out against real servers and against servers that misbehave.

mod clamd;
mod imap_evil;
mod imap_faults;
mod imap_identity;
mod imap_login;
mod imap_sent;
mod imap_sync;
mod oauth;
mod smtp;
mod smtp_faults;

use std::collections::BTreeMap;
use std::time::Duration;

use madoguchi::connectors::email::imap::{Fetched, MailState, ReceiveError, Receiver};
use madoguchi::connectors::email::settings::ImapSettings;
use madoguchi::domain::{Received, Timestamp};

/// 2026-10-01T00:30:00Z.
const NOW: Timestamp = Timestamp(1_790_814_600_000);
/// Nothing here takes longer; a test that does has failed.
const PATIENCE: Duration = Duration::from_mins(1);

/// A receiver with a store: everything it brings is kept under its key, and the mark moves as the store's would.
struct Reader {
    receiver: Receiver,
    state: MailState,
    ledger: BTreeMap<String, Received>,
    unreadable: Vec<String>,
    repeats: usize,
    errors: Vec<ReceiveError>,
}

impl Reader {
    fn new(settings: ImapSettings) -> Self {
        Self::resume(settings, MailState::default())
    }

    fn resume(settings: ImapSettings, state: MailState) -> Self {
        let receiver = Receiver::new("support", settings);
        Self { receiver, state, ledger: BTreeMap::new(), unreadable: Vec::new(), repeats: 0, errors: Vec::new() }
    }

    /// One look, stored.
    async fn step(&mut self) -> Option<Fetched> {
        let looked = tokio::time::timeout(PATIENCE, self.receiver.next(&self.state, NOW)).await;
        match looked.expect("the receiver ends its waits by itself") {
            Ok(fetched) => {
                self.state = self.state.after(&fetched, NOW);
                for (_, received) in &fetched.messages {
                    let repeat = self.ledger.insert(received.external_id.clone(), received.clone());
                    self.repeats += usize::from(repeat.is_some());
                }
                self.unreadable.extend(fetched.unreadable.iter().map(|(_, reason)| reason.clone()));
                Some(fetched)
            }
            Err(error) => {
                self.errors.push(error);
                None
            }
        }
    }

    /// Looks until `count` mails are in the ledger.
    async fn until(&mut self, count: usize) {
        let all = async {
            while self.ledger.len() < count {
                self.step().await;
            }
        };
        let ended = tokio::time::timeout(PATIENCE, all).await;
        assert!(ended.is_ok(), "{} of {count} mails; errors: {:#?}", self.ledger.len(), self.errors);
    }

    /// One more look brings nothing.
    async fn finds_nothing_more(&mut self) {
        let fetched = self.step().await.expect("an empty look");
        assert!(fetched.messages.is_empty(), "{} mails more", fetched.messages.len());
    }

    fn subjects(&self) -> Vec<String> {
        let subject = |received: &Received| {
            let raw = String::from_utf8_lossy(&received.raw).into_owned();
            raw.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap_or("").to_owned()
        };
        let mut subjects: Vec<String> = self.ledger.values().map(subject).collect();
        subjects.sort();
        subjects
    }
}

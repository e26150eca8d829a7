//! Reads one folder of one mailbox by IMAP.
//!
//! Nothing is marked or moved before [`Receiver::acknowledge`], and what was not stored is handed out again: a mail may
//! come twice, never not at all. It never asks for BODYSTRUCTURE or ENVELOPE and never relies on `\Seen`.

mod acknowledge;
mod backoff;
mod connection;
mod fetch;
mod folder;
mod guard;
mod login;
mod opening;
mod sent;
mod state;
mod trouble;

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

pub use self::sent::{Copied, SentFolder};
pub use self::state::{Fetched, Inventory, MailState, ReceiveError};

use self::connection::{Connection, Fault, Woke};
use self::fetch::{Batch, Item};
use self::trouble::{Cause, Troubles};
use super::settings::{Auth, ImapSettings};
use crate::domain::{Channel, Received, Timestamp};

/// A SEARCH finds at most about this many mails at once; the parser's time grows faster than the answer.
const SEARCH_PAGE: u32 = 50_000;
const MS_PER_HOUR: i64 = 3_600_000;

/// Reads one folder. Holds at most one connection; dropping it closes the connection.
#[derive(Debug)]
pub struct Receiver {
    mailbox: String,
    settings: ImapSettings,
    folder: String,
    connection: Option<Connection>,
    /// What the last SEARCH found and nobody has finished yet.
    known: BTreeSet<u32>,
    /// Whether that SEARCH looked at the whole folder.
    is_known_whole: bool,
    /// Where the first look begins, until the caller's state says the same.
    opening: Option<(u32, u32)>,
    troubles: Troubles,
    idle_refused: bool,
    /// The next look that finds nothing says so at once instead of waiting for mail.
    answers_at_once: bool,
    failures: u32,
    not_before: Option<Instant>,
}

impl Receiver {
    /// A receiver for the mailbox called `mailbox` in the settings. Connects when first asked for mail.
    #[must_use]
    pub fn new(mailbox: &str, settings: ImapSettings) -> Self {
        let folder = folder::quoted(&settings.folder);
        Self {
            mailbox: mailbox.to_owned(),
            settings,
            folder,
            connection: None,
            known: BTreeSet::new(),
            is_known_whole: false,
            opening: None,
            troubles: Troubles::default(),
            idle_refused: false,
            answers_at_once: true,
            failures: 0,
            not_before: None,
        }
    }

    /// The next mails, oldest first. `state` is what is stored, `now` tells which mails are stale.
    ///
    /// Returns at once when mail is there, else waits for it up to `poll_s` and returns an empty [`Fetched`] after that,
    /// whose `horizon` is still to be stored. The first look over a new connection does not wait, so that the caller learns that
    /// the folder can be read. After a failure it first sits out the pause it announced. May be
    /// dropped at any point: the connection is then opened anew.
    ///
    /// # Errors
    /// [`ReceiveError`]; nothing is lost by it, ask again.
    pub async fn next(&mut self, state: &MailState, now: Timestamp) -> Result<Fetched, ReceiveError> {
        if let Some(moment) = self.not_before {
            sleep_until(moment).await;
        }
        let early = self.answers_at_once || self.connection.is_none();
        let mut result = self.attempt(state, now).await;
        if let (Err(Fault::Token(_)), Auth::OAuth2(source)) = (&result, &self.settings.auth) {
            // A token can end before its time; one new token is asked for, not more.
            source.renew().await;
            result = self.attempt(state, now).await;
        }
        match result {
            Ok(fetched) => {
                // A server that greets us and hangs up must not be connected to ever again without a growing pause.
                if !(early && fetched.messages.is_empty()) {
                    self.failures = 0;
                }
                self.not_before = None;
                Ok(fetched)
            }
            Err(fault) => Err(self.hold_back(&fault)),
        }
    }

    /// Every UID the folder holds, to compare with the ledger.
    ///
    /// # Errors
    /// [`ReceiveError`] as [`Receiver::next`].
    pub async fn inventory(&mut self) -> Result<Inventory, ReceiveError> {
        let listed = async {
            let mut connection = self.connected().await?;
            let uids = connection.search("ALL").await?;
            let inventory = Inventory { uid_validity: connection.uid_validity, uids };
            self.connection = Some(connection);
            Ok(inventory)
        };
        let listed = listed.await;
        listed.map_err(|fault| self.hold_back(&fault))
    }

    /// Makes the next look that finds nothing say so at once instead of waiting for mail.
    pub const fn answer_at_once(&mut self) {
        self.answers_at_once = true;
    }

    /// Says goodbye to the server.
    pub async fn close(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.close().await;
        }
    }

    /// The open connection, or a new one. While it is in use the receiver does not hold it, so that a dropped future
    /// never leaves half a conversation behind.
    async fn connected(&mut self) -> Result<Connection, Fault> {
        if let Some(connection) = self.connection.take() {
            return Ok(connection);
        }
        self.known.clear();
        self.answers_at_once = true;
        Connection::open(&self.settings, &self.folder).await
    }

    async fn attempt(&mut self, state: &MailState, now: Timestamp) -> Result<Fetched, Fault> {
        let mut connection = self.connected().await?;
        let fetched = self.look(&mut connection, state, now).await?;
        if !connection.is_broken {
            self.connection = Some(connection);
        }
        Ok(fetched)
    }

    async fn look(&mut self, connection: &mut Connection, state: &MailState, now: Timestamp) -> Result<Fetched, Fault> {
        let uid_validity = connection.uid_validity;
        let rescan = state.uid_validity.is_some_and(|known| known != uid_validity);
        let empty = Fetched { uid_validity, rescan, ..Fetched::default() };
        let known_state = if state.uid_validity == Some(uid_validity) {
            state.clone()
        } else {
            let (start, is_new) = self.opening(connection, state).await?;
            if is_new {
                if rescan {
                    tracing::warn!(mailbox = %self.mailbox, "UIDVALIDITY changed: the folder is read again from the start");
                }
                self.troubles = Troubles::default();
                if start > 0 {
                    return Ok(Fetched { horizon: start, ..empty });
                }
            }
            MailState { uid_validity: Some(uid_validity), contiguous_done: start, ..MailState::default() }
        };
        let mut waited = std::mem::take(&mut self.answers_at_once);
        loop {
            let ready = self.ready(&known_state);
            if !ready.is_empty() {
                let batch = self.read(connection, &ready).await?;
                return Ok(self.hand_over(batch, &known_state, empty, now));
            }
            (self.known, self.is_known_whole) = find(connection, &known_state, &self.troubles).await?;
            if !self.ready(&known_state).is_empty() {
                continue;
            }
            if waited {
                let horizon = self.horizon(&known_state, &BTreeSet::new());
                return Ok(Fetched { horizon, ..empty });
            }
            self.wait(connection).await?;
            waited = true;
        }
    }

    /// Known mails that are neither done nor sitting out a pause.
    fn ready(&self, state: &MailState) -> Vec<u32> {
        let now = Instant::now();
        self.known.iter().copied().filter(|uid| state.wants(*uid) && !self.troubles.is_waiting(*uid, now)).collect()
    }

    async fn wait(&mut self, connection: &mut Connection) -> Result<(), Fault> {
        let longest = self.settings.poll_s.min(self.settings.idle_s.min(300)).clamp(1, 60);
        let mut period = Duration::from_secs(longest);
        if let Some(moment) = self.troubles.next_try() {
            period = period.min(moment.saturating_duration_since(Instant::now()) + Duration::from_millis(1));
        }
        if connection.can("IDLE") && !self.idle_refused {
            self.idle_refused = connection.idle(period).await? == Woke::Unsupported;
        } else {
            sleep(period).await;
        }
        // Some servers show new mail to a SEARCH only after this.
        let limit = Duration::from_secs(self.settings.timeout_s.max(1));
        connection.command("NOOP", "NOOP", limit, &mut |_| {}).await
    }

    /// Reads one batch. After an answer that could not be read the mails of that batch are read one by one.
    async fn read(&mut self, connection: &mut Connection, ready: &[u32]) -> Result<Batch, Fault> {
        let wanted = match ready.iter().find(|uid| self.troubles.is_suspect(**uid)) {
            Some(suspect) => std::slice::from_ref(suspect),
            None => &ready[..ready.len().min(self.settings.batch_count.max(1))],
        };
        let alone = wanted.len() == 1;
        match connection.read(wanted, &self.settings).await {
            Ok(batch) => {
                for uid in batch.read.keys().chain(&batch.missing) {
                    self.troubles.clear(*uid);
                }
                Ok(batch)
            }
            Err(Fault::Unreadable(reason)) => {
                connection.is_broken = true;
                if alone {
                    self.troubles.strike(wanted[0], Cause::Unreadable, self.retry_base(), &self.mailbox);
                    if self.troubles.is_given_up(wanted[0]) {
                        return Ok(Batch { withheld: [(wanted[0], reason)].into(), ..Batch::default() });
                    }
                } else {
                    self.troubles.suspect(wanted);
                }
                Err(Fault::Unreadable(reason))
            }
            Err(fault) => Err(fault),
        }
    }

    /// What the caller gets: mails read, mails given up, and how far everything is done.
    fn hand_over(&mut self, batch: Batch, state: &MailState, mut fetched: Fetched, now: Timestamp) -> Fetched {
        let base = self.retry_base();
        for (uid, reason) in batch.withheld {
            if !self.troubles.is_given_up(uid) {
                self.troubles.strike(uid, Cause::Withheld, base, &self.mailbox);
            }
            if self.troubles.is_given_up(uid) {
                tracing::warn!(mailbox = %self.mailbox, uid, reason, "mail given up: it is filed as unreadable");
                fetched.messages.push((uid, self.received(fetched.uid_validity, uid, Item::default(), now)));
                fetched.unreadable.push((uid, reason));
            }
        }
        for (uid, item) in batch.read {
            fetched.messages.push((uid, self.received(fetched.uid_validity, uid, item, now)));
        }
        fetched.messages.sort_by_key(|(uid, _)| *uid);
        fetched.missing = batch.missing;
        let settled: BTreeSet<u32> =
            fetched.messages.iter().map(|(uid, _)| *uid).chain(fetched.missing.iter().copied()).collect();
        fetched.horizon = self.horizon(state, &settled);
        for uid in &fetched.missing {
            self.known.remove(uid);
        }
        fetched
    }

    /// How far nothing is left to do once `settled` is stored.
    fn horizon(&self, state: &MailState, settled: &BTreeSet<u32>) -> u32 {
        let is_done = |uid: &u32| settled.contains(uid) || !state.wants(*uid);
        let walked = self.known.iter().take_while(|uid| is_done(uid)).last().copied();
        let mut horizon = state.contiguous_done.max(walked.unwrap_or(0));
        // UIDs between those that are done and not found by the SEARCH do not exist and never will.
        if self.is_known_whole && self.known.iter().all(is_done) {
            horizon = horizon.max(state.done_above.last().copied().unwrap_or(0));
        }
        horizon
    }

    fn received(&self, uid_validity: u32, uid: u32, item: Item, now: Timestamp) -> Received {
        // A mail that has an id of its own keeps it when it is moved or the folder is renumbered. The size stands with it: should a
        // server give one id to two mails, they are told apart all the same.
        let external_id = match (&item.object_id, item.size_bytes) {
            (Some(id), Some(size)) => format!("{}/{id}/{size}", self.mailbox),
            _ => format!("{}/{}/{uid_validity}/{uid}", self.mailbox, self.settings.folder),
        };
        let arrived_at = item.arrived_at.unwrap_or(now);
        let raw = item.body.unwrap_or_default();
        let conversation = if raw.is_empty() { external_id.clone() } else { crate::mail::thread_key(&raw) };
        let excerpt_of = item.size_bytes.map_or_else(|| i64::try_from(raw.len()).unwrap_or(i64::MAX), i64::from);
        Received {
            channel: Channel::Email,
            source: self.mailbox.clone(),
            external_id,
            conversation,
            full_size_bytes: item.is_excerpt.then_some(excerpt_of),
            raw,
            arrived_at,
            hold_ms: 0,
            stale: now.0.saturating_sub(arrived_at.0) > i64::from(self.settings.answer_mail_newer_than_h) * MS_PER_HOUR,
        }
    }

    const fn retry_base(&self) -> Duration {
        Duration::from_millis(self.settings.retry_base_ms)
    }

    /// Turns a fault into what the caller sees and sets the pause before the next try.
    fn hold_back(&mut self, fault: &Fault) -> ReceiveError {
        self.failures = self.failures.saturating_add(1);
        let (error, pause) = backoff::hold_back(fault, self.failures, &self.settings, &self.mailbox);
        self.not_before = Some(Instant::now() + pause);
        error
    }
}

/// The mails still to be taken in, and whether these are all. In a large folder only the oldest of them are looked
/// for: pages go by position, which grows with the UID.
async fn find(
    connection: &mut Connection,
    state: &MailState,
    troubles: &Troubles,
) -> Result<(BTreeSet<u32>, bool), Fault> {
    let first = state.contiguous_done.saturating_add(1);
    // A star means the last mail even when its UID is smaller, so what is done is filtered out.
    let wanted = |uid: &u32| state.wants(*uid);
    if connection.exists <= SEARCH_PAGE || connection.uid_next.saturating_sub(first) <= SEARCH_PAGE {
        let found = connection.search(&format!("UID {first}:*")).await?;
        return Ok((found.into_iter().filter(wanted).collect(), true));
    }
    let mut kept = BTreeSet::new();
    let mut start = 1;
    while start <= connection.exists {
        let end = connection.exists.min(start + SEARCH_PAGE - 1);
        let found = connection.search(&format!("{start}:{end} UID {first}:*")).await?;
        kept.extend(found.into_iter().filter(wanted));
        if kept.iter().any(|uid| !troubles.is_waiting(*uid, Instant::now())) {
            return Ok((kept, end == connection.exists));
        }
        start = end + 1;
    }
    Ok((kept, true))
}

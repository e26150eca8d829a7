//! What is remembered of a folder between two runs, and what one look at it brought.

use std::collections::BTreeSet;

use crate::domain::{Received, Timestamp};

/// What the store knows of one folder. Starts empty ([`MailState::default`]).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailState {
    /// The UIDVALIDITY the numbers below belong to (RFC 9051 §2.3.1.1); `None`: never looked.
    pub uid_validity: Option<u32>,
    /// Every mail up to this UID is done.
    pub contiguous_done: u32,
    /// Done although something before it is not.
    pub done_above: BTreeSet<u32>,
    /// When the folder was first looked at. With `backfill = "new"` a rescan goes back to the day before.
    pub started_at: Option<Timestamp>,
}

impl MailState {
    /// The state once everything in `fetched` is stored. `now` is only kept when this is the first look.
    #[must_use]
    pub fn after(&self, fetched: &Fetched, now: Timestamp) -> Self {
        let mut next = if self.uid_validity == Some(fetched.uid_validity) {
            self.clone()
        } else {
            Self { uid_validity: Some(fetched.uid_validity), started_at: self.started_at, ..Self::default() }
        };
        next.started_at = next.started_at.or(Some(now));
        next.done_above.extend(fetched.messages.iter().map(|(uid, _)| *uid));
        next.done_above.extend(&fetched.missing);
        next.contiguous_done = next.contiguous_done.max(fetched.horizon);
        while next.done_above.remove(&next.contiguous_done.saturating_add(1)) {
            next.contiguous_done = next.contiguous_done.saturating_add(1);
        }
        next.done_above = next.done_above.split_off(&next.contiguous_done.saturating_add(1));
        next
    }

    /// Whether the mail is still to be taken in.
    pub(super) fn wants(&self, uid: u32) -> bool {
        uid > self.contiguous_done && !self.done_above.contains(&uid)
    }
}

/// What one look at the folder brought. Oldest first; empty when nothing new came within the poll interval.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// The UIDVALIDITY all UIDs here belong to.
    pub uid_validity: u32,
    /// UID and mail.
    pub messages: Vec<(u32, Received)>,
    /// Gone from the server before they could be read.
    pub missing: Vec<u32>,
    /// Of `messages`: the ones that could not be read after several tries, and why. Their `raw` is empty and the
    /// mail is still on the server.
    pub unreadable: Vec<(u32, String)>,
    /// Once `messages` are stored nothing up to this UID is left to do.
    pub horizon: u32,
    /// UIDVALIDITY changed: everything is read again, and repeats are to be told by their fingerprint.
    pub rescan: bool,
}

/// Every mail a folder holds, to compare with the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The UIDVALIDITY of `uids`.
    pub uid_validity: u32,
    /// Ascending.
    pub uids: BTreeSet<u32>,
}

/// Why nothing could be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiveError {
    /// The network or the server failed; [`super::Receiver::next`] tries again, after the pause.
    #[error("mailbox not read for now: {reason}")]
    Transient {
        /// What happened; holds no mail text, no address and no secret.
        reason: String,
        /// How long the receiver waits before it connects again.
        retry_after_ms: i64,
    },
    /// A person must mend the settings or the account.
    #[error("mailbox needs an operator: {reason}")]
    NeedsOperator {
        /// What is to be mended.
        reason: String,
        /// How long the receiver waits before it tries all the same; at least `login_spacing_s`.
        retry_after_ms: i64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Channel;

    fn fetched(uids: &[u32], missing: &[u32], horizon: u32) -> Fetched {
        let received = Received {
            channel: Channel::Email,
            source: String::new(),
            external_id: String::new(),
            conversation: String::new(),
            raw: Vec::new(),
            full_size_bytes: None,
            arrived_at: Timestamp(0),
            hold_ms: 0,
            stale: false,
        };
        Fetched {
            uid_validity: 7,
            messages: uids.iter().map(|uid| (*uid, received.clone())).collect(),
            missing: missing.to_vec(),
            horizon,
            ..Fetched::default()
        }
    }

    #[test]
    fn the_mark_moves_only_over_what_is_done() {
        let start = MailState::default();
        let gap = start.after(&fetched(&[6, 7, 9], &[8], 4), Timestamp(1));
        assert_eq!((gap.contiguous_done, gap.done_above.iter().copied().collect::<Vec<_>>()), (4, vec![6, 7, 8, 9]));
        assert!(gap.wants(5) && !gap.wants(6) && !gap.wants(4) && gap.wants(10));
        let closed = gap.after(&fetched(&[5], &[], 9), Timestamp(2));
        assert_eq!((closed.contiguous_done, closed.done_above.len(), closed.started_at), (9, 0, Some(Timestamp(1))));
    }

    #[test]
    fn another_uid_validity_starts_over() {
        let old = MailState { uid_validity: Some(3), contiguous_done: 500, ..MailState::default() };
        let next = old.after(&fetched(&[1, 2], &[], 2), Timestamp(5));
        assert_eq!((next.uid_validity, next.contiguous_done), (Some(7), 2));
    }
}

//! Mails that could not be read: tried again alone, with pauses, and given up in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::backoff;

/// Why a mail was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The answer broke the parser or a limit, and the connection with it.
    Unreadable,
    /// The server listed it and did not give it.
    Withheld,
}

impl Cause {
    /// Tries before the mail is given up. A server that is ill for a while refuses good mails, so a refusal is
    /// believed later (about 4 minutes with the default pauses) than an answer that breaks the parser each time.
    const fn tries(self) -> u32 {
        match self {
            Self::Unreadable => 3,
            Self::Withheld => 9,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Trouble {
    strikes: u32,
    tries: u32,
    not_before: Instant,
}

/// The mails in trouble, of one folder.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    mails: BTreeMap<u32, Trouble>,
    suspects: BTreeSet<u32>,
}

impl Troubles {
    /// One of `uids` broke the connection: each is to be read alone.
    pub(super) fn suspect(&mut self, uids: &[u32]) {
        self.suspects.extend(uids);
    }

    /// Whether the mail is to be read alone.
    pub(super) fn is_suspect(&self, uid: u32) -> bool {
        self.suspects.contains(&uid)
    }

    /// The mail alone failed once more.
    pub(super) fn strike(&mut self, uid: u32, cause: Cause, base: Duration, mailbox: &str) {
        let strikes = self.mails.get(&uid).map_or(1, |trouble| trouble.strikes + 1);
        let not_before = Instant::now() + backoff::pause(base, strikes, mailbox);
        self.mails.insert(uid, Trouble { strikes, tries: cause.tries(), not_before });
        self.suspects.insert(uid);
    }

    /// The mail was read or is gone.
    pub(super) fn clear(&mut self, uid: u32) {
        self.mails.remove(&uid);
        self.suspects.remove(&uid);
    }

    /// Whether the mail failed so often that it is filed without its text.
    pub(super) fn is_given_up(&self, uid: u32) -> bool {
        self.mails.get(&uid).is_some_and(|trouble| trouble.strikes >= trouble.tries)
    }

    /// Whether the mail sits out a pause. One that is given up does not: it is handed out until it is stored.
    pub(super) fn is_waiting(&self, uid: u32, now: Instant) -> bool {
        self.mails.get(&uid).is_some_and(|trouble| trouble.strikes < trouble.tries && trouble.not_before > now)
    }

    /// When the first of them may be tried again.
    pub(super) fn next_try(&self) -> Option<Instant> {
        self.mails.values().filter(|trouble| trouble.strikes < trouble.tries).map(|trouble| trouble.not_before).min()
    }
}

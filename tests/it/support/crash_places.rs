//! The names of places where a program can be made to abort.

/// In the store, while mail is taken in, decided and sent.
pub const STORE: &[&str] = &[
    "accept.begin",
    "accept.inserted",
    "accept.commit",
    "accept.committed",
    "claim.commit",
    "claim.committed",
    "settle.begin",
    "settle.begun",
    "settle.inbox",
    "settle.tickets",
    "settle.events",
    "settle.messages",
    "settle.thread_keys",
    "settle.outbox",
    "settle.decisions",
    "settle.people",
    "settle.commit",
    "settle.committed",
    "outbox_claim.commit",
    "outbox_claim.committed",
    "outbox_finish.commit",
    "outbox_finish.committed",
];
/// Only for mail that is too large for a row, on SQLite.
pub const FILES: &[&str] = &["raw.fsync", "raw.rename", "raw.folder"];
/// In the workers around it.
pub const WORKERS: &[&str] = &["receive.fetched", "receive.acknowledged", "deliver.begin", "deliver.sent"];

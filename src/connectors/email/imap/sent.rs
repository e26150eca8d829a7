//! Puts copies of delivered mail into a folder, each once: what is there already is found by its Message-ID.

use std::time::Duration;

use tokio::time::Instant;

use super::connection::{Connection, Fault};
use super::{ReceiveError, backoff, folder};
use crate::connectors::email::settings::{Auth, ImapSettings};
use crate::domain::Timestamp;

/// What became of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copied {
    /// It is in the folder now.
    Stored,
    /// It was there: put there earlier, or by the server itself.
    There,
}

/// A folder for sent mail. Holds at most one connection.
#[derive(Debug)]
pub struct SentFolder {
    mailbox: String,
    settings: ImapSettings,
    folder: String,
    connection: Option<Connection>,
    failures: u32,
    not_before: Option<Instant>,
}

impl SentFolder {
    /// The folder called `folder` of the mailbox called `mailbox` in the settings. Made on the server when it is not there.
    #[must_use]
    pub fn new(mailbox: &str, settings: ImapSettings, folder: &str) -> Self {
        let (mailbox, folder) = (mailbox.to_owned(), folder.to_owned());
        Self { mailbox, settings, folder, connection: None, failures: 0, not_before: None }
    }

    /// How long nothing may be tried after a failure; `None` when it may be tried now.
    #[must_use]
    pub fn rests_for(&self) -> Option<Duration> {
        let left = self.not_before?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// Puts the mail `raw` into the folder, dated `at` and read, unless one with the Message-ID `id` is there.
    ///
    /// # Errors
    /// [`ReceiveError`]; whether the copy is there is not known, so try again with the same id.
    pub async fn put(&mut self, id: &str, raw: &[u8], at: Timestamp) -> Result<Copied, ReceiveError> {
        let mut done = self.attempt(id, raw, at).await;
        if let (Err(Fault::Token(_)), Auth::OAuth2(source)) = (&done, &self.settings.auth) {
            source.renew().await;
            done = self.attempt(id, raw, at).await;
        }
        match done {
            Ok(copied) => {
                self.failures = 0;
                self.not_before = None;
                Ok(copied)
            }
            Err(fault) => Err(self.hold_back(&fault)),
        }
    }

    async fn attempt(&mut self, id: &str, raw: &[u8], at: Timestamp) -> Result<Copied, Fault> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open_or_create(&self.settings, &folder::quoted(&self.folder)).await?,
        };
        let escaped = id.replace('\\', "\\\\").replace('"', "\\\"");
        let there = connection.search(&format!("HEADER Message-ID \"<{escaped}>\"")).await?;
        let copied = if there.is_empty() {
            let date = at.utc().map(|at| format!("\"{}\"", at.format("%d-%b-%Y %H:%M:%S +0000")));
            connection.append(&folder::encoded(&self.folder), date.as_deref(), raw).await?;
            Copied::Stored
        } else {
            Copied::There
        };
        self.connection = Some(connection);
        Ok(copied)
    }

    /// Says goodbye to the server.
    pub async fn close(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.close().await;
        }
    }

    fn hold_back(&mut self, fault: &Fault) -> ReceiveError {
        self.failures = self.failures.saturating_add(1);
        let (error, pause) = backoff::hold_back(fault, self.failures, &self.settings, &self.mailbox);
        self.not_before = Some(Instant::now() + pause);
        error
    }
}

//! One IMAP connection: commands whose tagged answer is always checked, within a time limit.
//!
//! The session's own fetch ends well on NO, BAD and a lost connection, and none of its calls ends by itself when the
//! server falls silent. So commands go through [`Connection::command`] only.

use std::collections::BTreeSet;
use std::time::Duration;

use async_imap::imap_proto::{Capability, MailboxDatum, Response, ResponseCode, Status};
use async_imap::{Session, error::Error as ImapError};
use tokio::time::{Instant, timeout, timeout_at};

use super::fetch::MIN_BYTES_PER_SECOND;
use super::guard::{Guard, Violation};
use super::login;
use crate::connectors::email::oauth::OAuthError;
use crate::connectors::email::settings::ImapSettings;
use crate::connectors::email::tls::{ConnectFault, Stream};

/// What went wrong on a connection. Texts hold no mail content and no secret.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The connection is gone or useless.
    #[error("{0}")]
    Lost(String),
    /// An answer could not be read; something the server holds may be the cause.
    #[error("{0}")]
    Unreadable(String),
    /// The server refused one command.
    #[error("the server refused {command}: {reason}")]
    Refused {
        /// Its first words.
        command: &'static str,
        /// The server's text.
        reason: String,
    },
    /// Login, certificate or settings: a person must act.
    #[error("{0}")]
    Operator(String),
    /// The server did not accept an access token.
    #[error("the server did not accept the access token: {0}")]
    Token(String),
}

impl From<ConnectFault> for Fault {
    fn from(fault: ConnectFault) -> Self {
        match fault {
            ConnectFault::Network(reason) => Self::Lost(reason),
            ConnectFault::Setting(reason) => Self::Operator(reason),
        }
    }
}

impl From<OAuthError> for Fault {
    fn from(error: OAuthError) -> Self {
        match error {
            OAuthError::Transient { reason } => Self::Lost(reason),
            OAuthError::NeedsOperator { reason } => Self::Operator(reason),
        }
    }
}

/// A logged-in connection with the folder selected.
#[derive(Debug)]
pub(super) struct Connection {
    session: Session<Guard<Stream>>,
    limit: Duration,
    /// UIDVALIDITY of the selected folder.
    pub(super) uid_validity: u32,
    /// UIDNEXT when it was selected; 0 when the server did not say.
    pub(super) uid_next: u32,
    /// Mails in the folder, as last announced.
    pub(super) exists: u32,
    capabilities: BTreeSet<String>,
    /// It refused to name mails by the id it said it has for them.
    pub(super) is_identity_refused: bool,
    /// Its answers can no longer be read; it is not to be used again.
    pub(super) is_broken: bool,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Woke {
    /// The server announced a change, or the time was up.
    Done,
    /// The server does not do IDLE now.
    Unsupported,
}

impl Connection {
    /// Connects, logs in and selects the folder `folder` (as written in a command).
    pub(super) async fn open(settings: &ImapSettings, folder: &str) -> Result<Self, Fault> {
        let mut connection = Self::log_in(settings).await?;
        connection.select(folder).await?;
        Ok(connection)
    }

    /// [`Connection::open`] of a folder that is made when it cannot be selected.
    pub(super) async fn open_or_create(settings: &ImapSettings, folder: &str) -> Result<Self, Fault> {
        let mut connection = Self::log_in(settings).await?;
        if let Err(Fault::Operator(_)) = connection.select(folder).await {
            let limit = connection.limit;
            connection.command("CREATE", &format!("CREATE {folder}"), limit, &mut |_| {}).await?;
            connection.select(folder).await?;
        }
        Ok(connection)
    }

    async fn log_in(settings: &ImapSettings) -> Result<Self, Fault> {
        let limit = Duration::from_secs(settings.timeout_s.max(1));
        let client = login::greet(settings, limit).await?;
        let session = login::log_in(client, settings, limit).await?;
        let mut connection = Self {
            session,
            limit,
            uid_validity: 0,
            uid_next: 0,
            exists: 0,
            capabilities: BTreeSet::new(),
            is_identity_refused: false,
            is_broken: false,
        };
        connection.ask_capabilities().await?;
        Ok(connection)
    }

    /// Whether the server announced the capability (upper case).
    pub(super) fn can(&self, capability: &str) -> bool {
        self.capabilities.contains(capability)
    }

    async fn ask_capabilities(&mut self) -> Result<(), Fault> {
        let mut found = BTreeSet::new();
        self.command("CAPABILITY", "CAPABILITY", self.limit, &mut |response| {
            if let Response::Capabilities(capabilities) = response {
                found.extend(capabilities.iter().filter_map(|capability| match capability {
                    Capability::Atom(name) => Some(name.to_ascii_uppercase()),
                    Capability::Imap4rev1 | Capability::Auth(_) => None,
                }));
            }
        })
        .await?;
        self.capabilities = found;
        Ok(())
    }

    async fn select(&mut self, folder: &str) -> Result<(), Fault> {
        let (mut uid_validity, mut uid_next) = (None, 0);
        let selected = self
            .command("SELECT", &format!("SELECT {folder}"), self.limit, &mut |response| {
                if let Response::Data { outcome, .. } = response {
                    match outcome.code {
                        Some(ResponseCode::UidValidity(value)) => uid_validity = Some(value),
                        Some(ResponseCode::UidNext(value)) => uid_next = value,
                        _ => {}
                    }
                }
            })
            .await;
        match selected {
            Err(Fault::Refused { reason, .. }) if !is_passing(&reason) => {
                return Err(Fault::Operator(format!("folder {folder} cannot be opened ({reason}): check `folder`")));
            }
            other => other?,
        }
        self.uid_next = uid_next;
        self.uid_validity = uid_validity
            .filter(|value| *value > 0)
            .ok_or_else(|| Fault::Lost("the server gave no UIDVALIDITY for the folder".to_owned()))?;
        Ok(())
    }

    /// Sends `text` and hands every untagged response to `on` until the tagged one, which must be OK within `limit`.
    pub(super) async fn command(
        &mut self,
        name: &'static str,
        text: &str,
        limit: Duration,
        on: &mut (dyn for<'r> FnMut(&Response<'r>) + Send),
    ) -> Result<(), Fault> {
        timeout(limit, self.exchange(name, text, on))
            .await
            .unwrap_or_else(|_| Err(Fault::Lost(format!("no answer to {name} within {} s", limit.as_secs()))))
    }

    async fn exchange(
        &mut self,
        name: &'static str,
        text: &str,
        on: &mut (dyn for<'r> FnMut(&Response<'r>) + Send),
    ) -> Result<(), Fault> {
        let id = self.session.run_command(text).await.map_err(|error| lost(&error))?;
        loop {
            let answer = self.session.read_response().await.map_err(|error| unread(&error))?;
            let Some(answer) = answer else { return Err(Fault::Lost("the server closed the connection".to_owned())) };
            match answer.parsed() {
                Response::Done { tag, status, outcome } if *tag == id => {
                    let reason = outcome.information.as_deref().unwrap_or("no reason given").to_owned();
                    return match (status, &outcome.code) {
                        (Status::Ok, _) => Ok(()),
                        (_, Some(ResponseCode::TryCreate)) => {
                            Err(Fault::Refused { command: name, reason: format!("[TRYCREATE] {reason}") })
                        }
                        _ => Err(Fault::Refused { command: name, reason }),
                    };
                }
                response => {
                    self.notice(response)?;
                    on(response);
                }
            }
        }
    }

    /// What a server may say at any time.
    fn notice(&mut self, response: &Response<'_>) -> Result<(), Fault> {
        match response {
            Response::Data { status: Status::Bye, outcome } => {
                let reason = outcome.information.as_deref().unwrap_or("no reason given");
                Err(Fault::Lost(format!("the server said goodbye: {reason}")))
            }
            Response::Data { outcome, .. } => match outcome.code {
                Some(ResponseCode::UidValidity(value)) if self.uid_validity != 0 && value != self.uid_validity => {
                    Err(Fault::Lost("the folder was replaced (UIDVALIDITY changed)".to_owned()))
                }
                _ => Ok(()),
            },
            Response::MailboxData(MailboxDatum::Exists(count)) => {
                self.exists = *count;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The UIDs a SEARCH with `criteria` finds.
    pub(super) async fn search(&mut self, criteria: &str) -> Result<BTreeSet<u32>, Fault> {
        let mut found = BTreeSet::new();
        let answer = self
            .command("UID SEARCH", &format!("UID SEARCH {criteria}"), self.limit, &mut |response| {
                if let Response::MailboxData(MailboxDatum::Search(uids)) = response {
                    found.extend(uids.iter().copied().filter(|uid| *uid > 0));
                }
            })
            .await;
        match answer {
            // Some servers call every number wrong while the folder is empty.
            Err(Fault::Refused { .. }) if self.exists == 0 => Ok(found),
            other => other.map(|()| found),
        }
    }

    /// Waits for the server to announce a change, at most `period` (RFC 2177). Every step has its own limit.
    pub(super) async fn idle(&mut self, period: Duration) -> Result<Woke, Fault> {
        let limit = self.limit;
        let started = timeout(limit, self.start_idle()).await;
        let Some(id) = started.map_err(|_| Fault::Lost("no answer to IDLE".to_owned()))?? else {
            return Ok(Woke::Unsupported);
        };
        let until = Instant::now() + period;
        let before = self.exists;
        // Keep-alives of the server must not prolong the wait, so the limit is on the whole of it.
        while let Ok(answer) = timeout_at(until, self.session.read_response()).await {
            let answer = answer.map_err(|error| unread(&error))?;
            let Some(answer) = answer else { return Err(Fault::Lost("the server closed the connection".to_owned())) };
            self.notice(answer.parsed())?;
            if self.exists != before || matches!(answer.parsed(), Response::MailboxData(MailboxDatum::Recent(_))) {
                break;
            }
        }
        let ended = timeout(limit, async {
            self.session.run_command_untagged("DONE").await.map_err(|error| lost(&error))?;
            loop {
                let answer = self.session.read_response().await.map_err(|error| unread(&error))?;
                let Some(answer) = answer else { return Err(Fault::Lost("the connection ended at DONE".to_owned())) };
                match answer.parsed() {
                    Response::Done { tag, .. } if *tag == id => return Ok(()),
                    response => self.notice(response)?,
                }
            }
        });
        ended.await.unwrap_or_else(|_| Err(Fault::Lost("no answer to DONE".to_owned())))?;
        Ok(Woke::Done)
    }

    async fn start_idle(&mut self) -> Result<Option<async_imap::imap_proto::RequestId>, Fault> {
        let id = self.session.run_command("IDLE").await.map_err(|error| lost(&error))?;
        loop {
            let answer = self.session.read_response().await.map_err(|error| unread(&error))?;
            let Some(answer) = answer else { return Err(Fault::Lost("the connection ended at IDLE".to_owned())) };
            match answer.parsed() {
                Response::Continue(_) => return Ok(Some(id)),
                Response::Done { tag, .. } if *tag == id => return Ok(None),
                response => self.notice(response)?,
            }
        }
    }

    /// Puts the mail `raw` into the folder `folder` (encoded, without quotes: the library adds them), marked as read.
    pub(super) async fn append(&mut self, folder: &str, date: Option<&str>, raw: &[u8]) -> Result<(), Fault> {
        let patience = self.limit + Duration::from_secs(raw.len() as u64 / MIN_BYTES_PER_SECOND);
        let done = timeout(patience, self.session.append(folder, Some("(\\Seen)"), date, raw)).await;
        done.map_err(|_| Fault::Lost("no answer to APPEND".to_owned()))?.map_err(|error| match error {
            ImapError::No(reason) | ImapError::Bad(reason) => Fault::Refused { command: "APPEND", reason },
            error => lost(&error),
        })
    }

    /// Says goodbye; whatever happens, the connection is over.
    pub(super) async fn close(mut self) {
        let limit = self.limit.min(Duration::from_secs(2));
        let _ = self.command("LOGOUT", "LOGOUT", limit, &mut |_| {}).await;
    }
}

/// Whether a refusal may pass by itself (RFC 5530).
pub(super) fn is_passing(reason: &str) -> bool {
    let reason = reason.to_ascii_uppercase();
    ["UNAVAILABLE", "INUSE", "[LIMIT]", "SERVERBUG", "OVERQUOTA", "TRY AGAIN", "TEMPORAR", "TOO MANY"]
        .iter()
        .any(|sign| reason.contains(sign))
}

/// The parser's errors quote what it read, so their text is not passed on.
pub(super) fn unread(error: &std::io::Error) -> Fault {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Violation>()) {
        Some(violation) => Fault::Unreadable(violation.to_string()),
        None if error.kind() == std::io::ErrorKind::Other => {
            Fault::Unreadable("the server sent an answer that cannot be read".to_owned())
        }
        None => Fault::Lost(format!("connection lost: {}", error.kind())),
    }
}

pub(super) fn lost(error: &ImapError) -> Fault {
    match error {
        ImapError::Io(error) => unread(error),
        ImapError::ConnectionLost => Fault::Lost("the server closed the connection".to_owned()),
        ImapError::Validate(_) => Fault::Operator("a name in the settings holds a control character".to_owned()),
        ImapError::No(reason) | ImapError::Bad(reason) => Fault::Lost(reason.clone()),
        _ => Fault::Unreadable("the server sent an unexpected answer".to_owned()),
    }
}

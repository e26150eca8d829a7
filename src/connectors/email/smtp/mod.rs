//! Sends mail by SMTP: one connection, kept while it is healthy.
//!
//! An outcome nobody knows (the connection ended after the final dot) counts as not sent: the repeat carries the same
//! Message-ID (RFC 5321 §6.1, RFC 1047).

mod address;
mod bucket;
mod connect;
mod render;

use std::time::Duration;

use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Noop, Rcpt, Rset};
use lettre::transport::smtp::extension::{Extension, MailParameter};
use lettre::transport::smtp::{Error as SmtpError, response::Response};
use tokio::time::{Instant, timeout};

pub use self::render::render;

use self::bucket::Bucket;
use self::connect::OpenFault;
use super::settings::{Auth, SmtpSettings};
use crate::connectors::SendError;
use crate::domain::{Address, Outbound};

/// Below this, a transfer of the body is given up.
const MIN_BYTES_PER_SECOND: u64 = 16 << 10;
/// How long to stay away after the server asked for less mail (enhanced status 4.7.x, greylisting).
const SLOW_DOWN_MS: i64 = 300_000;

/// What became of one mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// The server took it for these addresses.
    pub accepted: Vec<String>,
    /// It will never take it for these; with its reason.
    pub refused: Vec<(String, String)>,
    /// It would not take it for these now. The mail was sent to the others all the same.
    pub deferred: Vec<(String, String)>,
    /// The server's last answer (often its queue id).
    pub response: String,
}

/// Sends through one server.
#[derive(Debug)]
pub struct Sender {
    settings: SmtpSettings,
    connection: Option<Kept>,
    /// The server wants a sender it knows even on automatic mails.
    null_path_refused: bool,
    blocked: Option<(Instant, String)>,
    bucket: Bucket,
}

struct Kept(AsyncSmtpConnection);

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kept")
    }
}

impl Sender {
    /// A sender. Connects when first asked to send; dropping it closes the connection.
    #[must_use]
    pub fn new(settings: SmtpSettings) -> Self {
        let bucket = Bucket::new(settings.per_minute);
        Self { settings, connection: None, null_path_refused: false, blocked: None, bucket }
    }

    /// Sends `outbound` from the mailbox `from`, shown as `desk_name`.
    ///
    /// # Errors
    /// `Transient`: try again, with the same `outbound`. `Permanent`: it will never go. `NeedsOperator`: login or
    /// certificate; answered without asking the server again until `login_spacing_s` has passed.
    pub async fn send(&mut self, outbound: &Outbound, from: &Address, desk_name: &str) -> Result<Sent, SendError> {
        self.send_after(outbound, (from, desk_name), std::future::ready(true)).await
    }

    /// [`Sender::send`], where everything up to the mail itself is said at once, and the mail is handed over when `go` says `true`.
    /// So the caller can still write down what became of the mail before, and never has two of them out that are not written down.
    ///
    /// # Errors
    /// As [`Sender::send`]; also `Transient` when `go` says `false`: then the mail was not handed over.
    pub async fn send_after(
        &mut self,
        outbound: &Outbound,
        (from, desk_name): (&Address, &str),
        go: impl Future<Output = bool> + Send,
    ) -> Result<Sent, SendError> {
        if let Some((until, reason)) = &self.blocked {
            if *until > Instant::now() {
                return Err(SendError::NeedsOperator { reason: reason.clone() });
            }
            self.blocked = None;
        }
        let bytes = render(outbound, from, desk_name, self.settings.reply_to)?;
        let sender = self.settings.envelope_from.as_deref().unwrap_or(&from.address);
        let sender = address::to_wire(sender)
            .ok_or_else(|| SendError::NeedsOperator { reason: "the mailbox has no usable address".to_owned() })?;
        let mut sent = Sent::default();
        let mut recipients: Vec<lettre::Address> = Vec::new();
        for wanted in outbound.to.iter().chain(&outbound.cc) {
            match address::to_wire(&wanted.address) {
                Some(address) if !recipients.contains(&address) => recipients.push(address),
                Some(_) => {}
                None => sent.refused.push((wanted.address.clone(), "not a mail address".to_owned())),
            }
        }
        if recipients.is_empty() {
            return Err(SendError::Permanent { reason: "none of the recipients has a usable mail address".to_owned() });
        }
        tokio::time::sleep(self.bucket.take(Instant::now())).await;
        let mut connection = self.ready().await.map_err(|fault| self.refuse(fault))?;
        let null_path = outbound.kind.is_automatic() && !self.null_path_refused;
        let mut transfer = Transfer { connection: &mut connection.0, settings: &self.settings };
        let result = match transfer.announce((sender, null_path), recipients, &mut sent).await {
            Ok(_) if !go.await => Err(OpenFault::Send(SendError::Transient {
                reason: "held back before it was handed over".to_owned(),
                retry_after_ms: None,
            })),
            Ok(refused_null_path) => transfer.hand_over(&bytes, &mut sent).await.map(|()| refused_null_path),
            Err(fault) => Err(fault),
        };
        match result {
            Ok(refused_null_path) => {
                self.null_path_refused |= refused_null_path;
                if !connection.0.has_broken() {
                    self.connection = Some(connection);
                }
                Ok(sent)
            }
            Err(fault) => Err(self.refuse(fault)),
        }
    }

    /// Connects and logs in, without sending anything.
    ///
    /// # Errors
    /// As [`Sender::send`].
    pub async fn try_connection(&mut self) -> Result<(), SendError> {
        let kept = self.ready().await.map_err(|fault| self.refuse(fault))?;
        self.connection = Some(kept);
        Ok(())
    }

    /// Says goodbye to the server.
    pub async fn close(&mut self) {
        if let Some(mut kept) = self.connection.take() {
            let _ = timeout(Duration::from_secs(2), kept.0.quit()).await;
        }
    }

    /// A connection that answered just now.
    async fn ready(&mut self) -> Result<Kept, OpenFault> {
        if let Some(mut kept) = self.connection.take()
            && matches!(timeout(self.limit(), kept.0.command(Noop)).await, Ok(Ok(_)))
        {
            return Ok(kept);
        }
        let opened = connect::open(&self.settings).await;
        if let (Err(OpenFault::Token(_)), Some(Auth::OAuth2(source))) = (&opened, &self.settings.auth) {
            source.renew().await;
            return connect::open(&self.settings).await.map(Kept);
        }
        opened.map(Kept)
    }

    const fn limit(&self) -> Duration {
        Duration::from_secs(self.settings.timeout_s)
    }

    fn refuse(&mut self, fault: OpenFault) -> SendError {
        match fault {
            OpenFault::Send(error) => error,
            OpenFault::Token(reason) | OpenFault::Operator(reason) => {
                let until = Instant::now() + Duration::from_secs(self.settings.login_spacing_s);
                self.blocked = Some((until, reason.clone()));
                SendError::NeedsOperator { reason }
            }
        }
    }
}

/// One mail on one connection.
struct Transfer<'a> {
    connection: &'a mut AsyncSmtpConnection,
    settings: &'a SmtpSettings,
}

impl Transfer<'_> {
    /// Says from whom and to whom, and asks to go on. Returns whether the null path was refused.
    async fn announce(
        &mut self,
        (sender, null_path): (lettre::Address, bool),
        recipients: Vec<lettre::Address>,
        sent: &mut Sent,
    ) -> Result<bool, OpenFault> {
        let utf8 = self.connection.server_info().supports_feature(Extension::SmtpUtfEight);
        let needs_utf8 = recipients.iter().any(|recipient| !recipient.to_string().is_ascii());
        let options = || if utf8 && needs_utf8 { vec![MailParameter::SmtpUtfEight] } else { Vec::new() };
        let first = if null_path { None } else { Some(sender.clone()) };
        let refused_null_path = match self.say(Mail::new(first, options())).await {
            Ok(_) => false,
            // Some submission servers want a sender the login owns (RFC 6409 §6.1); the headers still stop loops.
            Err(NotDone::Answered(error)) if null_path && error.is_permanent() => {
                self.say(Rset).await?;
                self.say(Mail::new(Some(sender), options())).await?;
                true
            }
            Err(not_done) => return Err(not_done.into()),
        };
        for recipient in recipients {
            let name = recipient.to_string();
            if !name.is_ascii() && !utf8 {
                sent.refused.push((name, "the server cannot take addresses outside ASCII (RFC 6531)".to_owned()));
                continue;
            }
            match self.say(Rcpt::new(recipient, Vec::new())).await {
                Ok(_) => sent.accepted.push(name),
                Err(NotDone::Answered(error)) if error.is_permanent() => sent.refused.push((name, error.to_string())),
                Err(NotDone::Answered(error)) if error.is_transient() && !is_closing(&error) => {
                    sent.deferred.push((name, error.to_string()));
                }
                Err(not_done) => return Err(not_done.into()),
            }
        }
        if sent.accepted.is_empty() {
            return Err(OpenFault::Send(nobody(sent)));
        }
        self.say(Data).await?;
        Ok(refused_null_path)
    }

    /// Gives the mail itself.
    async fn hand_over(&mut self, bytes: &[u8], sent: &mut Sent) -> Result<(), OpenFault> {
        let patience = self.settings.final_dot_timeout_s + bytes.len() as u64 / MIN_BYTES_PER_SECOND;
        let answer = timeout(Duration::from_secs(patience), self.connection.message(bytes)).await;
        let answer = answer.map_err(|_| silent("the mail"))?.map_err(|error| fault(&error))?;
        sent.response = answer.message().collect::<Vec<_>>().join(" ");
        Ok(())
    }

    async fn say<C: std::fmt::Display>(&mut self, command: C) -> Result<Response, NotDone> {
        let limit = Duration::from_secs(self.settings.timeout_s.max(1));
        match timeout(limit, self.connection.command(command)).await {
            Ok(answer) => answer.map_err(NotDone::Answered),
            Err(_) => Err(NotDone::Silent),
        }
    }
}

/// Why a command was not carried out.
enum NotDone {
    /// The server said so, or the connection broke.
    Answered(SmtpError),
    /// No answer in time.
    Silent,
}

impl From<NotDone> for OpenFault {
    fn from(not_done: NotDone) -> Self {
        match not_done {
            NotDone::Answered(error) => fault(&error),
            NotDone::Silent => silent("a command"),
        }
    }
}

/// Why not one recipient was taken.
fn nobody(sent: &Sent) -> SendError {
    let all: Vec<&str> = sent.deferred.iter().chain(&sent.refused).map(|(_, reason)| reason.as_str()).collect();
    let reason = all.join("; ");
    if sent.deferred.is_empty() {
        SendError::Permanent { reason }
    } else {
        let retry_after_ms = asks_to_slow_down(&reason).then_some(SLOW_DOWN_MS);
        SendError::Transient { reason, retry_after_ms }
    }
}

fn silent(what: &str) -> OpenFault {
    let reason = format!("the server did not answer to {what} in time");
    OpenFault::Send(SendError::Transient { reason, retry_after_ms: None })
}

/// 421: the server closes the connection (RFC 5321 §3.8).
fn is_closing(error: &SmtpError) -> bool {
    error.status().is_some_and(|code| u16::from(code) == 421)
}

/// What a failed command means for the mail (RFC 5321 §4.2.1, RFC 4954 §6).
fn fault(error: &SmtpError) -> OpenFault {
    let reason = error.to_string();
    match error.status().map(u16::from) {
        Some(530 | 534 | 535 | 538) => OpenFault::Operator(format!("the server wants another login: {reason}")),
        Some(500..=599) => OpenFault::Send(SendError::Permanent { reason }),
        _ => {
            let retry_after_ms = asks_to_slow_down(&reason).then_some(SLOW_DOWN_MS);
            OpenFault::Send(SendError::Transient { reason, retry_after_ms })
        }
    }
}

fn asks_to_slow_down(reason: &str) -> bool {
    reason.contains(" 4.7.") || reason.to_ascii_lowercase().contains("greylist")
}

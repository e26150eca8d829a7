//! What the connectors must be told. Plain values with defaults; built and checked by `config`.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use secrecy::SecretString;

use super::oauth::TokenSource;

pub use crate::config::{After, Backfill, ReplyTo, Tls as TlsMode};

/// How we prove who we are.
#[derive(Clone)]
pub enum Auth {
    /// With a password.
    Password(SecretString),
    /// With an access token (SASL OAUTHBEARER or XOAUTH2). IMAP and SMTP of one mailbox share the source.
    OAuth2(Arc<TokenSource>),
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password(_) => "Password",
            Self::OAuth2(_) => "OAuth2",
        })
    }
}

/// One mailbox folder to read.
#[derive(Clone, Debug)]
pub struct ImapSettings {
    /// Host name or address; also the name the certificate must carry.
    pub host: String,
    /// Default 993.
    pub port: u16,
    /// Default [`TlsMode::Implicit`].
    pub tls: TlsMode,
    /// Login name.
    pub user: String,
    /// Password or token.
    pub auth: Auth,
    /// Default `INBOX`. Any Unicode; sent in modified UTF-7.
    pub folder: String,
    /// PEM file with certificates to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Seconds after which we look for new mail even when the server said nothing; default 60, at most 60 is used.
    pub poll_s: u64,
    /// Seconds after which IDLE is issued again; default 300, at most 300 is used. Networks forget silent connections.
    pub idle_s: u64,
    /// Seconds one command may take, besides the time large mails need; default 60.
    pub timeout_s: u64,
    /// A larger mail is taken in by its beginning only; default 50 MiB.
    pub max_bytes: u32,
    /// How much of such a mail is taken in; default 512 KiB.
    pub excerpt_bytes: u32,
    /// Mails in one batch; default 100.
    pub batch_count: usize,
    /// Bytes in one batch, unless a single mail is larger; default 8 MiB.
    pub batch_bytes: u64,
    /// Default [`Backfill::All`].
    pub backfill: Backfill,
    /// Default [`After::Keep`].
    pub after: After,
    /// Mails older than this many hours are never answered by the machine; default 72.
    pub answer_mail_newer_than_h: u32,
    /// First pause after a failure in milliseconds, doubled for each further one up to 5 minutes; default 1,000.
    pub retry_base_ms: u64,
    /// Seconds between two refused logins, so that the account is not locked; default 60.
    pub login_spacing_s: u64,
}

impl ImapSettings {
    /// Settings for `user` at `host` with every default.
    #[must_use]
    pub fn new(host: &str, user: &str, auth: Auth) -> Self {
        Self {
            host: host.to_owned(),
            port: 993,
            tls: TlsMode::Implicit,
            user: user.to_owned(),
            auth,
            folder: "INBOX".to_owned(),
            ca_file: None,
            poll_s: 60,
            idle_s: 300,
            timeout_s: 60,
            max_bytes: 50 << 20,
            excerpt_bytes: 512 << 10,
            batch_count: 100,
            batch_bytes: 8 << 20,
            backfill: Backfill::All,
            after: After::Keep,
            answer_mail_newer_than_h: 72,
            retry_base_ms: 1_000,
            login_spacing_s: 60,
        }
    }
}

/// The server that takes our mail.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// Host name or address; also the name the certificate must carry.
    pub host: String,
    /// Default 465.
    pub port: u16,
    /// Default [`TlsMode::Implicit`].
    pub tls: TlsMode,
    /// Login name; unused without `auth`.
    pub user: String,
    /// Password or token; `None`: the server takes our mail without a login.
    pub auth: Option<Auth>,
    /// PEM file with certificates to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Envelope sender of mails written by people; `None`: the address in From.
    /// Automatic mails leave with the null path `<>` (RFC 3834 §3.3).
    pub envelope_from: Option<String>,
    /// Where replies ask for answers; default [`ReplyTo::From`].
    pub reply_to: ReplyTo,
    /// Our name in EHLO; default `localhost`.
    pub hello_name: String,
    /// Seconds one command may take; default 60.
    pub timeout_s: u64,
    /// Seconds the server may take after the final dot; default 600 (RFC 5321 §4.5.3.2.6).
    pub final_dot_timeout_s: u64,
    /// Seconds between two refused logins, so that the account is not locked; default 60.
    pub login_spacing_s: u64,
    /// Mails handed over in a minute; `None`, the default: as many as there are.
    pub per_minute: Option<u32>,
}

impl SmtpSettings {
    /// Settings for `host` with every default.
    #[must_use]
    pub fn new(host: &str, user: &str, auth: Option<Auth>) -> Self {
        Self {
            host: host.to_owned(),
            port: 465,
            tls: TlsMode::Implicit,
            user: user.to_owned(),
            auth,
            ca_file: None,
            envelope_from: None,
            reply_to: ReplyTo::From,
            hello_name: "localhost".to_owned(),
            timeout_s: 60,
            final_dot_timeout_s: 600,
            login_spacing_s: 60,
            per_minute: None,
        }
    }
}

/// How access tokens are asked for (RFC 6749).
#[derive(Clone, Debug)]
pub enum Grant {
    /// The application's own right (§4.4).
    ClientCredentials,
    /// A person's consent, given once (§6).
    RefreshToken(SecretString),
}

/// Where access tokens come from.
#[derive(Clone, Debug)]
pub struct OAuthSettings {
    /// `https://…`; plain `http://` for loopback addresses only.
    pub token_url: String,
    /// Our id there.
    pub client_id: String,
    /// Our secret there; public clients have none.
    pub client_secret: Option<SecretString>,
    /// Scopes, separated by spaces; empty: not sent.
    pub scope: String,
    /// How.
    pub grant: Grant,
    /// PEM file with certificates to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Seconds a request may take; default 30.
    pub timeout_s: u64,
}

/// Where clamd listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClamdAddress {
    /// `host:port`.
    Tcp(String),
    /// Path of its socket.
    Unix(PathBuf),
}

/// The virus scanner.
#[derive(Clone, Debug)]
pub struct ClamdSettings {
    /// Where it listens.
    pub address: ClamdAddress,
    /// Larger files are not sent: they stay unscanned; default 25 MiB, clamd's own `StreamMaxLength`.
    pub max_bytes: usize,
    /// Seconds one scan may take; default 60.
    pub timeout_s: u64,
}

impl ClamdSettings {
    /// Settings for `address` with every default.
    #[must_use]
    pub const fn new(address: ClamdAddress) -> Self {
        Self { address, max_bytes: 25 << 20, timeout_s: 60 }
    }
}

//! Settings of mailboxes: where mail comes in and goes out.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;

use super::sections;

/// How a connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    #[default]
    /// TLS from the first byte (IMAPS 993, SMTPS 465).
    Implicit,
    /// Upgraded before anything private is said; refused when the server does not offer it.
    StartTls,
    /// Clear text: loopback addresses only.
    None,
}

/// How we log in.
#[derive(Clone, Debug)]
pub enum Login {
    /// User name and password.
    Password(SecretString),
    /// OAUTHBEARER or XOAUTH2 with a token fetched from the provider.
    OAuth(OAuthSettings),
}

/// Where access tokens come from (RFC 6749).
#[derive(Clone, Debug)]
pub struct OAuthSettings {
    /// Token endpoint.
    pub token_url: String,
    /// Client id.
    pub client_id: String,
    /// Client secret.
    pub client_secret: Option<SecretString>,
    /// With one the refresh-token grant is used, without one client credentials.
    pub refresh_token: Option<SecretString>,
    /// Scopes, blank separated.
    pub scope: Option<String>,
}

/// Which mail is taken in when a mailbox is seen for the first time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backfill {
    #[default]
    /// Everything that is there.
    All,
    /// Only what comes in from now on.
    New,
    /// What arrived on this day or later.
    Since(chrono::NaiveDate),
}

/// What is done to a mail on the server once it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum After {
    #[default]
    /// Nothing.
    Keep,
    /// Marked as read.
    Seen,
    /// Moved to this folder.
    Move(String),
}

/// Where a mailbox's replies ask for answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReplyTo {
    #[default]
    /// At the address they come from: no Reply-To.
    From,
    /// At `support+TOKEN@…`, which names the ticket (RFC 5233); the mail server must deliver such addresses to the mailbox.
    Plus,
}

/// A mailbox read by IMAP.
#[derive(Clone, Debug)]
pub struct ImapSettings {
    /// Server name; the certificate must be for it.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Protection.
    pub tls: Tls,
    /// User name.
    pub user: String,
    /// Password or token.
    pub login: Login,
    /// Folder to read.
    pub folder: String,
    /// Certificates to trust beside the system's (PEM).
    pub ca_file: Option<PathBuf>,
    /// Looked at least this often, also when the server says nothing.
    pub poll: Duration,
    /// IDLE is renewed after this long (RFC 2177: under 29 minutes).
    pub idle: Duration,
    /// Deadline of one exchange with the server.
    pub timeout: Duration,
    /// Larger mail is filed with its beginning only and stays whole on the server.
    pub max_bytes: u32,
    /// First look at a mailbox.
    pub backfill: Backfill,
    /// After storing.
    pub after: After,
    /// Older mail is filed but never answered by the machine.
    pub answer_mail_newer_than: Duration,
    /// Delivered replies are copied into this folder.
    pub sent_folder: Option<String>,
}

/// Where replies are handed in by SMTP.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// Server name; the certificate must be for it.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Protection.
    pub tls: Tls,
    /// User and how it logs in; `None`: the server wants no login.
    pub login: Option<(String, Login)>,
    /// Certificates to trust beside the system's (PEM).
    pub ca_file: Option<PathBuf>,
    /// Deadline of one command; after the final dot ten minutes (RFC 5321 §4.5.3.2.6).
    pub timeout: Duration,
    /// Mails handed over in a minute; `None`: no limit.
    pub per_minute: Option<u32>,
}

/// One of the desk's mail addresses.
#[derive(Clone, Debug)]
pub struct MailboxSettings {
    /// `support`.
    pub name: String,
    /// `support@desk.example`.
    pub address: String,
    /// Queue of mail that nothing else routes.
    pub queue: Option<String>,
    /// Whose Authentication-Results are trusted (RFC 8601 §5).
    pub authserv_id: Option<String>,
    /// Where its replies ask for answers.
    pub reply_to: ReplyTo,
    /// In.
    pub imap: Option<ImapSettings>,
    /// Out.
    pub smtp: Option<SmtpSettings>,
}

/// The virus scanner.
#[derive(Clone, Debug)]
pub struct ClamdSettings {
    /// `127.0.0.1:3310`, or the path of a Unix socket.
    pub address: String,
    /// Larger files are held back unscanned.
    pub max_bytes: u64,
    /// Deadline of one scan.
    pub timeout: Duration,
}

pub(super) fn imap(raw: sections::Imap, base: &Path) -> Result<ImapSettings, String> {
    let tls = tls(raw.tls.as_deref(), &raw.host)?;
    let default_port = if tls == Tls::Implicit { 993 } else { 143 };
    Ok(ImapSettings {
        login: login(raw.password.as_ref(), raw.oauth2, base)?.ok_or("imap: `password` or `oauth2` is missing")?,
        port: raw.port.unwrap_or(default_port),
        tls,
        folder: raw.folder.unwrap_or_else(|| "INBOX".into()),
        ca_file: raw.ca_file.map(|file| base.join(file)),
        poll: seconds(raw.poll_s, 60),
        idle: seconds(raw.idle_s, 300),
        timeout: seconds(raw.timeout_s, 60),
        max_bytes: megabytes(raw.max_size_mb, 50)?,
        backfill: backfill(raw.backfill.as_deref())?,
        after: after(raw.after.as_deref())?,
        answer_mail_newer_than: Duration::from_secs(raw.answer_mail_newer_than_h.unwrap_or(72).saturating_mul(3600)),
        sent_folder: sent_folder(raw.sent_folder)?,
        host: raw.host,
        user: raw.user,
    })
}

pub(super) fn smtp(raw: sections::Smtp, base: &Path) -> Result<SmtpSettings, String> {
    let tls = tls(raw.tls.as_deref(), &raw.host)?;
    let default_port = match tls {
        Tls::Implicit => 465,
        Tls::StartTls => 587,
        Tls::None => 25,
    };
    let login = login(raw.password.as_ref(), raw.oauth2, base)?;
    if raw.per_minute == Some(0) {
        return Err("smtp: `per_minute = 0` would send nothing; leave it out for no limit".into());
    }
    Ok(SmtpSettings {
        per_minute: raw.per_minute,
        login: match (raw.user, login) {
            (Some(user), Some(login)) => Some((user, login)),
            (None, None) => None,
            (Some(_), None) => return Err("smtp: `user` without `password` or `oauth2`".into()),
            (None, Some(_)) => return Err("smtp: `user` is missing".into()),
        },
        port: raw.port.unwrap_or(default_port),
        tls,
        ca_file: raw.ca_file.map(|file| base.join(file)),
        timeout: seconds(raw.timeout_s, 60),
        host: raw.host,
    })
}

pub(super) fn clamd(raw: &sections::Scanner, base: &Path) -> Result<ClamdSettings, String> {
    let address = if raw.clamd.parse::<std::net::SocketAddr>().is_ok() || raw.clamd.starts_with("localhost:") {
        raw.clamd.clone()
    } else if raw.clamd.contains('/') {
        base.join(&raw.clamd).display().to_string()
    } else {
        return Err(format!("`{}` is neither address:port nor the path of a socket", raw.clamd));
    };
    Ok(ClamdSettings {
        address,
        max_bytes: u64::from(megabytes(raw.max_size_mb, 25)?),
        timeout: seconds(raw.timeout_s, 30),
    })
}

fn tls(written: Option<&str>, host: &str) -> Result<Tls, String> {
    match written {
        None | Some("implicit") => Ok(Tls::Implicit),
        Some("starttls") => Ok(Tls::StartTls),
        Some("none") if is_loopback(host) => Ok(Tls::None),
        Some("none") => {
            Err(format!("tls = \"none\" is for loopback addresses only; `{host}` needs implicit or starttls"))
        }
        Some(other) => Err(format!("tls = \"{other}\": write implicit, starttls or none")),
    }
}

/// Whether `host` is this machine: `localhost` or a loopback address.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn login(
    password: Option<&super::secret::SecretSource>,
    oauth: Option<sections::OAuth>,
    base: &Path,
) -> Result<Option<Login>, String> {
    match (password, oauth) {
        (Some(_), Some(_)) => Err("write `password` or `oauth2`, not both".into()),
        (Some(password), None) => Ok(Some(Login::Password(password.read(base)?))),
        (None, None) => Ok(None),
        (None, Some(oauth)) => {
            let host = oauth.token_url.split("://").nth(1).and_then(|rest| rest.split(['/', ':']).next()).unwrap_or("");
            if !oauth.token_url.starts_with("https://") && !is_loopback(host) {
                return Err(format!("oauth2.token_url = \"{}\" must be https://", oauth.token_url));
            }
            Ok(Some(Login::OAuth(OAuthSettings {
                client_secret: oauth.client_secret.map(|secret| secret.read(base)).transpose()?,
                refresh_token: oauth.refresh_token.map(|secret| secret.read(base)).transpose()?,
                token_url: oauth.token_url,
                client_id: oauth.client_id,
                scope: oauth.scope,
            })))
        }
    }
}

fn backfill(written: Option<&str>) -> Result<Backfill, String> {
    match written {
        None | Some("all") => Ok(Backfill::All),
        Some("new") => Ok(Backfill::New),
        Some(other) => other
            .strip_prefix("since:")
            .and_then(|day| day.parse().ok())
            .map(Backfill::Since)
            .ok_or_else(|| format!("backfill = \"{other}\": write all, new or since:2026-10-01")),
    }
}

fn after(written: Option<&str>) -> Result<After, String> {
    match written {
        None | Some("keep") => Ok(After::Keep),
        Some("seen") => Ok(After::Seen),
        Some(other) => other
            .strip_prefix("move:")
            .filter(|folder| !folder.is_empty() && !folder.contains(['\r', '\n']))
            .map(|folder| After::Move(folder.to_owned()))
            .ok_or_else(|| format!("after = \"{other}\": write keep, seen or move:Folder")),
    }
}

fn sent_folder(written: Option<String>) -> Result<Option<String>, String> {
    match written {
        Some(folder) if folder.trim().is_empty() || folder.contains(char::is_control) => {
            Err(format!("sent_folder = \"{}\" is not a folder; write Sent", folder.escape_debug()))
        }
        folder => Ok(folder),
    }
}

pub(super) fn reply_to(written: Option<&str>) -> Result<ReplyTo, String> {
    match written {
        None | Some("from") => Ok(ReplyTo::From),
        Some("plus") => Ok(ReplyTo::Plus),
        Some(other) => Err(format!("reply_to = \"{other}\": write from or plus")),
    }
}

fn seconds(written: Option<u64>, default: u64) -> Duration {
    Duration::from_secs(written.unwrap_or(default).max(1))
}

fn megabytes(written: Option<u64>, default: u32) -> Result<u32, String> {
    let count = written.unwrap_or(u64::from(default));
    u32::try_from(count)
        .ok()
        .filter(|count| (1..=500).contains(count))
        .map(|count| count * 1024 * 1024)
        .ok_or_else(|| format!("max_size_mb = {count}: write 1 to 500"))
}

//! `[[notify]]`: the places that are told, and what their connections need.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::escalation::Ways;
use super::mail::{OAuthSettings, is_loopback};
use super::network::is_public;
use super::secret::SecretSource;
use super::sections;
use crate::domain::service::{NotifyTarget, NotifyWay};
use crate::domain::{Channel, Priority, Severity};

const PAGERDUTY: &str = "https://events.pagerduty.com";
/// What ships where nothing is written.
const TIMEOUT_S: u64 = 15;
const LONGEST_TIMEOUT_S: u64 = 120;
const MOST_AT_ONCE: u8 = 8;
/// Standard Webhooks, "Signature scheme": keys of 24 to 64 bytes.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
const ROUTING_KEY_CHARS: usize = 32;

/// A connection to a place that is told by HTTP.
#[derive(Clone, Debug)]
pub struct NotifySettings {
    /// The place's name.
    pub name: String,
    /// What it is.
    pub kind: NotifyKind,
    /// Deadline of one request.
    pub timeout: Duration,
    /// Requests at the same time.
    pub at_once: u8,
    /// The place may be on a private network.
    pub private_network: bool,
    /// Authorities beside the system's.
    pub ca_file: Option<PathBuf>,
}

/// What kind of place it is.
#[derive(Clone, Debug)]
pub enum NotifyKind {
    /// Standard Webhooks.
    Webhook {
        /// Where to.
        url: reqwest::Url,
        /// `whsec_…`, each signs; checked.
        secrets: Vec<SecretString>,
    },
    /// PagerDuty Events API v2.
    Pagerduty {
        /// Without the path.
        api_url: reqwest::Url,
        /// The integration key.
        routing_key: SecretString,
        /// How bad a ticket of each priority is.
        severities: BTreeMap<Priority, Severity>,
    },
    /// Backlog (Nulab).
    Backlog(Box<BacklogSettings>),
}

/// A Backlog project.
#[derive(Clone, Debug)]
pub struct BacklogSettings {
    /// The space: `https://example.backlog.com`.
    pub api_url: reqwest::Url,
    /// Its key: `SUPPORT`.
    pub project: String,
    /// The issue type's name; none for the project's first.
    pub issue_type: Option<String>,
    /// The name of the status a resolved ticket's issue gets.
    pub resolved_status: Option<String>,
    /// How to sign in.
    pub login: BacklogLogin,
    /// Ids of custom fields, by slot.
    pub custom_fields: BTreeMap<String, u64>,
}

/// How to sign in to Backlog.
#[derive(Clone, Debug)]
pub enum BacklogLogin {
    /// A person's or a bot's key.
    ApiKey(SecretString),
    /// Tokens.
    OAuth(OAuthSettings),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTarget {
    pub(super) name: String,
    pub(super) kind: String,
    address: Option<String>,
    mailbox: Option<String>,
    room: Option<String>,
    url: Option<String>,
    #[serde(default)]
    secrets: Vec<SecretSource>,
    routing_key: Option<SecretSource>,
    #[serde(default)]
    severities: BTreeMap<String, String>,
    project: Option<String>,
    issue_type: Option<String>,
    resolved_status: Option<String>,
    api_key: Option<SecretSource>,
    oauth2: Option<sections::OAuth>,
    #[serde(default)]
    custom_fields: BTreeMap<String, u64>,
    timeout_s: Option<u64>,
    at_once: Option<u8>,
    private_network: Option<bool>,
    ca_file: Option<String>,
}

/// The place, and its connection when it has one of its own.
pub(super) fn target(raw: RawTarget, ways: Ways<'_>) -> Result<(NotifyTarget, Option<NotifySettings>), String> {
    if raw.name.is_empty() || raw.name.chars().any(|c| c.is_control() || c.is_whitespace() || c == '/') {
        return Err("a name has no blanks and no slash".into());
    }
    let name = raw.name.clone();
    let way = match raw.kind.as_str() {
        "mail" => only(&raw, &["address", "mailbox"]).and_then(|()| mail(&raw, ways))?,
        "slack" => {
            only(&raw, &["room"])?;
            may_speak(Channel::Slack, &raw, ways.slack.is_some())?;
            room(Channel::Slack, raw.room.as_ref(), ways.slack.and_then(|slack| slack.triage.as_ref()))?
        }
        "discord" => {
            only(&raw, &["room"])?;
            may_speak(Channel::Discord, &raw, ways.discord.is_some())?;
            room(Channel::Discord, raw.room.as_ref(), ways.discord.and_then(|discord| discord.triage.as_ref()))?
        }
        "webhook" => {
            only(&raw, &["url", "secrets"])?;
            return connection(raw, NotifyWay::Webhook, ways.base);
        }
        "pagerduty" => {
            only(&raw, &["url", "routing_key", "severities"])?;
            return connection(raw, NotifyWay::Pagerduty, ways.base);
        }
        "backlog" => {
            only(&raw, &["url", "project", "issue_type", "resolved_status", "api_key", "oauth2", "custom_fields"])?;
            return connection(raw, NotifyWay::Backlog, ways.base);
        }
        other => {
            return Err(format!("kind = \"{other}\": write mail, slack, discord, webhook, pagerduty or backlog"));
        }
    };
    Ok((NotifyTarget { name, way }, None))
}

/// Refuses keys that mean nothing with this kind.
fn only(raw: &RawTarget, keys: &[&str]) -> Result<(), String> {
    let by_http = matches!(raw.kind.as_str(), "webhook" | "pagerduty" | "backlog");
    let written = [
        ("address", raw.address.is_some()),
        ("mailbox", raw.mailbox.is_some()),
        ("room", raw.room.is_some()),
        ("url", raw.url.is_some()),
        ("secrets", !raw.secrets.is_empty()),
        ("routing_key", raw.routing_key.is_some()),
        ("severities", !raw.severities.is_empty()),
        ("project", raw.project.is_some()),
        ("issue_type", raw.issue_type.is_some()),
        ("resolved_status", raw.resolved_status.is_some()),
        ("api_key", raw.api_key.is_some()),
        ("oauth2", raw.oauth2.is_some()),
        ("custom_fields", !raw.custom_fields.is_empty()),
    ];
    let connection = [
        ("timeout_s", raw.timeout_s.is_some()),
        ("at_once", raw.at_once.is_some()),
        ("private_network", raw.private_network.is_some()),
        ("ca_file", raw.ca_file.is_some()),
    ];
    let surplus = written.iter().find(|(key, there)| *there && !keys.contains(key));
    let surplus = surplus.or_else(|| connection.iter().find(|(_, there)| *there && !by_http));
    surplus.map_or(Ok(()), |(key, _)| Err(format!("{key} means nothing with kind = \"{}\"", raw.kind)))
}

fn mail(raw: &RawTarget, ways: Ways<'_>) -> Result<NotifyWay, String> {
    let address = raw
        .address
        .clone()
        .filter(|address| address.contains('@'))
        .ok_or("address is missing or not a mail address")?;
    let mailbox = match &raw.mailbox {
        Some(name) => ways
            .mailboxes
            .iter()
            .find(|mailbox| mailbox.name == *name)
            .ok_or_else(|| format!("mailbox = \"{name}\" is not a mailbox"))?,
        None => ways.mailboxes.first().ok_or("there is no mailbox to send from")?,
    };
    if ways.mailboxes.iter().any(|own| own.address.eq_ignore_ascii_case(&address)) {
        return Err(format!("address = \"{address}\" is one of the desk's own mailboxes: its notices would come back"));
    }
    Ok(NotifyWay::Mail { address, mailbox: mailbox.name.clone() })
}

/// A room of its own needs a connection to speak by.
fn may_speak(channel: Channel, raw: &RawTarget, connected: bool) -> Result<(), String> {
    if raw.room.is_some() && !connected {
        return Err(format!("[{channel}] is not set: nothing can be said there"));
    }
    Ok(())
}

/// The room that is written, or else the agents' room of the service.
fn room(channel: Channel, room: Option<&String>, triage: Option<&String>) -> Result<NotifyWay, String> {
    match (room, triage) {
        (Some(room), triage) if triage != Some(room) => Ok(NotifyWay::Room { channel, room: room.clone() }),
        (_, Some(room)) => Ok(NotifyWay::Triage { channel, room: room.clone() }),
        (_, None) => Err(format!("[{channel}] triage is not set: there is no room to tell; write room, or set it")),
    }
}

fn connection(raw: RawTarget, way: NotifyWay, base: &Path) -> Result<(NotifyTarget, Option<NotifySettings>), String> {
    let private_network = raw.private_network.unwrap_or(false);
    let url = raw.url.as_deref().or((way == NotifyWay::Pagerduty).then_some(PAGERDUTY));
    let url = address(url.ok_or("url is missing")?, private_network)?;
    let timeout_s = raw.timeout_s.unwrap_or(TIMEOUT_S);
    if !(1..=LONGEST_TIMEOUT_S).contains(&timeout_s) {
        return Err(format!("timeout_s = {timeout_s}: write 1 to {LONGEST_TIMEOUT_S} seconds"));
    }
    let at_once = raw.at_once.unwrap_or(1);
    if !(1..=MOST_AT_ONCE).contains(&at_once) {
        return Err(format!("at_once = {at_once}: write 1 to {MOST_AT_ONCE}"));
    }
    if way == NotifyWay::Backlog && at_once != 1 {
        return Err("at_once: Backlog asks for one request at a time".into());
    }
    let (name, ca_file) = (raw.name.clone(), raw.ca_file.as_ref().map(|file| base.join(file)));
    let kind = match way {
        NotifyWay::Webhook => webhook(&raw, url, base)?,
        NotifyWay::Pagerduty => pagerduty(&raw, url, base)?,
        NotifyWay::Backlog | NotifyWay::Mail { .. } | NotifyWay::Room { .. } | NotifyWay::Triage { .. } => {
            backlog(raw, url, base)?
        }
    };
    let timeout = Duration::from_secs(timeout_s);
    let settings = NotifySettings { name: name.clone(), kind, timeout, at_once, private_network, ca_file };
    Ok((NotifyTarget { name, way }, Some(settings)))
}

fn webhook(raw: &RawTarget, url: reqwest::Url, base: &Path) -> Result<NotifyKind, String> {
    if raw.secrets.is_empty() {
        return Err("secrets is missing: write secrets = [\"env:NAME\"], each whsec_ and base64".into());
    }
    let mut secrets = Vec::with_capacity(raw.secrets.len());
    for secret in &raw.secrets {
        let secret = secret.read(base).map_err(|fault| format!("secrets: {fault}"))?;
        let bytes = secret.expose_secret().strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok());
        if !bytes.is_some_and(|bytes| KEY_BYTES.contains(&bytes.len())) {
            return Err("secrets: write whsec_ and the base64 of 24 to 64 bytes".into());
        }
        secrets.push(secret);
    }
    Ok(NotifyKind::Webhook { url, secrets })
}

fn pagerduty(raw: &RawTarget, api_url: reqwest::Url, base: &Path) -> Result<NotifyKind, String> {
    let key = raw.routing_key.as_ref().ok_or("routing_key is missing: the integration key of the service")?;
    let routing_key = key.read(base).map_err(|fault| format!("routing_key: {fault}"))?;
    let length = routing_key.expose_secret().chars().count();
    if length != ROUTING_KEY_CHARS {
        return Err(format!("routing_key has {length} characters; an integration key has {ROUTING_KEY_CHARS}"));
    }
    let mut severities = BTreeMap::from([
        (Priority::Low, Severity::Info),
        (Priority::Medium, Severity::Warning),
        (Priority::High, Severity::Error),
        (Priority::Critical, Severity::Critical),
    ]);
    for (priority, severity) in &raw.severities {
        let priority: Priority = priority.parse().map_err(|fault| format!("severities: {fault}"))?;
        let severity: Severity = severity.parse().map_err(|fault| format!("severities: {fault}"))?;
        severities.insert(priority, severity);
    }
    Ok(NotifyKind::Pagerduty { api_url, routing_key, severities })
}

fn backlog(raw: RawTarget, api_url: reqwest::Url, base: &Path) -> Result<NotifyKind, String> {
    let project = raw
        .project
        .filter(|key| key.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_') && !key.is_empty());
    let login = match (raw.api_key, raw.oauth2) {
        (Some(_), Some(_)) => return Err("write api_key or oauth2, not both".into()),
        (None, None) => return Err("api_key or oauth2 is missing".into()),
        (Some(key), None) => BacklogLogin::ApiKey(key.read(base).map_err(|fault| format!("api_key: {fault}"))?),
        (None, Some(oauth)) => {
            let token_url =
                reqwest::Url::parse(&oauth.token_url).map_err(|fault| format!("oauth2.token_url: {fault}"))?;
            let is_safe = token_url.scheme() == "https" || token_url.host_str().is_some_and(is_loopback);
            if !is_safe {
                return Err(format!("oauth2.token_url = \"{}\" must be https://", oauth.token_url));
            }
            let read = |secret: Option<SecretSource>| secret.map(|secret| secret.read(base)).transpose();
            BacklogLogin::OAuth(OAuthSettings {
                client_secret: read(oauth.client_secret)?,
                refresh_token: read(oauth.refresh_token)?,
                token_url: oauth.token_url,
                client_id: oauth.client_id,
                scope: oauth.scope,
            })
        }
    };
    Ok(NotifyKind::Backlog(Box::new(BacklogSettings {
        api_url,
        project: project.ok_or("project is missing or not a project key; write project = \"SUPPORT\"")?,
        issue_type: raw.issue_type,
        resolved_status: raw.resolved_status,
        login,
        custom_fields: raw.custom_fields,
    })))
}

/// Encrypted, or this machine. An address of a private network is taken only where the settings say so: a mistyped or
/// planted one must not make the desk talk to machines behind its own wall.
fn address(text: &str, private_network: bool) -> Result<reqwest::Url, String> {
    let url = reqwest::Url::parse(text).map_err(|fault| format!("url is not an address: {fault}"))?;
    let host = url.host_str().unwrap_or_default();
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(host)) {
        return Err("url: plain http is for loopback addresses only; write https://…".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("url holds a user or a password; put secrets into their own keys".into());
    }
    let ip: Option<std::net::IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    if ip.is_some_and(|ip| !ip.is_loopback() && !is_public(ip)) && !private_network {
        return Err(format!("url: {host} is on a private network; say private_network = true if it is meant"));
    }
    Ok(url)
}

//! Settings of the chat services.

use std::path::Path;
use std::time::Duration;

use secrecy::SecretString;

use super::{is_loopback, sections};

/// How Slack hands events over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SlackMode {
    /// Over sockets that we open (Socket Mode): no public address is needed.
    #[default]
    Socket,
    /// By signed requests to the console's listener, at `/slack/events`, `/slack/interactions` and `/slack/commands`.
    Http,
}

/// A Slack workspace.
#[derive(Clone, Debug)]
pub struct SlackSettings {
    /// `xapp-…`, for Socket Mode.
    pub app_token: Option<SecretString>,
    /// `xoxb-…`.
    pub bot_token: SecretString,
    /// Checks signed requests.
    pub signing_secret: Option<SecretString>,
    /// Where the Web API is, without a slash at the end.
    pub api_url: String,
    /// How events come in.
    pub mode: SlackMode,
    /// Sockets held open at the same time, 1 to 10.
    pub sockets: u8,
    /// Ids of the rooms that are read; empty means every room the app is in. Direct messages and mentions are always read.
    pub rooms: Vec<String>,
    /// Id of the room where agents see new and escalated tickets.
    pub triage: Option<String>,
    /// The reaction that makes a message a ticket, without colons.
    pub reaction: String,
    /// Where requests go that have no queue of their own.
    pub queue: Option<String>,
    /// Messages of one person that come within this time are decided as one.
    pub burst: Duration,
}

/// A Discord server.
#[derive(Clone, Debug)]
pub struct DiscordSettings {
    /// The bot's token.
    pub token: SecretString,
    /// Where the REST API is, without a slash at the end.
    pub api_url: String,
    /// Ids of the channels and forums that are read; empty means every one the bot sees. Direct messages are always read.
    pub rooms: Vec<String>,
    /// Id of the channel where agents see new and escalated tickets.
    pub triage: Option<String>,
    /// Where requests go that have no queue of their own.
    pub queue: Option<String>,
    /// Messages of one person that come within this time are decided as one.
    pub burst: Duration,
}

const BURST_S: f64 = 4.0;

pub(super) fn slack(raw: sections::Slack, base: &Path) -> Result<SlackSettings, String> {
    let mode = match raw.mode.as_deref() {
        None | Some("socket") => SlackMode::Socket,
        Some("http") => SlackMode::Http,
        Some(other) => return Err(format!("mode = \"{other}\": write socket or http")),
    };
    let read = |secret: Option<super::secret::SecretSource>, key: &str| {
        secret.map(|secret| secret.read(base).map_err(|fault| format!("{key}: {fault}"))).transpose()
    };
    let app_token = read(raw.app_token, "app_token")?;
    let signing_secret = read(raw.signing_secret, "signing_secret")?;
    match mode {
        SlackMode::Socket if app_token.is_none() => {
            return Err("app_token is missing; Socket Mode needs one (xapp-…, scope connections:write)".into());
        }
        SlackMode::Http if signing_secret.is_none() => {
            return Err("signing_secret is missing; mode = \"http\" checks every request with it".into());
        }
        SlackMode::Socket | SlackMode::Http => {}
    }
    let sockets = raw.sockets.unwrap_or(2);
    if !(1..=10).contains(&sockets) {
        return Err(format!("sockets = {sockets}: Slack allows 1 to 10"));
    }
    Ok(SlackSettings {
        app_token,
        bot_token: raw.bot_token.read(base).map_err(|fault| format!("bot_token: {fault}"))?,
        signing_secret,
        api_url: api_url(raw.api_url.as_deref().unwrap_or("https://slack.com/api"))?,
        mode,
        sockets,
        rooms: raw.rooms,
        triage: raw.triage,
        reaction: raw.reaction.unwrap_or_else(|| "ticket".into()).trim_matches(':').to_owned(),
        queue: raw.queue,
        burst: burst(raw.burst_s)?,
    })
}

pub(super) fn discord(raw: sections::Discord, base: &Path) -> Result<DiscordSettings, String> {
    Ok(DiscordSettings {
        token: raw.token.read(base).map_err(|fault| format!("token: {fault}"))?,
        api_url: api_url(raw.api_url.as_deref().unwrap_or("https://discord.com"))?,
        rooms: raw.rooms,
        triage: raw.triage,
        queue: raw.queue,
        burst: burst(raw.burst_s)?,
    })
}

fn burst(seconds: Option<f64>) -> Result<Duration, String> {
    let seconds = seconds.unwrap_or(BURST_S);
    if !(0.0..=60.0).contains(&seconds) {
        return Err(format!("burst_s = {seconds}: write 0 to 60 seconds"));
    }
    Ok(Duration::from_secs_f64(seconds))
}

/// A base address: encrypted, or this machine.
fn api_url(text: &str) -> Result<String, String> {
    let url = reqwest::Url::parse(text).map_err(|fault| format!("api_url = \"{text}\" is not an address: {fault}"))?;
    let is_safe = match url.scheme() {
        "https" => true,
        "http" => url.host_str().is_some_and(is_loopback),
        _ => false,
    };
    if is_safe {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err(format!("api_url = \"{text}\": plain http is for loopback addresses only; write https://…"))
    }
}

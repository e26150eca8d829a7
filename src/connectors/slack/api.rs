//! Calls of the Web API, each with a limit in time, and what a refusal means.
//!
//! `docs.slack.dev/apis/web-api`: `ok` and `error` in the body, 429 with `Retry-After`. Faults never carry bodies or tokens.

use std::sync::Arc;
use std::time::Duration;

use hyper_util::client::legacy::connect::HttpConnector;
use secrecy::ExposeSecret;
use serde_json::Value;
use slack_morphism::errors::SlackClientError;
use slack_morphism::prelude::*;
use tokio::time::timeout;

use super::Pace;
use crate::config::SlackSettings;
use crate::connectors::SendError;
use crate::connectors::email::tls;

/// The pause when Slack says "too many" without naming one.
const UNNAMED_PAUSE: Duration = Duration::from_secs(30);
/// How long TCP may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How slack-morphism reaches the Web API.
pub(super) type Connector = SlackClientHyperConnector<SlackHyperHttpsConnector>;

/// A workspace's Web API. Clones share connections.
#[derive(Clone, Debug)]
pub struct Api {
    pub(super) client: Arc<SlackClient<Connector>>,
    pub(super) app_token: Option<SlackApiToken>,
    bot_token: SlackApiToken,
    pub(super) plain: reqwest::Client,
    pub(super) url: reqwest::Url,
    pub(super) pace: Pace,
}

/// Why a call of the Web API brought nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiFault {
    /// Too many calls.
    #[error("{method}: Slack asks for a pause of {} s", retry_after.as_secs())]
    RateLimited {
        /// Which method.
        method: String,
        /// How long.
        retry_after: Duration,
    },
    /// Slack said no.
    #[error("{method}: {code}")]
    Refused {
        /// Which method.
        method: String,
        /// Slack's word for it.
        code: String,
    },
    /// No usable answer; the call may have been carried out.
    #[error("{method}: {reason}")]
    Unreachable {
        /// Which method.
        method: String,
        /// What happened.
        reason: String,
    },
}

/// Words that mean that a person must mend something, with what to do.
const OPERATOR: &[(&str, &str)] = &[
    ("invalid_auth", "the token is not accepted; copy it again from the app's page"),
    ("not_authed", "no token was sent; set the token in [slack]"),
    ("account_inactive", "the app was removed from the workspace; install it again and copy the new bot token"),
    ("token_revoked", "the token was revoked; install the app again and copy the new token"),
    ("token_expired", "the token has expired; turn token rotation off, install the app again and copy the token"),
    ("missing_scope", "a scope is missing; compare the app's scopes with docs/slack.md and install the app again"),
    ("no_permission", "the token may not do this; compare the app's scopes with docs/slack.md"),
    ("not_allowed_token_type", "the tokens are mixed up: app_token begins with xapp-, bot_token with xoxb-"),
    ("forbidden_team", "the workspace does not let this app in; ask its administrator"),
    ("org_login_required", "the workspace is being moved to an organisation; ask its administrator"),
    ("ekm_access_denied", "the workspace's administrator has suspended access"),
    ("access_denied", "the app may not do this; ask the workspace's administrator"),
    ("team_access_not_granted", "the app is not allowed in this workspace; ask its administrator"),
    ("app_not_installed", "the app is not installed; install it"),
    ("link_disabled", "Socket Mode is switched off; switch it on in the app's settings"),
    ("not_in_channel", "the app is not in the room; write /invite @app there"),
    ("restricted_action", "the workspace's rules forbid the app to post there; ask its administrator"),
];
/// Words that mean: the same call may work later.
const LATER: &[&str] = &[
    "ratelimited",
    "rate_limited",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "team_added_to_org",
    "accesslimited",
    "external_channel_migrating",
];

impl ApiFault {
    /// Slack's word, when it refused.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Refused { code, .. } => code,
            Self::RateLimited { .. } | Self::Unreachable { .. } => "",
        }
    }

    /// What a person is to mend, when nothing else helps.
    #[must_use]
    pub fn operator(&self) -> Option<String> {
        let (_, advice) = OPERATOR.iter().find(|(code, _)| *code == self.code())?;
        Some(format!("{self}: {advice}"))
    }

    /// How long Slack wants to be left alone.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } => Some(*retry_after),
            Self::Refused { .. } | Self::Unreachable { .. } => None,
        }
    }
}

impl From<ApiFault> for SendError {
    fn from(fault: ApiFault) -> Self {
        let reason = fault.to_string();
        if let Some(reason) = fault.operator() {
            return Self::NeedsOperator { reason };
        }
        match fault {
            ApiFault::RateLimited { retry_after, .. } => {
                Self::Transient { reason, retry_after_ms: i64::try_from(retry_after.as_millis()).ok() }
            }
            ApiFault::Unreachable { .. } => Self::Transient { reason, retry_after_ms: None },
            ApiFault::Refused { code, .. } if LATER.contains(&code.as_str()) => {
                Self::Transient { reason, retry_after_ms: None }
            }
            ApiFault::Refused { .. } => Self::Permanent { reason },
        }
    }
}

impl Api {
    /// The Web API of `settings`. Connects to nothing yet.
    ///
    /// # Errors
    /// The system's certificates cannot be used, in words.
    pub fn new(settings: &SlackSettings) -> Result<Self, String> {
        Self::at_pace(settings, Pace::default())
    }

    /// [`Api::new`] with other periods.
    ///
    /// # Errors
    /// As [`Api::new`].
    pub fn at_pace(settings: &SlackSettings, pace: Pace) -> Result<Self, String> {
        let tls = tls::client_config(None).map_err(|fault| fault.to_string())?;
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_connect_timeout(Some(CONNECT));
        http.set_nodelay(true);
        let connector = SlackHyperHttpsConnector::from((http, Arc::clone(&tls)));
        let connector = SlackClientHyperConnector::with_connector(connector).with_slack_api_url(&settings.api_url);
        let plain = reqwest::Client::builder()
            .use_preconfigured_tls((*tls).clone())
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .build()
            .map_err(|fault| fault.to_string())?;
        let token = |secret: &secrecy::SecretString| SlackApiToken::new(secret.expose_secret().into());
        Ok(Self {
            client: Arc::new(SlackClient::new(connector)),
            app_token: settings.app_token.as_ref().map(token),
            bot_token: token(&settings.bot_token),
            plain,
            url: reqwest::Url::parse(&settings.api_url).map_err(|fault| format!("api_url: {fault}"))?,
            pace,
        })
    }

    pub(super) fn bot_token(&self) -> &str {
        self.bot_token.token_value.value()
    }

    /// A reading method: these take their arguments in the address and do not read JSON bodies.
    pub(super) async fn read(&self, method: &str, arguments: &[(&str, &str)]) -> Result<Value, ApiFault> {
        let arguments: Vec<(&str, Option<&str>)> =
            arguments.iter().map(|(name, value)| (*name, Some(*value))).collect();
        let session = self.client.open_session(&self.bot_token);
        let call = session.http_session_api.http_get::<Value, _, _>(method, &arguments, None);
        within(method, self.pace.call, call).await
    }

    /// A writing method, with its arguments as JSON.
    pub(super) async fn write(&self, method: &str, body: &Value) -> Result<Value, ApiFault> {
        let session = self.client.open_session(&self.bot_token);
        within(method, self.pace.call, session.http_session_api.http_post::<_, Value>(method, body, None)).await
    }

    /// Asks for the address of a socket and throws it away: the crate asks again by itself, and says nothing when it fails.
    pub(super) async fn may_open_socket(&self) -> Result<(), ApiFault> {
        let method = "apps.connections.open";
        let Some(token) = &self.app_token else {
            return Err(ApiFault::Refused { method: method.to_owned(), code: "not_authed".to_owned() });
        };
        let session = self.client.open_session(token);
        let nothing = serde_json::json!({});
        let call = session.http_session_api.http_post::<_, Value>(method, &nothing, None);
        within(method, self.pace.call, call).await.map(drop)
    }
}

async fn within(
    method: &str,
    limit: Duration,
    call: impl Future<Output = ClientResult<Value>>,
) -> Result<Value, ApiFault> {
    let method = method.to_owned();
    match timeout(limit, call).await {
        Err(_) => Err(ApiFault::Unreachable { method, reason: format!("no answer within {} ms", limit.as_millis()) }),
        Ok(Ok(value)) if value.get("ok").and_then(Value::as_bool) == Some(true) => Ok(value),
        Ok(Ok(_)) => Err(ApiFault::Unreachable { method, reason: "an answer without ok".to_owned() }),
        Ok(Err(fault)) => Err(told(method, fault)),
    }
}

/// The crate's own words hold whole bodies, and are left out.
fn told(method: String, fault: SlackClientError) -> ApiFault {
    let unreachable = |method, reason: &str| ApiFault::Unreachable { method, reason: reason.to_owned() };
    match fault {
        SlackClientError::RateLimitError(limit) => {
            ApiFault::RateLimited { method, retry_after: limit.retry_after.unwrap_or(UNNAMED_PAUSE) }
        }
        SlackClientError::ApiError(refusal) => ApiFault::Refused { method, code: refusal.code },
        SlackClientError::HttpError(status) => {
            unreachable(method, &format!("HTTP status {}", status.status_code.as_u16()))
        }
        SlackClientError::HttpProtocolError(_) | SlackClientError::EndOfStream(_) => {
            unreachable(method, "the connection failed")
        }
        SlackClientError::ProtocolError(_) => unreachable(method, "the answer is not JSON"),
        SlackClientError::SystemError(_) | SlackClientError::SocketModeProtocolError(_) => {
            unreachable(method, "the call failed")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_who_can_mend_it() {
        let refused =
            |code: &str| SendError::from(ApiFault::Refused { method: "chat.postMessage".into(), code: code.into() });
        for code in ["invalid_auth", "token_revoked", "missing_scope", "not_in_channel"] {
            assert!(matches!(refused(code), SendError::NeedsOperator { .. }), "{code}");
        }
        for code in ["channel_not_found", "is_archived", "msg_too_long", "invalid_blocks"] {
            assert!(matches!(refused(code), SendError::Permanent { .. }), "{code}");
        }
        for code in ["internal_error", "service_unavailable"] {
            assert!(matches!(refused(code), SendError::Transient { retry_after_ms: None, .. }), "{code}");
        }
        let limited = ApiFault::RateLimited { method: "x".into(), retry_after: Duration::from_secs(7) };
        assert!(matches!(SendError::from(limited), SendError::Transient { retry_after_ms: Some(7000), .. }));
    }
}

//! The REST API as JSON, through serenity's client. Discord's answers are read as they are: a field of a new shape must not
//! make a whole page of messages unreadable.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::Value;
use serenity::http::{Http, HttpBuilder, HttpError, LightMethod, Request, Route};

use crate::config::DiscordSettings;

/// Where the real service is.
pub(super) const DISCORD: &str = "https://discord.com";
/// No request takes longer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Tries of a request that changes nothing.
const TRIES: u32 = 5;
/// The pause after the first failed try; doubled after each.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub(super) struct ApiError {
    /// The HTTP status; none when there was no answer.
    pub(super) status: Option<u16>,
    /// Discord's own code, 0 when it named none.
    pub(super) code: i64,
    /// In words, without any secret.
    pub(super) reason: String,
}

impl ApiError {
    /// Another try may succeed without anybody mending anything.
    pub(super) fn is_passing(&self) -> bool {
        self.status.is_none_or(|status| status == 429 || status >= 500)
    }
}

/// A client of the API at `settings.api_url`.
///
/// # Errors
/// The system's certificates cannot be read.
pub(super) fn http(settings: &DiscordSettings) -> Result<Http, String> {
    let client = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .connect_timeout(Duration::from_secs(10))
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|fault| format!("cannot make a client: {}", fault.without_url()))?;
    let builder = HttpBuilder::new(settings.token.expose_secret()).client(client);
    Ok(if settings.api_url == DISCORD {
        builder.build()
    } else {
        // While its limiter is on, serenity talks to discord.com whatever the address says.
        builder.proxy(settings.api_url.clone()).ratelimiter_disabled(true).build()
    })
}

/// The API.
pub(super) struct Api(Http);

impl Api {
    pub(super) fn new(settings: &DiscordSettings) -> Result<Self, String> {
        http(settings).map(Self)
    }

    /// Asks for something; failures that pass are tried again.
    pub(super) async fn get(&self, route: Route<'_>, params: &[(&'static str, String)]) -> Result<Value, ApiError> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..TRIES {
            match self.once(LightMethod::Get, route, None, params).await {
                Err(fault) if fault.is_passing() => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                other => return other,
            }
        }
        self.once(LightMethod::Get, route, None, params).await
    }

    /// Changes something. Tried once: whoever asks knows whether a repeat does harm.
    pub(super) async fn change(&self, method: LightMethod, route: Route<'_>, body: &Value) -> Result<Value, ApiError> {
        self.once(method, route, Some(body), &[]).await
    }

    /// [`Api::change`] with POST.
    pub(super) async fn post(&self, route: Route<'_>, body: &Value) -> Result<Value, ApiError> {
        self.change(LightMethod::Post, route, body).await
    }

    async fn once(
        &self,
        method: LightMethod,
        route: Route<'_>,
        body: Option<&Value>,
        params: &[(&'static str, String)],
    ) -> Result<Value, ApiError> {
        let params = (!params.is_empty()).then(|| params.to_vec());
        let body = body.map(|body| body.to_string().into_bytes());
        let request = Request::new(route, method).body(body).params(params);
        let response = self.0.request(request).await.map_err(failure)?;
        let text = response.text().await.map_err(unreadable)?;
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).map_err(|fault| ApiError {
            status: None,
            code: 0,
            reason: format!("Discord's answer is not JSON: {fault}"),
        })
    }
}

fn failure(fault: serenity::Error) -> ApiError {
    match fault {
        serenity::Error::Http(HttpError::UnsuccessfulRequest(response)) => {
            let code = i64::try_from(response.error.code).unwrap_or_default().max(0);
            let status = response.status_code.as_u16();
            let details: Vec<String> =
                response.error.errors.iter().map(|error| format!("{}: {}", error.path, error.message)).collect();
            let said = if code == 0 && response.error.message.starts_with("[Serenity]") {
                String::new()
            } else {
                format!(" {}", response.error.message)
            };
            let details = if details.is_empty() { String::new() } else { format!(" ({})", details.join("; ")) };
            ApiError { status: Some(status), code, reason: format!("Discord answered {status}/{code}{said}{details}") }
        }
        // Addresses of interactions hold tokens, so no address is shown.
        serenity::Error::Http(HttpError::Request(fault)) => unreadable(fault),
        other => ApiError { status: None, code: 0, reason: other.to_string() },
    }
}

fn unreadable(fault: reqwest::Error) -> ApiError {
    let fault = fault.without_url();
    let mut reason = format!("no answer from Discord: {fault}");
    let mut cause = std::error::Error::source(&fault);
    while let Some(next) = cause {
        reason = format!("{reason}: {next}");
        cause = next.source();
    }
    ApiError { status: None, code: 0, reason }
}

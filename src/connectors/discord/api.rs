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

/// Limits that serenity remembers, one for each channel and interaction and never forgotten by itself.
const LIMITS: usize = 10_000;

/// Discord's codes that decide what is to be done (its reference, "JSON Error Codes").
pub(super) mod code {
    pub(in super::super) const UNKNOWN_CHANNEL: i64 = 10003;
    pub(in super::super) const UNKNOWN_MESSAGE: i64 = 10008;
    pub(in super::super) const SLOW_MODE: i64 = 20016;
    pub(in super::super) const WRITE_LIMIT: i64 = 20028;
    pub(in super::super) const OLD_EDITS: i64 = 30046;
    pub(in super::super) const MISSING_ACCESS: i64 = 50001;
    pub(in super::super) const MISSING_PERMISSION: i64 = 50013;
    pub(in super::super) const THREAD_ARCHIVED: i64 = 50083;
    pub(in super::super) const OVERLOADED: i64 = 130_000;
    pub(in super::super) const THREAD_THERE: i64 = 160_004;
    /// No thread can be opened there: kind of channel, permission, or too many of them.
    pub(in super::super) const NO_THREAD: &[i64] = &[30033, 50001, 50013, 50024, 50068, 160_006, 160_007];
}

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
        self.forget_limits().await;
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

impl Api {
    /// Keeps memory flat. What is forgotten is learnt again from the next answer; at worst a request is told to wait, and waits.
    async fn forget_limits(&self) {
        let Some(limiter) = &self.0.ratelimiter else { return };
        let known = limiter.routes();
        if known.read().await.len() > LIMITS {
            known.write().await.clear();
        }
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

#[cfg(test)]
mod tests {
    use serenity::model::id::ChannelId;

    use super::*;

    fn settings(url: &str) -> DiscordSettings {
        DiscordSettings {
            token: "x".to_owned().into(),
            api_url: url.to_owned(),
            rooms: Vec::new(),
            triage: None,
            queue: None,
            burst: Duration::ZERO,
        }
    }

    #[test]
    fn the_real_service_is_asked_at_serenitys_pace_and_a_stand_in_at_its_own_address() {
        let real = http(&settings(DISCORD)).unwrap();
        assert!(real.ratelimiter.is_some() && real.proxy.is_none());
        let stand_in = http(&settings("http://127.0.0.1:1")).unwrap();
        assert!(stand_in.ratelimiter.is_none() && stand_in.proxy.is_some());
    }

    #[tokio::test]
    async fn limits_of_channels_are_not_remembered_for_ever() {
        let api = Api::new(&settings(DISCORD)).unwrap();
        let known = api.0.ratelimiter.as_ref().unwrap().routes();
        let bucket = |id: u64| Route::ChannelMessages { channel_id: ChannelId::new(id) }.ratelimiting_bucket();
        for id in 1..=LIMITS as u64 {
            known.write().await.insert(bucket(id), std::sync::Arc::default());
        }
        api.forget_limits().await;
        assert_eq!(known.read().await.len(), LIMITS);
        known.write().await.insert(bucket(u64::MAX - 1), std::sync::Arc::default());
        api.forget_limits().await;
        assert_eq!(known.read().await.len(), 0);
    }
}

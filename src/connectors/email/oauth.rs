//! Access tokens for IMAP and SMTP (RFC 6749): fetched when needed, kept until shortly before they end.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::settings::{Grant, OAuthSettings};
use super::tls;

/// A token is replaced this long before its end.
const EARLY: Duration = Duration::from_mins(5);
/// What is believed when the server names no end.
const DEFAULT_LIFE: Duration = Duration::from_hours(1);
/// Larger answers are not read.
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OAuthError {
    /// The token server cannot be reached or is ill.
    #[error("no access token for now: {reason}")]
    Transient {
        /// What happened; holds no secret.
        reason: String,
    },
    /// Consent was withdrawn, or the settings are wrong.
    #[error("no access token: {reason}")]
    NeedsOperator {
        /// What is to be mended; holds no secret.
        reason: String,
    },
}

/// Called with each new refresh token, which replaces the old one: store it, or the next start cannot log in.
pub type OnRotated = Box<dyn Fn(&SecretString) + Send + Sync>;

/// Hands out access tokens. However many ask at once, one request is made.
pub struct TokenSource {
    settings: OAuthSettings,
    on_rotated: OnRotated,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<(SecretString, Instant)>,
    refresh_token: Option<SecretString>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Option<u64>,
    refresh_token: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSource").field("token_url", &self.settings.token_url).finish_non_exhaustive()
    }
}

impl TokenSource {
    /// A source that tells `on_rotated` about new refresh tokens.
    #[must_use]
    pub fn new(settings: OAuthSettings, on_rotated: OnRotated) -> Self {
        Self { settings, on_rotated, state: Mutex::new(State::default()) }
    }

    /// A token that is good for at least a few minutes.
    ///
    /// # Errors
    /// [`OAuthError`].
    pub async fn token(&self) -> Result<SecretString, OAuthError> {
        // The lock is held over the request, so that whoever comes meanwhile waits for the same answer.
        let mut state = self.state.lock().await;
        if let Some((token, until)) = &state.token
            && *until > Instant::now()
        {
            return Ok(token.clone());
        }
        let granted = self.ask(&state).await?;
        if let Some(rotated) = granted.refresh_token {
            let rotated = SecretString::from(rotated);
            (self.on_rotated)(&rotated);
            state.refresh_token = Some(rotated);
        }
        let life = granted.expires_in.map_or(DEFAULT_LIFE, Duration::from_secs);
        // A life shorter than the margin would mean a request for each use; half of it is kept then.
        let keep = life.checked_sub(EARLY).filter(|keep| *keep > EARLY).unwrap_or(life / 2);
        let token = SecretString::from(granted.access_token);
        state.token = Some((token.clone(), Instant::now() + keep));
        Ok(token)
    }

    /// Forgets the token: a server did not accept it.
    pub async fn renew(&self) {
        self.state.lock().await.token = None;
    }

    async fn ask(&self, state: &State) -> Result<Granted, OAuthError> {
        let transient = |reason: String| OAuthError::Transient { reason };
        let operator = |reason: String| OAuthError::NeedsOperator { reason };
        let url = checked_url(&self.settings.token_url).map_err(operator)?;
        let tls = tls::client_config(self.settings.ca_file.as_deref()).map_err(|fault| operator(fault.to_string()))?;
        let client = reqwest::Client::builder()
            .use_preconfigured_tls((*tls).clone())
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(self.settings.timeout_s.max(1)))
            .build()
            .map_err(|error| operator(error.to_string()))?;
        let body = self.form(state);
        let request = client.post(url).header("content-type", "application/x-www-form-urlencoded").body(body);
        let mut answer = request.send().await.map_err(|error| transient(error.without_url().to_string()))?;
        let status = answer.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| transient(error.without_url().to_string()))? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MAX_ANSWER_BYTES {
                return Err(transient("the token server's answer has no end".to_owned()));
            }
        }
        if status.is_success() {
            return serde_json::from_slice(&bytes)
                .map_err(|_| transient("the token server's answer holds no access_token".to_owned()));
        }
        // Only the error code is shown: descriptions may repeat what was sent.
        let code =
            serde_json::from_slice::<Refusal>(&bytes).map_or_else(|_| status.to_string(), |refusal| refusal.error);
        let code: String = code.chars().filter(char::is_ascii_graphic).take(60).collect();
        if matches!(status.as_u16(), 400 | 401 | 403) && code != "temporarily_unavailable" {
            Err(operator(format!(
                "the token server refused ({code}): give the consent anew, or check client_id and scope"
            )))
        } else {
            Err(transient(format!("the token server answered {status} ({code})")))
        }
    }

    fn form(&self, state: &State) -> String {
        let mut fields = vec![("client_id", self.settings.client_id.clone())];
        if let Some(secret) = &self.settings.client_secret {
            fields.push(("client_secret", secret.expose_secret().to_owned()));
        }
        if !self.settings.scope.is_empty() {
            fields.push(("scope", self.settings.scope.clone()));
        }
        match &self.settings.grant {
            Grant::ClientCredentials => fields.push(("grant_type", "client_credentials".to_owned())),
            Grant::RefreshToken(first) => {
                let token = state.refresh_token.as_ref().unwrap_or(first);
                fields.push(("grant_type", "refresh_token".to_owned()));
                fields.push(("refresh_token", token.expose_secret().to_owned()));
            }
        }
        let pairs: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", percent_encoded(value))).collect();
        pairs.join("&")
    }
}

/// `https`, or `http` to a loopback address.
fn checked_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("token_url is not a URL: {error}"))?;
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let loopback = host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        _ => Err("token_url must begin with https://".to_owned()),
    }
}

/// application/x-www-form-urlencoded, with everything but letters, digits and `-._~` encoded.
fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_only() {
        for (url, good) in [
            ("https://login.example.com/token", true),
            ("http://127.0.0.1:8080/token", true),
            ("http://[::1]:8080/token", true),
            ("http://localhost/token", true),
            ("http://login.example.com/token", false),
            ("http://127.0.0.1.example.com/token", false),
            ("ftp://localhost/token", false),
            ("login", false),
        ] {
            assert_eq!(checked_url(url).is_ok(), good, "{url}");
        }
    }

    #[test]
    fn form_values_are_encoded() {
        assert_eq!(percent_encoded("a b&c=日~"), "a%20b%26c%3D%E6%97%A5~");
    }
}

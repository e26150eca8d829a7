//! Events as signed requests, for workspaces that do not use Socket Mode. The console mounts these doors.
//!
//! `docs.slack.dev/authentication/verifying-requests-from-slack`: HMAC-SHA256 over `v0:timestamp:body`, at most 5 minutes old.

use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use slack_morphism::signature_verifier::SlackEventSignatureVerifier;
use tokio::time::timeout;

use super::Receiver;
use super::json::text;
use super::reading::Kind;

/// Which address a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// `/slack/events`
    Events,
    /// `/slack/interactions`
    Interactions,
    /// `/slack/commands`
    Commands,
}

/// A request with what vouches for it.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// `X-Slack-Request-Timestamp`; empty when it is missing.
    pub timestamp: &'a str,
    /// `X-Slack-Signature`; empty when it is missing.
    pub signature: &'a str,
    /// The body as it came.
    pub body: &'a [u8],
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// JSON, or empty.
    pub body: String,
}

impl Reply {
    const fn empty(status: u16) -> Self {
        Self { status, body: String::new() }
    }
}

impl Receiver {
    /// Answers a request. 200: stored, or nothing to store. 401: not from Slack. 400: not readable. 503: not stored; Slack sends
    /// events again, and shows people that a command or button failed.
    pub async fn answer(&self, door: Door, signed: &Signed<'_>) -> Reply {
        let Some(secret) = &self.core().settings.signing_secret else { return Reply::empty(404) };
        let Ok(body) = std::str::from_utf8(signed.body) else { return Reply::empty(400) };
        let verifier = SlackEventSignatureVerifier::new(&secret.expose_secret().into());
        if verifier.verify(signed.signature, body, signed.timestamp).is_err() {
            return Reply::empty(401);
        }
        let Some((kind, payload)) = payload(door, body) else { return Reply::empty(400) };
        if text(&payload, "/type") == "url_verification" {
            return Reply { status: 200, body: json!({ "challenge": payload["challenge"] }).to_string() };
        }
        if payload.get("ssl_check").is_some() {
            return Reply::empty(200);
        }
        match timeout(self.core().api.pace.answer, self.core().take(kind, &payload)).await {
            Ok(Ok(None)) => Reply::empty(200),
            Ok(Ok(Some(answer))) => Reply { status: 200, body: answer.to_string() },
            Ok(Err(_)) => Reply::empty(503),
            Err(_) => {
                self.core().missed();
                Reply::empty(503)
            }
        }
    }
}

/// Events are JSON; interactions are JSON in the form field `payload`; commands are a form.
fn payload(door: Door, body: &str) -> Option<(Kind, Value)> {
    match door {
        Door::Events => Some((Kind::Event, serde_json::from_str(body).ok()?)),
        Door::Interactions => {
            let (_, payload) = form(body).into_iter().find(|(name, _)| name == "payload")?;
            Some((Kind::Interaction, serde_json::from_str(&payload).ok()?))
        }
        Door::Commands => {
            let fields: Map<String, Value> =
                form(body).into_iter().map(|(name, value)| (name, Value::String(value))).collect();
            Some((Kind::Command, Value::Object(fields)))
        }
    }
}

/// The fields of an `application/x-www-form-urlencoded` body.
fn form(body: &str) -> Vec<(String, String)> {
    let Ok(mut url) = reqwest::Url::parse("http://form.invalid/") else { return Vec::new() };
    url.set_query(Some(body));
    url.query_pairs().into_owned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_read_as_their_door_says() {
        let (kind, payload) = super::payload(Door::Commands, "command=%2Fask&text=a%26b+%E3%81%82&user_id=U1").unwrap();
        assert_eq!((kind, text(&payload, "/command"), text(&payload, "/text")), (Kind::Command, "/ask", "a&b あ"));
        let (kind, payload) = super::payload(Door::Interactions, "payload=%7B%22type%22%3A%22x%22%7D").unwrap();
        assert_eq!((kind, text(&payload, "/type")), (Kind::Interaction, "x"));
        assert!(super::payload(Door::Interactions, "x=1").is_none() && super::payload(Door::Events, "{").is_none());
    }
}

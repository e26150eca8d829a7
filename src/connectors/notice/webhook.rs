//! Signed webhooks after the Standard Webhooks specification
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>): `webhook-id` is the same
//! however often a notice is sent, so that the receiver knows a repeat.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::http::Client;
use crate::connectors::SendError;
use crate::domain::{Notice, NoticeDetail, Outbound, Timestamp};

/// Longer keys are named by their digest.
const MOST_ID_BYTES: usize = 128;

pub(super) struct Webhook {
    client: Client,
    url: reqwest::Url,
    secrets: Vec<SecretString>,
}

impl Webhook {
    pub(super) const fn new(client: Client, url: reqwest::Url, secrets: Vec<SecretString>) -> Self {
        Self { client, url, secrets }
    }

    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    pub(super) async fn send(&self, outbound: &Outbound, notice: &Notice, now: Timestamp) -> Result<(), SendError> {
        let body = body(notice).to_string();
        let id = id(&outbound.dedupe_key);
        let seconds = now.0.div_euclid(1_000);
        let mut signatures = Vec::with_capacity(self.secrets.len());
        for secret in &self.secrets {
            let signed = signature(secret.expose_secret(), &id, seconds, body.as_bytes());
            signatures.push(
                signed.ok_or_else(|| SendError::NeedsOperator {
                    reason: "a secret is not whsec_ and base64".to_owned(),
                })?,
            );
        }
        let request = self
            .client
            .post(self.url.clone())
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds.to_string())
            .header("webhook-signature", signatures.join(" "))
            .body(body);
        self.client.ask_for_success(request).await.map(|_| ())
    }

    /// Whether anybody answers there. An unsigned HEAD tells nobody anything, so any status will do.
    pub(super) async fn probe(&self) -> Result<String, String> {
        match self.client.ask(self.client.head(self.url.clone())).await {
            Ok(answer) => Ok(format!("answers ({} to HEAD)", answer.status.as_u16())),
            Err(fault) => Err(format!("{fault}; check url and firewall")),
        }
    }
}

/// One signature of a message: `v1,` and the base64 of HMAC-SHA256 over id, timestamp and body. `None` when `secret` is not
/// `whsec_` and base64.
#[must_use]
pub fn signature(secret: &str, id: &str, timestamp_s: i64, body: &[u8]) -> Option<String> {
    let key = STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{id}.{timestamp_s}.").as_bytes());
    mac.update(body);
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

/// The key of the outbox row as it can stand in a header. The specification joins id, timestamp and body with dots, so an id
/// holds none.
fn id(key: &str) -> String {
    let plain = key.len() <= MOST_ID_BYTES && key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'.');
    if plain { key.to_owned() } else { format!("msg_{}", &hex::encode(Sha256::digest(key))[..40]) }
}

/// `{type, timestamp, data}`, as the specification asks for; programs read it, so that it holds ids. Built from the notice alone: the same each time it is sent.
fn body(notice: &Notice) -> serde_json::Value {
    let time = |at: Option<Timestamp>| at.map(Timestamp::rfc3339);
    let details: serde_json::Map<String, serde_json::Value> =
        notice.details.iter().map(|detail| (detail.name.clone(), value(detail).into())).collect();
    json!({
        "type": format!("ticket.{}", notice.event),
        "timestamp": notice.at.rfc3339(),
        "data": {
            "ticket": notice.ticket.to_string(),
            "target": notice.target,
            "urgent": notice.urgent,
            "subject": notice.title,
            "status": notice.status,
            "priority": notice.priority,
            "queue": notice.queue,
            "assignee": notice.assignee,
            "requester": notice.requester,
            "request_type": notice.intent,
            "request_type_title": notice.request_type,
            "details": details,
            "rule": (!notice.rule.is_empty()).then_some(&notice.rule),
            "because": notice.because,
            "first_response_due_at": time(notice.first_response_due_at),
            "resolution_due_at": time(notice.resolution_due_at),
            "alert": notice.alert,
        },
    })
}

/// The choice's id, where it has one: the same whatever language the desk speaks.
fn value(detail: &NoticeDetail) -> &str {
    if detail.id.is_empty() { &detail.value } else { &detail.id }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_read_ids_and_no_words_of_a_language() {
        let shown = |name: &str, value: &str, id: &str| NoticeDetail {
            name: name.into(),
            title: "操作".into(),
            value: value.into(),
            id: id.into(),
        };
        assert_eq!(value(&shown("operation", "追加", "add")), "add");
        assert_eq!(value(&shown("host", "web-1", "")), "web-1", "written before ids were kept");
    }

    #[test]
    fn a_known_message_has_its_known_signature() {
        // Computed with `openssl dgst -sha256 -mac HMAC` from the same key and text.
        let secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
        let signed = signature(secret, "msg_1", 1_700_000_000, b"{\"a\":1}").unwrap();
        assert_eq!(signed, "v1,1l34d9U9bSaAVQFy2uVdg3CHHT+o7pMzi59Vrub2gOE=");
        assert_eq!(signature("no prefix", "a", 1, b""), None);
    }

    #[test]
    fn an_id_is_stable_and_fits_a_header() {
        assert_eq!(id("notice:late:T-7:hook"), "notice:late:T-7:hook");
        for odd in ["notice:規則:T-7", "a.b", &"x".repeat(200), "a b"] {
            let id = id(odd);
            assert!(id.starts_with("msg_") && id.len() == 44 && id.is_ascii(), "{id}");
        }
    }
}

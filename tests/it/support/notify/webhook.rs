//! A receiver of Standard Webhooks: verifies as the specification says ("Verifying webhook authenticity",
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>) and knows a repeat by `webhook-id`.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::{Faults, answered, serve};

#[derive(Clone)]
pub struct Webhook {
    pub port: u16,
    pub faults: Faults,
    state: Arc<Mutex<Inner>>,
}

struct Inner {
    secrets: Vec<String>,
    /// Seconds; none to take any time.
    clock: Option<i64>,
    requests: usize,
    refused: usize,
    taken: Vec<(String, Value)>,
}

impl Webhook {
    /// Knows these secrets. `clock` is its time in seconds; messages more than five minutes off are refused.
    pub async fn start(secrets: &[&str], clock: Option<i64>) -> Self {
        let state = Arc::new(Mutex::new(Inner {
            secrets: secrets.iter().map(|secret| (*secret).to_owned()).collect(),
            clock,
            requests: 0,
            refused: 0,
            taken: Vec::new(),
        }));
        let mut receiver = Self { port: 0, faults: Faults::default(), state };
        receiver.port = serve(Router::new().route("/hook", post(take)).with_state(receiver.clone())).await;
        receiver
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    /// Each message once, in the order they came first.
    pub fn taken(&self) -> Vec<(String, Value)> {
        self.state.lock().unwrap().taken.clone()
    }

    pub fn requests(&self) -> usize {
        self.state.lock().unwrap().requests
    }

    /// Requests whose signature did not verify.
    pub fn refused(&self) -> usize {
        self.state.lock().unwrap().refused
    }
}

async fn take(State(receiver): State<Webhook>, headers: HeaderMap, body: Bytes) -> Response {
    receiver.state.lock().unwrap().requests += 1;
    let go = receiver.faults.meet().await;
    answered(go, || {
        let mut inner = receiver.state.lock().unwrap();
        if !verifies(&inner, &headers, &body) {
            inner.refused += 1;
            return StatusCode::UNAUTHORIZED.into_response();
        }
        let id = headers["webhook-id"].to_str().unwrap().to_owned();
        if !inner.taken.iter().any(|(known, _)| *known == id) {
            inner.taken.push((id, serde_json::from_slice(&body).unwrap()));
        }
        StatusCode::NO_CONTENT.into_response()
    })
    .await
}

fn verifies(inner: &Inner, headers: &HeaderMap, body: &[u8]) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    let (id, stamp) = (text("webhook-id"), text("webhook-timestamp"));
    let Ok(seconds) = stamp.parse::<i64>() else { return false };
    if inner.clock.is_some_and(|now| (now - seconds).abs() > 300) || id.contains('.') || id.is_empty() {
        return false;
    }
    let given: Vec<&str> = text("webhook-signature").split(' ').filter_map(|one| one.strip_prefix("v1,")).collect();
    inner.secrets.iter().any(|secret| {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{id}.{stamp}.").as_bytes());
        mac.update(body);
        given.contains(&STANDARD.encode(mac.finalize().into_bytes()).as_str())
    })
}

//! Health, readiness and metrics over HTTP, and the doors Slack (with `mode = "http"`) and monitoring systems knock at.
//!
//! `/healthz`: the process answers. `/readyz`: the database answers and every mailbox was read and can be read; 503 with the reasons
//! otherwise.
//! `/metrics`: Prometheus text.

mod alerts;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::AlertSettings;
use crate::connectors::slack::{self, Door, Signed};
use crate::store::Store;
use crate::telemetry::{Gauges, Metrics};

/// What the pages read.
#[derive(Clone)]
pub struct Sources {
    /// What is remembered.
    pub store: Arc<Store>,
    /// What is counted.
    pub metrics: Metrics,
    /// What time it is.
    pub clock: Clock,
    /// Where alerts come from.
    pub alerts: Arc<Vec<AlertSettings>>,
    /// Larger reports are refused.
    pub max_body_bytes: usize,
    /// Answers Slack's signed requests, with `mode = "http"`.
    pub slack: Option<Arc<slack::Receiver>>,
}

/// Every page.
pub fn router(sources: Sources) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route(
            "/slack/events",
            post(async |state, headers, body| slack_request(Door::Events, state, headers, body).await),
        )
        .route(
            "/slack/interactions",
            post(async |state, headers, body| slack_request(Door::Interactions, state, headers, body).await),
        )
        .route(
            "/slack/commands",
            post(async |state, headers, body| slack_request(Door::Commands, state, headers, body).await),
        )
        .route("/alerts/{token}", post(alerts::take))
        .with_state(sources)
}

/// Listens on `address`. Port 0 takes a free one; the listener knows which.
///
/// # Errors
/// The address is in use or not ours.
pub async fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Serves until `stop`.
pub async fn serve(listener: TcpListener, sources: Sources, stop: CancellationToken) {
    let served = axum::serve(listener, router(sources)).with_graceful_shutdown(stop.cancelled_owned()).await;
    if let Err(fault) = served {
        tracing::error!("the console stopped: {fault}");
    }
}

async fn ready(State(sources): State<Sources>) -> Response {
    let mut reasons = Vec::new();
    if let Err(fault) = sources.store.ping().await {
        reasons.push(format!("database: {fault}"));
    }
    for (name, health) in sources.metrics.mailboxes() {
        if let Some(fault) = health.fault {
            let who = if health.needs_operator { " (needs an operator)" } else { "" };
            reasons.push(format!("mailbox {name}: {fault}{who}"));
        }
    }
    if reasons.is_empty() {
        return (StatusCode::OK, "ready\n").into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, reasons.join("\n") + "\n").into_response()
}

async fn slack_request(door: Door, State(sources): State<Sources>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(receiver) = &sources.slack else { return StatusCode::NOT_FOUND.into_response() };
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (timestamp, signature) = (text("x-slack-request-timestamp"), text("x-slack-signature"));
    let reply = receiver.answer(door, &Signed { timestamp, signature, body: &body }).await;
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], reply.body).into_response()
}

async fn metrics(State(sources): State<Sources>) -> Response {
    let now = sources.clock.now();
    let figures = match sources.store.figures().await {
        Ok(figures) => figures,
        Err(fault) => return (StatusCode::SERVICE_UNAVAILABLE, format!("database: {fault}\n")).into_response(),
    };
    let age_s = |since: Option<crate::domain::Timestamp>| since.map_or(0, |at| (now.0 - at.0).max(0) / 1000);
    let gauges = Gauges {
        oldest_pending_s: age_s(figures.oldest_pending_at),
        oldest_unsent_s: age_s(figures.oldest_waiting_at),
        buried: figures.buried,
        failed: figures.failed,
    };
    match sources.metrics.text(gauges) {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response(),
        Err(fault) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{fault}\n")).into_response(),
    }
}

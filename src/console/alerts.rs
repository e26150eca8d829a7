//! `POST /alerts/{token}`: where monitoring systems report. Answered with 202 only once everything in it is in the inbox; 400 says what
//! is wrong with it, 401 that nobody has this token, 503 that it is to be sent again.

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, body};
use serde_json::json;

use super::Sources;
use crate::config::AlertSettings;
use crate::connectors::alerts::{self, Report, Reports};

/// Takes one request in.
pub(super) async fn take(State(sources): State<Sources>, Path(token): Path<String>, request: Request) -> Response {
    // The token is looked at before the body is read: a stranger makes the desk read nothing.
    let Some(source) = alerts::by_token(&sources.alerts, &token) else {
        return answer(&sources, "unknown", StatusCode::UNAUTHORIZED, "no source has this token");
    };
    let name = source.source.name.as_str();
    if is_encoded(request.headers()) {
        let said = "the body is compressed; send it as it is";
        return answer(&sources, name, StatusCode::UNSUPPORTED_MEDIA_TYPE, said);
    }
    let Ok(bytes) = body::to_bytes(request.into_body(), sources.max_body_bytes).await else {
        let said = format!("the body is cut off, or larger than {} bytes", sources.max_body_bytes);
        return answer(&sources, name, StatusCode::PAYLOAD_TOO_LARGE, &said);
    };
    match alerts::read(source, &bytes, sources.clock.now()) {
        Ok(Reports::Alerts(reports)) => store(&sources, source, reports).await,
        Ok(Reports::Confirm(subscription)) => match subscription.confirm().await {
            Ok(()) => {
                tracing::info!(source = name, topic = subscription.topic, "an SNS topic reports from now on");
                answer(&sources, name, StatusCode::OK, "confirmed")
            }
            Err(fault) => {
                tracing::warn!(source = name, topic = subscription.topic, "an SNS topic is not confirmed: {fault}");
                answer(&sources, name, StatusCode::SERVICE_UNAVAILABLE, "not confirmed; send it again")
            }
        },
        Err(fault) => {
            tracing::warn!(source = name, "a report cannot be read: {fault}");
            answer(&sources, name, StatusCode::BAD_REQUEST, &fault.to_string())
        }
    }
}

async fn store(sources: &Sources, source: &AlertSettings, reports: Vec<Report>) -> Response {
    let name = source.source.name.as_str();
    let now = sources.clock.now();
    let batch: Vec<_> = reports.into_iter().map(|report| alerts::received(report, now)).collect();
    match sources.store.accept(&batch, now).await {
        Ok(accepted) => {
            let new = accepted.new_count();
            sources.metrics.received(name, new as u64);
            sources.metrics.alerts_request(name, StatusCode::ACCEPTED.as_u16());
            let said = json!({ "accepted": new, "known": batch.len() - new });
            (StatusCode::ACCEPTED, Json(said)).into_response()
        }
        Err(fault) => {
            tracing::error!(source = name, alerts = batch.len(), "alerts are not stored: {fault}");
            answer(sources, name, StatusCode::SERVICE_UNAVAILABLE, "not stored; send it again")
        }
    }
}

fn is_encoded(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_ENCODING).is_some_and(|value| value != "identity")
}

fn answer(sources: &Sources, source: &str, status: StatusCode, said: &str) -> Response {
    sources.metrics.alerts_request(source, status.as_u16());
    let key = if status.is_success() { "said" } else { "error" };
    (status, Json(json!({ key: said }))).into_response()
}

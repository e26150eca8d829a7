//! PagerDuty's Events API v2 (<https://developer.pagerduty.com/docs/events-api-v2/trigger-events/>): an event is checked, queued with
//! 202, and belongs to the incident of its `dedup_key` while that is not resolved.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::{Faults, answered, serve};

#[derive(Clone)]
pub struct Pagerduty {
    pub port: u16,
    pub faults: Faults,
    state: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    incidents: Vec<Incident>,
    events: Vec<Value>,
}

/// What somebody on duty sees.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    pub key: String,
    pub state: &'static str,
    pub summary: String,
    pub severity: String,
}

impl Pagerduty {
    pub async fn start() -> Self {
        let mut stand_in = Self { port: 0, faults: Faults::default(), state: Arc::default() };
        stand_in.port = serve(Router::new().route("/v2/enqueue", post(enqueue)).with_state(stand_in.clone())).await;
        stand_in
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn incidents(&self) -> Vec<Incident> {
        self.state.lock().unwrap().incidents.clone()
    }

    pub fn events(&self) -> Vec<Value> {
        self.state.lock().unwrap().events.clone()
    }
}

async fn enqueue(State(stand_in): State<Pagerduty>, Json(event): Json<Value>) -> Response {
    let go = stand_in.faults.meet().await;
    answered(go, || {
        let errors = errors(&event);
        if !errors.is_empty() {
            let said = json!({ "status": "invalid event", "message": "Event object is invalid", "errors": errors });
            return (StatusCode::BAD_REQUEST, Json(said)).into_response();
        }
        let key = event["dedup_key"].as_str().unwrap().to_owned();
        stand_in.state.lock().unwrap().apply(&event, &key);
        let said = json!({ "status": "success", "message": "Event processed", "dedup_key": key });
        (StatusCode::ACCEPTED, Json(said)).into_response()
    })
    .await
}

fn errors(event: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    if text(&event["routing_key"]).len() != 32 {
        errors.push("Length of 'routing_key' is incorrect (should be 32 characters)".to_owned());
    }
    if !["trigger", "acknowledge", "resolve"].contains(&text(&event["event_action"]).as_str()) {
        errors.push("'event_action' is missing or invalid".to_owned());
    }
    let key = text(&event["dedup_key"]);
    if key.is_empty() || key.len() > 255 {
        errors.push("'dedup_key' is missing or too long".to_owned());
    }
    if event["event_action"] == "trigger" {
        let payload = &event["payload"];
        let summary = text(&payload["summary"]);
        if summary.is_empty() || summary.chars().count() > 1_024 || text(&payload["source"]).is_empty() {
            errors.push("'summary' or 'source' is missing or too long".to_owned());
        }
        if !["critical", "error", "warning", "info"].contains(&text(&payload["severity"]).as_str()) {
            errors.push("'severity' is invalid".to_owned());
        }
    }
    errors
}

impl Inner {
    fn apply(&mut self, event: &Value, key: &str) {
        self.events.push(event.clone());
        let open = self.incidents.iter_mut().find(|incident| incident.key == key && incident.state != "resolved");
        match (event["event_action"].as_str().unwrap(), open) {
            ("trigger", None) => self.incidents.push(Incident {
                key: key.to_owned(),
                state: "triggered",
                summary: event["payload"]["summary"].as_str().unwrap().to_owned(),
                severity: event["payload"]["severity"].as_str().unwrap().to_owned(),
            }),
            ("acknowledge", Some(incident)) => incident.state = "acknowledged",
            ("resolve", Some(incident)) => incident.state = "resolved",
            // A trigger of an open incident is a line in its log; the others without an incident say nothing.
            _ => {}
        }
    }
}

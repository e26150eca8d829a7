//! PagerDuty Events API v2 (<https://developer.pagerduty.com/docs/events-api-v2/overview/>). All events of a ticket carry its
//! number as `dedup_key`: a trigger that is sent again adds to the incident that is there, and acknowledging or resolving twice
//! changes nothing.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::http::Client;
use crate::connectors::SendError;
use crate::domain::{Notice, NoticeEvent, Outbound, Priority, Severity};

/// Longest summary the API takes.
const SUMMARY_CHARS: usize = 1_024;
/// A detail is cut here, so that an event stays far below the 512 KB the API takes.
const DETAIL_CHARS: usize = 4_000;

pub(super) struct Pagerduty {
    client: Client,
    url: reqwest::Url,
    routing_key: SecretString,
    severities: BTreeMap<Priority, Severity>,
}

impl Pagerduty {
    pub(super) fn new(
        client: Client,
        api_url: &reqwest::Url,
        routing_key: SecretString,
        severities: BTreeMap<Priority, Severity>,
    ) -> Result<Self, String> {
        let base = api_url.as_str().trim_end_matches('/');
        let url = reqwest::Url::parse(&format!("{base}/v2/enqueue")).map_err(|fault| format!("url: {fault}"))?;
        Ok(Self { client, url, routing_key, severities })
    }

    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// 202 means that the event is queued, which is all the API ever says.
    pub(super) async fn send(&self, outbound: &Outbound, notice: &Notice) -> Result<(), SendError> {
        let Some(action) = action(notice.event) else { return Ok(()) };
        let event = self.event(outbound, notice, action);
        let request =
            self.client.post(self.url.clone()).header("content-type", "application/json").body(event.to_string());
        self.client.ask_for_success(request).await.map(|_| ())
    }

    fn event(&self, outbound: &Outbound, notice: &Notice, action: &str) -> Value {
        let mut event = json!({
            "routing_key": self.routing_key.expose_secret(),
            "event_action": action,
            "dedup_key": notice.ticket.to_string(),
        });
        if action != "trigger" {
            return event;
        }
        let alert = notice.alert.as_ref();
        let severity = self.severities.get(&notice.priority).copied().unwrap_or(Severity::Warning);
        let source = alert.map(|alert| alert.host.as_str()).filter(|host| !host.is_empty());
        let details: serde_json::Map<String, Value> = notice
            .details
            .iter()
            .map(|detail| (detail.title.clone(), cut(&detail.value, DETAIL_CHARS).into()))
            .collect();
        event["client"] = "madoguchi".into();
        event["payload"] = json!({
            "summary": cut(&outbound.subject, SUMMARY_CHARS),
            "source": source.unwrap_or(&notice.queue),
            "severity": severity,
            "timestamp": notice.at.rfc3339(),
            "component": alert.map(|alert| &alert.service).filter(|service| !service.is_empty()),
            "group": notice.queue,
            "class": notice.request_type,
            "custom_details": {
                "ticket": notice.ticket.to_string(),
                "priority": notice.priority,
                "status": notice.status,
                "assignee": notice.assignee,
                "requester": notice.requester,
                "rule": notice.rule,
                "because": cut(&notice.because, DETAIL_CHARS),
                "details": details,
            },
        });
        if let Some(link) = alert.and_then(|alert| alert.link.as_ref()) {
            event["links"] = json!([{ "href": link, "text": "monitoring" }]);
        }
        event
    }

    /// The API knows no request that changes nothing, so only the way there is looked at.
    pub(super) async fn probe(&self) -> Result<String, String> {
        match self.client.ask(self.client.head(self.url.clone())).await {
            Ok(_) => Ok("answers; the routing key shows with the first event".to_owned()),
            Err(fault) => Err(format!("{fault}; check the firewall")),
        }
    }
}

/// What the pager is told; nothing when the event is of no matter to somebody who is woken up.
const fn action(event: NoticeEvent) -> Option<&'static str> {
    match event {
        NoticeEvent::Escalated | NoticeEvent::Opened | NoticeEvent::Reopened => Some("trigger"),
        NoticeEvent::Acknowledged => Some("acknowledge"),
        NoticeEvent::Resolved => Some("resolve"),
        NoticeEvent::Changed => None,
    }
}

fn cut(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

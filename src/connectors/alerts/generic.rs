//! The desk's own members, for senders that have no format of their own: `title`, `state` (firing or resolved), and as far as known
//! `fingerprint`, `severity`, `host`, `service`, `text`, `starts_at`, `link`, `event_id`.

use super::fields::Fields;
use super::{BadReport, Draft, Report, severity, state, time};
use crate::domain::{Severity, Timestamp};

pub(super) fn read(source: &str, fields: &Fields, now: Timestamp) -> Result<Report, BadReport> {
    let word = fields.text(&["state", "status"]);
    let Some(state) = state(word) else {
        return Err(BadReport(format!("state = \"{word}\" is neither firing nor resolved")));
    };
    let title = fields.owned(&["title", "summary", "message"]);
    let (host, service) = (fields.owned(&["host", "hostname"]), fields.owned(&["service", "check", "metric"]));
    let written = fields.text(&["severity", "priority", "level"]);
    let grade = severity(written);
    if grade.is_none() && !written.is_empty() {
        return Err(BadReport(format!("severity = \"{written}\" is not one of: info, warning, error, critical")));
    }
    let own = fields.text(&["fingerprint", "key", "dedupkey"]);
    let started = fields.text(&["startsat", "startedat", "time", "timestamp"]);
    if !started.is_empty() && time(started).is_none() {
        return Err(BadReport(format!("starts_at = \"{started}\" is no time; write 2026-10-01T09:30:00Z")));
    }
    Draft {
        condition: if own.is_empty() {
            vec![host.clone(), service.clone(), title.clone()]
        } else {
            vec![own.to_owned()]
        },
        severity: grade.unwrap_or(Severity::Warning),
        state,
        host,
        service,
        title,
        text: fields.owned(&["text", "description", "details", "body"]),
        starts_at: time(started),
        link: fields.owned(&["link", "url"]),
        event: vec![fields.owned(&["eventid", "id"]), started.to_owned()],
    }
    .report(source, now)
}

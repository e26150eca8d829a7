//! Datadog webhooks (<https://docs.datadoghq.com/integrations/webhooks/>): the variables under names of their own, or the default
//! payload, whose title says what happened. The condition is the monitor and its scope.

use super::fields::Fields;
use super::{BadReport, Draft, Report, severity, time};
use crate::domain::{AlertState, Severity, Timestamp};

pub(super) fn read(source: &str, fields: &Fields, now: Timestamp) -> Result<Report, BadReport> {
    let title = fields.text(&["alerttitle", "title", "eventtitle"]);
    let (marks, name) = apart(title);
    let written = fields.text(&["alerttransition", "transition"]);
    let kind = fields.text(&["alerttype", "type"]);
    let transition = if written.is_empty() { marks.as_str() } else { written }.to_lowercase();
    let state = if transition.contains("recovered") || (transition.is_empty() && kind.eq_ignore_ascii_case("success")) {
        AlertState::Resolved
    } else if ["triggered", "no data", "warn", "renotify"].iter().any(|word| transition.contains(word))
        || severity(kind).is_some()
    {
        AlertState::Firing
    } else {
        return Err(BadReport(format!(
            "alert_transition = \"{written}\" says nothing of the state; give it as $ALERT_TRANSITION"
        )));
    };
    let scope = fields.owned(&["alertscope", "scope", "tags"]);
    let host = tagged(&scope, "host").unwrap_or(fields.text(&["hostname", "host"])).to_owned();
    let id = fields.text(&["alertid", "monitorid"]);
    let aggregate = fields.text(&["aggregkey"]);
    let condition = match (id.is_empty(), aggregate.is_empty()) {
        (false, _) => vec![id.to_owned(), fields.owned(&["alertscope", "scope"])],
        (true, false) => vec![aggregate.to_owned()],
        (true, true) => vec![name.clone(), host.clone()],
    };
    let when = fields.text(&["date", "lastupdated"]);
    let event = fields.text(&["id", "eventid"]);
    let mut parts = vec![event.to_owned(), when.to_owned()];
    if parts.iter().any(|part| !part.is_empty()) {
        parts.push(transition.clone());
    }
    Draft {
        condition,
        severity: graded(fields, &transition, kind),
        state,
        service: tagged(&scope, "service").unwrap_or(fields.text(&["alertmetric", "metric"])).to_owned(),
        title: name,
        text: fields.owned(&["body", "eventmsg", "textonlymsg", "alertstatus"]),
        starts_at: if state == AlertState::Firing { time(when) } else { None },
        link: fields.owned(&["link", "url", "snapshot"]),
        event: parts,
        host,
    }
    .report(source, now)
}

/// `[P2] [Triggered on {host:web-1}] Disk` → what stands in brackets, and the rest.
fn apart(title: &str) -> (String, String) {
    let (mut marks, mut rest) = (String::new(), title.trim());
    while let Some((mark, after)) = rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        marks = format!("{marks} {mark}");
        rest = after.trim_start();
    }
    let name = if rest.is_empty() { title } else { rest };
    (marks.trim().to_owned(), name.to_owned())
}

/// The value of a tag in `host:web-1,env:prod`.
fn tagged<'a>(scope: &'a str, name: &str) -> Option<&'a str> {
    scope.split(',').filter_map(|tag| tag.trim().split_once(':')).find(|(tag, _)| *tag == name).map(|(_, value)| value)
}

fn graded(fields: &Fields, transition: &str, kind: &str) -> Severity {
    let priority = severity(fields.text(&["alertpriority", "priority"]));
    let grade = priority.or_else(|| severity(kind)).unwrap_or(Severity::Error);
    // A monitor that only warns is no more than a warning, however important it is.
    if transition.contains("warn") { grade.min(Severity::Warning) } else { grade }
}

//! Zabbix: the parameters of a webhook media type, named after its macros
//! (<https://www.zabbix.com/documentation/current/en/manual/appendix/macros/supported_by_location>). A problem and its recovery
//! carry the same `{EVENT.ID}`; the condition is the trigger, so that the next problem of it is the same condition.

use super::fields::Fields;
use super::{BadReport, Draft, Report, severity, state, time};
use crate::domain::{AlertState, Severity, Timestamp};

pub(super) fn read(source: &str, fields: &Fields, now: Timestamp) -> Result<Report, BadReport> {
    let event = fields.text(&["eventid", "originalproblemid", "originaleventid"]);
    if event.is_empty() {
        return Err(BadReport("event_id is missing; give it as {EVENT.ID}".to_owned()));
    }
    let value = fields.text(&["eventvalue", "triggervalue", "eventstatus", "triggerstatus", "status"]);
    let Some(state) = state(value) else {
        return Err(BadReport(format!("event_value = \"{value}\" is neither 1 nor 0; give it as {{EVENT.VALUE}}")));
    };
    let host = fields.owned(&["hostname", "host", "hosthost", "hostip"]);
    let name = fields.owned(&["eventname", "triggername", "alertsubject", "subject", "problemname"]);
    let trigger = fields.text(&["triggerid"]);
    let condition =
        if trigger.is_empty() { vec![host.clone(), name.clone()] } else { vec![host.clone(), trigger.to_owned()] };
    let started = fields.text(&["eventtimestamp", "eventclock"]);
    let update =
        ["eventupdatestatus", "eventupdatedate", "eventupdatetime", "eventupdateaction", "eventupdatetimestamp"];
    let mut parts = vec![event.to_owned()];
    if fields.text(&["eventupdatestatus"]) == "1" {
        parts.extend(update.iter().map(|name| fields.owned(&[name])));
    }
    Draft {
        condition,
        severity: graded(fields),
        state,
        service: fields.owned(&["itemname", "itemkey", "service"]),
        title: if name.is_empty() { format!("Zabbix event {event}") } else { name },
        text: fields.owned(&["alertmessage", "message", "eventopdata", "operationaldata", "triggerdescription"]),
        starts_at: if state == AlertState::Firing { time(started) } else { None },
        link: fields.owned(&["triggerurl", "eventurl", "url", "link"]),
        event: parts,
        host,
    }
    .report(source, now)
}

/// Zabbix's six severities (0 not classified … 5 disaster).
fn graded(fields: &Fields) -> Severity {
    match fields.text(&["eventnseverity", "triggernseverity"]) {
        "0" | "1" => Severity::Info,
        "2" => Severity::Warning,
        "3" | "4" => Severity::Error,
        "5" => Severity::Critical,
        _ => severity(fields.text(&["eventseverity", "triggerseverity", "severity"])).unwrap_or(Severity::Warning),
    }
}

//! Nagios and Icinga: what a notification command hands over, named after the macros
//! (<https://assets.nagios.com/downloads/nagioscore/docs/nagioscore/4/en/macrolist.html>) or Icinga's environment variables. The
//! condition is the host, or the service on it.

use super::fields::Fields;
use super::{BadReport, Draft, Report, severity, state, time};
use crate::domain::{AlertState, Severity, Timestamp};

pub(super) fn read(source: &str, fields: &Fields, now: Timestamp) -> Result<Report, BadReport> {
    let host = fields.owned(&["hostname", "host", "hostalias", "hostdisplayname"]);
    if host.is_empty() {
        return Err(BadReport("hostname is missing; give it as $HOSTNAME$".to_owned()));
    }
    let service = fields.owned(&["servicedesc", "servicename", "servicedisplayname", "service"]);
    let word =
        if service.is_empty() { fields.text(&["hoststate", "state"]) } else { fields.text(&["servicestate", "state"]) };
    let kind = fields.text(&["notificationtype", "type"]);
    let Some(state) = state(word).or_else(|| state(kind)) else {
        return Err(BadReport(format!(
            "neither state (\"{word}\") nor notificationtype (\"{kind}\") says whether it holds; give $SERVICESTATE$ or $HOSTSTATE$"
        )));
    };
    let output = fields.owned(&["serviceoutput", "hostoutput", "output", "info", "additionalinfo"]);
    let what = if service.is_empty() { host.clone() } else { format!("{host} {service}") };
    let said = if output.is_empty() { kind } else { &output };
    let title = format!("{what}: {word} {said}");
    let when = fields.text(&["timet", "timestamp", "lastservicestatechange", "lasthoststatechange"]);
    let numbers = ["timet", "longdatetime", "datetime", "when", "timestamp", "notificationnumber"];
    let mut event: Vec<String> = numbers.iter().map(|name| fields.owned(&[name])).collect();
    if event.iter().any(|part| !part.is_empty()) {
        event.extend([kind.to_owned(), word.to_owned()]);
    }
    Draft {
        condition: vec![host.clone(), service.clone()],
        severity: if state == AlertState::Resolved {
            Severity::Info
        } else {
            severity(word).unwrap_or(Severity::Error)
        },
        state,
        title,
        text: [
            output,
            fields.owned(&["longserviceoutput", "longhostoutput", "longoutput", "comment", "notificationcomment"]),
        ]
        .join("\n"),
        starts_at: if state == AlertState::Firing { time(when) } else { None },
        link: fields.owned(&["serviceactionurl", "hostactionurl", "link", "url"]),
        event,
        host,
        service,
    }
    .report(source, now)
}

//! `[[escalations]]` and `[[notify]]`: when a ticket goes up, and who is told.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use super::document::Document;
use super::faults::{self, Faults};
use super::notify::{RawTarget, target};
use super::sla::{Known, RawScope, ServiceSettings, scope};
use super::{DiscordSettings, MailboxSettings, SlackSettings};
use crate::domain::promise::Signal;
use crate::domain::service::{Escalation, Remedy, Trigger, Which};

/// Where a notice may go out.
#[derive(Clone, Copy)]
pub(super) struct Ways<'a> {
    pub(super) mailboxes: &'a [MailboxSettings],
    pub(super) slack: Option<&'a SlackSettings>,
    pub(super) discord: Option<&'a DiscordSettings>,
    /// Where relative paths begin.
    pub(super) base: &'a Path,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEscalation {
    name: String,
    when: String,
    #[serde(default, rename = "for")]
    scope: RawScope,
    clock: Option<String>,
    level: Option<String>,
    at: Option<String>,
    after: Option<String>,
    times: Option<u32>,
    #[serde(rename = "move")]
    queue: Option<String>,
    raise: Option<String>,
    #[serde(default)]
    notify: Vec<String>,
    #[serde(default)]
    page: Vec<String>,
    call: Option<String>,
    #[serde(default)]
    problem: bool,
}

const WHENS: &str = "before_breach, breach, queued, unacknowledged, unapproved, silence, person, negative, complaint, security, low_confidence, reopened";
/// Where a move to the queue's own second line goes.
const SECOND_LINE: &str = "second_line";

/// Reads the places that are told into `settings`.
pub(super) fn targets(document: &mut Document<'_>, settings: &mut ServiceSettings, ways: Ways<'_>) {
    for (line, raw) in document.list::<RawTarget>("notify") {
        let name = raw.name.clone();
        match target(raw, ways) {
            Ok((target, _)) if settings.targets.iter().any(|other| other.name == target.name) => {
                document.fault(line, format!("[[notify]] `{name}` is there twice"));
            }
            Ok((target, connection)) => {
                settings.targets.push(target);
                settings.connections.extend(connection);
            }
            Err(message) => document.fault(line, format!("[[notify]] {name}: {message}")),
        }
    }
}

/// Reads the rules into `settings`; the places and lists they name are there by then.
pub(super) fn rules(document: &mut Document<'_>, settings: &mut ServiceSettings, known: Known<'_>) {
    let targets: BTreeSet<String> = settings.targets.iter().map(|target| target.name.clone()).collect();
    for (line, raw) in document.list::<RawEscalation>("escalations") {
        settings.intents.extend(raw.scope.request_types().iter().map(|name| (line, name.clone())));
        let name = raw.name.clone();
        if let Some(list) =
            raw.call.as_ref().filter(|list| !settings.routing.lists.iter().any(|other| other.name == **list))
        {
            document.fault(line, format!("[[escalations]] {name}: call = \"{list}\" is not in [[contacts]]"));
        }
        match rule(raw, known, &targets) {
            Ok(rule) if settings.escalations.iter().any(|other| other.name == rule.name) => {
                document.fault(line, format!("[[escalations]] `{name}` is there twice"));
            }
            Ok(rule) => {
                if rule.remedies.contains(&Remedy::SecondLine) {
                    settings.moves_up.push((line, name));
                }
                settings.escalations.push(rule);
            }
            Err(messages) => faults::report(document, line, &format!("[[escalations]] {name}"), &messages),
        }
    }
}

fn rule(raw: RawEscalation, known: Known<'_>, targets: &BTreeSet<String>) -> Result<Escalation, Vec<String>> {
    let mut faults = Faults::default();
    let trigger = faults.take(trigger(&raw).map(Some));
    let remedies = faults.take(remedies(&raw, known, targets));
    let scope = scope(raw.scope, known, &mut faults);
    let Some(trigger) = trigger else { return Err(faults.all()) };
    faults.end(Escalation { name: raw.name, scope, trigger, remedies })
}

fn trigger(raw: &RawEscalation) -> Result<Trigger, String> {
    let only = |keys: &[&str]| {
        let written = [
            ("clock", raw.clock.is_some()),
            ("level", raw.level.is_some()),
            ("at", raw.at.is_some()),
            ("after", raw.after.is_some()),
            ("times", raw.times.is_some()),
        ];
        let surplus = written.iter().find(|(key, there)| *there && !keys.contains(key));
        surplus.map_or(Ok(()), |(key, _)| Err(format!("{key} means nothing with when = \"{}\"", raw.when)))
    };
    let which = || -> Result<Which, String> {
        Ok(Which {
            kind: raw.clock.as_ref().map(|word| word.parse().map_err(|fault| format!("clock: {fault}"))).transpose()?,
            level: raw
                .level
                .as_ref()
                .map(|word| word.parse().map_err(|fault| format!("level: {fault}")))
                .transpose()?,
        })
    };
    let after = || minutes(raw.after.as_ref().ok_or("after is missing; write after = \"30m\"")?, "after");
    match raw.when.as_str() {
        "before_breach" => {
            only(&["clock", "level", "at"])?;
            let at = raw
                .at
                .as_ref()
                .ok_or("at is missing; write at = \"75%\" of the time, or at = \"10m\" before the end")?;
            match at.strip_suffix('%') {
                Some(number) => {
                    let percent = number.trim().parse().ok().filter(|percent: &u8| (1..=99).contains(percent));
                    let percent = percent.ok_or_else(|| format!("at = \"{at}\": write 1% to 99%"))?;
                    Ok(Trigger::TimeUsed { which: which()?, percent })
                }
                None => Ok(Trigger::TimeLeft { which: which()?, minutes: minutes(at, "at")? }),
            }
        }
        "breach" => only(&["clock", "level"]).and_then(|()| Ok(Trigger::Breach { which: which()? })),
        "unacknowledged" => only(&["after"]).and_then(|()| Ok(Trigger::Unacknowledged { minutes: after()? })),
        "unapproved" => only(&["after"]).and_then(|()| Ok(Trigger::Unapproved { minutes: after()? })),
        "queued" => only(&[]).map(|()| Trigger::Queued),
        "silence" => only(&["after"]).and_then(|()| Ok(Trigger::Silence { minutes: after()? })),
        word => {
            let signal: Signal = word.parse().map_err(|_| format!("when = \"{word}\" is not one of: {WHENS}"))?;
            only(&["times"])?;
            let times = raw.times.unwrap_or(1);
            if times == 0 {
                return Err("times = 0 would never stop; write 1 or more".into());
            }
            Ok(Trigger::Seen { signal, times })
        }
    }
}

fn remedies(raw: &RawEscalation, known: Known<'_>, targets: &BTreeSet<String>) -> Result<Vec<Remedy>, String> {
    let mut remedies = Vec::new();
    match raw.queue.as_deref() {
        None => {}
        Some(SECOND_LINE) => remedies.push(Remedy::SecondLine),
        Some(queue) if known.queues.iter().any(|other| other.name == queue) => {
            remedies.push(Remedy::Move { queue: queue.to_owned() });
        }
        Some(queue) => return Err(format!("move = \"{queue}\" is neither a queue nor {SECOND_LINE}")),
    }
    if let Some(word) = &raw.raise {
        remedies.push(Remedy::Raise { to: word.parse().map_err(|fault| format!("raise: {fault}"))? });
    }
    let find = |name: &String, key: &str| {
        if targets.contains(name) { Ok(name.clone()) } else { Err(format!("{key}: `{name}` is not in [[notify]]")) }
    };
    for name in &raw.notify {
        remedies.push(Remedy::Notify { target: find(name, "notify")? });
    }
    for name in &raw.page {
        remedies.push(Remedy::Page { target: find(name, "page")? });
    }
    if let Some(list) = &raw.call {
        remedies.push(Remedy::Call { list: list.clone() });
    }
    if raw.problem {
        remedies.push(Remedy::OpenProblem);
    }
    if remedies.is_empty() {
        return Err("does nothing; write move, raise, notify, page, call or problem".into());
    }
    Ok(remedies)
}

/// `30m` or `2h` of time.
pub(super) fn minutes(text: &str, key: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(crate::domain::schedule::Objective::Minutes(minutes)) => Ok(minutes),
        Ok(crate::domain::schedule::Objective::BusinessDays(_)) | Err(_) => {
            Err(format!("{key} = \"{text}\": write minutes or hours, for instance 30m or 2h"))
        }
    }
}

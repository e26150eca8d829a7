//! `[closing]` and `[problems]`: when quiet tickets are closed, and when repeated incidents become a problem.

use serde::Deserialize;

use super::document::Document;
use super::faults::Faults;
use super::sla::{Known, RawScope, ServiceSettings, scope};
use crate::domain::schedule::Objective;
use crate::domain::service::{Closing, ProblemRules};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawClosing {
    waiting: Option<String>,
    answered: Option<String>,
    resolved: Option<String>,
    warn: Option<String>,
    alone: Option<RawScope>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProblems {
    request_types: Option<Vec<String>>,
    by: Option<Vec<String>>,
    times: Option<u32>,
    days: Option<u32>,
    owner: Option<String>,
    nudge_days: Option<u32>,
    notify: Option<String>,
}

/// Written in the place of a time for "never".
const NEVER: &str = "never";

/// Reads both sections into `settings`; agents and places that are told are known by then.
pub(super) fn closing(document: &mut Document<'_>, settings: &mut ServiceSettings, known: Known<'_>) {
    if let Some(raw) = document.section::<RawClosing>("closing") {
        if let Some(alone) = &raw.alone {
            let line = document.line_of("closing", "alone");
            settings.intents.extend(alone.request_types().iter().map(|name| (line, name.clone())));
        }
        match read_closing(raw, known) {
            Ok(closing) => settings.closing = Some(closing),
            Err(faults) => report(document, "closing", &faults),
        }
    }
    if let Some(raw) = document.section::<RawProblems>("problems") {
        let line = document.line_of("problems", "request_types");
        settings.intents.extend(raw.request_types.iter().flatten().map(|name| (line, name.clone())));
        match read_problems(raw, settings) {
            Ok(problems) => settings.problems = problems,
            Err(faults) => report(document, "problems", &faults),
        }
    }
}

/// A key and what is wrong with it.
type KeyFault = (&'static str, String);

/// Reports each fault at the line of its key.
fn report(document: &mut Document<'_>, section: &str, faults: &[KeyFault]) {
    for (key, message) in faults {
        let line = document.line_of(section, key);
        document.fault(line, format!("[{section}] {key}: {message}"));
    }
}

fn read_closing(raw: RawClosing, known: Known<'_>) -> Result<Closing, Vec<KeyFault>> {
    let mut faults = Vec::new();
    let mut time = |key: &'static str, written: Option<String>| match written.as_deref() {
        None | Some(NEVER) => None,
        Some(text) => {
            let read = text.parse::<Objective>();
            read.map_err(|fault| faults.push((key, format!("{fault}, or {NEVER}")))).ok()
        }
    };
    let (waiting, warn) = (time("waiting", raw.waiting), time("warn", raw.warn));
    let (answered, resolved) = (time("answered", raw.answered), time("resolved", raw.resolved));
    if let (Some(whole), Some(warn)) = (waiting, warn)
        && !is_longer(whole, warn)
    {
        let message = format!("{warn} is the time between the word and the end; it has to be below waiting = {whole}");
        faults.push(("warn", message));
    }
    let mut of_scope = Faults::default();
    let alone = raw.alone.map(|alone| scope(alone, known, &mut of_scope));
    if let Err(messages) = of_scope.end(()) {
        faults.extend(messages.into_iter().map(|message| ("alone", message)));
    }
    if faults.is_empty() { Ok(Closing { waiting, answered, resolved, warn, alone }) } else { Err(faults) }
}

const fn is_longer(one: Objective, other: Objective) -> bool {
    match (one, other) {
        (Objective::BusinessDays(one), Objective::BusinessDays(other))
        | (Objective::Minutes(one), Objective::Minutes(other)) => one > other,
        // Days against hours: a business day has some of them, and nobody warns by hours.
        (Objective::BusinessDays(_), Objective::Minutes(_)) => true,
        (Objective::Minutes(_), Objective::BusinessDays(_)) => false,
    }
}

fn read_problems(raw: RawProblems, settings: &ServiceSettings) -> Result<ProblemRules, Vec<KeyFault>> {
    let usual = ProblemRules::default();
    let mut faults = Vec::new();
    let mut least = |key: &'static str, value: Option<u32>, usual: u32, least: u32| {
        let value = value.unwrap_or(usual);
        if value < least {
            faults.push((key, format!("{value}: write {least} or more")));
        }
        value
    };
    let (times, days) = (least("times", raw.times, usual.times, 2), least("days", raw.days, usual.days, 1));
    let nudge_days = least("nudge_days", raw.nudge_days, usual.nudge_days, 1);
    if let Some(owner) = raw.owner.as_ref().filter(|name| settings.routing.agent(name).is_none()) {
        faults.push(("owner", format!("`{owner}` is not in [[agents]]")));
    }
    if let Some(name) = raw.notify.as_ref().filter(|name| !settings.targets.iter().any(|target| target.name == **name))
    {
        faults.push(("notify", format!("`{name}` is not in [[notify]]")));
    }
    let (intents, by) = (raw.request_types.unwrap_or(usual.intents), raw.by.unwrap_or(usual.by));
    let rules = ProblemRules { intents, by, times, days, owner: raw.owner, nudge_days, notify: raw.notify };
    if faults.is_empty() { Ok(rules) } else { Err(faults) }
}

//! `[closing]` and `[problems]`: when quiet tickets are closed, and when repeated incidents become a problem.

use serde::Deserialize;

use super::document::Document;
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
            Err((key, message)) => {
                let line = document.line_of("closing", key);
                document.fault(line, format!("[closing] {key}: {message}"));
            }
        }
    }
    if let Some(raw) = document.section::<RawProblems>("problems") {
        let line = document.line_of("problems", "request_types");
        settings.intents.extend(raw.request_types.iter().flatten().map(|name| (line, name.clone())));
        match read_problems(raw, settings) {
            Ok(problems) => settings.problems = problems,
            Err((key, message)) => {
                let line = document.line_of("problems", key);
                document.fault(line, format!("[problems] {key}: {message}"));
            }
        }
    }
}

fn read_closing(raw: RawClosing, known: Known<'_>) -> Result<Closing, (&'static str, String)> {
    let time = |key: &'static str, written: Option<String>| match written.as_deref() {
        None | Some(NEVER) => Ok(None),
        Some(text) => text.parse::<Objective>().map(Some).map_err(|fault| (key, format!("{fault}, or {NEVER}"))),
    };
    let (waiting, warn) = (time("waiting", raw.waiting)?, time("warn", raw.warn)?);
    let longer = |one: Objective, other: Objective| match (one, other) {
        (Objective::BusinessDays(one), Objective::BusinessDays(other))
        | (Objective::Minutes(one), Objective::Minutes(other)) => one > other,
        // Days against hours: a business day has some of them, and nobody warns by hours.
        (Objective::BusinessDays(_), Objective::Minutes(_)) => true,
        (Objective::Minutes(_), Objective::BusinessDays(_)) => false,
    };
    if let (Some(whole), Some(warn)) = (waiting, warn)
        && !longer(whole, warn)
    {
        return Err((
            "warn",
            format!("{warn} is the time between the word and the end; it has to be below waiting = {whole}"),
        ));
    }
    Ok(Closing {
        waiting,
        answered: time("answered", raw.answered)?,
        resolved: time("resolved", raw.resolved)?,
        warn,
        alone: raw.alone.map(|alone| scope(alone, known)).transpose().map_err(|fault| ("alone", fault))?,
    })
}

fn read_problems(raw: RawProblems, settings: &ServiceSettings) -> Result<ProblemRules, (&'static str, String)> {
    let usual = ProblemRules::default();
    let least = |key: &'static str, value: Option<u32>, usual: u32, least: u32| match value {
        Some(value) if value < least => Err((key, format!("{value}: write {least} or more"))),
        Some(value) => Ok(value),
        None => Ok(usual),
    };
    if let Some(owner) = raw.owner.as_ref().filter(|name| settings.routing.agent(name).is_none()) {
        return Err(("owner", format!("`{owner}` is not in [[agents]]")));
    }
    if let Some(name) = raw.notify.as_ref().filter(|name| !settings.targets.iter().any(|target| target.name == **name))
    {
        return Err(("notify", format!("`{name}` is not in [[notify]]")));
    }
    Ok(ProblemRules {
        intents: raw.request_types.unwrap_or(usual.intents),
        by: raw.by.unwrap_or(usual.by),
        times: least("times", raw.times, usual.times, 2)?,
        days: least("days", raw.days, usual.days, 1)?,
        owner: raw.owner,
        nudge_days: least("nudge_days", raw.nudge_days, usual.nudge_days, 1)?,
        notify: raw.notify,
    })
}

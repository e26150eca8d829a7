//! `[[sla]]`, `[priority_matrix]`, `[[vip]]` and `[[priority]]`: what is promised to whom, and what makes a ticket more urgent.

use serde::Deserialize;

use super::document::Document;
use super::faults::{self, Faults};
use super::matrix;
use super::notify::NotifySettings;
use crate::domain::maintenance::Maintenance;
use crate::domain::priority::Matrix;
use crate::domain::promise::{ClockKind, ClockLevel};
use crate::domain::routing::{Customer, Routing};
use crate::domain::schedule::{Calendar, Objective};
use crate::domain::service::{
    Closing, Escalation, NotifyTarget, Policy, PriorityWords, ProblemRules, Question, Scope, Target, Vip,
};
use crate::domain::{Channel, Priority, Queue};

/// What the settings say about service levels. `None` where they say nothing and what ships holds.
#[derive(Clone, Debug, Default)]
pub struct ServiceSettings {
    /// In file order; the first that fits holds.
    pub policies: Option<Vec<Policy>>,
    /// In file order.
    pub escalations: Vec<Escalation>,
    /// Who is told.
    pub targets: Vec<NotifyTarget>,
    /// The connections of those that are told by HTTP.
    pub connections: Vec<NotifySettings>,
    /// What impact and urgency make together.
    pub matrix: Matrix,
    /// Important requesters.
    pub vips: Vec<Vip>,
    /// Words that change the priority.
    pub words: Option<Vec<PriorityWords>>,
    /// Who works where, and what goes where.
    pub routing: Routing,
    /// When quiet tickets are closed.
    pub closing: Option<Closing>,
    /// When repeated incidents become a problem.
    pub problems: ProblemRules,
    /// What requesters are asked beside how satisfied they are.
    pub questions: Vec<Question>,
    /// Planned maintenance.
    pub maintenance: Vec<Maintenance>,
    /// Escalation rules that move to the second line, with their lines: checked once all of them are there.
    pub moves_up: Vec<(usize, String)>,
    /// Request types these sections name, with their lines: checked once the content is read.
    pub intents: Vec<(usize, String)>,
}

/// What other sections define and these refer to.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) calendars: &'a [Calendar],
    pub(super) queues: &'a [Queue],
    pub(super) customers: &'a [Customer],
}

/// Which tickets, as it is written in a policy or a rule.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawScope {
    request_types: Vec<String>,
    priorities: Vec<String>,
    customers: Vec<String>,
    channels: Vec<String>,
    queues: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPolicy {
    name: String,
    #[serde(default, rename = "for")]
    scope: RawScope,
    #[serde(default)]
    slo: RawTimes,
    #[serde(default)]
    sla: RawTimes,
    calendar: Option<String>,
    #[serde(default)]
    warn_percent: Vec<u8>,
    pause_while_waiting: Option<Vec<String>>,
    pause_while_unapproved: Option<Vec<String>>,
    #[serde(default)]
    bot_counts: bool,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawTimes {
    first_response: Option<String>,
    next_response: Option<String>,
    update: Option<String>,
    resolution: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVip {
    customers: Vec<String>,
    at_least: Option<String>,
    #[serde(default)]
    raise: u8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWords {
    name: String,
    words: Vec<String>,
    #[serde(default)]
    request_types: Vec<String>,
    at_least: Option<String>,
    at_most: Option<String>,
}

/// Time set by the request type itself.
const BY_REQUEST_TYPE: &str = "request_type";

/// Reads these sections; escalation and the places that are told are read by `escalation`.
pub(super) fn service(document: &mut Document<'_>, known: Known<'_>) -> ServiceSettings {
    let mut settings = ServiceSettings { matrix: matrix::matrix(document), ..ServiceSettings::default() };
    let mut policies: Vec<Policy> = Vec::new();
    for (line, raw) in document.list::<RawPolicy>("sla") {
        settings.intents.extend(raw.scope.request_types.iter().map(|name| (line, name.clone())));
        let name = raw.name.clone();
        match policy(raw, known) {
            Ok(policy) if policies.iter().any(|other| other.name == policy.name) => {
                document.fault(line, format!("[[sla]] `{name}` is there twice"));
            }
            Ok(policy) => policies.push(policy),
            Err(messages) => faults::report(document, line, &format!("[[sla]] {name}"), &messages),
        }
    }
    settings.policies = (!policies.is_empty()).then_some(policies);
    for (line, raw) in document.list::<RawVip>("vip") {
        match vip(&raw, known) {
            Ok(vip) => settings.vips.push(vip),
            Err(message) => document.fault(line, format!("[[vip]] {message}")),
        }
    }
    let mut words: Vec<PriorityWords> = Vec::new();
    for (line, raw) in document.list::<RawWords>("priority") {
        settings.intents.extend(raw.request_types.iter().map(|name| (line, name.clone())));
        let name = raw.name.clone();
        match priority_words(raw) {
            Ok(rule) => words.push(rule),
            Err(message) => document.fault(line, format!("[[priority]] {name}: {message}")),
        }
    }
    settings.words = (!words.is_empty()).then_some(words);
    settings
}

fn policy(raw: RawPolicy, known: Known<'_>) -> Result<Policy, Vec<String>> {
    let mut faults = Faults::default();
    faults.calendar(raw.calendar.as_ref(), known.calendars);
    for percent in raw.warn_percent.iter().filter(|percent| !(1..=99).contains(*percent)) {
        faults.note(format!("warn_percent = {percent}: write 1 to 99"));
    }
    let mut targets = times(ClockLevel::Slo, &raw.slo, &mut faults);
    targets.extend(times(ClockLevel::Sla, &raw.sla, &mut faults));
    if targets.is_empty() {
        faults.note("promises nothing; write slo = { first_response = \"1h\", resolution = \"1bd\" }");
    }
    let work = [ClockKind::Update, ClockKind::Resolution];
    let mut kinds = |words: Option<Vec<String>>, key: &str, usual: &[ClockKind]| match words {
        None => usual.to_vec(),
        Some(words) => faults.words(&words, key),
    };
    let pauses = kinds(raw.pause_while_waiting, "pause_while_waiting", ClockKind::ALL);
    let approval_pauses = kinds(raw.pause_while_unapproved, "pause_while_unapproved", &work);
    let scope = scope(raw.scope, known, &mut faults);
    faults.end(Policy {
        name: raw.name,
        scope,
        targets,
        calendar: raw.calendar,
        warn_percent: raw.warn_percent,
        pauses,
        approval_pauses,
        bot_counts: raw.bot_counts,
    })
}

/// The times that are written; one that is no time is noted, and stands as one of the request type.
fn times(level: ClockLevel, raw: &RawTimes, faults: &mut Faults) -> Vec<Target> {
    let written = [
        (ClockKind::FirstResponse, &raw.first_response),
        (ClockKind::NextResponse, &raw.next_response),
        (ClockKind::Update, &raw.update),
        (ClockKind::Resolution, &raw.resolution),
    ];
    let mut time = |kind: ClockKind, written: &String| {
        if written == BY_REQUEST_TYPE {
            return None;
        }
        let read: Result<Objective, String> = written.parse();
        faults.take(read.map(Some).map_err(|fault| format!("{level} {kind}: {fault}, or {BY_REQUEST_TYPE}")))
    };
    let there = written.into_iter().filter_map(|(kind, written)| Some((kind, written.as_ref()?)));
    there.map(|(kind, written)| Target { kind, level, time: time(kind, written) }).collect()
}

/// The scope; what does not hold together in it is noted.
pub(super) fn scope(raw: RawScope, known: Known<'_>, faults: &mut Faults) -> Scope {
    for queue in raw.queues.iter().filter(|name| !known.queues.iter().any(|queue| queue.name == **name)) {
        faults.note(format!("queues: `{queue}` is not a queue; {}", faults::queues(known.queues)));
    }
    let priorities: Vec<Priority> = faults.words(&raw.priorities, "priorities");
    let channels: Vec<Channel> = faults.words(&raw.channels, "channels");
    let requesters = faults.take(customers(&raw.customers, known.customers));
    Scope { intents: raw.request_types, priorities, requesters, channels, queues: raw.queues }
}

impl RawScope {
    pub(super) fn request_types(&self) -> &[String] {
        &self.request_types
    }

    /// Whether every ticket is in it.
    pub(super) fn is_open(&self) -> bool {
        let lists = [&self.request_types, &self.priorities, &self.customers, &self.channels, &self.queues];
        lists.iter().all(|list| list.is_empty())
    }

    pub(super) fn names_queues(&self) -> bool {
        !self.queues.is_empty()
    }
}

/// Whole addresses, or domains with an `@` in front; the name of a customer stands for its addresses.
pub(super) fn customers(raw: &[String], known: &[Customer]) -> Result<Vec<String>, String> {
    let mut list = Vec::new();
    for written in raw {
        let text = written.trim().to_lowercase();
        if let Some(customer) = known.iter().find(|customer| customer.name == written.trim()) {
            list.extend(customer.addresses.iter().cloned());
            continue;
        }
        let blank = text.is_empty() || text == "@" || text.contains(char::is_whitespace);
        let is_address = text.contains('@') || text.starts_with("slack:") || text.starts_with("discord:");
        if blank || !is_address {
            return Err(format!(
                "customers: `{written}` is neither an address nor a domain nor in [[customers]]; \
                 write a@client.example or @client.example"
            ));
        }
        list.push(text);
    }
    Ok(list)
}

fn level(word: Option<&String>, key: &str) -> Result<Option<Priority>, String> {
    word.map(|word| word.parse().map_err(|fault| format!("{key}: {fault}"))).transpose()
}

fn vip(raw: &RawVip, known: Known<'_>) -> Result<Vip, String> {
    let requesters = customers(&raw.customers, known.customers)?;
    let floor = level(raw.at_least.as_ref(), "at_least")?;
    if requesters.is_empty() {
        return Err("names nobody; write customers = [\"@client.example\"]".into());
    }
    if floor.is_none() && !(1..=3).contains(&raw.raise) {
        return Err("changes nothing; write at_least = \"high\", or raise = 1 to 3".into());
    }
    Ok(Vip { requesters, floor, raise: raw.raise })
}

fn priority_words(raw: RawWords) -> Result<PriorityWords, String> {
    let words: Vec<String> =
        raw.words.iter().map(|word| word.trim().to_lowercase()).filter(|word| !word.is_empty()).collect();
    let (at_least, at_most) = (level(raw.at_least.as_ref(), "at_least")?, level(raw.at_most.as_ref(), "at_most")?);
    if words.is_empty() {
        return Err("has no words".into());
    }
    if at_least.is_none() && at_most.is_none() {
        return Err("changes nothing; write at_least = \"high\" or at_most = \"medium\"".into());
    }
    if let (Some(least), Some(most)) = (at_least, at_most)
        && least > most
    {
        return Err(format!("at_least = \"{least}\" is above at_most = \"{most}\""));
    }
    Ok(PriorityWords { name: raw.name, words, intents: raw.request_types, at_least, at_most })
}

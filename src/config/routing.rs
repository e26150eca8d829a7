//! `[[agents]]`, `[[customers]]`, `[[contacts]]`, `[[routing]]` and what `[[queues]]` says of people: who works where, and what goes where.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeZone};
use serde::Deserialize;

use super::document::Document;
use super::escalation::minutes;
use super::faults::{self, Faults};
use super::sections;
use super::sla::{Known, RawScope, ServiceSettings, customers as addresses, scope};
use crate::domain::routing::{Agent, Contact, ContactList, Customer, QueueRules, Route, Routing, Strategy};
use crate::domain::service::Vip;
use crate::domain::{Queue, Timestamp};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAgent {
    name: String,
    #[serde(default)]
    addresses: Vec<String>,
    #[serde(default)]
    skills: Vec<String>,
    #[serde(default)]
    queues: Vec<String>,
    #[serde(default)]
    absent: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCustomer {
    name: String,
    addresses: Vec<String>,
    account_engineer: Option<String>,
    technical_engineer: Option<String>,
    calendar: Option<String>,
    #[serde(default)]
    sla: Vec<String>,
    queue: Option<String>,
    at_least: Option<String>,
    #[serde(default)]
    notices: Vec<String>,
    language: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawContacts {
    name: String,
    contacts: Vec<String>,
    acknowledge_within: String,
    rounds: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRoute {
    name: String,
    #[serde(default, rename = "for")]
    scope: RawScope,
    #[serde(default)]
    words: Vec<String>,
    queue: Option<String>,
    #[serde(default)]
    skills: Vec<String>,
}

/// Contacts that stand for the engineers of the ticket's customer.
const ACCOUNT_ENGINEER: &str = "account_engineer";
const TECHNICAL_ENGINEER: &str = "technical_engineer";
const MOST_ROUNDS: u32 = 20;

/// What queues say of people, with their lines: checked once the agents are known.
pub(super) type QueueLines = Vec<(usize, sections::Staffing)>;

/// Reads agents, customers and the queues' own words.
pub(super) fn people(document: &mut Document<'_>, queues: &[Queue], lines: QueueLines, zone: chrono_tz::Tz) -> Routing {
    let mut routing = Routing::default();
    for (line, raw) in document.list::<RawAgent>("agents") {
        let name = raw.name.clone();
        match agent(raw, queues, zone) {
            Ok(agent) if routing.agent(&agent.name).is_some() => {
                document.fault(line, format!("[[agents]] `{name}` is there twice"));
            }
            Ok(agent) => {
                if let Some((address, other)) =
                    agent.addresses.iter().find_map(|address| Some((address, routing.agent_at(address)?)))
                {
                    let message = format!("[[agents]] {name}: `{address}` is an address of {} already", other.name);
                    document.fault(line, message);
                }
                routing.agents.push(agent);
            }
            Err(message) => document.fault(line, format!("[[agents]] {name}: {message}")),
        }
    }
    for (line, staffing) in lines {
        match queue_rules(&staffing, &routing.agents) {
            Ok(rules) => routing.queues.push(rules),
            Err(message) => document.fault(line, format!("[[queues]] {}: {message}", staffing.queue)),
        }
        if staffing.default {
            match &routing.default_queue {
                Some(other) => {
                    let message = format!("[[queues]] {}: default = true is said of {other} already", staffing.queue);
                    document.fault(line, message);
                }
                None => routing.default_queue = Some(staffing.queue),
            }
        }
    }
    routing
}

/// Second lines that lead back to where they began.
pub(super) fn circles(document: &mut Document<'_>, queues: &[(usize, Queue)]) {
    let next: BTreeMap<&str, &str> =
        queues.iter().filter_map(|(_, queue)| Some((queue.name.as_str(), queue.second_line.as_deref()?))).collect();
    for (line, queue) in queues {
        let mut at = queue.name.as_str();
        for _ in 0..queues.len() {
            match next.get(at) {
                Some(up) => at = up,
                None => break,
            }
            if at == queue.name {
                document.fault(*line, format!("[[queues]] {}: second_line leads back to it", queue.name));
                break;
            }
        }
    }
}

fn queue_rules(raw: &sections::Staffing, agents: &[Agent]) -> Result<QueueRules, String> {
    let assign: Strategy = match &raw.assign {
        Some(word) => word.parse().map_err(|fault| format!("assign: {fault}"))?,
        None => Strategy::None,
    };
    if assign != Strategy::None && !agents.iter().any(|agent| agent.queues.contains(&raw.queue)) {
        return Err(format!("assign = \"{assign}\", but no [[agents]] has it among its queues"));
    }
    let line = match &raw.line {
        Some(word) => word.parse().map_err(|fault| format!("line: {fault}"))?,
        None => raw.usual_line,
    };
    Ok(QueueRules { queue: raw.queue.clone(), line, assign })
}

fn agent(raw: RawAgent, queues: &[Queue], zone: chrono_tz::Tz) -> Result<Agent, String> {
    if raw.name.trim().is_empty() || raw.name.contains(char::is_control) {
        return Err("needs a name on one line".into());
    }
    if let Some(queue) = raw.queues.iter().find(|name| !queues.iter().any(|queue| queue.name == **name)) {
        return Err(format!("queues: `{queue}` is not a queue; {}", faults::queues(queues)));
    }
    let mut own = Vec::new();
    for written in &raw.addresses {
        let text = written.trim().to_lowercase();
        let chat =
            ["slack:", "discord:"].iter().any(|service| text.strip_prefix(service).is_some_and(|id| !id.is_empty()));
        let mail = text.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
        if text.contains(char::is_whitespace) || !(chat || mail) {
            return Err(format!("addresses: `{written}` is neither a mail address nor slack:ID nor discord:ID"));
        }
        own.push(text);
    }
    let mut absent: Vec<(Timestamp, Timestamp)> =
        raw.absent.iter().map(|text| absence(text, zone)).collect::<Result<_, _>>()?;
    absent.sort();
    Ok(Agent { name: raw.name.trim().to_owned(), addresses: own, skills: raw.skills, queues: raw.queues, absent })
}

/// `2026-12-24..2026-12-28` (both days whole), `2026-12-24`, or `2026-12-24 13:00..2026-12-24 17:00`, in the desk's zone.
fn absence(text: &str, zone: chrono_tz::Tz) -> Result<(Timestamp, Timestamp), String> {
    let fault =
        || format!("absent: `{text}`: write 2026-12-24, 2026-12-24..2026-12-28 or 2026-12-24 13:00..2026-12-24 17:00");
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    let instant = |at: NaiveDateTime| zone.from_local_datetime(&at).earliest().map(Timestamp::from);
    let read = |side: &str, ends: bool| -> Option<Timestamp> {
        let side = side.trim();
        if let Ok(at) = NaiveDateTime::parse_from_str(side, "%Y-%m-%d %H:%M") {
            return instant(at);
        }
        let day: NaiveDate = side.parse().ok()?;
        let day = if ends { day.succ_opt()? } else { day };
        // A midnight that is skipped is looked for in the hours after it.
        (0..4).find_map(|hour| instant(day.and_time(NaiveTime::from_hms_opt(hour, 0, 0)?)))
    };
    let span = (read(from, false).ok_or_else(fault)?, read(to, true).ok_or_else(fault)?);
    if span.0 >= span.1 {
        return Err(format!("absent: `{text}` ends before it begins"));
    }
    Ok(span)
}

/// Reads the customers into `routing`; those with a least priority are important requesters as well.
pub(super) fn customers(document: &mut Document<'_>, routing: &mut Routing, known: Known<'_>) -> Vec<(usize, Vip)> {
    let mut vips = Vec::new();
    for (line, raw) in document.list::<RawCustomer>("customers") {
        let name = raw.name.clone();
        match customer(raw, routing, known) {
            Ok(customer) if routing.customers.iter().any(|other| other.name == customer.name) => {
                document.fault(line, format!("[[customers]] `{name}` is there twice"));
            }
            Ok(customer) => {
                let shared = customer.addresses.iter().find_map(|address| {
                    Some((address, routing.customers.iter().find(|other| other.addresses.contains(address))?))
                });
                if let Some((address, other)) = shared {
                    let message = format!("[[customers]] {name}: `{address}` belongs to {} already", other.name);
                    document.fault(line, message);
                }
                if let Some(least) = customer.at_least {
                    vips.push((line, Vip { requesters: customer.addresses.clone(), floor: Some(least), raise: 0 }));
                }
                routing.customers.push(customer);
            }
            Err(messages) => faults::report(document, line, &format!("[[customers]] {name}"), &messages),
        }
    }
    vips
}

fn customer(raw: RawCustomer, routing: &Routing, known: Known<'_>) -> Result<Customer, Vec<String>> {
    let mut faults = Faults::default();
    if raw.name.contains('@') || raw.name.trim().is_empty() {
        faults.note("a name has no `@`: that is how it is told from an address");
    }
    let list = addresses(&raw.addresses, &[]);
    if list.as_ref().is_ok_and(Vec::is_empty) {
        faults.note("has no addresses; write addresses = [\"@client.example\"]");
    }
    let list = faults.take(list);
    for (key, engineer) in [(ACCOUNT_ENGINEER, &raw.account_engineer), (TECHNICAL_ENGINEER, &raw.technical_engineer)] {
        if let Some(engineer) = engineer.as_ref().filter(|engineer| routing.agent(engineer).is_none()) {
            faults.note(format!("{key} = \"{engineer}\" is not in [[agents]]"));
        }
    }
    faults.calendar(raw.calendar.as_ref(), known.calendars);
    faults.queue("queue", raw.queue.as_ref(), known.queues);
    let least = raw.at_least.map(|word| word.parse().map_err(|fault| format!("at_least: {fault}"))).transpose();
    let plain = |mail: &String| !mail.starts_with('@') && mail.contains('@') && !mail.contains(char::is_whitespace);
    for mail in raw.notices.iter().filter(|mail| !plain(mail)) {
        faults.note(format!("notices: `{mail}` is not a mail address"));
    }
    let language = raw.language.map(|word| word.parse().map_err(|fault| format!("language: {fault}"))).transpose();
    let (at_least, language) = (faults.take(least), faults.take(language));
    faults.end(Customer {
        notices: raw.notices.iter().map(|mail| mail.to_lowercase()).collect(),
        language,
        name: raw.name,
        addresses: list,
        account_engineer: raw.account_engineer,
        technical_engineer: raw.technical_engineer,
        calendar: raw.calendar,
        policies: raw.sla,
        queue: raw.queue,
        at_least,
    })
}

/// Reads what refers to policies and to places that are told.
pub(super) fn ways(document: &mut Document<'_>, settings: &mut ServiceSettings, known: Known<'_>) {
    for customer in settings.routing.customers.clone() {
        let written = settings.policies.as_deref().unwrap_or_default();
        for policy in customer.policies.iter().filter(|name| !written.iter().any(|policy| policy.name == **name)) {
            let line = document.line_of("customers", "sla");
            document.fault(line, format!("[[customers]] {}: sla: `{policy}` is not in [[sla]]", customer.name));
        }
    }
    for (line, raw) in document.list::<RawContacts>("contacts") {
        match contact_list(&raw, settings) {
            Ok(list) if settings.routing.lists.iter().any(|other| other.name == list.name) => {
                document.fault(line, format!("[[contacts]] `{}` is there twice", raw.name));
            }
            Ok(list) => settings.routing.lists.push(list),
            Err(message) => document.fault(line, format!("[[contacts]] {}: {message}", raw.name)),
        }
    }
    let mut names = BTreeSet::new();
    for (line, raw) in document.list::<RawRoute>("routing") {
        settings.intents.extend(raw.scope.request_types().iter().map(|name| (line, name.clone())));
        let name = raw.name.clone();
        if !names.insert(name.clone()) {
            document.fault(line, format!("[[routing]] `{name}` is there twice"));
        }
        match route(raw, &settings.routing, known) {
            Ok(route) => settings.routing.routes.push(route),
            Err(messages) => faults::report(document, line, &format!("[[routing]] {name}"), &messages),
        }
    }
}

fn contact_list(raw: &RawContacts, settings: &ServiceSettings) -> Result<ContactList, String> {
    let contact = |name: &String| match name.as_str() {
        ACCOUNT_ENGINEER => Ok(Contact::AccountEngineer),
        TECHNICAL_ENGINEER => Ok(Contact::TechnicalEngineer),
        _ if settings.targets.iter().any(|target| target.name == *name) => Ok(Contact::Target(name.clone())),
        _ => match settings.routing.agent(name) {
            Some(agent) if agent.mail().is_some() => Ok(Contact::Agent(name.clone())),
            Some(_) => Err(format!("`{name}` has no mail address in [[agents]]")),
            None => Err(format!(
                "`{name}` is neither in [[notify]] nor in [[agents]], nor {ACCOUNT_ENGINEER} or {TECHNICAL_ENGINEER}"
            )),
        },
    };
    let contacts: Vec<Contact> = raw.contacts.iter().map(contact).collect::<Result<_, _>>()?;
    if contacts.is_empty() {
        return Err("has no contacts".into());
    }
    let rounds = raw.rounds.unwrap_or(1);
    if !(1..=MOST_ROUNDS).contains(&rounds) {
        return Err(format!("rounds = {rounds}: write 1 to {MOST_ROUNDS}"));
    }
    let wait_minutes = minutes(&raw.acknowledge_within, "acknowledge_within")?;
    Ok(ContactList { name: raw.name.clone(), contacts, wait_minutes, rounds })
}

fn route(raw: RawRoute, routing: &Routing, known: Known<'_>) -> Result<Route, Vec<String>> {
    let mut faults = Faults::default();
    if raw.scope.names_queues() {
        faults.note("for = { queues … } means nothing here: the rule says which queue");
    }
    faults.queue("queue", raw.queue.as_ref(), known.queues);
    if raw.queue.is_none() && raw.skills.is_empty() {
        faults.note("does nothing; write queue or skills");
    }
    let has = |skill: &String| routing.agents.iter().any(|agent| agent.skills.contains(skill));
    for skill in raw.skills.iter().filter(|skill| !has(skill)) {
        faults.note(format!("skills: no agent knows `{skill}`"));
    }
    let words: Vec<String> =
        raw.words.iter().map(|word| word.trim().to_lowercase()).filter(|word| !word.is_empty()).collect();
    let fits_all = words.is_empty() && raw.scope.is_open();
    if fits_all {
        faults.note("fits every ticket; write for or words, or [[queues]] default = true");
    }
    let scope = scope(raw.scope, known, &mut faults);
    faults.end(Route { name: raw.name, scope, words, queue: raw.queue, skills: raw.skills })
}

#[cfg(test)]
mod tests;

//! Whether a rule holds: each of its conditions against what is known of the message.

use std::collections::BTreeMap;

use chrono::{Datelike, Timelike};

use crate::domain::catalog::Catalog;
use crate::domain::rulebook::{Arrival, Condition, DeskRule, Held, Matched, NO_INTENT, Side};
use crate::domain::{Channel, Language, Rulebook, Timestamp};
use crate::sla::book::{Book, is_among};
use crate::sla::hours::next_open;
use crate::text::cut;

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// Characters (bytes) of what a condition held for.
const WORDS: usize = 80;

/// What is known of a message. `None` is not known: in a decision everything is, in a test beside a rule only what it says, and
/// a condition on the rest holds there.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Where it came from.
    pub channel: Option<Channel>,
    /// The writer's addresses, lower case: the one written from, and the one a chat service vouches for.
    pub from: Option<[&'a str; 2]>,
    /// The language of the newly written text.
    pub language: Option<Language>,
    /// What the patterns matched.
    pub matched: &'a [Matched],
    /// Conditions on patterns whose part of the message is not known.
    pub unread: &'a [Condition],
    /// When it arrived.
    pub at: Option<Timestamp>,
    /// The request type so far (`None` inside: none), and how probable it is.
    pub intent: Option<(Option<&'a str>, Option<f64>)>,
    /// The likeliest request type where none is sure enough: conditions that name a probability see it.
    pub candidate: Option<&'a str>,
    /// How many tickets wait in the queues that rules look at.
    pub loads: Option<&'a BTreeMap<String, u32>>,
}

/// The first condition that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// Which.
    pub condition: Condition,
    /// What is there instead; empty when that is nothing.
    pub there: String,
}

/// What a condition holds for (`None`: not known), or what is there instead.
type Answer = Result<Option<String>, String>;

/// The conditions of `rule` with what they hold for, those that are not known left out.
///
/// # Errors
/// The first condition that does not hold.
pub fn judge(rule: &DeskRule, facts: &Facts<'_>, book: &Rulebook, catalog: &Catalog) -> Result<Vec<Held>, Unmet> {
    let when = &rule.when;
    let mut held = Vec::new();
    let mut ask = |condition: Condition, asked: bool, answer: &dyn Fn() -> Answer| {
        if !asked {
            return Ok(());
        }
        match answer() {
            Ok(words) => held.extend(words.map(|words| Held { condition, words: cut(&words, WORDS).to_owned() })),
            Err(there) => return Err(Unmet { condition, there: cut(&there, WORDS).to_owned() }),
        }
        Ok(())
    };
    let pattern = |condition: Condition| move || pattern(rule, condition, facts);
    ask(Condition::Channel, !when.channels.is_empty(), &|| {
        one_of(facts.channel, |channel| when.channels.contains(channel))
    })?;
    ask(Condition::From, !when.senders.is_empty(), &|| sender(&when.senders, facts))?;
    ask(Condition::Customer, !when.customers.is_empty(), &|| customer(&when.customers, facts, book))?;
    ask(Condition::Language, !when.languages.is_empty(), &|| {
        one_of(facts.language, |language| when.languages.contains(language))
    })?;
    ask(Condition::Subject, !when.subjects.is_empty(), &pattern(Condition::Subject))?;
    ask(Condition::Text, !when.texts.is_empty(), &pattern(Condition::Text))?;
    ask(Condition::Attachments, when.attachments.is_some(), &pattern(Condition::Attachments))?;
    ask(Condition::Headers, !when.headers.is_empty(), &pattern(Condition::Headers))?;
    ask(Condition::Time, when.time.is_some(), &|| {
        when.time.as_ref().map_or(Ok(None), |time| arrival(time, facts, catalog))
    })?;
    ask(Condition::Intent, !when.intents.is_empty() || when.probability.is_some(), &|| intent(rule, facts))?;
    ask(Condition::Load, !when.loads.is_empty(), &|| load(rule, facts))?;
    Ok(held)
}

fn one_of<T: ToString>(there: Option<T>, meant: impl Fn(&T) -> bool) -> Answer {
    match there {
        None => Ok(None),
        Some(there) if meant(&there) => Ok(Some(there.to_string())),
        Some(there) => Err(there.to_string()),
    }
}

fn sender(wanted: &[String], facts: &Facts<'_>) -> Answer {
    let Some(addresses) = facts.from else { return Ok(None) };
    match addresses.iter().find(|address| is_among(wanted, address)) {
        Some(address) => Ok(Some((*address).to_owned())),
        None => Err(addresses[0].to_owned()),
    }
}

fn customer(wanted: &[String], facts: &Facts<'_>, book: &Rulebook) -> Answer {
    let Some(addresses) = facts.from else { return Ok(None) };
    let among = |name: &&String| {
        let customer = book.customer(name);
        customer.is_some_and(|customer| addresses.iter().any(|address| is_among(&customer.members, address)))
    };
    wanted.iter().find(among).map(|name| Some(name.clone())).ok_or_else(|| addresses[0].to_owned())
}

fn pattern(rule: &DeskRule, condition: Condition, facts: &Facts<'_>) -> Answer {
    if facts.unread.contains(&condition) {
        return Ok(None);
    }
    let found = facts.matched.iter().find(|one| one.rule == rule.id && one.held.condition == condition);
    found.map(|one| Some(one.held.words.clone())).ok_or_else(String::new)
}

fn arrival(time: &Arrival, facts: &Facts<'_>, catalog: &Catalog) -> Answer {
    let Some(at) = facts.at else { return Ok(None) };
    let table = time.calendar.as_ref().and_then(|(_, name)| Book { catalog }.table(name));
    let zone = table.as_ref().map_or(catalog.desk.timezone, |table| table.calendar().timezone);
    let Some(local) = at.utc().map(|utc| utc.with_timezone(&zone)) else { return Err(at.0.to_string()) };
    let day = local.weekday().num_days_from_monday();
    let minute = local.hour() * 60 + local.minute();
    let mut words = format!("{} {:02}:{:02}", DAYS[day as usize], local.hour(), local.minute());
    let mut holds = true;
    if let (Some((side, name)), Some(table)) = (&time.calendar, &table) {
        let found = if next_open(table, at) == at { Side::Within } else { Side::Outside };
        words = format!("{words}, {found} {name}");
        holds &= found == *side;
    }
    holds &= time.weekdays.is_empty() || time.weekdays.iter().any(|wanted| u32::from(*wanted) == day);
    holds &= time.hours.is_none_or(|(from, to)| {
        let (from, to) = (u32::from(from), u32::from(to));
        if from < to { (from..to).contains(&minute) } else { minute >= from || minute < to }
    });
    if holds { Ok(Some(words)) } else { Err(words) }
}

fn intent(rule: &DeskRule, facts: &Facts<'_>) -> Answer {
    let Some((intent, probability)) = facts.intent else { return Ok(None) };
    let likely = facts.candidate.filter(|_| rule.when.probability.is_some());
    let named = intent.or(likely).unwrap_or(NO_INTENT);
    let words = probability.map_or_else(|| named.to_owned(), |share| format!("{named} {share:.3}"));
    let meant = rule.when.intents.is_empty() || rule.when.intents.iter().any(|wanted| wanted == named);
    let in_range = rule
        .when
        .probability
        .is_none_or(|(low, high)| probability.is_none_or(|probability| (low..=high).contains(&probability)));
    if meant && in_range { Ok(Some(words)) } else { Err(words) }
}

fn load(rule: &DeskRule, facts: &Facts<'_>) -> Answer {
    let Some(loads) = facts.loads else { return Ok(None) };
    let mut words = Vec::new();
    for wanted in &rule.when.loads {
        // A decision of the past may not have asked for this queue.
        let Some(there) = loads.get(&wanted.queue) else { return Err(format!("{}: not known", wanted.queue)) };
        let told = format!("{}: {there}", wanted.queue);
        if *there <= wanted.more_than {
            return Err(told);
        }
        words.push(told);
    }
    Ok(Some(words.join(", ")))
}

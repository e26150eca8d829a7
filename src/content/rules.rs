//! Desk rules: `intents/rules.toml`. What they name elsewhere (queues, calendars, articles) is checked where all of it is known.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use super::pattern::{Letters, compile};
use super::source::{At, Section, Source};
use super::{Content, Files, is_id};
use crate::domain::rulebook::{
    Actions, Arrival, Attached, Conditions, Customer, HeaderField, Load, RuleReply, Side, Written,
};
use crate::domain::{Bilingual, Channel, DeskRule, Language};
use crate::text::normalise;

/// The file's name; no request type may be kept under it.
pub(super) const FILE: &str = "rules.toml";

const TOP_KEYS: &[&str] = &["customers", "rules"];
const RULE_KEYS: &[&str] = &["id", "note", "overrides", "when", "then", "examples", "counterexamples"];
const WHEN_KEYS: &[&str] = &[
    "channel",
    "from",
    "customer",
    "language",
    "subject",
    "text",
    "attachments",
    "headers",
    "time",
    "intent",
    "probability",
    "load",
];
const THEN_KEYS: &[&str] = &["intent", "priority", "queue", "tags", "slots", "reply", "ignore", "stop"];
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MOST_TAG_CHARS: usize = 40;

pub(super) fn load(dir: &Path, files: &mut Files, content: &mut Content) {
    let path = dir.join(FILE);
    if !path.exists() {
        return;
    }
    let Some(text) = files.read(&path) else { return };
    content.rulebook.file = path.display().to_string();
    let mut source = Source::new(&path, &text, 0, files);
    let top = source.parse(&text);
    if source.faults > 0 {
        return;
    }
    let section = source.open(top.get_ref(), 0..0, "", TOP_KEYS);
    let mut names = HashSet::new();
    for customer in section.sections(&mut source, "customers", &["name", "members"]) {
        content.rulebook.customers.extend(read_customer(&customer, &mut source, &mut names));
    }
    let mut ids: HashSet<String> =
        content.intents.iter().flat_map(|intent| &intent.rules).map(|rule| rule.id.clone()).collect();
    for rule in section.sections(&mut source, "rules", RULE_KEYS) {
        let mut reader = Reader { source: &mut source };
        if let Some(read) = reader.rule(&rule, &mut ids) {
            content.rulebook.rules.push(read);
        }
    }
}

fn read_customer(section: &Section<'_, '_>, source: &mut Source<'_>, names: &mut HashSet<String>) -> Option<Customer> {
    let line = source.line(&section.span());
    let name = section.text(source, "name");
    let members = section.one_or_more(source, "members");
    if members.is_empty() {
        source.fault(
            &section.span(),
            "the customer has no `members`: write addresses or domains like \"@client.example\"",
        );
    }
    let members = writers(source, members);
    let name = name?;
    if !names.insert(name.value.clone()) {
        source.fault(&name.span, format!("customer `{}` is there already", name.value));
    }
    Some(Customer { name: name.value, members, line })
}

/// Addresses, or domains with an `@` in front, lower case.
fn writers(source: &mut Source<'_>, written: Vec<At<String>>) -> Vec<String> {
    let mut writers = Vec::new();
    for one in written {
        let lower = one.value.trim().to_lowercase();
        let whole = lower.split_once('@').is_some_and(|(_, domain)| !domain.is_empty());
        if whole || ["slack:", "discord:"].iter().any(|service| lower.starts_with(service)) {
            writers.push(lower);
        } else {
            let message = format!("`{}` is no address: write person@client.example or @client.example", one.value);
            source.fault(&one.span, message);
        }
    }
    writers
}

pub(super) struct Reader<'a, 's> {
    pub(super) source: &'a mut Source<'s>,
}

impl Reader<'_, '_> {
    fn rule(&mut self, section: &Section<'_, '_>, ids: &mut HashSet<String>) -> Option<DeskRule> {
        let line = self.source.line(&section.span());
        let before = self.source.faults;
        let id = section.text(self.source, "id");
        if let Some(id) = &id {
            if !is_id(&id.value) {
                self.source.fault(&id.span, format!("`{}` cannot be an id: write a-z, 0-9, - and _", id.value));
            }
            if !ids.insert(id.value.clone()) {
                self.source.fault(&id.span, format!("rule `{}` is defined already", id.value));
            }
        }
        let note = section.optional_text(self.source, "note").map(|note| note.value).unwrap_or_default();
        let overrides = section.one_or_more(self.source, "overrides").into_iter().map(|id| id.value).collect();
        let when = section.section(self.source, "when", WHEN_KEYS);
        let then = section.section(self.source, "then", THEN_KEYS);
        let when = when.map(|when| self.conditions(&when)).unwrap_or_default();
        let then = then.map(|then| self.actions(&then)).unwrap_or_default();
        let examples = self.specimens(section, "examples");
        let counterexamples = self.specimens(section, "counterexamples");
        if self.source.faults > before {
            return None;
        }
        for (is_missing, message) in [
            (when == Conditions::default(), "the rule has no condition, so it matches everything: write when.… = …"),
            (then == Actions::default(), "the rule does nothing: write then.… = …"),
            (examples.is_empty(), "the rule has no examples: write a message it must hold for"),
        ] {
            if is_missing {
                self.source.fault(&section.span(), message);
            }
        }
        Some(DeskRule { id: id?.value, note, overrides, when, then, examples, counterexamples, line })
    }

    fn conditions(&mut self, section: &Section<'_, '_>) -> Conditions {
        let senders = section.one_or_more(self.source, "from");
        let customers = section.one_or_more(self.source, "customer");
        let intents = section.one_or_more(self.source, "intent");
        let subjects = section.one_or_more(self.source, "subject");
        let texts = section.one_or_more(self.source, "text");
        Conditions {
            channels: self.words::<Channel>(section, "channel"),
            senders: writers(self.source, senders),
            customers: customers.into_iter().map(|name| name.value).collect(),
            languages: self.words::<Language>(section, "language"),
            subjects: self.patterns(subjects),
            texts: self.patterns(texts),
            attachments: self.attachments(section),
            headers: self.headers(section),
            time: self.time(section),
            intents: intents.into_iter().map(|name| name.value).collect(),
            probability: self.probability(section),
            loads: self.loads(section),
        }
    }

    /// Words of a closed set; one or a list.
    fn words<T: std::str::FromStr>(&mut self, section: &Section<'_, '_>, key: &str) -> Vec<T>
    where
        T::Err: std::fmt::Display,
    {
        let mut words = Vec::new();
        for word in section.one_or_more(self.source, key) {
            match word.value.parse() {
                Ok(value) => words.push(value),
                Err(error) => self.source.fault(&word.span, format!("`{key}`: {error}")),
            }
        }
        words
    }

    fn patterns(&mut self, written: Vec<At<String>>) -> Vec<Written> {
        let mut patterns = Vec::new();
        for pattern in written {
            if compile(self.source, &pattern, Letters::AsWritten).is_some() {
                if pattern.value != pattern.value.to_lowercase() && !pattern.value.contains('\\') {
                    self.source.fault(&pattern.span, "capitals never match: texts are in lower case");
                }
                patterns.push(Written { line: self.source.line(&pattern.span), pattern: pattern.value });
            }
        }
        patterns
    }

    fn attachments(&mut self, section: &Section<'_, '_>) -> Option<Attached> {
        let files = section.section(self.source, "attachments", &["at_least", "at_most", "type", "name"])?;
        let at_most = files.count(self.source, "at_most");
        let at_least = files.count(self.source, "at_least").unwrap_or(u32::from(at_most != Some(0)));
        let at_most = at_most.unwrap_or(u32::MAX);
        if at_least > at_most {
            self.source.fault(&files.span(), format!("never holds: at_least {at_least} is above at_most {at_most}"));
        }
        let types = files.one_or_more(self.source, "type");
        let mut media_types = Vec::new();
        for written in types {
            let lower = written.value.to_lowercase();
            if lower.matches('/').count() != 1 {
                let message =
                    format!("`{}` is no media type: write application/pdf, or image/ for all images", written.value);
                self.source.fault(&written.span, message);
            }
            media_types.push(lower);
        }
        let names = files.one_or_more(self.source, "name");
        Some(Attached { at_least, at_most, media_types, names: self.patterns(names) })
    }

    fn headers(&mut self, section: &Section<'_, '_>) -> Vec<HeaderField> {
        let mut headers = Vec::new();
        for (name, patterns) in section.pairs(self.source, "headers") {
            let patterns = self.patterns(patterns);
            headers.push(HeaderField { name: name.value.to_lowercase(), patterns });
        }
        headers
    }

    fn time(&mut self, section: &Section<'_, '_>) -> Option<Arrival> {
        let time = section.section(self.source, "time", &["within", "outside", "weekdays", "hours"])?;
        let within = time.optional_text(self.source, "within");
        let outside = time.optional_text(self.source, "outside");
        if within.is_some() && outside.is_some() {
            self.source.fault(&time.span(), "write either `within` or `outside`");
        }
        let calendar = within.map(|name| (Side::Within, name.value));
        let calendar = calendar.or_else(|| outside.map(|name| (Side::Outside, name.value)));
        let mut weekdays = Vec::new();
        for day in time.one_or_more(self.source, "weekdays") {
            let found = (0..7_u8).zip(DAYS).find(|(_, name)| *name == day.value);
            match found {
                Some((number, _)) => weekdays.push(number),
                None => self.source.fault(&day.span, format!("`{}` is no day: write {}", day.value, DAYS.join(", "))),
            }
        }
        let hours = time.optional_text(self.source, "hours").and_then(|text| {
            let read = read_hours(&text.value);
            if read.is_none() {
                self.source.fault(&text.span, format!("`{}` are no hours: write 18:00-09:00", text.value));
            }
            read
        });
        Some(Arrival { calendar, weekdays, hours })
    }

    fn probability(&mut self, section: &Section<'_, '_>) -> Option<(f64, f64)> {
        let range = section.section(self.source, "probability", &["at_least", "at_most"])?;
        let low = range.number(self.source, "at_least").unwrap_or(0.0);
        let high = range.number(self.source, "at_most").unwrap_or(1.0);
        if !(0.0..=1.0).contains(&low) || !(0.0..=1.0).contains(&high) || low > high {
            self.source
                .fault(&range.span(), format!("never holds: {low} to {high} is no range of shares between 0 and 1"));
        }
        Some((low, high))
    }

    fn loads(&mut self, section: &Section<'_, '_>) -> Vec<Load> {
        let known = &["queue", "more_than"];
        let is_one = section.find("load").is_some_and(|value| value.get_ref().as_table().is_some());
        let tables = if is_one {
            section.section(self.source, "load", known).into_iter().collect()
        } else {
            section.sections(self.source, "load", known)
        };
        let mut loads = Vec::new();
        for table in tables {
            let queue = table.text(self.source, "queue");
            let more_than = table.count(self.source, "more_than");
            if more_than.is_none() && table.find("more_than").is_none() {
                self.source.fault(&table.span(), "`more_than` is missing in load");
            }
            if let (Some(queue), Some(more_than)) = (queue, more_than) {
                loads.push(Load { queue: queue.value, more_than });
            }
        }
        loads
    }

    fn actions(&mut self, section: &Section<'_, '_>) -> Actions {
        let intent = section.optional_text(self.source, "intent").map(|id| id.value);
        let queue = section.optional_text(self.source, "queue").map(|name| name.value);
        let priority = section.find("priority").and_then(|_| section.word(self.source, "priority"));
        let mut tags = Vec::new();
        for tag in section.one_or_more(self.source, "tags") {
            if tag.value.chars().count() > MOST_TAG_CHARS || tag.value.contains([',', '\n']) {
                self.source.fault(&tag.span, format!("a tag is at most {MOST_TAG_CHARS} characters, without commas"));
            }
            tags.push(tag.value);
        }
        let mut slots = BTreeMap::new();
        for (name, values) in section.pairs(self.source, "slots") {
            if let [value] = values.as_slice() {
                slots.insert(name.value, value.value.clone());
            } else {
                self.source.fault(&name.span, format!("`{}` needs one value", name.value));
            }
        }
        let reply = self.reply(section);
        let ignore = section.flag_or_missing(self.source, "ignore");
        let stop = section.flag_or_missing(self.source, "stop");
        Actions { intent, priority, queue, tags, slots, reply, ignore, stop }
    }

    fn reply(&mut self, section: &Section<'_, '_>) -> Option<RuleReply> {
        let reply = section.section(self.source, "reply", &["article", "ja", "en"])?;
        if reply.find("article").is_some() {
            return Some(RuleReply::Article(reply.text(self.source, "article")?.value));
        }
        let (ja, en) = (reply.text(self.source, "ja"), reply.text(self.source, "en"));
        Some(RuleReply::Words(Bilingual { ja: ja?.value, en: en?.value }))
    }
}

/// `18:00-09:00` as minutes after midnight.
fn read_hours(text: &str) -> Option<(u16, u16)> {
    let minute = |text: &str| -> Option<u16> {
        let (hour, minute) = text.trim().split_once(':')?;
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
        (hour <= 24 && minute < 60 && hour * 60 + minute <= 1440).then_some(hour * 60 + minute)
    };
    let (from, to) = normalise(text).split_once('-').map(|(from, to)| (minute(from), minute(to)))?;
    let (from, to) = (from?, to?);
    (from != to && from < 1440).then_some((from, to))
}

//! What is wrong with the rules as they are written. A fault keeps the rules from being put in force; a warning is for the lead.

use regex::{Regex, RegexBuilder};

use super::overlap::{covers, impossible, may_meet};
use super::patterns::Patterns;
use super::specimen::prove;
use crate::domain::catalog::Catalog;
use crate::domain::rulebook::{Condition, DeskRule, NO_INTENT, RuleReply, Specimen, Written};
use crate::domain::{Fault, Visibility};
use crate::text::normalise;
use crate::text::pattern_set::has_fixed_words;

/// A compiled pattern above this is slow to compile and to run. Bytes.
const LARGE_BYTES: usize = 256 << 10;
/// Texts that have nothing in common: a pattern that matches all of them matches nearly everything.
const ANYTHING: [&str; 5] = ["a", "いろは", "42", "hello world", "御見積書の件"];

/// Everything that is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// The rules cannot be put in force.
    pub faults: Vec<Fault>,
    /// They can; a lead should look.
    pub warnings: Vec<Fault>,
}

/// Looks at the rules of `catalog`.
#[must_use]
pub fn check(catalog: &Catalog) -> Findings {
    let mut lint = Lint { catalog, found: Findings::default() };
    let book = &catalog.rulebook;
    match Patterns::new(book) {
        Ok(patterns) => {
            for rule in &book.rules {
                lint.names(rule);
                lint.tests(rule, &patterns);
                lint.alone(rule);
                lint.patterns(rule);
            }
            if lint.found.faults.is_empty() {
                lint.pairs(&patterns);
            }
        }
        Err(bad) => {
            let at = book.rules.iter().find(|rule| rule.id == bad.rule).map_or(0, |rule| rule.line);
            lint.fault(at, format!("rule `{}`: {}", bad.rule, bad.source));
        }
    }
    lint.found.faults.sort();
    lint.found.warnings.sort();
    lint.found
}

struct Lint<'a> {
    catalog: &'a Catalog,
    found: Findings,
}

impl Lint<'_> {
    fn place(&self, line: usize, message: String) -> Fault {
        Fault { file: self.catalog.rulebook.file.clone(), line, message }
    }

    fn fault(&mut self, line: usize, message: String) {
        let fault = self.place(line, message);
        self.found.faults.push(fault);
    }

    fn warn(&mut self, line: usize, message: String) {
        let warning = self.place(line, message);
        self.found.warnings.push(warning);
    }

    /// Everything a rule names is there.
    fn names(&mut self, rule: &DeskRule) {
        let catalog = self.catalog;
        let mut unknown = Vec::new();
        let mut ask = |what: &str, name: &str, is_there: bool, known: Vec<&str>| {
            if !is_there {
                unknown.push(format!(
                    "rule `{}`: {what} `{name}` is not there; known are {}",
                    rule.id,
                    known.join(", ")
                ));
            }
        };
        let queues = || catalog.queues.iter().map(|queue| queue.name.as_str()).collect::<Vec<_>>();
        let intents = || catalog.intents.iter().map(|intent| intent.id.as_str()).collect::<Vec<_>>();
        for name in rule.then.queue.iter().chain(rule.when.loads.iter().map(|load| &load.queue)) {
            ask("queue", name, catalog.queue(name).is_some(), queues());
        }
        for name in rule.when.intents.iter().filter(|name| *name != NO_INTENT).chain(&rule.then.intent) {
            ask("request type", name, catalog.intent(name).is_some(), intents());
        }
        for name in &rule.when.customers {
            let known = catalog.rulebook.customers.iter().map(|customer| customer.name.as_str()).collect();
            ask("customer", name, catalog.rulebook.customer(name).is_some(), known);
        }
        if let Some((_, name)) = rule.when.time.as_ref().and_then(|time| time.calendar.as_ref()) {
            let known = catalog.calendars.iter().map(|calendar| calendar.name.as_str()).collect();
            ask("calendar", name, catalog.calendar(name).is_some(), known);
        }
        if let Some(RuleReply::Article(id)) = &rule.then.reply {
            let is_there = catalog.articles.iter().any(|article| article.id == *id);
            ask("article", id, is_there, vec!["those of the knowledge base"]);
        }
        for name in &rule.overrides {
            let earlier = catalog.rulebook.rules.iter().take_while(|other| other.id != rule.id);
            let known: Vec<&str> = earlier.map(|other| other.id.as_str()).collect();
            ask("an earlier rule", name, known.contains(&name.as_str()), known.clone());
        }
        for message in unknown {
            self.fault(rule.line, message);
        }
        if let Some(RuleReply::Article(id)) = &rule.then.reply
            && catalog.articles.iter().any(|article| article.id == *id && article.visibility == Visibility::Internal)
        {
            self.fault(rule.line, format!("rule `{}`: article `{id}` is internal and never sent", rule.id));
        }
    }

    /// Examples hold, counterexamples do not.
    fn tests(&mut self, rule: &DeskRule, patterns: &Patterns) {
        for example in &rule.examples {
            if let Err(unmet) = prove(rule, example, patterns, self.catalog) {
                let there =
                    if unmet.there.is_empty() { String::new() } else { format!(" (there is `{}`)", unmet.there) };
                let seen = seen(example);
                let message = format!(
                    "rule `{}` does not hold for its example: `{}` is not met{there}{seen}",
                    rule.id, unmet.condition
                );
                self.fault(example.line, message);
            }
        }
        for example in &rule.counterexamples {
            if let Ok(held) = prove(rule, example, patterns, self.catalog) {
                let held: Vec<String> =
                    held.iter().map(|held| format!("{} `{}`", held.condition, held.words)).collect();
                let message = format!("rule `{}` holds for its counterexample: {}", rule.id, held.join(", "));
                self.fault(example.line, message);
            }
        }
    }

    fn alone(&mut self, rule: &DeskRule) {
        if let Some(why) = impossible(rule, self.catalog) {
            self.warn(rule.line, format!("rule `{}` can never hold: {why}", rule.id));
        }
        let then = &rule.then;
        let opens = then.intent.is_some() || then.queue.is_some() || then.priority.is_some() || then.reply.is_some();
        if then.ignore && (opens || !then.tags.is_empty() || !then.slots.is_empty()) {
            self.warn(rule.line, format!("rule `{}` ignores the message, so nothing else in `then` happens", rule.id));
        }
        if let Some(intent) = then.intent.as_ref().and_then(|id| self.catalog.intent(id)) {
            for name in then.slots.keys().filter(|name| !intent.slots.iter().any(|slot| slot.name == **name)) {
                self.warn(rule.line, format!("rule `{}`: `{}` has no detail `{name}`", rule.id, intent.id));
            }
        }
    }

    /// Patterns that match too much, cost too much, or that no example shows.
    fn patterns(&mut self, rule: &DeskRule) {
        let kinds = [(Condition::Text, &rule.when.texts), (Condition::Subject, &rule.when.subjects)];
        for (condition, patterns) in kinds {
            for written in patterns {
                let Ok(regex) = Regex::new(&written.pattern) else { continue };
                if ANYTHING.iter().all(|text| regex.is_match(text)) {
                    self.warn(
                        written.line,
                        format!("rule `{}`: `{}` matches nearly every text", rule.id, written.pattern),
                    );
                } else if !has_fixed_words(&written.pattern) {
                    let message = format!(
                        "rule `{}`: `{}` has no fixed words, so it is tried on every message",
                        rule.id, written.pattern
                    );
                    self.warn(written.line, message);
                }
                if !rule.examples.iter().any(|example| shows(example, condition, &regex)) {
                    let message =
                        format!("rule `{}`: no example matches `{}`: it may be dead", rule.id, written.pattern);
                    self.warn(written.line, message);
                }
            }
        }
        let files = rule.when.attachments.iter().flat_map(|attached| &attached.names);
        let headers = rule.when.headers.iter().flat_map(|header| &header.patterns);
        let all: Vec<&Written> =
            rule.when.texts.iter().chain(&rule.when.subjects).chain(files).chain(headers).collect();
        for written in all {
            if RegexBuilder::new(&written.pattern).size_limit(LARGE_BYTES).build().is_err() {
                let message = format!(
                    "rule `{}`: `{}` is large (over {LARGE_BYTES} bytes compiled) and slow; use smaller repeats",
                    rule.id, written.pattern
                );
                self.warn(written.line, message);
            }
        }
    }

    /// Rules that an earlier one hides or contradicts.
    fn pairs(&mut self, patterns: &Patterns) {
        let rules = &self.catalog.rulebook.rules;
        for (place, later) in rules.iter().enumerate() {
            for earlier in rules.iter().take(place) {
                let ends = earlier.then.stop || earlier.then.ignore;
                if ends && covers(earlier, later, patterns, self.catalog) {
                    let message = format!(
                        "rule `{}` is never reached: `{}` before it holds for the same messages and stops",
                        later.id, earlier.id
                    );
                    self.warn(later.line, message);
                } else if !ends
                    && !later.overrides.contains(&earlier.id)
                    && let Some(what) = contradiction(earlier, later)
                    && self.meet(earlier, later, patterns)
                {
                    let message = format!(
                        "rules `{}` and `{}` can both hold and set different {what}: the later one wins; \
                         let one stop, or write overrides = [\"{}\"]",
                        earlier.id, later.id, earlier.id
                    );
                    self.warn(later.line, message);
                }
            }
        }
    }

    /// Whether an example of one of them is one of the other as well.
    fn meet(&self, one: &DeskRule, other: &DeskRule, patterns: &Patterns) -> bool {
        let both =
            |example: &Specimen| [one, other].iter().all(|rule| prove(rule, example, patterns, self.catalog).is_ok());
        may_meet(one, other) && one.examples.iter().chain(&other.examples).any(both)
    }
}

/// What two rules set to different values.
fn contradiction(one: &DeskRule, other: &DeskRule) -> Option<&'static str> {
    fn differ<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
        one.is_some() && other.is_some() && one != other
    }
    let (one, other) = (&one.then, &other.then);
    if differ(one.queue.as_ref(), other.queue.as_ref()) {
        Some("queues")
    } else if differ(one.priority.as_ref(), other.priority.as_ref()) {
        Some("priorities")
    } else if differ(one.intent.as_ref(), other.intent.as_ref()) {
        Some("request types")
    } else {
        differ(one.reply.as_ref(), other.reply.as_ref()).then_some("replies")
    }
}

fn shows(example: &Specimen, condition: Condition, regex: &Regex) -> bool {
    let subject = example.subject.as_deref().unwrap_or_default();
    let text = example.text.as_deref().unwrap_or_default();
    let seen = if condition == Condition::Subject { normalise(subject) } else { text_seen(subject, text) };
    regex.is_match(&seen)
}

fn text_seen(subject: &str, text: &str) -> String {
    let (subject, text) = (normalise(subject), normalise(text));
    if subject.is_empty() { text } else { format!("{subject}\n{text}") }
}

/// The text of an example as patterns see it.
fn seen(example: &Specimen) -> String {
    let text = text_seen(example.subject.as_deref().unwrap_or_default(), example.text.as_deref().unwrap_or_default());
    if text.is_empty() {
        String::new()
    } else {
        format!("; rules see NFKC lower case: `{}`", text.replace('\n', " ⏎ "))
    }
}

//! What the desk rules make of a message that opens something: each in its turn, each seeing what the ones before it set.

use std::collections::BTreeMap;

use super::case::Case;
use super::follow_up::{Turn, turn};
use super::trace::Trace;
use crate::domain::rulebook::{Condition, DeskRule, Effect, RuleReply};
use crate::domain::{Intent, Priority, Ruled};
use crate::rulebook::{Facts, judge};

/// What the rules set, the last one winning.
#[derive(Debug, Default)]
pub(super) struct Ruling<'a> {
    pub(super) intent: Option<&'a Intent>,
    pub(super) queue: Option<&'a str>,
    pub(super) priority: Option<Priority>,
    pub(super) slots: BTreeMap<&'a String, &'a String>,
    pub(super) reply: Option<(&'a str, &'a RuleReply)>,
    /// The rule that says nothing is to be opened.
    pub(super) ignored: Option<&'a str>,
    tags: Vec<&'a String>,
    /// The rules that held, in order.
    pub(super) ruled: Vec<Ruled>,
}

impl Ruling<'_> {
    /// The ticket's tags, each once, in the rules' order.
    pub(super) fn tags(&self) -> Vec<String> {
        self.tags.iter().map(|tag| (*tag).clone()).collect()
    }
}

/// Rules are about what opens something: not about replies on a ticket, buttons, copies and machines' answers.
pub(super) fn are_asked(case: &Case<'_>) -> bool {
    !case.catalog().rulebook.rules.is_empty()
        && !super::is_settled_unread(case.message, case.context.known)
        && matches!(turn(case), Turn::New | Turn::Beside { .. })
}

/// Asks every rule in its turn. Each that holds is noted in the trace.
pub(super) fn rule<'a>(case: &Case<'a>, trace: &mut Trace) -> Ruling<'a> {
    let context = case.context;
    let book = &context.catalog.rulebook;
    let from = case.message.from.address.to_lowercase();
    let vouched = case.message.verified_mail.as_deref().unwrap_or_default();
    let best = context.classification.intents.first();
    let mut ruling = Ruling::default();
    for rule in &book.rules {
        let intent = ruling.intent.or(case.intent);
        let share = if ruling.intent.is_some() { 1.0 } else { case.intent_probability };
        let facts = Facts {
            channel: Some(case.message.channel),
            from: Some([&from, vouched]),
            language: Some(context.classification.language),
            matched: &context.classification.matched,
            unread: &[],
            at: Some(case.message.arrived_at),
            intent: Some((intent.map(|intent| intent.id.as_str()), Some(share))),
            candidate: best.map(|best| best.intent.as_str()),
            loads: Some(&context.known.loads),
        };
        let Ok(because) = judge(rule, &facts, book, context.catalog) else { continue };
        let ruled =
            Ruled { rule: rule.id.clone(), because, did: ruling.take(rule, context.catalog), stopped: rule.then.stop };
        trace.note("rule", format!("`{}`: {}", rule.id, ruled.in_words()));
        ruling.ruled.push(ruled);
        if rule.then.stop || rule.then.ignore {
            break;
        }
    }
    ruling.keep_last();
    ruling
}

impl<'a> Ruling<'a> {
    /// Does what `rule` says. Names the catalog does not know are passed over; they were refused when it was built.
    fn take(&mut self, rule: &'a DeskRule, catalog: &'a crate::domain::Catalog) -> Vec<(Effect, String)> {
        let then = &rule.then;
        if then.ignore {
            self.ignored = Some(&rule.id);
            return vec![(Effect::Ignored, "message".to_owned())];
        }
        let mut did = Vec::new();
        if let Some(intent) = then.intent.as_ref().and_then(|id| catalog.intent(id)) {
            self.intent = Some(intent);
            did.push((Effect::Intent, intent.id.clone()));
        }
        if let Some(queue) = then.queue.as_ref().and_then(|name| catalog.queue(name)) {
            self.queue = Some(&queue.name);
            did.push((Effect::Queue, queue.name.clone()));
        }
        if let Some(priority) = then.priority {
            self.priority = Some(priority);
            did.push((Effect::Priority, priority.to_string()));
        }
        if !then.tags.is_empty() {
            let fresh: Vec<&String> = then.tags.iter().filter(|tag| !self.tags.contains(tag)).collect();
            self.tags.extend(fresh);
            did.push((Effect::Tags, then.tags.join(", ")));
        }
        if !then.slots.is_empty() {
            self.slots.extend(&then.slots);
            let pairs: Vec<String> = then.slots.iter().map(|(name, value)| format!("{name}={value}")).collect();
            did.push((Effect::Slots, pairs.join(", ")));
        }
        if let Some(reply) = &then.reply {
            self.reply = Some((&rule.id, reply));
            did.push(match reply {
                RuleReply::Article(id) => (Effect::Article, id.clone()),
                RuleReply::Words(_) => (Effect::Words, "acknowledgement".to_owned()),
            });
        }
        did
    }

    /// Leaves with each rule what no later one changed, so that only the last one answers for it.
    fn keep_last(&mut self) {
        let mut later: Vec<Effect> = Vec::new();
        for ruled in self.ruled.iter_mut().rev() {
            ruled.did.retain(|(effect, _)| match effect {
                Effect::Tags | Effect::Slots => true,
                Effect::Intent
                | Effect::Queue
                | Effect::Priority
                | Effect::Article
                | Effect::Words
                | Effect::Ignored => !later.contains(effect),
            });
            later.extend(ruled.did.iter().map(|(effect, _)| *effect));
        }
    }
}

/// The rules that did not hold, each with the first condition that was not met: for explanations.
#[must_use]
pub fn passed_over(
    message: &crate::domain::Message,
    context: &super::Context<'_>,
    now: crate::domain::Timestamp,
) -> Vec<(String, Condition, String)> {
    let case = Case::new(message, *context, now);
    let from = message.from.address.to_lowercase();
    let facts = Facts {
        channel: Some(message.channel),
        from: Some([&from, message.verified_mail.as_deref().unwrap_or_default()]),
        language: Some(context.classification.language),
        matched: &context.classification.matched,
        unread: &[],
        at: Some(message.arrived_at),
        intent: Some((case.intent.map(|intent| intent.id.as_str()), Some(case.intent_probability))),
        candidate: context.classification.intents.first().map(|best| best.intent.as_str()),
        loads: Some(&context.known.loads),
    };
    let book = &context.catalog.rulebook;
    let unmet = |rule: &DeskRule| {
        let unmet = judge(rule, &facts, book, context.catalog).err()?;
        Some((rule.id.clone(), unmet.condition, unmet.there))
    };
    book.rules
        .iter()
        .filter(|rule| case.ruling.ruled.iter().all(|ruled| ruled.rule != rule.id))
        .filter_map(unmet)
        .collect()
}

#[cfg(test)]
mod tests;

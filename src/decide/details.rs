//! The details a request type needs: which are known, which a reply brought, which are still missing.

use std::collections::BTreeMap;

use super::case::Case;
use super::chat::form_slots;
use crate::domain::{Intent, Slot, Ticket};

/// A free text taken as a detail is cut here, in characters.
const FREE_TEXT_CHARS: usize = 300;

/// What a reply did for a ticket that waits for details.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// Everything known now.
    pub(super) slots: BTreeMap<String, String>,
    /// Names of what this reply brought.
    pub(super) learnt: Vec<String>,
    /// Names of what is still to be asked for.
    pub(super) missing: Vec<String>,
}

/// The values of `found` that `intent` has a slot for; blank ones are left out.
pub(super) fn belonging_to(intent: Option<&Intent>, found: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let known = |name: &str| intent.is_some_and(|intent| intent.slots.iter().any(|slot| slot.name == name));
    let kept = found.iter().filter(|(name, value)| known(name) && !value.trim().is_empty());
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Required details that `slots` does not hold, in the order they are asked for.
pub(super) fn missing(intent: Option<&Intent>, slots: &BTreeMap<String, String>) -> Vec<String> {
    let required = intent.into_iter().flat_map(|intent| &intent.slots).filter(|slot| slot.required);
    required.filter(|slot| !slots.contains_key(&slot.name)).map(|slot| slot.name.clone()).collect()
}

/// Fills what `ticket` waits for from the reply. Known details stay as they are. A single missing detail without a pattern
/// of its own takes the reply's words.
pub(super) fn take(case: &Case<'_>, ticket: &Ticket) -> Taken {
    let intent = ticket.intent.as_deref().and_then(|id| case.catalog().intent(id));
    let mut taken = Taken { slots: ticket.slots.clone(), learnt: Vec::new(), missing: Vec::new() };
    for (name, value) in belonging_to(intent, &case.context.classification.slots) {
        if !taken.slots.contains_key(&name) {
            taken.slots.insert(name.clone(), value);
            taken.learnt.push(name);
        }
    }
    taken.missing = missing(intent, &taken.slots);
    let words = free_text(&case.message.reply_text);
    if let [name] = taken.missing.as_slice()
        && intent
            .and_then(|intent| slot(intent, name))
            .is_some_and(|slot| slot.find.is_empty() && slot.choices.is_empty())
        && !words.is_empty()
    {
        taken.slots.insert(name.clone(), words);
        taken.learnt.push(name.clone());
        taken.missing.clear();
    }
    taken
}

/// What a form filled in for `ticket`: what stands in it goes before what was known.
pub(super) fn take_form(case: &Case<'_>, ticket: &Ticket) -> Taken {
    let intent = ticket.intent.as_deref().and_then(|id| case.catalog().intent(id));
    let mut taken = Taken { slots: ticket.slots.clone(), learnt: Vec::new(), missing: Vec::new() };
    for (name, value) in form_slots(case.message).filter(|(name, value)| ticket.slots.get(*name) != Some(value)) {
        taken.slots.insert(name.clone(), value.trim().to_owned());
        taken.learnt.push(name.clone());
    }
    taken.missing = missing(intent, &taken.slots);
    taken
}

/// The slot of `intent` called `name`.
pub(super) fn slot<'a>(intent: &'a Intent, name: &str) -> Option<&'a Slot> {
    intent.slots.iter().find(|slot| slot.name == name)
}

fn free_text(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(FREE_TEXT_CHARS).collect()
}

//! The message under decision together with what follows from it at once: request type, details, priority and queue.

use std::collections::BTreeMap;

use super::chat::{form_intent, form_slots};
use super::follow_up::{Place, Turn};
use super::rules::{self, Ruling};
use super::trace::Trace;
use super::{details, follow_up, person, priority, route};
use crate::domain::catalog::Catalog;
use crate::domain::{
    Classification, Decided, Decision, Handling, IgnoreReason, Intent, Known, Language, Message, Priority, Step,
    Ticket, Timestamp, Wish,
};

/// What a decision depends on beside the message and the time.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// What the support lead wrote.
    pub catalog: &'a Catalog,
    /// What the classifier found in the message.
    pub classification: &'a Classification,
    /// What the store knows about it.
    pub known: &'a Known,
}

/// The request type used when somebody complains, if the catalog has one: its queue is the separate window.
const COMPLAINT_INTENT: &str = "complaint";

pub(super) struct Case<'a> {
    pub(super) message: &'a Message,
    pub(super) context: Context<'a>,
    pub(super) now: Timestamp,
    /// The request type when one is sure enough.
    pub(super) intent: Option<&'a Intent>,
    pub(super) intent_probability: f64,
    /// A rule marked certain names the request type.
    pub(super) certain: bool,
    pub(super) queue: &'a str,
    pub(super) priority: Priority,
    pub(super) slots: BTreeMap<String, String>,
    pub(super) missing: Vec<String>,
    /// What the desk rules make of it.
    pub(super) ruling: Ruling<'a>,
    first_steps: Vec<Step>,
}

impl<'a> Case<'a> {
    pub(super) fn new(message: &'a Message, context: Context<'a>, now: Timestamp) -> Self {
        let mut trace = Trace::default();
        let chosen = form_intent(message).and_then(|id| context.catalog.intent(id));
        let (intent, intent_probability, certain) = if let Some(intent) = chosen {
            trace.note("intent.form", format!("`{}` was chosen in the form", intent.id));
            (Some(intent), 1.0, true)
        } else {
            choose_intent(context, &mut trace)
        };
        let mut case = Self {
            message,
            context,
            now,
            intent,
            intent_probability,
            certain,
            queue: "",
            priority: Priority::Medium,
            slots: BTreeMap::new(),
            missing: Vec::new(),
            ruling: Ruling::default(),
            first_steps: Vec::new(),
        };
        if rules::are_asked(&case) {
            case.ruling = rules::rule(&case, &mut trace);
            if let Some(intent) = case.ruling.intent {
                (case.intent, case.intent_probability, case.certain) = (Some(intent), 1.0, true);
            }
        }
        case.work_out(&mut trace);
        case.first_steps = trace.into_steps();
        case
    }

    /// Queue, priority and details, as they follow from the request type and the desk rules.
    fn work_out(&mut self, trace: &mut Trace) {
        let (context, intent, message) = (self.context, self.intent, self.message);
        let (priority, because) = priority::of_message(context, intent, message);
        trace.note("priority", because);
        // What a rule says of the priority must not make light of a security incident.
        let ruled = self.ruling.priority.filter(|_| !context.classification.has(Wish::Security));
        self.priority = ruled.unwrap_or(priority);
        if let Some(ruled) = ruled {
            trace.note("priority.rule", format!("a desk rule says {ruled}"));
        }
        let way = route::of_message(context, intent, message, self.priority);
        let because = self.ruling.queue.map_or(way.because, |queue| format!("queue `{queue}`: a desk rule says so"));
        self.queue = self.ruling.queue.unwrap_or(way.queue);
        trace.note("route", because);
        let by_rule = self.ruling.intent.and_then(|intent| context.classification.rule_slots.get(&intent.id));
        let mut found = by_rule.unwrap_or(&context.classification.slots).clone();
        found.extend(self.ruling.slots.iter().map(|(name, value)| ((*name).clone(), (*value).clone())));
        found.extend(form_slots(message).map(|(name, value)| (name.clone(), value.trim().to_owned())));
        self.slots = details::belonging_to(intent, &found);
        self.missing = details::missing(intent, &self.slots);
    }

    pub(super) fn catalog(&self) -> &'a Catalog {
        self.context.catalog
    }

    /// The language they are answered in.
    pub(super) fn language(&self) -> Language {
        person::language(self.message, self.context.known)
    }

    pub(super) fn has(&self, wish: Wish) -> bool {
        self.context.classification.has(wish)
    }

    /// The decision with everything that goes with it.
    pub(super) fn decided(self, decision: Decision, trace: Trace) -> Decided {
        let mut steps = self.first_steps.clone();
        steps.extend(trace.into_steps());
        if let (Decision::FollowUp { .. }, Turn::Joins { ticket, place }) = (&decision, follow_up::turn(&self)) {
            return self.on_ticket(decision, ticket, &place, steps);
        }
        // Of what is ignored for another reason, rules are not asked to answer for.
        let takes_effect = match &decision {
            Decision::Ignore { reason } => *reason == IgnoreReason::Rule,
            Decision::FollowUp { .. }
            | Decision::Answer { .. }
            | Decision::Suggest { .. }
            | Decision::Ask { .. }
            | Decision::File
            | Decision::Escalate { .. } => true,
        };
        let queue = match &decision {
            Decision::Escalate { .. } => route::second_line(self.catalog(), self.queue),
            Decision::Ignore { .. }
            | Decision::FollowUp { .. }
            | Decision::Answer { .. }
            | Decision::Suggest { .. }
            | Decision::Ask { .. }
            | Decision::File => self.queue,
        };
        Decided {
            decision,
            intent: self.intent.map(|intent| intent.id.clone()),
            intent_probability: self.intent_probability,
            queue: queue.to_owned(),
            priority: self.priority,
            slots: self.slots,
            missing: self.missing,
            tags: if takes_effect { self.ruling.tags() } else { Vec::new() },
            ruled: if takes_effect { self.ruling.ruled } else { Vec::new() },
            trace: steps,
        }
    }

    fn on_ticket(self, decision: Decision, ticket: &Ticket, place: &Place, trace: Vec<Step>) -> Decided {
        let (queue, priority) = match place {
            Place::Escalates { critical, .. } => (
                route::second_line(self.catalog(), &ticket.queue),
                if *critical { Priority::Critical } else { ticket.priority },
            ),
            Place::Note
            | Place::Delivery
            | Place::Thanks
            | Place::Solved
            | Place::Person
            | Place::Unsolved
            | Place::Status
            | Place::Details { .. }
            | Place::Returns
            | Place::Adds
            | Place::Bystander
            | Place::Chosen { .. }
            | Place::Rated { .. }
            | Place::Edited { .. }
            | Place::Deleted { .. }
            | Place::Repeat { .. }
            | Place::Agent(_) => (ticket.queue.as_str(), ticket.priority),
        };
        let (slots, missing) = if let Place::Details { taken, .. } = place {
            (taken.slots.clone(), taken.missing.clone())
        } else {
            (ticket.slots.clone(), ticket.missing.clone())
        };
        Decided {
            decision,
            intent: ticket.intent.clone(),
            intent_probability: if ticket.intent.is_some() { 1.0 } else { 0.0 },
            queue: queue.to_owned(),
            priority,
            slots,
            missing,
            tags: Vec::new(),
            ruled: Vec::new(),
            trace,
        }
    }
}

/// The request type: a certain rule first (one that escalates before the others), else the best candidate above the threshold.
fn choose_intent<'a>(context: Context<'a>, trace: &mut Trace) -> (Option<&'a Intent>, f64, bool) {
    let Context { catalog, classification, .. } = context;
    if classification.has(Wish::Complaint)
        && let Some(intent) = catalog.intent(COMPLAINT_INTENT)
    {
        trace.note("intent.complaint", format!("the message is a complaint: `{}`", intent.id));
        return (Some(intent), 1.0, true);
    }
    let certain = || {
        let hits = classification.rules.iter().filter(|hit| hit.certain);
        hits.filter_map(|hit| Some((hit, catalog.intent(&hit.intent)?)))
    };
    let sure = certain().find(|(_, intent)| intent.handling == Handling::Escalate).or_else(|| certain().next());
    if let Some((hit, intent)) = sure {
        trace.note("intent.rule", format!("rule `{}` is certain of `{}`", hit.rule, intent.id));
        return (Some(intent), 1.0, true);
    }
    let threshold = catalog.thresholds.intent;
    let Some((candidate, intent)) =
        classification.intents.iter().find_map(|found| Some((found, catalog.intent(&found.intent)?)))
    else {
        trace.note("intent.threshold", "no request type comes close");
        return (None, 0.0, false);
    };
    let taken = candidate.probability >= threshold;
    let sign = if taken { "≥" } else { "<" };
    trace.note("intent.threshold", format!("`{}` {:.3} {sign} {threshold:.3}", intent.id, candidate.probability));
    (taken.then_some(intent), candidate.probability, false)
}

//! The message under decision together with what follows from it at once: request type, details, priority and queue.

use std::collections::BTreeMap;

use super::chat::{form_intent, form_slots};
use super::follow_up::{Place, Turn};
use super::trace::Trace;
use super::{details, follow_up, person, priority, route};
use crate::domain::catalog::Catalog;
use crate::domain::{
    Classification, Decided, Decision, Handling, Intent, Known, Language, Message, Priority, Step, Ticket, Timestamp,
    Wish,
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
        let (priority, because) = priority::of_message(context, intent, message);
        trace.note("priority", because);
        let way = route::of_message(context, intent, message, priority);
        let queue = way.queue;
        trace.note("route", way.because);
        let mut found = context.classification.slots.clone();
        found.extend(form_slots(message).map(|(name, value)| (name.clone(), value.trim().to_owned())));
        let slots = details::belonging_to(intent, &found);
        let missing = details::missing(intent, &slots);
        let first_steps = trace.into_steps();
        Self {
            message,
            context,
            now,
            intent,
            intent_probability,
            certain,
            queue,
            priority,
            slots,
            missing,
            first_steps,
        }
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

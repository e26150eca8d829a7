//! What to do with a message, in which words, and what that changes. Pure: the same message, catalog, knowledge and time
//! give the same decision and the same changes, bit for bit. Nothing in here sends, stores, waits or reads a clock.

pub mod agent;
mod alert;
mod answer;
mod ask;
mod assign;
mod burst;
mod calls;
mod card;
mod case;
mod chat;
mod clocks;
mod closing;
mod course;
mod details;
mod escalate;
pub mod feedback;
mod follow_up;
mod guard;
mod happened;
mod keep;
mod letter;
pub mod maintenance;
mod notice;
mod offers;
mod person;
mod plan;
mod priority;
pub mod problems;
mod quote;
mod rating;
mod recipient;
mod route;
mod rules;
mod same_case;
mod silence;
mod subject;
mod tick;
mod trace;
mod wording;

pub use alert::alert_probe;
pub use assign::Staff;
pub use burst::{as_one, burst, spread};
pub use case::Context;
pub use chat::other_ticket;
pub use letter::standing;
pub use plan::plan;
pub use route::{queue_for, second_line};
pub use rules::passed_over;
pub use tick::{tick, tick_staffed};
pub use wording::{Template, Values, WordingFault, plain_text, render};

use case::Case;
use chat::form_intent;
use trace::Trace;

use crate::domain::catalog::Catalog;
use crate::domain::{Automatic, Classification, Decided, Decision, Known, Message, Timestamp};

/// What is to be done with `message`, and why. The first check that settles the matter wins; the order of the checks is
/// the desk's policy. The trace names every check that looked, with the figures it compared.
#[must_use]
pub fn decide(message: &Message, context: &Context<'_>, now: Timestamp) -> Decided {
    if let Some(alert) = alert::of(message) {
        return alert::decide(alert, context, now);
    }
    let case = Case::new(message, *context, now);
    let mut trace = Trace::default();
    let decision = guard::check(&case, &mut trace)
        .or_else(|| follow_up::check(&case, &mut trace))
        .or_else(|| escalate::check(&case, &mut trace))
        .or_else(|| answer::check(&case, &mut trace))
        .or_else(|| ask::check(&case, &mut trace))
        .unwrap_or_else(|| {
            trace.settle("file", format!("nothing else settles it: queue `{}`", case.queue));
            Decision::File
        });
    case.decided(decision, trace)
}

/// `message` as `classify` sees it, which is told the request type that is known already, and asks of what it found whether the decision
/// comes to the articles: they are looked for only then.
#[must_use]
pub fn classified(
    message: &Message,
    (catalog, known): (&Catalog, &Known),
    now: Timestamp,
    classify: impl FnOnce(Option<&str>, &dyn Fn(&Classification) -> bool) -> Classification,
) -> Classification {
    if is_settled_unread(message, known) {
        return Classification::nothing(message.language);
    }
    let intent = known.ticket.as_ref().and_then(|ticket| ticket.intent.as_deref());
    let comes_to_articles = |found: &Classification| {
        let case = Case::new(message, Context { catalog, classification: found, known }, now);
        let mut trace = Trace::default();
        let settled = guard::check(&case, &mut trace)
            .or_else(|| follow_up::check(&case, &mut trace))
            .or_else(|| escalate::check(&case, &mut trace));
        settled.is_none() && answer::looks_for_articles(&case)
    };
    classify(intent.or_else(|| form_intent(message)), &comes_to_articles)
}

/// Whether `message` is dealt with without being classified: copies, and machines' mail whatever it says. Notices and lists may still match a rule.
fn is_settled_unread(message: &Message, known: &Known) -> bool {
    let by_kind = match message.automatic {
        Some(Automatic::AutoReply | Automatic::Bounce | Automatic::Feedback | Automatic::Receipt | Automatic::Own) => {
            true
        }
        Some(Automatic::List | Automatic::Notification) | None => false,
    };
    by_kind || known.duplicate.is_some() || alert::of(message).is_some()
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

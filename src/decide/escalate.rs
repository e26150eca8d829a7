//! What goes to the second line at once and is never answered by the machine.

use super::case::Case;
use super::chat::pressed;
use super::trace::Trace;
use crate::domain::{Button, Decision, Handling, Wish};

pub(super) fn check(case: &Case<'_>, trace: &mut Trace) -> Option<Decision> {
    let intent = case.intent.filter(|intent| intent.handling == Handling::Escalate);
    let (check, reason) = if case.has(Wish::Security) {
        ("escalate.security", "words of a security incident".to_owned())
    } else if case.has(Wish::Complaint) {
        ("escalate.complaint", "a complaint".to_owned())
    } else if let Some(intent) = intent {
        ("escalate.intent", format!("request type `{}` goes up at once", intent.id))
    } else if case.has(Wish::Person) || pressed(case.message) == Some(&Button::Person) {
        ("escalate.person", "asks for a person".to_owned())
    } else {
        trace.note("escalate", "no security words, no complaint, no request type that goes up, no wish for a person");
        return None;
    };
    trace.settle(check, reason.clone());
    Some(Decision::Escalate { reason })
}

//! Asking for missing details before people look at it.

use super::case::Case;
use super::silence::silence;
use super::trace::Trace;
use crate::domain::rulebook::RuleReply;
use crate::domain::{Decision, Priority};

pub(super) fn check(case: &Case<'_>, trace: &mut Trace) -> Option<Decision> {
    let Some(intent) = case.intent else {
        trace.note("ask", "no request type, so no details to ask for");
        return None;
    };
    if let Some((rule, RuleReply::Words(_))) = case.ruling.reply {
        trace.note("ask", format!("desk rule `{rule}` has words of its own"));
        return None;
    }
    if case.missing.is_empty() {
        trace.note("ask", format!("every detail of `{}` is there", intent.id));
        return None;
    }
    let names = case.missing.join(", ");
    // A question stops the clocks; what is critical must not wait for its answer.
    let barred = (case.priority == Priority::Critical).then(|| "critical matters do not wait for details".to_owned());
    let most = case.catalog().limits.questions_per_ticket;
    let barred = barred.or_else(|| (most == 0).then(|| "questions are switched off (limit 0)".to_owned()));
    if let Some(why) = barred.or_else(|| silence(case.message, case.context, None)) {
        trace.note("ask", format!("missing: {names}; not asked, because {why}"));
        return None;
    }
    trace.settle("ask", format!("missing: {names}; question 1 of {most}"));
    Some(Decision::Ask { intent: intent.id.clone(), missing: case.missing.clone() })
}

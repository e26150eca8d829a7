//! Where a ticket waits for people, and what its agent has to know.

use super::case::Context;
use crate::domain::catalog::Catalog;
use crate::domain::routing::{Line, Route};
use crate::domain::{Handling, Intent, Message, Priority};
use crate::sla::book::{Book, is_among};

/// Where a ticket waits, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Way<'a> {
    pub(super) queue: &'a str,
    pub(super) because: String,
    /// Nothing said where: it is in the default queue.
    pub(super) unrouted: bool,
    /// What its agent has to know.
    pub(super) skills: Vec<String>,
}

/// Where a new ticket of `message` waits: the first rule of the settings that fits, the customer's queue, the request type's, the
/// mailbox's or the chat service's, else the default one.
pub(super) fn of_message<'a>(
    context: Context<'a>,
    intent: Option<&'a Intent>,
    message: &Message,
    priority: Priority,
) -> Way<'a> {
    let catalog = context.catalog;
    let routing = &catalog.service.routing;
    let text = format!("{}\n{}", message.subject, message.reply_text).to_lowercase();
    let fitting: Vec<&Route> =
        routing.routes.iter().filter(|route| fits(route, intent, (message, &text), priority)).collect();
    let mut skills: Vec<String> = Vec::new();
    for skill in fitting.iter().flat_map(|route| &route.skills) {
        if !skills.contains(skill) {
            skills.push(skill.clone());
        }
    }
    let named = |name: &str| catalog.queue(name).map(|queue| queue.name.as_str());
    let ruled = fitting.iter().find_map(|route| Some((route, named(route.queue.as_deref()?)?)));
    if let Some((route, queue)) = ruled {
        return Way { queue, because: format!("rule `{}`: queue `{queue}`", route.name), unrouted: false, skills };
    }
    // What goes up at once has a window of its own, whoever writes.
    let customer = Book { catalog }
        .customer(&message.from.address)
        .filter(|_| intent.is_none_or(|intent| intent.handling != Handling::Escalate));
    if let Some((customer, queue)) = customer.and_then(|customer| Some((customer, named(customer.queue.as_deref()?)?)))
    {
        let because = format!("customer `{}`: queue `{queue}`", customer.name);
        return Way { queue, because, unrouted: false, skills };
    }
    let (queue, by) = found(catalog, intent, &message.source);
    let unrouted = by == By::Default;
    let because =
        if unrouted { format!("nothing routes it: default queue `{queue}`") } else { format!("queue `{queue}`") };
    Way { queue, because, unrouted, skills }
}

fn fits(route: &Route, intent: Option<&Intent>, (message, text): (&Message, &str), priority: Priority) -> bool {
    let scope = &route.scope;
    (scope.intents.is_empty() || intent.is_some_and(|intent| scope.intents.contains(&intent.id)))
        && (scope.priorities.is_empty() || scope.priorities.contains(&priority))
        && (scope.channels.is_empty() || scope.channels.contains(&message.channel))
        && (scope.requesters.is_empty() || is_among(&scope.requesters, &message.from.address))
        && (route.words.is_empty() || route.words.iter().any(|word| text.contains(word.as_str())))
}

/// What said where.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Something,
    Default,
}

/// The request type's queue, else the mailbox's or the chat service's, else the default one. A name the catalog does not know is
/// passed over; empty only for a catalog without queues, which is refused when it is built.
#[must_use]
pub fn queue_for<'a>(catalog: &'a Catalog, intent: Option<&Intent>, source: &str) -> &'a str {
    found(catalog, intent, source).0
}

fn found<'a>(catalog: &'a Catalog, intent: Option<&Intent>, source: &str) -> (&'a str, By) {
    let mailbox = catalog.desk.mailboxes.iter().find(|mailbox| mailbox.name == source);
    let chat = catalog.desk.chats.iter().find(|chat| chat.source == source);
    let named = |name: &str| catalog.queue(name);
    let routed = intent
        .and_then(|intent| named(&intent.queue))
        .or_else(|| named(mailbox?.queue.as_deref()?))
        .or_else(|| named(chat?.queue.as_deref()?));
    if let Some(queue) = routed {
        return (queue.name.as_str(), By::Something);
    }
    let default = catalog.service.routing.default_queue.as_deref().and_then(named);
    (default.or_else(|| catalog.queues.first()).map_or("", |queue| queue.name.as_str()), By::Default)
}

/// Where what goes up at once goes from `queue`: from a first line to its second line. What is in the second line already stays there;
/// the vendor gets it from people, or by a rule.
#[must_use]
pub fn second_line<'a>(catalog: &'a Catalog, queue: &'a str) -> &'a str {
    match catalog.service.routing.line(queue) {
        Line::First => line_above(catalog, queue),
        Line::Second | Line::Vendor => queue,
    }
}

/// The queue above `queue`, or itself when it is the last one.
#[must_use]
pub fn line_above<'a>(catalog: &'a Catalog, queue: &'a str) -> &'a str {
    catalog.queue(queue).and_then(|queue| queue.second_line.as_deref()).unwrap_or(queue)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::catalog;
    use super::*;
    use crate::domain::routing::{QueueRules, Strategy};

    #[test]
    fn intent_then_mailbox_then_first_queue() {
        let catalog = catalog();
        let cases = [
            (Some("restart_server"), "support", "operations"),
            (None, "sales", "contracts"),
            (None, "acme", "operations"),
            (None, "support", "desk"),
            (None, "unknown", "desk"),
        ];
        for (intent, source, wanted) in cases {
            let intent = intent.and_then(|id| catalog.intent(id));
            assert_eq!(queue_for(&catalog, intent, source), wanted, "{source}");
        }
        let mut lost = catalog.intent("restart_server").unwrap().clone();
        lost.queue = "gone".into();
        assert_eq!(queue_for(&catalog, Some(&lost), "sales"), "contracts");
    }

    #[test]
    fn the_last_line_keeps_what_is_passed_up() {
        let mut catalog = catalog();
        assert_eq!(second_line(&catalog, "desk"), "experts");
        assert_eq!(second_line(&catalog, "experts"), "experts");
        // operations is the second line, and experts are the vendor.
        let rules = |queue: &str, line| QueueRules { queue: queue.into(), line, assign: Strategy::None };
        catalog.service.routing.queues = vec![rules("operations", Line::Second), rules("experts", Line::Vendor)];
        assert_eq!(
            (second_line(&catalog, "operations"), line_above(&catalog, "operations")),
            ("operations", "experts")
        );
    }
}

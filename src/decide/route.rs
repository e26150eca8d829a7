//! Where a ticket waits for people.

use crate::domain::Intent;
use crate::domain::catalog::Catalog;

/// The request type's queue, else the mailbox's or the chat service's, else the first one. A name the catalog does not know is passed over;
/// empty only for a catalog without queues, which is refused when it is built.
#[must_use]
pub fn queue_for<'a>(catalog: &'a Catalog, intent: Option<&Intent>, source: &str) -> &'a str {
    let mailbox = catalog.desk.mailboxes.iter().find(|mailbox| mailbox.name == source);
    let chat = catalog.desk.chats.iter().find(|chat| chat.source == source);
    let named = |name: &str| catalog.queue(name);
    intent
        .and_then(|intent| named(&intent.queue))
        .or_else(|| named(mailbox?.queue.as_deref()?))
        .or_else(|| named(chat?.queue.as_deref()?))
        .or_else(|| catalog.queues.first())
        .map_or("", |queue| queue.name.as_str())
}

/// Where escalations from `queue` go: its second line, or itself when it is the last one.
#[must_use]
pub fn second_line<'a>(catalog: &'a Catalog, queue: &'a str) -> &'a str {
    catalog.queue(queue).and_then(|queue| queue.second_line.as_deref()).unwrap_or(queue)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::catalog;
    use super::*;

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
        let catalog = catalog();
        assert_eq!(second_line(&catalog, "desk"), "experts");
        assert_eq!(second_line(&catalog, "experts"), "experts");
    }
}

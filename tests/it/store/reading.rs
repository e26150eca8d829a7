use madoguchi::domain::*;
use madoguchi::store::{Figures, InboxFilter, Page, TicketFilter};

use super::{Desk, MINUTE, NOW, ids, ignoring, on_both};

on_both! {
    tickets_are_listed_newest_first_with_their_messages_counted
    tickets_are_filtered
    due_tickets_are_found_until_they_are_noted
    the_ledger_accounts_for_every_message
    figures_tell_what_waits
    the_database_answers
}

async fn tickets_are_listed_newest_first_with_their_messages_counted(desk: Desk) {
    let (a, b) = (desk.filed("a").await, desk.filed("b").await);
    let listed = desk.store.tickets(&TicketFilter::default()).await.unwrap();
    let found: Vec<_> = listed.iter().map(|listed| (listed.ticket.id, listed.messages)).collect();
    assert_eq!(found, [(b.id, 2), (a.id, 2)]);
    let page = TicketFilter { before: Some(b.id), limit: Some(1), ..TicketFilter::default() };
    assert_eq!(desk.store.tickets(&page).await.unwrap()[0].ticket, a);
}

async fn tickets_are_filtered(desk: Desk) {
    let mut a = desk.filed("a").await;
    desk.filed("b").await;
    a.status = Status::Open;
    a.assignee = Some("suzuki".into());
    a.updated_at = NOW.plus_ms(5);
    desk.store.apply(&Changes { tickets: vec![a.clone()], ..Changes::default() }, NOW).await.unwrap();
    let none = TicketFilter::default;
    for (filter, wanted) in [
        (TicketFilter { status: Some(Status::Open), ..none() }, 1),
        (TicketFilter { queue: Some("operations".into()), ..none() }, 2),
        (TicketFilter { queue: Some("sales".into()), ..none() }, 0),
        (TicketFilter { assignee: Some("suzuki".into()), ..none() }, 1),
        (TicketFilter { requester: Some("SATO@customer.example".into()), ..none() }, 2),
        (TicketFilter { channel: Some(Channel::Slack), ..none() }, 0),
        (TicketFilter { updated_before: Some(NOW.plus_ms(1)), ..none() }, 1),
    ] {
        assert_eq!(desk.store.tickets(&filter).await.unwrap().len(), wanted, "{filter:?}");
    }
}

async fn due_tickets_are_found_until_they_are_noted(desk: Desk) {
    let mut ticket = desk.filed("a").await;
    let due = NOW.plus_ms(15 * MINUTE);
    assert_eq!(desk.store.tickets_due(due.plus_ms(-1), 9).await.unwrap(), []);
    assert_eq!(desk.store.tickets_due(due, 9).await.unwrap(), [ticket.clone()]);
    ticket.breached.push("first_response".into());
    desk.store.apply(&Changes { tickets: vec![ticket], ..Changes::default() }, NOW).await.unwrap();
    assert_eq!(desk.store.tickets_due(due, 9).await.unwrap(), []);
}

async fn the_ledger_accounts_for_every_message(desk: Desk) {
    desk.filed("a").await;
    desk.fill(3).await;
    let items = desk.claim("w", NOW, 2).await;
    desk.store.settle("w", &[ignoring(items[0].id)], NOW).await.unwrap();
    desk.store.bury("w", items[1].id, "poison", NOW).await.unwrap();
    let totals = desk.store.ledger_totals().await.unwrap();
    assert_eq!((totals.seen, totals.filed, totals.ignored, totals.buried, totals.pending), (4, 1, 1, 1, 1));
    assert!(totals.is_balanced());
    let rows = desk.store.ledger_rows(Page { after: Some(items[0].id), limit: Some(1) }).await.unwrap();
    assert_eq!((rows.len(), rows[0].fate, rows[0].reason.as_str()), (1, Fate::Buried, "poison"));
    let ignored = InboxFilter { fate: Some(Fate::Ignored), ..InboxFilter::default() };
    let ignored = desk.store.inbox_list(ignored).await.unwrap();
    assert_eq!((ignored.len(), ignored[0].reason.as_str(), ignored[0].id), (1, "auto_reply", ids(&items)[0]));
    assert_eq!(desk.store.decision_of(items[1].id).await.unwrap().unwrap().decided, None);
    assert_eq!(desk.store.decision_of(InboxId(999)).await.unwrap(), None);
}

async fn figures_tell_what_waits(desk: Desk) {
    assert_eq!(desk.store.figures().await.unwrap(), Figures::default());
    desk.filed("a").await;
    desk.fill(2).await;
    let figures = desk.store.figures().await.unwrap();
    assert_eq!((figures.pending, figures.oldest_pending_at), (2, Some(NOW)));
    assert_eq!((figures.waiting, figures.oldest_waiting_at), (1, Some(NOW)));
}

async fn the_database_answers(desk: Desk) {
    desk.store.ping().await.unwrap();
    desk.store.close().await;
    assert!(desk.store.ping().await.is_err());
}

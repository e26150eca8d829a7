use madoguchi::domain::*;
use madoguchi::store::{OutboxFilter, SettleError, StoreError, TicketFilter};

use super::{Desk, MINUTE, NOW, event, ids, ignoring, message, on_both, opening, outbound, settled, ticket};

on_both! {
    everything_a_message_caused_is_there
    a_late_settle_writes_nothing
    a_batch_is_all_or_nothing
    a_stale_version_is_refused
    two_changes_of_one_ticket_in_a_batch_are_refused
    a_copy_is_refused
    a_key_written_twice_is_written_once
    a_send_limit_holds_although_two_decide_at_once
    a_thread_key_stays_where_it_leads
    a_message_goes_over_to_another_ticket_with_its_keys
    a_ticket_that_is_not_there_is_a_conflict
    an_action_of_a_person_changes_a_ticket
    a_bounce_marks_the_message
    workers_racing_for_one_ticket_lose_no_change
    text_with_nul_is_stored_without_it
    a_dropped_future_leaves_nothing_open
}

async fn everything_a_message_caused_is_there(desk: Desk) {
    let id = desk.fill(1).await[0];
    let item = desk.claim("w", NOW, 1).await.remove(0);
    let changes = opening(&item);
    desk.store.settle("w", std::slice::from_ref(&changes), NOW).await.unwrap();
    let number = TicketId::from(id);
    assert_eq!(desk.store.ticket(number).await.unwrap(), Some(Ticket { version: 1, ..ticket(number) }));
    assert_eq!(desk.store.ticket_events(number).await.unwrap(), changes.events);
    assert_eq!(desk.store.decision_of(id).await.unwrap(), changes.settled);
    let messages = desk.store.ticket_messages(number).await.unwrap();
    assert!(
        matches!(&messages[0], madoguchi::store::TicketMessage::In(found) if Some(&**found) == changes.message.as_ref())
    );
    assert!(matches!(&messages[1], madoguchi::store::TicketMessage::Out(row) if row.outbound == changes.outbound[0]));
    assert_eq!(messages.len(), 2);
    let totals = desk.store.ledger_totals().await.unwrap();
    assert_eq!((totals.filed, totals.pending, totals.is_balanced()), (1, 0, true));
}

async fn written(desk: &Desk) -> (usize, usize, usize) {
    let tickets = desk.store.tickets(&TicketFilter::default()).await.unwrap();
    let events = match tickets.first() {
        Some(listed) => desk.store.ticket_events(listed.ticket.id).await.unwrap().len(),
        None => 0,
    };
    (tickets.len(), events, desk.store.outbox_list(&OutboxFilter::default()).await.unwrap().len())
}

async fn a_late_settle_writes_nothing(desk: Desk) {
    desk.fill(2).await;
    let items = desk.claim("w", NOW, 2).await;
    let batch: Vec<Changes> = items.iter().map(opening).collect();
    for (owner, at) in [("w", NOW.plus_ms(MINUTE)), ("thief", NOW)] {
        let refused = desk.store.settle(owner, &batch, at).await;
        assert!(matches!(refused, Err(SettleError::LeaseLost { ids: lost }) if lost == ids(&items)), "{owner}");
        assert_eq!(written(&desk).await, (0, 0, 0));
    }
    desk.store.settle("w", &batch, NOW).await.unwrap();
    assert!(matches!(desk.store.settle("w", &batch, NOW).await, Err(SettleError::LeaseLost { .. })));
    assert_eq!(written(&desk).await, (2, 2, 2));
}

async fn a_batch_is_all_or_nothing(desk: Desk) {
    desk.fill(3).await;
    let items = desk.claim("w", NOW, 3).await;
    let mut batch: Vec<Changes> = items.iter().map(opening).collect();
    desk.store.settle("w", &batch[..1], NOW).await.unwrap();
    // One is closed already: nothing of the other two is written, and only the one is named.
    let refused = desk.store.settle("w", &batch, NOW).await;
    assert!(matches!(refused, Err(SettleError::LeaseLost { ids }) if ids == [items[0].id]));
    assert_eq!(written(&desk).await.0, 1);
    batch.remove(0);
    desk.store.settle("w", &batch, NOW).await.unwrap();
    assert_eq!(written(&desk).await.0, 3);
}

async fn a_stale_version_is_refused(desk: Desk) {
    let stored = desk.filed("a").await;
    desk.fill(2).await;
    let items = desk.claim("w", NOW, 2).await;
    let follow = |item: usize, version: i64| Changes {
        settled: Some(settled(items[item].id, Fate::Joined, Some(stored.id))),
        tickets: vec![Ticket { version, status: Status::Open, ..stored.clone() }],
        events: vec![event(stored.id, EventKind::MessageIn)],
        ..Changes::default()
    };
    desk.store.settle("w", &[follow(0, 1)], NOW).await.unwrap();
    for version in [1, 0, 7] {
        let refused = desk.store.settle("w", &[follow(1, version)], NOW).await;
        assert!(matches!(refused, Err(SettleError::Conflict { ids }) if ids == [items[1].id]), "{version}");
    }
    assert_eq!(desk.store.ticket_events(stored.id).await.unwrap().len(), 3);
    desk.store.settle("w", &[follow(1, 2)], NOW).await.unwrap();
    assert_eq!(desk.store.ticket(stored.id).await.unwrap().unwrap().version, 3);
}

async fn two_changes_of_one_ticket_in_a_batch_are_refused(desk: Desk) {
    let stored = desk.filed("a").await;
    desk.fill(2).await;
    let items = desk.claim("w", NOW, 2).await;
    let batch: Vec<Changes> =
        items.iter().map(|item| Changes { tickets: vec![stored.clone()], ..ignoring(item.id) }).collect();
    let refused = desk.store.settle("w", &batch, NOW).await;
    assert!(matches!(refused, Err(SettleError::Conflict { ids }) if ids == [items[1].id]));
    desk.store.settle("w", &batch[..1], NOW).await.unwrap();
}

async fn a_copy_is_refused(desk: Desk) {
    desk.filed("a").await;
    desk.fill(2).await;
    let items = desk.claim("w", NOW, 2).await;
    let mut copy = opening(&items[1]);
    copy.message = Some(message(items[1].id, Some(items[1].id.into()), "a"));
    let refused = desk.store.settle("w", &[opening(&items[0]), copy], NOW).await;
    assert!(matches!(refused, Err(SettleError::Conflict { ids }) if ids == [items[1].id]));
    assert_eq!(written(&desk).await.0, 1);
}

async fn a_key_written_twice_is_written_once(desk: Desk) {
    let stored = desk.filed("a").await;
    let key = format!("reply:{}:0", stored.id.0);
    let again = Changes { outbound: vec![outbound(&key, stored.id), outbound("b", stored.id)], ..Changes::default() };
    desk.store.apply(&again, NOW).await.unwrap();
    desk.store.apply(&again, NOW).await.unwrap();
    let keys: Vec<String> = desk
        .store
        .outbox_list(&OutboxFilter::default())
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.outbound.dedupe_key)
        .collect();
    assert_eq!(keys, [key, "b".to_owned()]);
}

async fn a_thread_key_stays_where_it_leads(desk: Desk) {
    let (a, b) = (desk.filed("a").await, desk.filed("b").await);
    let key = "a@customer.example".to_owned();
    let steal = Changes { thread_keys: vec![ThreadKey { key: key.clone(), ticket: b.id }], ..Changes::default() };
    desk.store.apply(&steal, NOW).await.unwrap();
    let probe = Probe { thread_keys: vec![key], ..Probe::default() };
    assert_eq!(desk.store.context(&[probe], NOW).await.unwrap()[0].ticket.as_ref().unwrap().id, a.id);
}

async fn a_message_goes_over_to_another_ticket_with_its_keys(desk: Desk) {
    let (a, b) = (desk.filed("a").await, desk.filed("b").await);
    let (id, key) = (InboxId(a.id.0), "a@customer.example".to_owned());
    let moved = vec![Moved { inbox_id: id, ticket: b.id, keys: vec![key.clone()] }];
    desk.store.apply(&Changes { moved, ..Changes::default() }, NOW).await.unwrap();
    let received = async |ticket: TicketId| {
        let all = desk.store.ticket_messages(ticket).await.unwrap();
        all.into_iter().filter(|one| matches!(one, madoguchi::store::TicketMessage::In(_))).count()
    };
    assert_eq!((received(a.id).await, received(b.id).await), (0, 2));
    assert_eq!(desk.store.decision_of(id).await.unwrap().unwrap().ticket, Some(b.id));
    let probe = Probe { thread_keys: vec![key], ..Probe::default() };
    assert_eq!(desk.store.context(&[probe], NOW).await.unwrap()[0].ticket.as_ref().unwrap().id, b.id);
}

async fn a_ticket_that_is_not_there_is_a_conflict(desk: Desk) {
    desk.fill(1).await;
    let item = desk.claim("w", NOW, 1).await.remove(0);
    let lost = Changes { events: vec![event(TicketId(999), EventKind::Note)], ..ignoring(item.id) };
    assert!(matches!(
        desk.store.settle("w", std::slice::from_ref(&lost), NOW).await,
        Err(SettleError::Conflict { .. })
    ));
    let action = Changes { settled: None, ..lost };
    assert!(matches!(desk.store.apply(&action, NOW).await, Err(StoreError::Conflict { .. })));
    // And a change without a fate is none.
    let mut pending = ignoring(item.id);
    pending.settled.as_mut().unwrap().fate = Fate::Pending;
    assert!(matches!(desk.store.settle("w", &[pending], NOW).await, Err(SettleError::Conflict { .. })));
    desk.store.settle("w", &[ignoring(item.id)], NOW).await.unwrap();
}

async fn an_action_of_a_person_changes_a_ticket(desk: Desk) {
    let mut stored = desk.filed("a").await;
    stored.status = Status::Resolved;
    stored.resolved_at = Some(NOW);
    let changes = Changes {
        tickets: vec![stored.clone()],
        events: vec![event(stored.id, EventKind::Status)],
        ..Changes::default()
    };
    desk.store.apply(&changes, NOW).await.unwrap();
    assert!(matches!(desk.store.apply(&changes, NOW).await, Err(StoreError::Conflict { .. })));
    assert_eq!(desk.store.ticket(stored.id).await.unwrap().unwrap(), Ticket { version: 2, ..stored.clone() });
    assert_eq!(desk.store.ticket_events(stored.id).await.unwrap().len(), 3);
    // Rows are closed by the owner of their lease only.
    assert!(matches!(desk.store.apply(&ignoring(InboxId(1)), NOW).await, Err(StoreError::Conflict { .. })));
}

async fn a_bounce_marks_the_message(desk: Desk) {
    desk.filed("a").await;
    let sent = desk.store.outbox_list(&OutboxFilter::default()).await.unwrap().remove(0);
    assert_eq!(sent.bounced_at, None);
    let bounce = Changes { bounced: vec![sent.id], ..Changes::default() };
    desk.store.apply(&bounce, NOW).await.unwrap();
    desk.store.apply(&bounce, NOW.plus_ms(1)).await.unwrap();
    assert_eq!(desk.store.outbox_list(&OutboxFilter::default()).await.unwrap()[0].bounced_at, Some(NOW));
}

async fn workers_racing_for_one_ticket_lose_no_change(desk: Desk) {
    let id = desk.filed("a").await.id;
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let store = desk.store.clone();
        workers.spawn(async move {
            let mut done = 0;
            while done < 5 {
                let mut ticket = store.ticket(id).await.unwrap().unwrap();
                ticket.automatic_sent += 1;
                let changes =
                    Changes { tickets: vec![ticket], events: vec![event(id, EventKind::Note)], ..Changes::default() };
                match store.apply(&changes, NOW).await {
                    Ok(()) => done += 1,
                    Err(StoreError::Conflict { .. }) => {}
                    Err(other) => panic!("{other}"),
                }
            }
        });
    }
    workers.join_all().await;
    let ticket = desk.store.ticket(id).await.unwrap().unwrap();
    assert_eq!((ticket.automatic_sent, ticket.version), (31, 31));
    assert_eq!(desk.store.ticket_events(id).await.unwrap().len(), 32);
}

async fn text_with_nul_is_stored_without_it(desk: Desk) {
    desk.fill(1).await;
    let item = desk.claim("w", NOW, 1).await.remove(0);
    let mut changes = opening(&item);
    changes.tickets[0].subject = "a\0b \\u0000 \u{1}".into();
    desk.store.settle("w", &[changes], NOW).await.unwrap();
    assert_eq!(desk.store.ticket(item.id.into()).await.unwrap().unwrap().subject, "a\u{fffd}b \\u0000 \u{1}");
}

async fn a_dropped_future_leaves_nothing_open(desk: Desk) {
    desk.fill(60).await;
    for n in 0..60_u64 {
        let limit = std::time::Duration::from_micros(n * 40);
        let _ = tokio::time::timeout(limit, desk.store.claim_inbox("w", NOW, NOW, 1)).await;
    }
    if !desk.is_sqlite() {
        let pool = sqlx::PgPool::connect(&desk.url).await.unwrap();
        let open = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'";
        // The rollback of the last one may be on its way.
        let mut idle = 1;
        for _ in 0..1000 {
            idle = sqlx::query_scalar::<_, i64>(open).fetch_one(&pool).await.unwrap();
            if idle == 0 {
                break;
            }
        }
        assert_eq!(idle, 0);
    }
    // The writer is free.
    desk.store.accept(&[super::received("after", "after")], NOW).await.unwrap();
}

/// Two decisions that know of the same count cannot both use it up.
async fn a_send_limit_holds_although_two_decide_at_once(desk: Desk) {
    desk.fill(3).await;
    let items = desk.claim("w", NOW, 3).await;
    let letter = |item: usize, known: u32| {
        let changes = opening(&items[item]);
        let address = changes.outbound[0].to[0].address.to_lowercase();
        Changes { send_count: Some(SendCount { address, known }), ..changes }
    };
    desk.store.settle("w", &[letter(0, 0)], NOW).await.unwrap();
    let refused = desk.store.settle("w", &[letter(1, 0)], NOW).await.unwrap_err();
    assert!(matches!(&refused, SettleError::Conflict { ids } if *ids == [items[1].id]), "{refused}");
    desk.store.settle("w", &[letter(1, 1), letter(2, 2)], NOW).await.unwrap();
}

use madoguchi::domain::*;
use madoguchi::store::{Delivery, OutboxFilter, OutboxItem, OutboxState, Sending, StoreError, Which};

use super::{Desk, MINUTE, NOW, on_both, outbound};

on_both! {
    racing_senders_get_each_message_once
    only_connections_that_can_send_are_served
    a_message_waits_for_its_time
    a_message_comes_back_when_the_lease_ends_unchanged
    a_late_success_counts_while_nobody_else_has_it
    a_result_of_another_is_refused
    a_postponed_message_waits
    a_failed_message_is_noted_on_its_ticket_and_can_be_tried_again
    a_batch_of_results_names_the_lost_ones
}

fn mail() -> Vec<Sending> {
    vec![Sending { channel: Channel::Email, source: "support".into() }]
}

async fn claim(desk: &Desk, owner: &str, at: Timestamp) -> Vec<OutboxItem> {
    desk.store.claim_outbox(owner, [at, at.plus_ms(MINUTE)], 10, &mail()).await.unwrap()
}

async fn state(desk: &Desk) -> (OutboxState, i64, String) {
    let row = desk.store.outbox_list(&OutboxFilter::default()).await.unwrap().remove(0);
    (row.state, row.attempts, row.error)
}

async fn racing_senders_get_each_message_once(desk: Desk) {
    let ticket = desk.filed("a").await;
    let outbound = (0..100).map(|n| outbound(&format!("k{n}"), ticket.id)).collect();
    desk.store.apply(&Changes { outbound, ..Changes::default() }, NOW).await.unwrap();
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..6 {
        let store = desk.store.clone();
        senders.spawn(async move {
            let owner = format!("s{sender}");
            let mut sent = Vec::new();
            loop {
                let items = store.claim_outbox(&owner, [NOW, NOW.plus_ms(MINUTE)], 7, &mail()).await.unwrap();
                if items.is_empty() {
                    return sent;
                }
                let results: Vec<_> = items.iter().map(|item| (item.id, Delivery::Delivered)).collect();
                assert_eq!(store.finish_outbox(&owner, &results, NOW).await.unwrap(), []);
                sent.extend(items.into_iter().map(|item| item.id));
            }
        });
    }
    let mut sent = senders.join_all().await.concat();
    sent.sort();
    sent.dedup();
    assert_eq!(sent.len(), 101);
}

async fn only_connections_that_can_send_are_served(desk: Desk) {
    let ticket = desk.filed("a").await;
    let chat = Outbound { channel: Channel::Slack, source: "acme".into(), ..outbound("chat", ticket.id) };
    let sales = Outbound { source: "sales".into(), ..outbound("sales", ticket.id) };
    desk.store.apply(&Changes { outbound: vec![chat, sales], ..Changes::default() }, NOW).await.unwrap();
    assert_eq!(desk.store.claim_outbox("s", [NOW, NOW], 10, &[]).await.unwrap(), []);
    assert_eq!(claim(&desk, "s", NOW).await.len(), 1);
    let slack = Sending { channel: Channel::Slack, source: "acme".into() };
    let found = desk.store.claim_outbox("s", [NOW, NOW.plus_ms(1)], 10, &[mail().remove(0), slack]).await.unwrap();
    assert_eq!((found.len(), found[0].outbound.dedupe_key.as_str()), (1, "chat"));
}

async fn a_message_waits_for_its_time(desk: Desk) {
    let ticket = desk.filed("a").await;
    claim(&desk, "s", NOW).await;
    let later = Outbound { send_at: NOW.plus_ms(500), ..outbound("later", ticket.id) };
    desk.store.apply(&Changes { outbound: vec![later], ..Changes::default() }, NOW).await.unwrap();
    assert_eq!(claim(&desk, "s", NOW.plus_ms(499)).await, []);
    assert_eq!(claim(&desk, "s", NOW.plus_ms(500)).await.len(), 1);
}

async fn a_message_comes_back_when_the_lease_ends_unchanged(desk: Desk) {
    desk.filed("a").await;
    let first = claim(&desk, "dead", NOW).await.remove(0);
    assert_eq!(claim(&desk, "s", NOW.plus_ms(MINUTE - 1)).await, []);
    let again = claim(&desk, "s", NOW.plus_ms(MINUTE)).await.remove(0);
    assert_eq!((again.attempt, &again.outbound), (2, &first.outbound));
}

async fn a_late_success_counts_while_nobody_else_has_it(desk: Desk) {
    desk.filed("a").await;
    let item = claim(&desk, "slow", NOW).await.remove(0);
    desk.store.delivered("slow", item.id, NOW.plus_ms(2 * MINUTE)).await.unwrap();
    assert_eq!(claim(&desk, "s", NOW.plus_ms(3 * MINUTE)).await, []);
    assert_eq!(state(&desk).await.0, OutboxState::Delivered);
}

async fn a_result_of_another_is_refused(desk: Desk) {
    desk.filed("a").await;
    let item = claim(&desk, "slow", NOW).await.remove(0);
    claim(&desk, "quick", NOW.plus_ms(MINUTE)).await;
    let late = desk.store.failed("slow", item.id, "x", NOW.plus_ms(MINUTE)).await;
    assert!(matches!(late, Err(StoreError::LeaseLost { .. })));
    desk.store.delivered("quick", item.id, NOW.plus_ms(MINUTE)).await.unwrap();
    let twice = desk.store.delivered("quick", item.id, NOW.plus_ms(MINUTE)).await;
    assert!(matches!(twice, Err(StoreError::LeaseLost { .. })));
}

async fn a_postponed_message_waits(desk: Desk) {
    desk.filed("a").await;
    let item = claim(&desk, "s", NOW).await.remove(0);
    desk.store.postponed("s", item.id, (NOW.plus_ms(5000), "451 greylisted"), NOW).await.unwrap();
    assert_eq!(state(&desk).await, (OutboxState::Waiting, 1, "451 greylisted".to_owned()));
    assert_eq!(claim(&desk, "s", NOW.plus_ms(4999)).await, []);
    assert_eq!(claim(&desk, "s", NOW.plus_ms(5000)).await[0].attempt, 2);
}

async fn a_failed_message_is_noted_on_its_ticket_and_can_be_tried_again(desk: Desk) {
    let ticket = desk.filed("a").await;
    let item = claim(&desk, "s", NOW).await.remove(0);
    desk.store.failed("s", item.id, "550 no such user", NOW).await.unwrap();
    let last = desk.store.ticket_events(ticket.id).await.unwrap().pop().unwrap();
    assert_eq!((last.kind, last.detail.as_str()), (EventKind::Delivery, "550 no such user"));
    assert_eq!(desk.store.figures().await.unwrap().failed, 1);
    assert_eq!(claim(&desk, "s", NOW.plus_ms(10 * MINUTE)).await, []);
    assert_eq!(desk.store.retry_outbox(&Which::Ids(vec![OutboxId(999)]), NOW).await.unwrap(), 0);
    assert_eq!(desk.store.retry_outbox(&Which::Ids(vec![item.id]), NOW).await.unwrap(), 1);
    assert_eq!(claim(&desk, "s", NOW.plus_ms(1)).await[0].attempt, 1);
    desk.store.failed("s", item.id, "550", NOW).await.unwrap();
    assert_eq!(desk.store.retry_outbox(&Which::All, NOW).await.unwrap(), 1);
}

async fn a_batch_of_results_names_the_lost_ones(desk: Desk) {
    let ticket = desk.filed("a").await;
    let outbound = (0..3).map(|n| outbound(&format!("k{n}"), ticket.id)).collect();
    desk.store.apply(&Changes { outbound, ..Changes::default() }, NOW).await.unwrap();
    let ids: Vec<OutboxId> = claim(&desk, "s", NOW).await.iter().map(|item| item.id).collect();
    desk.store.delivered("s", ids[1], NOW).await.unwrap();
    let results: Vec<_> = ids.iter().map(|id| (*id, Delivery::Delivered)).collect();
    assert_eq!(desk.store.finish_outbox("s", &results, NOW).await.unwrap(), [ids[1]]);
    let figures = desk.store.figures().await.unwrap();
    assert_eq!((figures.waiting, figures.oldest_waiting_at), (0, None));
}

use madoguchi::domain::*;
use madoguchi::store::OutboxFilter;

use super::{Desk, NOW, on_both, outbound};

const HOUR: i64 = 3_600_000;

on_both! {
    an_unknown_message_is_unknown
    a_copy_is_known_by_its_fingerprint
    an_erased_message_stays_known
    a_token_goes_before_a_thread_key
    merges_are_followed_to_the_end
    automatic_messages_of_a_day_are_counted
    a_returned_message_is_found_by_its_message_id
    a_batch_is_answered_in_its_order
}

fn probe(name: &str) -> Probe {
    Probe { fingerprint: format!("print-{name}"), sender: "sato@customer.example".into(), ..Probe::default() }
}

async fn known(desk: &Desk, probe: Probe) -> Known {
    desk.store.context(&[probe], NOW).await.unwrap().remove(0)
}

async fn an_unknown_message_is_unknown(desk: Desk) {
    let probe = Probe {
        tokens: vec![TicketId(7)],
        thread_keys: vec!["x@y".into()],
        bounced_message_id: Some("z@y".into()),
        ..probe("a")
    };
    assert_eq!(known(&desk, probe).await, Known::default());
    assert_eq!(desk.store.context(&[], NOW).await.unwrap(), []);
}

async fn a_copy_is_known_by_its_fingerprint(desk: Desk) {
    let ticket = desk.filed("a").await;
    assert_eq!(known(&desk, probe("a")).await.duplicate, Some(Some(ticket.id)));
    assert_eq!(known(&desk, probe("b")).await.duplicate, None);
}

async fn an_erased_message_stays_known(desk: Desk) {
    let ticket = desk.filed("a").await;
    desk.store.forget(&[InboxId(ticket.id.0)], NOW).await.unwrap();
    assert_eq!(known(&desk, probe("a")).await.duplicate, Some(None));
    assert!(desk.store.raw(InboxId(ticket.id.0)).await.is_err());
    assert_eq!(desk.store.ledger_totals().await.unwrap().filed, 1);
}

async fn a_token_goes_before_a_thread_key(desk: Desk) {
    let (a, b) = (desk.filed("a").await, desk.filed("b").await);
    let by_key = Probe {
        thread_keys: vec!["nobody@x".into(), "b@customer.example".into(), "a@customer.example".into()],
        ..probe("c")
    };
    let found = known(&desk, by_key.clone()).await;
    assert_eq!((found.ticket.map(|t| t.id), found.by_token), (Some(b.id), false));
    let by_token = Probe { tokens: vec![TicketId(999), a.id, b.id], ..by_key };
    let found = known(&desk, by_token).await;
    assert_eq!((found.ticket, found.by_token), (Some(a), true));
}

async fn merges_are_followed_to_the_end(desk: Desk) {
    let (a, b, c) = (desk.filed("a").await, desk.filed("b").await, desk.filed("c").await);
    for (from, to) in [(&a, &b), (&b, &c)] {
        let merged = Ticket { merged_into: Some(to.id), ..from.clone() };
        desk.store.apply(&Changes { tickets: vec![merged], ..Changes::default() }, NOW).await.unwrap();
    }
    let by_key = Probe { thread_keys: vec!["a@customer.example".into()], ..probe("d") };
    let by_token = Probe { tokens: vec![a.id], ..probe("d") };
    for probe in [by_key, by_token] {
        assert_eq!(known(&desk, probe).await.ticket.map(|t| t.id), Some(c.id));
    }
    // A circle ends somewhere.
    let circle = Ticket { merged_into: Some(a.id), ..c };
    desk.store.apply(&Changes { tickets: vec![circle], ..Changes::default() }, NOW).await.unwrap();
    assert!(known(&desk, Probe { tokens: vec![a.id], ..probe("d") }).await.ticket.is_some());
}

async fn automatic_messages_of_a_day_are_counted(desk: Desk) {
    let ticket = desk.filed("a").await;
    let send = async |key: &str, kind, at| {
        let outbound = vec![Outbound { kind, ..outbound(key, ticket.id) }];
        desk.store.apply(&Changes { outbound, ..Changes::default() }, at).await.unwrap();
    };
    send("old", OutboundKind::Answer, NOW.plus_ms(-24 * HOUR)).await;
    send("young", OutboundKind::Answer, NOW.plus_ms(-24 * HOUR + 1)).await;
    send("person", OutboundKind::AgentReply, NOW).await;
    send("young", OutboundKind::Answer, NOW).await;
    // `young` and the acknowledgement of the ticket.
    assert_eq!(known(&desk, probe("b")).await.automatic_to_sender, 2);
    assert_eq!(known(&desk, Probe { sender: "other@x".into(), ..probe("b") }).await.automatic_to_sender, 0);
}

async fn a_returned_message_is_found_by_its_message_id(desk: Desk) {
    desk.filed("a").await;
    let sent = desk.store.outbox_list(&OutboxFilter::default()).await.unwrap().remove(0);
    let bounce = |id: &str| Probe { bounced_message_id: Some(id.into()), ..probe("b") };
    assert_eq!(known(&desk, bounce(&sent.outbound.message_id)).await.bounced, Some(sent.id));
    assert_eq!(known(&desk, bounce("forged@desk.example")).await.bounced, None);
}

async fn a_batch_is_answered_in_its_order(desk: Desk) {
    let (a, b) = (desk.filed("a").await, desk.filed("b").await);
    let probes = [probe("b"), probe("x"), probe("a"), probe("b")];
    let found: Vec<_> =
        desk.store.context(&probes, NOW).await.unwrap().into_iter().map(|known| known.duplicate).collect();
    assert_eq!(found, [Some(Some(b.id)), None, Some(Some(a.id)), Some(Some(b.id))]);
}

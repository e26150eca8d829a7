use madoguchi::domain::*;
use madoguchi::store::{MAX_ATTEMPTS, SettleError, StoreError, Which};

use super::{Desk, MINUTE, NOW, ids, ignoring, on_both, received};

on_both! {
    racing_workers_get_each_row_once
    a_conversation_goes_in_order_and_one_at_a_time
    a_flood_in_one_conversation_does_not_hide_the_others
    a_row_comes_back_when_its_lease_ends
    a_row_given_back_was_not_tried
    suspects_come_alone_and_take_turns_with_fresh_rows
    a_row_tried_too_often_is_to_be_buried
    burying_needs_the_lease_and_lets_the_conversation_go_on
    a_buried_row_is_taken_up_again_before_its_successors
    a_claim_is_limited_in_bytes
}

async fn racing_workers_get_each_row_once(desk: Desk) {
    let all = desk.fill(200).await;
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..8 {
        let store = desk.store.clone();
        workers.spawn(async move {
            let owner = format!("w{worker}");
            let mut mine = Vec::new();
            loop {
                let claim = store.claim_inbox(&owner, NOW, NOW.plus_ms(MINUTE), 7).await.unwrap();
                if claim.is_empty() {
                    return mine;
                }
                let batch: Vec<Changes> = claim.items.iter().map(|item| ignoring(item.id)).collect();
                store.settle(&owner, &batch, NOW).await.unwrap();
                mine.extend(ids(&claim.items));
            }
        });
    }
    let mut handled: Vec<InboxId> = workers.join_all().await.concat();
    handled.sort();
    assert_eq!(handled, all);
    assert_eq!(desk.store.ledger_totals().await.unwrap().ignored, 200);
}

async fn a_conversation_goes_in_order_and_one_at_a_time(desk: Desk) {
    let names = ["a1", "b1", "a2", "a3", "b2"];
    let batch = names.map(|name| received(name, &name[..1]));
    desk.store.accept(&batch[..3], NOW).await.unwrap();
    desk.store.accept(&batch[3..], NOW).await.unwrap();
    let mut seen = Vec::new();
    loop {
        let items = desk.claim("w", NOW, 10).await;
        if items.is_empty() {
            break;
        }
        // Nothing more while these are being handled.
        assert_eq!(desk.claim("other", NOW, 10).await, []);
        seen.push(items.iter().map(|item| item.received.external_id.clone()).collect::<Vec<_>>());
        for item in &items {
            desk.store.settle("w", &[ignoring(item.id)], NOW).await.unwrap();
        }
    }
    assert_eq!(seen, [vec!["a1", "b1"], vec!["a2", "b2"], vec!["a3"]]);
}

async fn a_flood_in_one_conversation_does_not_hide_the_others(desk: Desk) {
    let mut batch: Vec<Received> = (0..500).map(|n| received(&format!("flood{n}"), "flood")).collect();
    batch.extend((0..5).map(|n| received(&format!("m{n}"), &format!("c{n}"))));
    desk.store.accept(&batch, NOW).await.unwrap();
    assert_eq!(desk.claim("w", NOW, 64).await.len(), 6);
}

async fn a_row_comes_back_when_its_lease_ends(desk: Desk) {
    desk.fill(1).await;
    let first = desk.claim("one", NOW, 10).await;
    assert_eq!(desk.claim("two", NOW.plus_ms(MINUTE - 1), 10).await, []);
    let second = desk.claim("two", NOW.plus_ms(MINUTE), 10).await;
    assert_eq!(ids(&second), ids(&first));
    assert_eq!((first[0].attempt, second[0].attempt), (1, 2));
    // The first worker comes too late, whatever the time.
    let late = desk.store.settle("one", &[ignoring(first[0].id)], NOW).await;
    assert!(matches!(late, Err(SettleError::LeaseLost { ids }) if ids == [first[0].id]));
    desk.store.settle("two", &[ignoring(first[0].id)], NOW.plus_ms(MINUTE)).await.unwrap();
}

async fn a_row_given_back_was_not_tried(desk: Desk) {
    let all = desk.fill(3).await;
    desk.claim("w", NOW, 10).await;
    desk.store.release("thief", &all).await.unwrap();
    assert_eq!(desk.claim("w", NOW, 10).await, []);
    desk.store.release("w", &all).await.unwrap();
    let again = desk.claim("w", NOW, 10).await;
    assert_eq!(again.iter().map(|item| item.attempt).collect::<Vec<_>>(), [1, 1, 1]);
}

async fn suspects_come_alone_and_take_turns_with_fresh_rows(desk: Desk) {
    desk.fill(3).await;
    desk.claim("dead", NOW, 3).await;
    let batch: Vec<Received> = (0..6).map(|n| received(&format!("f{n}"), &format!("f{n}"))).collect();
    desk.store.accept(&batch, NOW).await.unwrap();
    let later = NOW.plus_ms(MINUTE);
    let mut claims = Vec::new();
    for _ in 0..6 {
        let items = desk.claim("w", later, 2).await;
        claims.push((items.len(), items[0].attempt));
    }
    claims.sort_unstable();
    assert_eq!(claims, [(1, 2), (1, 2), (1, 2), (2, 1), (2, 1), (2, 1)]);
}

async fn a_row_tried_too_often_is_to_be_buried(desk: Desk) {
    let all = desk.fill(1).await;
    let mut now = NOW;
    for attempt in 1..=MAX_ATTEMPTS {
        assert_eq!(desk.claim("w", now, 5).await[0].attempt, attempt);
        now = now.plus_ms(MINUTE);
    }
    let claim = desk.store.claim_inbox("w", now, now.plus_ms(MINUTE), 5).await.unwrap();
    assert_eq!(claim.items, []);
    assert_eq!(claim.to_bury[0].id, all[0]);
    desk.store.bury("w", all[0], &claim.to_bury[0].reason, now).await.unwrap();
    let totals = desk.store.ledger_totals().await.unwrap();
    assert_eq!((totals.buried, totals.is_balanced()), (1, true));
    assert!(desk.store.raw(all[0]).await.unwrap().starts_with(b"Subject: m0"));
}

async fn burying_needs_the_lease_and_lets_the_conversation_go_on(desk: Desk) {
    desk.store.accept(&[received("a", "c"), received("b", "c")], NOW).await.unwrap();
    let first = desk.claim("w", NOW, 5).await;
    for (owner, at) in [("thief", NOW), ("w", NOW.plus_ms(MINUTE))] {
        let refused = desk.store.bury(owner, first[0].id, "poison", at).await;
        assert!(matches!(refused, Err(StoreError::LeaseLost { .. })), "{owner}");
    }
    desk.store.bury("w", first[0].id, "poison", NOW).await.unwrap();
    assert_eq!(desk.claim("w", NOW, 5).await[0].received.external_id, "b");
}

async fn a_buried_row_is_taken_up_again_before_its_successors(desk: Desk) {
    desk.store.accept(&[received("a", "c"), received("b", "c"), received("x", "d")], NOW).await.unwrap();
    for item in desk.claim("w", NOW, 5).await {
        desk.store.bury("w", item.id, "poison", NOW).await.unwrap();
    }
    let buried: Vec<InboxId> =
        desk.store.ledger_rows(madoguchi::store::Page::default()).await.unwrap().iter().map(|row| row.id).collect();
    assert_eq!(desk.store.retry_inbox(&Which::Ids(buried[..2].to_vec())).await.unwrap(), 1);
    let again = desk.claim("w", NOW, 5).await;
    assert_eq!((again.len(), again[0].attempt, again[0].id), (1, 1, buried[0]));
    assert_eq!(desk.store.retry_inbox(&Which::All).await.unwrap(), 1);
    assert_eq!(ids(&desk.claim("w", NOW, 5).await), [buried[2]]);
}

async fn a_claim_is_limited_in_bytes(desk: Desk) {
    let batch: Vec<Received> =
        (0..4).map(|n| Received { raw: vec![n; 6_000_000], ..received(&n.to_string(), &n.to_string()) }).collect();
    desk.store.accept(&batch, NOW).await.unwrap();
    let sizes = [desk.claim("w", NOW, 64).await.len(), desk.claim("w", NOW, 64).await.len()];
    assert_eq!(sizes, [2, 2]);
    assert!(desk.store.claim_inbox("w", NOW, NOW, 1).await.unwrap().is_empty());
}

//! Held text, what is handed out with it, and how far rooms were read.

use madoguchi::domain::*;
use madoguchi::store::{InboxItem, SettleError, StoreError};

use super::{Desk, MINUTE, NOW, ids, ignoring, on_both, opening, received};

on_both! {
    text_is_held_and_mail_is_not
    what_follows_within_the_hold_comes_with_it
    a_run_ends_at_what_is_not_held_or_came_later
    companions_are_leased_counted_and_settled_with_the_first
    a_burst_that_failed_comes_back_whole_and_at_last_alone
    companions_given_back_come_next
    what_was_said_earlier_goes_first_however_late_it_came
    nothing_overtakes_what_is_being_handled
    the_end_of_the_next_hold_is_known
    a_long_flood_is_handed_out_in_parts
    cursors_are_stored_with_the_messages
    nothing_is_stored_when_one_of_the_parties_is_refused
}

const HOLD: i64 = 4_000;

fn text(name: &str, said_after_ms: i64) -> Received {
    Received {
        channel: Channel::Slack,
        source: "slack".into(),
        arrived_at: NOW.plus_ms(said_after_ms),
        hold_ms: HOLD,
        ..received(name, "slack:C1:U1")
    }
}

fn names(item: &InboxItem) -> Vec<&str> {
    std::iter::once(item).chain(&item.companions).map(|row| row.received.external_id.as_str()).collect()
}

async fn text_is_held_and_mail_is_not(desk: Desk) {
    desk.store.accept(&[text("a", 0), received("m", "m")], NOW).await.unwrap();
    let now = desk.claim("w", NOW, 9).await;
    assert_eq!(names(&now[0]), ["m"]);
    assert_eq!(desk.claim("w", NOW.plus_ms(HOLD - 1), 9).await, []);
    let later = desk.claim("w", NOW.plus_ms(HOLD), 9).await;
    assert_eq!((names(&later[0]), later[0].received.hold_ms), (vec!["a"], HOLD));
}

async fn what_follows_within_the_hold_comes_with_it(desk: Desk) {
    desk.store.accept(&[text("a", 0)], NOW).await.unwrap();
    desk.store.accept(&[text("b", 1_500), text("c", HOLD)], NOW.plus_ms(1_500)).await.unwrap();
    let other = Received { conversation: "slack:C1:U2".into(), ..text("x", 1_600) };
    desk.store.accept(&[other, text("d", HOLD + 1)], NOW.plus_ms(1_600)).await.unwrap();
    let items = desk.claim("w", NOW.plus_ms(HOLD), 9).await;
    assert_eq!(items.iter().map(names).collect::<Vec<_>>(), [vec!["a", "b", "c"]]);
    // Neither the rest of the burst nor what was said later goes to anybody else meanwhile.
    let meanwhile = desk.claim("v", NOW.plus_ms(2 * HOLD), 9).await;
    assert_eq!(meanwhile.iter().map(names).collect::<Vec<_>>(), [vec!["x"]]);
}

async fn a_run_ends_at_what_is_not_held_or_came_later(desk: Desk) {
    let press = Received { hold_ms: 0, ..text("press", 100) };
    desk.store.accept(&[text("a", 0), text("b", 50), press, text("c", 200)], NOW).await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..3 {
        for item in desk.claim("w", NOW.plus_ms(HOLD), 9).await {
            seen.push(names(&item).iter().map(ToString::to_string).collect::<Vec<_>>());
            let rows: Vec<Changes> =
                std::iter::once(&item).chain(&item.companions).map(|row| ignoring(row.id)).collect();
            desk.store.settle("w", &rows, NOW.plus_ms(HOLD)).await.unwrap();
        }
    }
    assert_eq!(seen, [vec!["a", "b"], vec!["press"], vec!["c"]]);
}

async fn what_was_said_earlier_goes_first_however_late_it_came(desk: Desk) {
    // They came over several connections; mail would go in the order it came.
    desk.store.accept(&[text("later", 2 * HOLD), text("last", 3 * HOLD)], NOW).await.unwrap();
    desk.store.accept(&[text("next", 500), text("early", 0)], NOW.plus_ms(100)).await.unwrap();
    assert_eq!(desk.claim("w", NOW.plus_ms(HOLD), 9).await, [], "what goes first is still held");
    let mut seen = Vec::new();
    for _ in 0..2 {
        for item in desk.claim("w", NOW.plus_ms(2 * HOLD), 9).await {
            seen.push(names(&item).iter().map(ToString::to_string).collect::<Vec<_>>());
            let rows: Vec<Changes> =
                std::iter::once(&item).chain(&item.companions).map(|row| ignoring(row.id)).collect();
            desk.store.settle("w", &rows, NOW.plus_ms(2 * HOLD)).await.unwrap();
        }
    }
    assert_eq!(seen, [vec!["early", "next"], vec!["later", "last"]]);
}

async fn nothing_overtakes_what_is_being_handled(desk: Desk) {
    desk.store.accept(&[text("later", HOLD)], NOW).await.unwrap();
    let handled = desk.claim("w", NOW.plus_ms(HOLD), 9).await.remove(0);
    desk.store.accept(&[text("early", 0)], NOW.plus_ms(HOLD)).await.unwrap();
    let now = NOW.plus_ms(2 * HOLD);
    assert_eq!(desk.claim("v", now, 9).await, []);
    desk.store.settle("w", &[ignoring(handled.id)], now).await.unwrap();
    assert_eq!(names(&desk.claim("v", now, 9).await[0]), ["early"]);
}

async fn the_end_of_the_next_hold_is_known(desk: Desk) {
    assert_eq!(desk.store.next_hold(NOW).await.unwrap(), None);
    desk.store.accept(&[text("a", 0), received("m", "m")], NOW).await.unwrap();
    let other = Received { conversation: "slack:C1:U2".into(), ..text("x", 10) };
    desk.store.accept(&[other], NOW.plus_ms(10)).await.unwrap();
    assert_eq!(desk.store.next_hold(NOW).await.unwrap(), Some(NOW.plus_ms(HOLD)));
    assert_eq!(desk.store.next_hold(NOW.plus_ms(HOLD)).await.unwrap(), Some(NOW.plus_ms(HOLD + 10)));
    assert_eq!(desk.store.next_hold(NOW.plus_ms(2 * HOLD)).await.unwrap(), None);
}

async fn companions_are_leased_counted_and_settled_with_the_first(desk: Desk) {
    desk.store.accept(&[text("a", 0), text("b", 1), text("c", 2)], NOW).await.unwrap();
    let now = NOW.plus_ms(HOLD);
    let first = desk.claim("w", now, 9).await.remove(0);
    let companions = ids(&first.companions);
    assert_eq!(companions.len(), 2);
    let mut batch = vec![opening(&first)];
    batch.extend(companions.iter().map(|id| {
        let settled = Settled {
            fate: Fate::Joined,
            reason: "burst".into(),
            ticket: Some(first.id.into()),
            ..super::settled(*id, Fate::Joined, None)
        };
        Changes { settled: Some(settled), ..Changes::default() }
    }));
    // One that is not the caller's any more: nothing of the burst is written.
    desk.store.release("w", &companions[1..]).await.unwrap();
    let refused = desk.store.settle("w", &batch, now).await;
    assert!(matches!(refused, Err(SettleError::LeaseLost { ids }) if ids == companions[1..]));
    assert_eq!(desk.store.ledger_totals().await.unwrap().pending, 3);
    desk.store.settle("w", &batch[..2], now).await.unwrap();
    let totals = desk.store.ledger_totals().await.unwrap();
    assert_eq!((totals.filed, totals.joined, totals.pending), (1, 1, 1));
    let rows = desk.store.ledger_rows(madoguchi::store::Page::default()).await.unwrap();
    assert_eq!((rows[1].reason.as_str(), rows[1].ticket), ("burst", Some(first.id.into())));
}

async fn a_burst_that_failed_comes_back_whole_and_at_last_alone(desk: Desk) {
    desk.store.accept(&[text("a", 0), text("b", 1)], NOW).await.unwrap();
    let mut now = NOW.plus_ms(HOLD);
    let mut seen = Vec::new();
    for _ in 0..3 {
        let item = desk.claim("dies", now, 9).await.remove(0);
        seen.push((item.attempt, item.companions.iter().map(|row| row.attempt).collect::<Vec<_>>()));
        now = now.plus_ms(MINUTE);
    }
    assert_eq!(seen, [(1, vec![1]), (2, vec![2]), (3, vec![])]);
    // The first is at its end; its companion still has an attempt of its own.
    let claim = desk.store.claim_inbox("w", now, now.plus_ms(MINUTE), 9).await.unwrap();
    assert_eq!((claim.items.len(), claim.to_bury.len()), (0, 1));
    desk.store.bury("w", claim.to_bury[0].id, "poison", now).await.unwrap();
    let last = desk.claim("w", now, 9).await.remove(0);
    assert_eq!((names(&last), last.attempt), (vec!["b"], 3));
}

async fn companions_given_back_come_next(desk: Desk) {
    desk.store.accept(&[text("a", 0), text("b", 1)], NOW).await.unwrap();
    let now = NOW.plus_ms(HOLD);
    let item = desk.claim("w", now, 9).await.remove(0);
    desk.store.release("w", &ids(&item.companions)).await.unwrap();
    assert_eq!(desk.claim("v", now, 9).await, [], "it waits for the one before it");
    desk.store.settle("w", &[ignoring(item.id)], now).await.unwrap();
    let next = desk.claim("w", now, 9).await.remove(0);
    assert_eq!((names(&next), next.attempt), (vec!["b"], 1));
}

async fn a_long_flood_is_handed_out_in_parts(desk: Desk) {
    let flood: Vec<Received> = (0..50).map(|n| text(&format!("f{n}"), n)).collect();
    desk.store.accept(&flood, NOW).await.unwrap();
    let item = desk.claim("w", NOW.plus_ms(HOLD), 9).await.remove(0);
    assert_eq!(item.companions.len(), 20);
}

async fn cursors_are_stored_with_the_messages(desk: Desk) {
    let cursor = |value: &str| Some(("slack/C1".to_owned(), value.to_owned()));
    assert_eq!(desk.store.cursor("slack/C1").await.unwrap(), None);
    let batch = [(vec![text("a", 0)], cursor("1")), (vec![text("b", 0), text("a", 0)], None), (vec![], cursor("2"))];
    let accepted = desk.store.accept_handed(&batch, NOW).await.unwrap();
    assert_eq!(accepted.rows.iter().map(Option::is_some).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(desk.store.cursor("slack/C1").await.unwrap().as_deref(), Some("2"));
    desk.store.accept_handed(&[(vec![], cursor("3"))], NOW).await.unwrap();
    assert_eq!(desk.store.cursor("slack/C1").await.unwrap().as_deref(), Some("3"));
    assert_eq!(desk.store.accept_handed(&[], NOW).await.unwrap().rows, []);
}

async fn nothing_is_stored_when_one_of_the_parties_is_refused(desk: Desk) {
    // A number the schema has no room for.
    let broken = Received { arrived_at: Timestamp(i64::MAX), hold_ms: i64::MAX, ..text("broken", 0) };
    let batch = [(vec![text("a", 0)], Some(("slack/C1".to_owned(), "1".to_owned()))), (vec![broken], None)];
    let refused = desk.store.accept_handed(&batch, NOW).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. } | StoreError::Unavailable(_))), "{refused:?}");
    assert_eq!(desk.store.ledger_totals().await.unwrap().seen, 0);
    assert_eq!(desk.store.cursor("slack/C1").await.unwrap(), None);
}

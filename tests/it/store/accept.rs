use madoguchi::domain::*;
use madoguchi::store::{Fence, MailCursor, StoreError};

use super::{Desk, MINUTE, NOW, on_both, received};

on_both! {
    a_repeat_is_dropped
    the_same_name_on_another_channel_is_another_message
    a_name_twice_in_a_batch_is_one_message
    rows_are_numbered_in_the_order_given
    raw_bytes_come_back_as_they_came
    a_large_message_is_kept_and_shared
    a_lost_large_message_is_reported_and_holds_up_nobody
    mail_progress_is_stored_with_the_messages
    a_holder_that_was_asleep_stores_nothing
    a_waiting_worker_is_woken
    many_writers_at_once_store_everything_once
}

async fn a_repeat_is_dropped(desk: Desk) {
    let batch = [received("a", "c"), received("b", "c")];
    let first = desk.store.accept(&batch, NOW).await.unwrap();
    assert_eq!(first.new_count(), 2);
    let again = desk.store.accept(&[received("b", "c"), received("d", "c")], NOW).await.unwrap();
    assert_eq!((again.rows[0], again.new_count()), (None, 1));
    assert_eq!(desk.store.ledger_totals().await.unwrap().seen, 3);
}

async fn the_same_name_on_another_channel_is_another_message(desk: Desk) {
    let chat = Received { channel: Channel::Slack, ..received("a", "c") };
    assert_eq!(desk.store.accept(&[received("a", "c"), chat], NOW).await.unwrap().new_count(), 2);
}

async fn a_name_twice_in_a_batch_is_one_message(desk: Desk) {
    // U+0000 is not stored, and must not break knowing the message again.
    let batch = [received("a\0", "c"), received("a\0", "c"), received("b", "c")];
    let accepted = desk.store.accept(&batch, NOW).await.unwrap();
    assert!(accepted.rows[0].is_some() && accepted.rows[1].is_none() && accepted.rows[2].is_some());
    assert_eq!(desk.store.accept(&batch, NOW).await.unwrap().new_count(), 0);
}

async fn rows_are_numbered_in_the_order_given(desk: Desk) {
    let ids = desk.fill(300).await;
    assert_eq!(ids.len(), 300);
    assert!(ids.is_sorted());
    let rows = desk.store.ledger_rows(madoguchi::store::Page::default()).await.unwrap();
    assert_eq!(rows[7].external_id, "m7");
}

async fn raw_bytes_come_back_as_they_came(desk: Desk) {
    let every_byte: Vec<u8> = (0..=255).cycle().take(3000).collect();
    let bodies = [Vec::new(), every_byte, b"\0".to_vec(), vec![0xff; 256 * 1024], vec![b'x'; 256 * 1024 + 1]];
    let batch: Vec<Received> = bodies
        .iter()
        .enumerate()
        .map(|(n, raw)| Received { raw: raw.clone(), ..received(&n.to_string(), &n.to_string()) })
        .collect();
    let accepted = desk.store.accept(&batch, NOW).await.unwrap();
    for (id, body) in accepted.rows.iter().zip(&bodies) {
        assert_eq!(&desk.store.raw(id.unwrap()).await.unwrap(), body);
    }
    let claimed = desk.claim("w", NOW, 10).await;
    assert_eq!(claimed.iter().map(|item| item.received.clone()).collect::<Vec<_>>(), batch);
}

async fn a_large_message_is_kept_and_shared(desk: Desk) {
    let large = |name: &str| Received { raw: vec![b'a'; 2_500_000], ..received(name, name) };
    let ids: Vec<InboxId> =
        desk.store.accept(&[large("a"), large("b")], NOW).await.unwrap().rows.into_iter().flatten().collect();
    // One of two that share the bytes is erased: the other keeps them.
    desk.store.forget(&ids[..1], NOW).await.unwrap();
    assert!(matches!(desk.store.raw(ids[0]).await, Err(StoreError::Corrupt { .. })));
    assert_eq!(desk.store.raw(ids[1]).await.unwrap().len(), 2_500_000);
    desk.store.forget(&ids, NOW).await.unwrap();
    assert!(matches!(desk.store.raw(ids[1]).await, Err(StoreError::Corrupt { .. })));
    let files = walk(&desk.dir.path().join("raw"));
    assert_eq!(files, 0);
}

fn walk(dir: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(dir).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).map(|path| if path.is_dir() { walk(&path) } else { 1 }).sum()
}

async fn a_lost_large_message_is_reported_and_holds_up_nobody(desk: Desk) {
    let large = Received { raw: vec![b'a'; 300_000], ..received("large", "l") };
    desk.store.accept(&[large, received("small", "s")], NOW).await.unwrap();
    if desk.is_sqlite() {
        std::fs::remove_dir_all(desk.dir.path().join("raw")).unwrap();
    } else {
        let pool = sqlx::PgPool::connect(&desk.url).await.unwrap();
        sqlx::query("DELETE FROM raw_chunks").execute(&pool).await.unwrap();
    }
    let claim = desk.store.claim_inbox("w", NOW, NOW.plus_ms(MINUTE), 10).await.unwrap();
    assert_eq!(claim.items.len(), 1);
    assert_eq!(claim.to_bury.len(), 1);
    desk.store.bury("w", claim.to_bury[0].id, &claim.to_bury[0].reason, NOW).await.unwrap();
}

async fn mail_progress_is_stored_with_the_messages(desk: Desk) {
    let cursor = |done: &[u32], high_water| MailCursor {
        mailbox: "support".into(),
        folder: "INBOX".into(),
        uidvalidity: 4_000_000_000,
        done: done.to_vec(),
        high_water,
        started_at: Timestamp(1),
        fence: None,
    };
    let store = &desk.store;
    assert_eq!(store.mail_state("support", "INBOX").await.unwrap(), []);
    store.accept_mail(&[received("6", "6"), received("9", "9")], &cursor(&[6, 9], 4), NOW).await.unwrap();
    let state = store.mail_state("support", "INBOX").await.unwrap();
    assert_eq!((state[0].high_water, state[0].done.iter().copied().collect::<Vec<_>>()), (4, vec![6, 9]));
    store.mail_done(&cursor(&[], 8), NOW).await.unwrap();
    // It never falls.
    store.mail_done(&cursor(&[4_294_967_295], 2), NOW).await.unwrap();
    let state = store.mail_state("support", "INBOX").await.unwrap();
    assert_eq!((state[0].high_water, state[0].done.iter().copied().collect::<Vec<_>>()), (8, vec![9, 4_294_967_295]));
    let other = MailCursor { uidvalidity: 5, ..cursor(&[1], 1) };
    store.mail_done(&other, NOW).await.unwrap();
    let validities: Vec<u32> =
        store.mail_state("support", "INBOX").await.unwrap().iter().map(|s| s.uidvalidity).collect();
    assert_eq!(validities, [5, 4_000_000_000]);
    assert_eq!(store.mail_state("support", "Archive").await.unwrap(), []);
}

async fn a_holder_that_was_asleep_stores_nothing(desk: Desk) {
    let store = &desk.store;
    let old = store.acquire_lease("mailbox/support", "one", NOW, NOW.plus_ms(MINUTE)).await.unwrap().unwrap();
    let later = NOW.plus_ms(2 * MINUTE);
    let new = store.acquire_lease("mailbox/support", "two", later, later.plus_ms(MINUTE)).await.unwrap().unwrap();
    let cursor = |fence: &Fence| MailCursor {
        done: vec![1],
        high_water: 1,
        started_at: Timestamp(1),
        fence: Some(fence.clone()),
        ..MailCursor::default()
    };
    let refused = store.accept_mail(&[received("1", "1")], &cursor(&old), later).await;
    assert!(matches!(refused, Err(StoreError::LeaseLost { .. })), "{refused:?}");
    assert_eq!(store.ledger_totals().await.unwrap().seen, 0);
    store.accept_mail(&[received("1", "1")], &cursor(&new), later).await.unwrap();
}

async fn a_waiting_worker_is_woken(desk: Desk) {
    let (inbox, outbox) = (desk.store.notified_inbox(), desk.store.notified_outbox());
    desk.filed("a").await;
    inbox.await;
    outbox.await;
}

async fn many_writers_at_once_store_everything_once(desk: Desk) {
    let writers = (0..8).map(|writer| {
        let store = desk.store.clone();
        // Each message is handed over by two of them.
        let batch: Vec<Received> = (0..40).map(|n| received(&format!("{}", n + 40 * (writer / 2)), "c")).collect();
        async move { store.accept(&batch, NOW).await.unwrap().new_count() }
    });
    let counts = futures_util::future::join_all(writers.map(|writer| {
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(writer);
        async move { tasks.join_next().await.unwrap().unwrap() }
    }))
    .await;
    assert_eq!(counts.iter().sum::<usize>(), 160);
    assert_eq!(desk.store.ledger_totals().await.unwrap().pending, 160);
}

//! The process ends at a named place, twice; afterwards everything is there once.
//!
//! The script runs in a child: this test binary again, told by the environment what to do.

use std::path::Path;
use std::process::Command;

use madoguchi::domain::*;
use madoguchi::store::{Delivery, OutboxFilter, OutboxState, Sending, Store, TicketFilter};

use super::{Desk, MINUTE, NOW, on_both, opening, received};
use crate::support::crash_places::{FILES, STORE};

on_both! {
    wherever_it_stops_everything_happens_once
}

const MESSAGES: usize = 5;
async fn wherever_it_stops_everything_happens_once(desk: Desk) {
    let places = STORE.iter().chain(if desk.is_sqlite() { FILES } else { &[] });
    let mut tried = 0;
    for place in places {
        let desk = desk.sister().await;
        desk.store.close().await;
        for (minutes, aborts) in [(0, true), (10, true), (20, false)] {
            let at = if aborts { format!("{place}:1") } else { String::new() };
            let child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "store::crash::child", "--nocapture"])
                .env("DESK_URL", &desk.url)
                .env("DESK_DIR", desk.dir.path())
                .env("DESK_MINUTES", minutes.to_string())
                .env("FAIL_AT", at)
                .output()
                .unwrap();
            // The second time the place may not be passed any more: what it does was done by then.
            let must_abort = aborts && minutes == 0;
            assert!(!must_abort || !child.status.success(), "{place} was not reached");
            assert!(aborts || child.status.success(), "{place}: {}", String::from_utf8_lossy(&child.stdout));
        }
        check(&desk, place).await;
        tried += 1;
    }
    assert!(tried >= STORE.len());
}

async fn check(desk: &Desk, place: &str) {
    let store = Store::open(&desk.url, desk.dir.path()).await.unwrap();
    let totals = store.ledger_totals().await.unwrap();
    assert_eq!((totals.seen, totals.filed, totals.is_balanced()), (5, 5, true), "{place}");
    let tickets = store.tickets(&TicketFilter::default()).await.unwrap();
    assert_eq!(tickets.len(), MESSAGES, "{place}");
    for listed in tickets {
        let id = listed.ticket.id;
        assert_eq!((listed.ticket.version, listed.messages), (1, 2), "{place} {id}");
        assert_eq!(store.ticket_events(id).await.unwrap().len(), 2, "{place} {id}");
        assert!(store.decision_of(InboxId(id.0)).await.unwrap().is_some(), "{place} {id}");
        assert!(!store.raw(InboxId(id.0)).await.unwrap().is_empty(), "{place} {id}");
    }
    let outbox = store.outbox_list(&OutboxFilter::default()).await.unwrap();
    assert_eq!(outbox.len(), MESSAGES, "{place}");
    assert!(outbox.iter().all(|row| row.state == OutboxState::Delivered), "{place}");
}

/// Takes messages in, files them, sends the answers: what the workers do, in one go.
async fn script(store: &Store, now: Timestamp) {
    let mut batch: Vec<Received> = (0..MESSAGES).map(|n| received(&format!("m{n}"), &format!("c{}", n / 2))).collect();
    batch[3].raw = vec![b'x'; 400_000];
    store.accept(&batch, now).await.unwrap();
    loop {
        let claim = store.claim_inbox("w", now, now.plus_ms(MINUTE), 10).await.unwrap();
        assert_eq!(claim.to_bury, []);
        if claim.is_empty() {
            break;
        }
        let changes: Vec<Changes> = claim.items.iter().map(opening).collect();
        store.settle("w", &changes, now).await.unwrap();
    }
    let senders = [Sending { channel: Channel::Email, source: "support".into() }];
    loop {
        let items = store.claim_outbox("s", [now, now.plus_ms(MINUTE)], 3, &senders).await.unwrap();
        if items.is_empty() {
            break;
        }
        let results: Vec<_> = items.iter().map(|item| (item.id, Delivery::Delivered)).collect();
        assert_eq!(store.finish_outbox("s", &results, now).await.unwrap(), []);
    }
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the parent tells this process what to do by its environment")]
async fn child() {
    let (Ok(url), Ok(dir), Ok(minutes)) =
        (std::env::var("DESK_URL"), std::env::var("DESK_DIR"), std::env::var("DESK_MINUTES"))
    else {
        return;
    };
    let store = Store::open(&url, Path::new(&dir)).await.unwrap();
    script(&store, NOW.plus_ms(minutes.parse::<i64>().unwrap() * MINUTE)).await;
}

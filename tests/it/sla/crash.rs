//! The ticker ends at a named place and is started again: what fired, fired once.
//!
//! The ticker runs in a child: this test binary again, told by the environment what to do.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use madoguchi::clock::Clock as Time;
use madoguchi::domain::*;
use madoguchi::store::{OutboxFilter, Store};

use super::{BEGIN, MINUTE, catalog, file, tick, ticker};
use crate::store::{Desk, on_both};

on_both! {
    wherever_the_ticker_ends_everything_fires_once
}

const PLACES: &[&str] = &[
    "tick.begin",
    "tick.applied",
    "settle.begun",
    "settle.tickets",
    "settle.events",
    "settle.outbox",
    "settle.commit",
    "settle.committed",
];
const TICKETS: usize = 3;

async fn wherever_the_ticker_ends_everything_fires_once(desk: Desk) {
    for place in PLACES {
        for pass in 1..=2 {
            let desk = desk.sister().await;
            let messages: Vec<(usize, &str, Timestamp)> = (0..TICKETS).map(|n| (n, "incident", BEGIN)).collect();
            let tickets = file(&desk.store, &catalog(), &messages).await;
            desk.store.put_clock_rules("1", BEGIN).await.unwrap();
            desk.store.close().await;
            for at in [format!("{place}:{pass}"), String::new()] {
                let aborts = !at.is_empty();
                let child = Command::new(std::env::current_exe().unwrap())
                    .args(["--exact", "sla::crash::child", "--nocapture"])
                    .env("TICK_URL", &desk.url)
                    .env("TICK_DIR", desk.dir.path())
                    .env("FAIL_AT", &at)
                    .output()
                    .unwrap();
                assert_eq!(
                    child.status.success(),
                    !aborts,
                    "{place}:{pass} {}",
                    String::from_utf8_lossy(&child.stdout)
                );
            }
            let store = Store::open(&desk.url, desk.dir.path()).await.unwrap();
            for id in tickets.values() {
                assert_eq!(store.firings(*id).await.unwrap().len(), 2, "{place}:{pass} {id}");
                let events = store.ticket_events(*id).await.unwrap();
                let missed = events.iter().filter(|event| event.detail.contains(", was due")).count();
                assert_eq!(missed, 2, "{place}:{pass} {id}");
            }
            let rows = store.outbox_list(&OutboxFilter::default()).await.unwrap();
            let notices = rows.iter().filter(|row| row.outbound.kind == OutboundKind::Notice).count();
            assert_eq!(notices, 2 * TICKETS, "{place}:{pass}");
        }
    }
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the parent tells this process what to do by its environment")]
async fn child() {
    let (Ok(url), Ok(dir)) = (std::env::var("TICK_URL"), std::env::var("TICK_DIR")) else { return };
    let store = Arc::new(Store::open(&url, Path::new(&dir)).await.unwrap());
    // Our own first notice is due after a quarter of an hour, the contract's after half an hour.
    for minutes in [15, 30] {
        tick(&ticker(&store, &catalog(), &Time::fixed(BEGIN.plus_ms(minutes * MINUTE)))).await;
    }
}

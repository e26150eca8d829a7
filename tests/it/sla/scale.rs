//! How long a look takes over many open tickets, of which few are due. Printed, never asserted.

use std::sync::Arc;
use std::time::Instant;

use madoguchi::clock::Clock as Time;
use madoguchi::domain::*;
use madoguchi::store::Store;

use super::{BEGIN, MINUTE, catalog, file, ticker};
use crate::desk::harness::setting;

/// `TICK_TICKETS` says how many; run with `--ignored`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; prints figures and asserts no time"]
async fn a_look_over_many_open_tickets() {
    let count = i64::try_from(setting("TICK_TICKETS", 200_000)).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(&format!("sqlite://{}/desk.db", dir.path().display()), dir.path()).await.unwrap());
    let (catalog, time) = (catalog(), Time::fixed(BEGIN));
    let first = file(&store, &catalog, &[(1, "restart", BEGIN)]).await[&1];
    let model = store.ticket(first).await.unwrap().unwrap();
    for start in (0..count).step_by(5_000) {
        let tickets = (start..(start + 5_000).min(count)).map(|n| {
            let mut ticket = Ticket { id: TicketId(1_000 + n), version: 0, ..model.clone() };
            ticket.promises.queued_at = Some(BEGIN);
            ticket
        });
        store.apply(&Changes { tickets: tickets.collect(), ..Changes::default() }, BEGIN).await.unwrap();
    }
    let incidents: Vec<(usize, &str, Timestamp)> = (10..20).map(|n| (n, "incident", BEGIN)).collect();
    file(&store, &catalog, &incidents).await;
    store.put_clock_rules(&catalog.service.version, BEGIN).await.unwrap();
    let ticker = ticker(&store, &catalog, &time);
    for (what, minutes) in [("nothing due", 1), ("ten due", 16), ("nothing due again", 17)] {
        time.set(BEGIN.plus_ms(minutes * MINUTE));
        let started = Instant::now();
        let written = ticker.once().await.unwrap();
        println!("{count} open tickets, {what}: {written} written in {:.2} ms", started.elapsed().as_secs_f64() * 1e3);
    }
}

//! The network fails between us and a real server: everything is read all the same, and once.

use std::time::{Duration, Instant};

use madoguchi::connectors::email::imap::ReceiveError;

use super::Reader;
use crate::support::dovecot::{dovecot, mail};
use crate::support::fault_proxy::{Fault, FaultProxy, Way};
use crate::support::server::free_port;

#[tokio::test]
async fn a_connection_cut_anywhere_loses_nothing() {
    let places = ["* OK", "SELECT completed", "* SEARCH", "RFC822.SIZE", "Subject: mail 7", "Fetch completed"];
    for fault in [Fault::Reset, Fault::Close, Fault::Garbage, Fault::Blackhole] {
        let user = dovecot().user("cut");
        user.deliver_many(0, 20);
        let proxy = FaultProxy::start(dovecot().imap).await;
        for place in places {
            proxy.once(Way::ToClient, place, fault);
        }
        let mut settings = user.settings(proxy.port);
        (settings.timeout_s, settings.batch_count) = (1, 6);
        let mut reader = Reader::new(settings);
        reader.until(20).await;
        assert_eq!((reader.repeats, reader.unreadable.len()), (0, 0), "{fault:?}");
        assert!(proxy.fired() >= 5, "{fault:?}: {}", proxy.fired());
        assert!(proxy.connections() <= 30, "{fault:?}: {} connections", proxy.connections());
        let subjects: Vec<String> =
            reader.ledger.values().map(|one| String::from_utf8_lossy(&one.raw).into_owned()).collect();
        for number in 0..20 {
            assert!(subjects.contains(&mail(&format!("mail {number}"), "hello")), "{fault:?}: mail {number}");
        }
    }
}

#[tokio::test]
async fn a_silent_connection_in_idle_is_noticed() {
    let user = dovecot().user("hole");
    let proxy = FaultProxy::start(dovecot().imap).await;
    proxy.once(Way::ToClient, "+ idling\r\n", Fault::Blackhole);
    let mut settings = user.settings(proxy.port);
    settings.timeout_s = 1;
    let mut reader = Reader::new(settings);
    let started = Instant::now();
    // The first look does not wait, the second one does.
    reader.finds_nothing_more().await;
    assert!(reader.step().await.is_none());
    assert!(matches!(&reader.errors[0], ReceiveError::Transient { reason, .. } if reason.contains("DONE")));
    user.deliver_many(0, 1);
    reader.until(1).await;
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_dead_server_is_not_hammered_and_is_found_again() {
    let user = dovecot().user("dead");
    let mut settings = user.settings(free_port());
    settings.retry_base_ms = 100;
    let mut reader = Reader::new(settings);
    let started = Instant::now();
    for _ in 0..5 {
        assert!(reader.step().await.is_none());
    }
    // Pauses of at least 50, 100, 200 and 400 ms lie between five tries.
    assert!(started.elapsed() >= Duration::from_millis(750), "{:?}", started.elapsed());
    let pauses: Vec<i64> = reader
        .errors
        .iter()
        .map(|error| match error {
            ReceiveError::Transient { retry_after_ms, .. } => *retry_after_ms,
            ReceiveError::NeedsOperator { reason, .. } => panic!("{reason}"),
        })
        .collect();
    assert!(pauses.windows(2).all(|pair| pair[0] <= pair[1]), "{pauses:?}");
}

#[tokio::test]
async fn a_stuck_mailbox_does_not_delay_another() {
    let (stuck, well) = (dovecot().user("stuck"), dovecot().user("well"));
    let proxy = FaultProxy::start(dovecot().imap).await;
    proxy.once(Way::ToClient, "* OK", Fault::Blackhole);
    let mut hanging = Reader::new(stuck.settings(proxy.port));
    well.deliver_many(0, 1);
    let mut reader = Reader::new(well.settings(dovecot().imap));
    tokio::select! {
        _ = hanging.step() => panic!("the stuck mailbox answered first"),
        () = reader.until(1) => {}
    }
}

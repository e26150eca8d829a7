//! `serve` aborts at a named place and is started again: nothing is lost, nothing is filed twice.

use std::collections::BTreeMap;

use tokio::task::JoinSet;

use super::harness::{Database, Desk, until};
use super::letter::{Letter, message_id};
use super::on_both;
use crate::support::crash_places::{FILES, STORE, WORKERS};
use crate::support::dovecot::dovecot;
use crate::support::smtp_sink::SmtpSink;

on_both! {
    wherever_serve_aborts_everything_happens_once
    never_are_two_replies_out_that_are_not_marked
}

/// The reply is out and nobody has written that down: the one window in which it goes out again.
const WINDOW: &[&str] = &["deliver.sent", "outbox_finish.commit"];
const MAILS: usize = 3;
/// Short leases, so that the dead are not waited for.
const LEASE_MS: &str = "5000";
/// Desks at a time: more than the machine has time for lose their leases, and that is another test.
const BESIDE: usize = 2;

async fn wherever_serve_aborts_everything_happens_once(database: Database) {
    let mut cases: Vec<(&'static str, u32)> =
        STORE.iter().chain(WORKERS).flat_map(|place| [(*place, 1), (*place, 2)]).collect();
    if database == Database::Sqlite {
        cases.extend(FILES.iter().map(|place| (*place, 1)));
    }
    let count = cases.len();
    // A test's program dies with the thread that started it, so each lane has a thread of its own.
    let lanes: Vec<Vec<_>> =
        (0..BESIDE).map(|lane| cases.iter().copied().skip(lane).step_by(BESIDE).collect()).collect();
    let mut running = JoinSet::new();
    for lane in lanes {
        running.spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                for (place, pass) in &lane {
                    one(database, place, *pass).await;
                }
                lane.len()
            })
        });
    }
    let mut done = 0;
    while let Some(lane) = running.join_next().await {
        done += lane.unwrap();
    }
    assert_eq!(done, count);
    println!("{count} aborts on {database:?}");
}

async fn one(database: Database, place: &str, pass: u32) {
    let mailbox = dovecot().user("desk");
    let sink = SmtpSink::start().await;
    let mut desk = Desk::new(database, &mailbox.address).await;
    desk.reads(&mailbox, dovecot().imap);
    desk.sends_to_sink(sink.port);
    desk.environment =
        vec![("FAIL_LEASE_MS".to_owned(), LEASE_MS.to_owned()), ("FAIL_AT".to_owned(), format!("{place}:{pass}"))];
    let large = if FILES.contains(&place) { "filler ".repeat(50_000) } else { String::new() };
    let letter = |number: usize| {
        let plain = Letter::request(number);
        Letter { text: format!("{}\r\n{large}", plain.text), ..plain }
    };
    mailbox.deliver(&letter(0).raw());
    desk.launch();
    let (mut delivered, what) = (1, format!("{place}:{pass} is reached"));
    until(&what, async || {
        // One mail after the other: each passes every place once.
        if delivered < MAILS && sink.taken().len() >= delivered {
            mailbox.deliver(&letter(delivered).raw());
            delivered += 1;
        }
        desk.ended()
    })
    .await;
    while delivered < MAILS {
        mailbox.deliver(&letter(delivered).raw());
        delivered += 1;
    }
    desk.environment.truncate(1);
    desk.serve().await;
    let totals = desk.settled(MAILS as u64).await;
    assert_eq!((totals.seen, totals.filed), (MAILS as u64, MAILS as u64), "{place}:{pass}");
    let sent = desk.sent().await;
    assert_eq!(sent.len(), MAILS, "{place}:{pass}");
    assert!(sent.iter().all(|row| row["state"] == "delivered"), "{place}:{pass}");
    assert_eq!(desk.tickets().await.len(), MAILS, "{place}:{pass}");
    let mut copies: BTreeMap<String, usize> = BTreeMap::new();
    for mail in sink.taken() {
        *copies.entry(message_id(&mail.data)).or_default() += 1;
    }
    let repeats: usize = copies.values().map(|count| count - 1).sum();
    let allowed = usize::from(WINDOW.contains(&place));
    assert_eq!((copies.len(), repeats), (MAILS, allowed), "{place}:{pass}: {copies:?}");
    desk.stop().await;
}

/// Many replies wait, so that the next one is announced while the last one is marked: an abort in the mark repeats one of them.
async fn never_are_two_replies_out_that_are_not_marked(database: Database) {
    const REPLIES: usize = 8;
    for (place, pass) in [("outbox_finish.commit", 3), ("outbox_finish.committed", 3), ("deliver.sent", 4)] {
        let sink = SmtpSink::start().await;
        let mut desk = Desk::new(database, "desk@example.test").await;
        let folder = desk.path("mail");
        std::fs::create_dir(&folder).unwrap();
        for number in 0..REPLIES {
            std::fs::write(folder.join(format!("{number}.eml")), Letter::request(number).raw()).unwrap();
        }
        desk.json(&["ingest", "--answer-old", &folder.display().to_string()]).await;
        desk.sends_to_sink(sink.port);
        desk.environment =
            vec![("FAIL_LEASE_MS".to_owned(), LEASE_MS.to_owned()), ("FAIL_AT".to_owned(), format!("{place}:{pass}"))];
        desk.launch();
        until(&format!("{place}:{pass} is reached"), async || desk.ended()).await;
        let before = sink.taken().len();
        // A mark that is written lets the next reply go, which may be out before the process is gone.
        let most = 3 + usize::from(place != "outbox_finish.commit");
        assert!((3..=most).contains(&before), "{place}:{pass}: {before} were out");
        desk.environment.truncate(1);
        desk.serve().await;
        let sent = desk.sent().await;
        assert!(sent.len() == REPLIES && sent.iter().all(|row| row["state"] == "delivered"), "{sent:?}");
        let mut ids: Vec<String> = sink.taken().iter().map(|mail| message_id(&mail.data)).collect();
        let all = ids.len();
        ids.sort();
        ids.dedup();
        assert!(ids.len() == REPLIES && all - REPLIES <= 1, "{place}:{pass}: {all} mails, {} ids", ids.len());
        desk.stop().await;
    }
}

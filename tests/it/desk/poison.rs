//! A message that no attempt survives: the others are filed, it is put aside, and comes back when somebody asks for it.

use std::collections::BTreeSet;

use super::harness::{Database, Desk, until};
use super::letter::{Letter, message_id};
use super::on_both;
use crate::support::dovecot::dovecot;
use crate::support::smtp_sink::SmtpSink;

on_both! {
    a_message_that_crashes_the_program_is_buried_and_can_be_retried
}

const MARK: &str = "poison-4711";
const OTHERS: usize = 30;

async fn a_message_that_crashes_the_program_is_buried_and_can_be_retried(database: Database) {
    let mailbox = dovecot().user("desk");
    let sink = SmtpSink::start().await;
    let mut desk = Desk::new(database, &mailbox.address).await;
    desk.reads(&mailbox, dovecot().imap);
    desk.sends_to_sink(sink.port);
    desk.environment =
        vec![("FAIL_LEASE_MS".to_owned(), "2000".to_owned()), ("FAIL_ON_TEXT".to_owned(), MARK.to_owned())];
    for number in 0..=OTHERS {
        let letter = Letter::request(number);
        let text = if number == OTHERS / 2 { format!("{} {MARK}", letter.text) } else { letter.text };
        mailbox.deliver(&Letter { text, ..letter }.raw());
    }
    let mut aborts = 0;
    desk.launch();
    let totals = until("the poison is buried and the others are filed", async || {
        if desk.ended().is_some() {
            aborts += 1;
            desk.launch();
        }
        let totals = desk.totals().await;
        (totals.seen == OTHERS as u64 + 1 && totals.pending == 0).then_some(totals)
    })
    .await;
    assert_eq!((totals.filed, totals.buried, aborts), (OTHERS as u64, 1, 3));
    assert_eq!(desk.sent().await.len(), OTHERS);
    let listed = desk.json(&["inbox", "list"]).await;
    let buried = &listed[0];
    assert_eq!((&buried["fate"], &buried["attempts"]), (&"buried".into(), &4.into()), "{listed}");
    assert!(!buried["reason"].as_str().unwrap().is_empty());
    let row = buried["id"].to_string();
    desk.stop().await;

    // The program can read it now.
    desk.environment.pop();
    desk.serve().await;
    assert_eq!(desk.json(&["inbox", "retry", &row]).await["retried"], 1);
    let totals = desk.settled(OTHERS as u64 + 1).await;
    assert_eq!((totals.filed, totals.buried), (OTHERS as u64 + 1, 0));
    let ticket = desk.json(&["ticket", "show", &format!("T-{row}")]).await;
    assert!(ticket["conversation"][0]["text"].as_str().unwrap().contains(MARK), "the raw form was kept");
    desk.sent().await;
    // A crash in the moment of sending may repeat a reply, as the same mail.
    let taken = sink.taken();
    let replies: BTreeSet<String> = taken.iter().map(|mail| message_id(&mail.data)).collect();
    assert_eq!(replies.len(), OTHERS + 1);
    assert!(taken.len() <= OTHERS + 1 + aborts, "{} copies", taken.len());
    desk.stop().await;
}

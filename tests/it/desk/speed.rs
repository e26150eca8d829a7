//! How fast mail goes through, how much memory an idle desk takes, how soon it is ready. Figures are printed; only what came
//! out is asserted. `MADOGUCHI_LIVE_MAILS`: how many mails.

use std::fs;
use std::time::{Duration, Instant};

use super::harness::{Database, Desk, setting, until, within, write};
use super::letter::Letter;
use super::on_both;
use crate::support::dovecot::dovecot;
use crate::support::smtp_sink::SmtpSink;

on_both! {
    mail_that_is_there_is_taken_in_quickly
    replies_that_wait_go_out_quickly
    an_idle_desk_is_small
}

const PATIENCE: Duration = Duration::from_mins(5);

async fn mail_that_is_there_is_taken_in_quickly(database: Database) {
    let mails = setting("MADOGUCHI_LIVE_MAILS", 300);
    let mailbox = dovecot().user("desk");
    let sink = SmtpSink::start().await;
    let mut desk = Desk::new(database, &mailbox.address).await;
    desk.keep_all().await;
    desk.reads(&mailbox, dovecot().imap);
    desk.sends_to_sink(sink.port);
    let texts = [
        "パスワードを忘れてしまい、ログインできません。再設定の方法を教えてください。",
        "web01 の再起動をお願いいたします。時間は問いません。",
        "Please create an account for our new engineer Kenji Suzuki, read-only access to the console.",
        "Please prepare the meeting room for our visitors on Thursday.",
    ];
    for number in 0..usize::try_from(mails).unwrap() {
        let text = format!("{}\r\n\r\n-- \r\nnumber {number}", texts[number % texts.len()]);
        mailbox.deliver(&Letter { text, ..Letter::request(number) }.raw());
    }
    let started = Instant::now();
    desk.serve().await;
    let listening = started.elapsed();
    let (mut stored, mut last) = (None, String::new());
    within(PATIENCE, "the ledger is complete", async || {
        // The page costs the desk less than a program that opens its database.
        let (_, metrics) = desk.page("/metrics").await;
        let count = |name: &str| -> u64 {
            let lines = metrics.lines().filter(|line| line.starts_with(name));
            lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
        };
        let (received, settled) = (count("madoguchi_received_total{"), count("madoguchi_settled_total{"));
        if received >= mails && stored.is_none() {
            stored = Some(started.elapsed());
        }
        last = format!("{received} stored, {settled} decided");
        (settled >= mails).then_some(())
    })
    .await;
    let decided = started.elapsed();
    let sent = within(PATIENCE, "every reply is out", async || {
        let rows = desk.json(&["outbox", "list"]).await.as_array().unwrap().clone();
        rows.iter().all(|row| row["state"] == "delivered").then_some(rows)
    })
    .await;
    let out = started.elapsed();
    let totals = desk.totals().await;
    assert_eq!((totals.seen, totals.filed, totals.pending), (mails, mails, 0), "{last}");
    assert_eq!(sink.taken().len(), sent.len(), "each reply once");
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let rate = |count: u64, time: Duration| count as f64 / time.as_secs_f64();
    println!(
        "{database:?}: {mails} mails: listening after {listening:?}, stored after {stored:?}, ledger complete after {decided:?}: \
         {:.0} msg/s; {} replies out after {out:?}: {:.0}/s; VmRSS {} KiB",
        rate(mails, decided),
        sent.len(),
        rate(sent.len() as u64, out),
        resident_kib(desk.pid())
    );
    desk.stop().await;
}

async fn replies_that_wait_go_out_quickly(database: Database) {
    let mails = setting("MADOGUCHI_LIVE_MAILS", 300);
    let sink = SmtpSink::start().await;
    let mut desk = Desk::new(database, "desk@example.test").await;
    for number in 0..usize::try_from(mails).unwrap() {
        write(
            &desk.path("mail").join(format!("{number}.eml")),
            &String::from_utf8(Letter::request(number).raw()).unwrap(),
        );
    }
    desk.json(&["ingest", "--answer-old", &desk.path("mail").display().to_string()]).await;
    desk.sends_to_sink(sink.port);
    let waiting = desk.json(&["outbox", "list"]).await.as_array().unwrap().len();
    desk.serve().await;
    until("the first reply", async || (!sink.taken().is_empty()).then_some(())).await;
    let (started, before) = (Instant::now(), sink.taken().len());
    within(PATIENCE, "every reply is out", async || (sink.taken().len() >= waiting).then_some(())).await;
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let rate = (waiting - before) as f64 / started.elapsed().as_secs_f64();
    println!("{database:?}: {waiting} replies went out at {rate:.0}/s");
    desk.sent().await;
    assert_eq!(sink.taken().len(), waiting, "each reply once");
    desk.stop().await;
}

async fn an_idle_desk_is_small(database: Database) {
    let mailbox = dovecot().user("desk");
    let mut desk = Desk::new(database, &mailbox.address).await;
    desk.keep_all().await;
    desk.reads(&mailbox, dovecot().imap);
    let started = Instant::now();
    desk.serve().await;
    until("ready", async || (desk.page("/readyz").await.0 == 200).then_some(())).await;
    let ready = started.elapsed();
    let up = "madoguchi_mailbox_last_success_timestamp";
    until("the mailbox was read", async || desk.page("/metrics").await.1.contains(up).then_some(())).await;
    println!("{database:?}: ready after {ready:?}, idle VmRSS {} KiB", resident_kib(desk.pid()));
    desk.stop().await;
}

fn resident_kib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

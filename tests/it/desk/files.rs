//! Mail from files, and everything remembered as one file.

use std::fs;

use super::harness::{Database, Desk, Totals, write};
use super::letter::Letter;
use super::on_both;
use crate::support::dovecot::dovecot;
use crate::support::smtp_sink::SmtpSink;

on_both! {
    files_of_every_kind_are_taken_in_once
    a_restored_desk_files_nothing_twice
}

async fn files_of_every_kind_are_taken_in_once(database: Database) {
    let desk = Desk::new(database, "desk@example.test").await;
    let letters: Vec<Letter> = (0..9).map(Letter::request).collect();
    let raw = |number: usize| String::from_utf8(letters[number].raw()).unwrap();
    let mail = desk.path("mail");
    write(&mail.join("one.eml"), &raw(0));
    write(&mail.join("deep/er/two.eml"), &raw(1));
    let mbox =
        format!("From a@x Thu Nov 19 09:30:00 2026\n{}\n\nFrom b@x Thu Nov 19 09:31:00 2026\n{}\n", raw(2), raw(3));
    write(&mail.join("some.mbox"), &mbox.replace("\r\n", "\n"));
    write(&mail.join("box/cur/1700000000.M1.test:2,S"), &raw(4));
    write(&mail.join("box/new/1700000001.M2.test"), &raw(5));
    write(&mail.join("box/tmp/1700000002.M3.test"), &raw(6));
    write(
        &mail.join("chat.jsonl"),
        "{\"id\":\"c1\",\"user\":\"u1\",\"text\":\"please prepare room 7\"}\n\n{\"id\":\"c2\",\"user\":\"u2\",\"text\":\"please prepare room 8\"}\n",
    );
    write(&mail.join("notes.txt"), "no mail");
    let folder = mail.display().to_string();
    let first = desk.json(&["ingest", &folder, "--mailbox", "support"]).await;
    assert_eq!((&first["messages"], &first["new"], &first["filed"]), (&8.into(), &8.into(), &8.into()), "{first}");
    let totals = desk.totals().await;
    assert_eq!(totals, Totals { seen: 8, filed: 8, ..Totals::default() });
    let second = desk.json(&["ingest", &folder, "--mailbox", "support"]).await;
    assert_eq!((&second["messages"], &second["new"], &second["filed"]), (&8.into(), &0.into(), &0.into()), "{second}");
    assert_eq!(desk.totals().await, totals);
    assert_eq!(desk.tickets().await.len(), 8);
    // The same mail under another name is a copy.
    write(&mail.join("copy.eml"), &raw(0));
    let third = desk.json(&["ingest", &folder]).await;
    assert_eq!((&third["new"], &third["duplicate"]), (&1.into(), &1.into()), "{third}");
    let nowhere = desk.run(&["ingest", "nowhere.eml"]).await;
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("nowhere.eml"));
    let unknown = desk.run(&["ingest", &folder, "--mailbox", "nobody"]).await;
    assert_eq!(unknown.status.code(), Some(1));
}

async fn a_restored_desk_files_nothing_twice(database: Database) {
    let mailbox = dovecot().user("desk");
    let sink = SmtpSink::start().await;
    let mut desk = Desk::new(database, &mailbox.address).await;
    desk.reads(&mailbox, dovecot().imap);
    desk.sends_to_sink(sink.port);
    for number in 0..5 {
        mailbox.deliver(&Letter::request(number).raw());
    }
    desk.serve().await;
    let before = desk.settled(5).await;
    desk.sent().await;
    let archive = desk.path("copy.tar.gz").display().to_string();
    desk.json(&["backup", "--to", &archive]).await;
    desk.stop().await;

    let mut restored = Desk::new(database, &mailbox.address).await;
    restored.reads(&mailbox, dovecot().imap);
    restored.sends_to_sink(sink.port);
    let done = restored.json(&["restore", &archive]).await;
    assert_eq!((&done["seen"], &done["balanced"]), (&5.into(), &true.into()));
    assert_eq!(restored.totals().await, before);
    let again = restored.run(&["restore", &archive]).await;
    assert_eq!(again.status.code(), Some(1), "a desk that is not empty takes no backup");
    restored.serve().await;
    mailbox.deliver(&Letter::request(5).raw());
    let after = restored.settled(6).await;
    assert_eq!((after.seen, after.filed), (6, 6), "{}", restored.log());
    // Another numbering of the folder shows every mail again.
    mailbox.bump_uid_validity();
    mailbox.deliver(&Letter::request(6).raw());
    let renumbered = restored.settled(13).await;
    assert_eq!((renumbered.seen, renumbered.filed, renumbered.duplicate), (13, 7, 6), "{}", restored.log());
    restored.sent().await;
    assert_eq!(sink.taken().len(), 7);
    restored.stop().await;
    assert!(fs::metadata(archive).unwrap().len() > 0);
}

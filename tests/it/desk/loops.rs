//! Machines that answer each other must fall silent.

use std::time::{Duration, Instant};

use super::harness::{Database, Desk, setting, until};
use super::letter::{Letter, header, message_id};
use super::on_both;
use crate::support::dovecot::dovecot;

on_both! {
    two_desks_do_not_talk_to_each_other
    a_responder_without_any_marks_ends_at_the_limits
}

const PAUSE: Duration = Duration::from_millis(100);

/// How long the machines are left alone: `MADOGUCHI_LOOP_S`.
fn duration() -> Duration {
    Duration::from_secs(setting("MADOGUCHI_LOOP_S", 15))
}

async fn two_desks_do_not_talk_to_each_other(database: Database) {
    let users = [dovecot().user("left"), dovecot().user("right")];
    let mut desks = Vec::new();
    for user in &users {
        let mut desk = Desk::new(database, &user.address).await;
        desk.reads(user, dovecot().imap);
        desk.sends_by_postfix();
        desk.serve().await;
        desks.push(desk);
    }
    let kick = Letter { from: users[1].address.clone(), to: users[0].address.clone(), ..Letter::request(1) };
    users[0].deliver(&kick.raw());
    until("the first answer", async || (users[1].count() > 0).then_some(())).await;
    let end = Instant::now() + duration();
    while Instant::now() < end {
        for user in &users {
            assert!(user.count() <= 2, "{} mails at {}", user.count(), user.address);
        }
        tokio::time::sleep(PAUSE).await;
    }
    println!("{database:?}: {} and {} mails in {:?}", users[0].count(), users[1].count(), duration());
    for desk in &mut desks {
        desk.totals().await;
        desk.stop().await;
    }
}

async fn a_responder_without_any_marks_ends_at_the_limits(database: Database) {
    let (mailbox, echo) = (dovecot().user("desk"), dovecot().user("echo"));
    let mut desk = Desk::new(database, &mailbox.address).await;
    desk.reads(&mailbox, dovecot().imap);
    desk.sends_by_postfix();
    desk.serve().await;
    let (mut answered, mut number) = (Vec::new(), 1);
    let fresh = |number| Letter { from: echo.address.clone(), to: mailbox.address.clone(), ..Letter::request(number) };
    mailbox.deliver(&fresh(0).raw());
    let end = Instant::now() + duration();
    while Instant::now() < end {
        for mail in echo.mails() {
            let id = message_id(&mail);
            if answered.contains(&id) {
                continue;
            }
            // Once in the thread, once as if it were a new question: neither may go on for ever.
            let subject = format!("Re: {}", header(&mail, "Subject"));
            let text = format!("Echo {number}: I have received your message.");
            mailbox.deliver(&Letter { subject, text, answers: id.clone(), ..fresh(number) }.raw());
            mailbox.deliver(&fresh(number + 1).raw());
            number += 2;
            answered.push(id);
        }
        // The shipped limit for one sender and day.
        assert!(echo.count() <= 10, "{} mails to one address", echo.count());
        tokio::time::sleep(PAUSE).await;
    }
    let totals = desk.settled(number as u64).await;
    println!("{database:?}: {} mails answered with {} in {:?}", totals.seen, echo.count(), duration());
    assert!(echo.count() >= 2, "the desk answers at first");
    desk.stop().await;
}

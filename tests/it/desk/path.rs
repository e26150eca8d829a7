//! A mail's whole way: from the mail server through the desk, the reply back, and what people answer to it.

use super::harness::{Database, Desk, until};
use super::letter::{Letter, header, message_id};
use super::on_both;
use crate::support::dovecot::dovecot;
use crate::support::smtp_sink::SmtpSink;

on_both! {
    a_conversation_goes_both_ways_through_real_servers
    an_automatic_reply_says_that_a_machine_wrote_it
}

async fn a_conversation_goes_both_ways_through_real_servers(database: Database) {
    let (mailbox, person) = (dovecot().user("desk"), dovecot().user("person"));
    let mut desk = Desk::new(database, &mailbox.address).await;
    desk.reads(&mailbox, dovecot().imap);
    desk.sends_by_postfix();
    desk.serve().await;
    until("ready", async || (desk.page("/readyz").await.0 == 200).then_some(())).await;
    assert_eq!(desk.page("/healthz").await.0, 200);

    let letter = Letter { from: person.address.clone(), to: mailbox.address.clone(), ..Letter::request(1) };
    mailbox.deliver(&letter.raw());
    let reply = until("the reply", async || person.mails().pop()).await;
    assert_eq!(header(&reply, "In-Reply-To"), format!("<{}>", letter.id));
    assert_eq!(header(&reply, "To"), person.address);
    assert_eq!(header(&reply, "Return-Path"), "<>");

    let answer = Letter {
        id: "2.case@sink.test".to_owned(),
        subject: format!("Re: {}", letter.subject),
        text: "One thing more: we need a projector.".to_owned(),
        answers: message_id(&reply),
        ..letter.clone()
    };
    mailbox.deliver(&answer.raw());
    let totals = desk.settled(2).await;
    assert_eq!((totals.filed, totals.joined), (1, 1), "{}", desk.log());
    let tickets = desk.tickets().await;
    assert_eq!(tickets.len(), 1);
    let ticket = tickets[0]["id"].as_str().unwrap().to_owned();
    desk.sent().await;

    let done = desk.json(&["ticket", "reply", &ticket, "The room is ready.", "--agent", "sato", "--resolve"]).await;
    assert_eq!(done["status"], "resolved");
    let written = until("the agent's reply", async || {
        let mails = person.mails();
        mails.into_iter().find(|mail| header(mail, "Auto-Submitted").is_empty())
    })
    .await;
    assert_eq!(header(&written, "In-Reply-To"), format!("<{}>", answer.id));
    assert_eq!(header(&written, "Precedence"), "");
    assert_eq!(header(&written, "Return-Path"), format!("<{}>", mailbox.address));
    let shown = desk.json(&["ticket", "show", &ticket]).await;
    let directions: Vec<&str> =
        shown["conversation"].as_array().unwrap().iter().map(|part| part["direction"].as_str().unwrap()).collect();
    assert_eq!(directions.iter().filter(|way| **way == "in").count(), 2);
    assert!(directions.iter().filter(|way| **way == "out").count() >= 2, "{directions:?}");
    desk.stop().await;
}

async fn an_automatic_reply_says_that_a_machine_wrote_it(database: Database) {
    let mailbox = dovecot().user("desk");
    let sink = SmtpSink::start().await;
    let mut desk = Desk::new(database, &mailbox.address).await;
    desk.reads(&mailbox, dovecot().imap);
    desk.sends_to_sink(sink.port);
    desk.serve().await;
    let letter =
        Letter { subject: "a\u{301} =?utf-8?q?x=0D=0ABcc:_victim=40sink.test?=".to_owned(), ..Letter::request(7) };
    mailbox.deliver(&letter.raw());
    mailbox.deliver(&Letter::out_of_office(8).raw());
    mailbox.deliver(&Letter::bounce(9).raw());
    let totals = desk.settled(3).await;
    assert_eq!((totals.filed, totals.ignored), (1, 2), "{}", desk.log());
    assert_eq!(desk.sent().await.len(), 1);
    let taken = sink.taken();
    assert_eq!(taken.len(), 1);
    let mail = &taken[0].data;
    assert_eq!(taken[0].from.split_whitespace().next(), Some("<>"));
    assert_eq!(taken[0].to.len(), 1);
    assert!(taken[0].to[0].contains("u7@sink.test"), "{:?}", taken[0].to);
    for (name, wanted) in [
        ("Auto-Submitted", "auto-replied"),
        ("X-Auto-Response-Suppress", "All"),
        ("Precedence", "bulk"),
        ("To", "u7@sink.test"),
        ("Bcc", ""),
        ("Reply-To", ""),
        ("In-Reply-To", "<7.case@sink.test>"),
        ("References", "<7.case@sink.test>"),
    ] {
        assert_eq!(header(mail, name), wanted, "{name}\n{mail}");
    }
    assert!(header(mail, "From").contains(&mailbox.address), "{mail}");
    assert!(message_id(mail).ends_with("@example.test"), "{mail}");
    assert!(mail.lines().all(|line| line.len() <= 998));
    desk.stop().await;
}

//! What becomes of replies beside their delivery: a copy in the folder for sent mail, an address that names the ticket.

use super::harness::{Database, Desk, until};
use super::letter::{Letter, header};
use super::on_both;
use crate::support::dovecot::dovecot;
use crate::support::smtp_sink::SmtpSink;

on_both! {
    replies_are_copied_into_the_folder_for_sent_mail
    an_answer_to_the_plus_address_alone_joins_the_ticket
}

async fn replies_are_copied_into_the_folder_for_sent_mail(database: Database) {
    let mailbox = dovecot().user("desk");
    let sink = SmtpSink::start().await;
    let mut desk = Desk::new(database, &mailbox.address).await;
    desk.reads(&mailbox, dovecot().imap);
    desk.sends_to_sink(sink.port);
    desk.edit(|text| text.replace("poll_s = 1\n", "poll_s = 1\nsent_folder = \"Sent\"\n"));
    desk.serve().await;
    for number in 0..3 {
        mailbox.deliver(&Letter::request(number).raw());
    }
    desk.settled(3).await;
    until("three copies", async || (mailbox.count_in("Sent") >= 3).then_some(())).await;
    desk.stop().await;
    let copies = mailbox.mails_in("Sent");
    let sent = sink.taken();
    assert_eq!((copies.len(), sent.len()), (3, 3));
    for mail in &sent {
        assert!(copies.iter().any(|(_, copy)| copy.trim_end() == mail.data.trim_end()), "{}\n{copies:#?}", mail.data);
    }
    assert_eq!(desk.totals().await.seen, 3, "the copies are no mail to the desk");
}

async fn an_answer_to_the_plus_address_alone_joins_the_ticket(database: Database) {
    let mailbox = dovecot().user("desk");
    let sink = SmtpSink::start().await;
    let mut desk = Desk::new(database, &mailbox.address).await;
    desk.reads(&mailbox, dovecot().imap);
    desk.sends_to_sink(sink.port);
    desk.edit(|text| text.replace("[[mailboxes]]\n", "[[mailboxes]]\nreply_to = \"plus\"\n"));
    desk.serve().await;
    mailbox.deliver(&Letter::request(7).raw());
    desk.settled(1).await;
    desk.sent().await;
    let asked = header(&sink.taken()[0].data, "Reply-To");
    let asked = asked.split(['<', '>']).find(|part| part.contains('@')).unwrap_or(&asked).to_owned();
    assert!(asked.starts_with(&format!("{}+T", mailbox.address.split('@').next().unwrap())), "{asked}");
    // Nothing but the address leads back.
    let answer = Letter {
        to: asked,
        subject: "one more thing".to_owned(),
        id: "other@sink.test".to_owned(),
        ..Letter::request(7)
    };
    mailbox.deliver(&answer.raw());
    let totals = desk.settled(2).await;
    assert_eq!((totals.filed, totals.joined), (1, 1), "{}", desk.log());
    desk.stop().await;
}

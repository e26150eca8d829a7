//! Mail out through a real Postfix into a real Dovecot.

use std::sync::Arc;

use madoguchi::connectors::SendError;
use madoguchi::connectors::email::oauth::TokenSource;
use madoguchi::connectors::email::parse;
use madoguchi::connectors::email::probe::{Probe, probe_smtp};
use madoguchi::connectors::email::settings::{Auth, Grant, OAuthSettings, ReplyTo, TlsMode};
use madoguchi::connectors::email::smtp::{Sender, render};
use madoguchi::domain::{Address, Channel, InboxId, Keyring, Language, Outbound, OutboundKind, TicketId};
use madoguchi::mail::Policy;

use super::{NOW, Reader};
use crate::support::dovecot::dovecot;
use crate::support::oauth::TokenServer;
use crate::support::postfix::postfix;
use crate::support::server::certificates;

pub fn outbound(kind: OutboundKind, to: &[&str]) -> Outbound {
    Outbound {
        dedupe_key: "reply:7:0".to_owned(),
        ticket: Some(TicketId(7)),
        channel: Channel::Email,
        source: "support".to_owned(),
        kind,
        place: None,
        offers: Vec::new(),
        replaces: None,
        notice: None,
        to: to.iter().map(|address| Address { name: "山田".to_owned(), address: (*address).to_owned() }).collect(),
        cc: Vec::new(),
        subject: "Re: お問い合わせ".to_owned(),
        text: "ありがとうございます。\n.\n..ドット\n\nFrom here on\n".to_owned(),
        language: Language::Ja,
        message_id: "T7.1.ABCDEFGHIJKLMNOP.reply-7-0@example.test".to_owned(),
        in_reply_to: Some("q@example.com".to_owned()),
        references: vec!["q@example.com".to_owned()],
        send_at: NOW,
    }
}

pub fn desk() -> Address {
    Address { name: String::new(), address: "support@example.test".to_owned() }
}

#[tokio::test]
async fn a_reply_arrives_as_it_was_written() {
    let (one, two) = (dovecot().user("one"), dovecot().user("two"));
    let mut sender = Sender::new(postfix().settings());
    for kind in [OutboundKind::Acknowledgement, OutboundKind::AgentReply] {
        let outbound = outbound(kind, &[&one.address, &two.address]);
        let sent = sender.send(&outbound, &desk(), "窓口").await.unwrap();
        assert_eq!((sent.accepted.len(), sent.refused.len(), sent.deferred.len()), (2, 0, 0));
    }
    sender.close().await;
    for user in [&one, &two] {
        let mut reader = Reader::new(user.settings(dovecot().imap));
        reader.until(2).await;
        let raws: Vec<&Vec<u8>> = reader.ledger.values().map(|received| &received.raw).collect();
        let machine = raws.iter().position(|raw| String::from_utf8_lossy(raw).contains("Auto-Submitted")).unwrap();
        for (raw, path) in [(raws[machine], "<>"), (raws[1 - machine], "<support@example.test>")] {
            let text = String::from_utf8_lossy(raw);
            assert!(text.starts_with(&format!("Return-Path: {path}")), "{text}");
            let mail = mail_parser::MessageParser::default().parse(raw).unwrap();
            assert_eq!(
                mail.body_text(0).unwrap().replace("\r\n", "\n").trim_end(),
                "ありがとうございます。\n.\n..ドット\n\nFrom here on"
            );
            assert_eq!(mail.subject(), Some("Re: お問い合わせ"));
            assert_eq!(mail.message_id(), Some("T7.1.ABCDEFGHIJKLMNOP.reply-7-0@example.test"));
            assert_eq!(mail.from().unwrap().first().unwrap().name(), Some("窓口"));
        }
    }
}

#[tokio::test]
async fn implicit_tls_and_tokens_work_too() {
    let user = dovecot().user("smtps");
    let (server, token_url) = TokenServer::start(&user.address);
    server.dead_token(0);
    let oauth = OAuthSettings {
        token_url,
        client_id: "desk".to_owned(),
        client_secret: None,
        scope: String::new(),
        grant: Grant::ClientCredentials,
        ca_file: None,
        timeout_s: 5,
    };
    let mut settings = postfix().settings();
    (settings.port, settings.tls) = (postfix().smtps, TlsMode::Implicit);
    settings.user.clone_from(&user.address);
    settings.auth = Some(Auth::OAuth2(Arc::new(TokenSource::new(oauth, Box::new(|_| {})))));
    let mut sender = Sender::new(settings);
    sender.send(&outbound(OutboundKind::Answer, &[&user.address]), &desk(), "").await.unwrap();
    assert_eq!(server.requests().len(), 2, "the refused token was renewed once");
}

#[tokio::test]
async fn wrong_certificates_and_passwords_call_the_operator() {
    let mut untrusted = postfix().settings();
    untrusted.ca_file = None;
    let mut wrong = postfix().settings();
    wrong.auth = Some(Auth::Password("wrong".to_owned().into()));
    let mut plain = postfix().settings();
    plain.tls = TlsMode::None;
    for (settings, word) in [(untrusted, "certificate"), (wrong, "password"), (plain, "login")] {
        let mut sender = Sender::new(settings.clone());
        let refused = sender.send(&outbound(OutboundKind::Answer, &["a@example.test"]), &desk(), "").await.unwrap_err();
        assert!(matches!(&refused, SendError::NeedsOperator { reason } if reason.contains(word)), "{refused}");
        assert!(matches!(probe_smtp(&settings).await, Probe::Fails(text) if text.contains(word)));
    }
    assert!(matches!(probe_smtp(&postfix().settings()).await, Probe::Works(_)));
    assert!(certificates().self_signed.exists());
}

#[tokio::test]
async fn hostile_values_reach_the_recipient_as_text() {
    let user = dovecot().user("hostile");
    let evil = "x\r\nBcc: victim@example.test\r\n.\r\nMAIL FROM:<a@b>\r\n";
    let mut outbound = outbound(OutboundKind::Answer, &[&user.address]);
    outbound.subject = evil.to_owned();
    outbound.to[0].name = evil.to_owned();
    outbound.text = format!("{evil}\n.\n{}\n", "y".repeat(5_000));
    let rendered = render(&outbound, &desk(), "", ReplyTo::From).unwrap();
    Sender::new(postfix().settings()).send(&outbound, &desk(), evil).await.unwrap();
    let mut reader = Reader::new(user.settings(dovecot().imap));
    reader.until(1).await;
    let raw = &reader.ledger.values().next().unwrap().raw;
    let mail = mail_parser::MessageParser::default().parse(raw).unwrap();
    assert!(mail.bcc().is_none());
    assert!(mail.subject().unwrap().starts_with("x Bcc: victim@example.test"));
    assert!(mail.body_text(0).unwrap().contains("MAIL FROM:<a@b>"));
    let rendered = String::from_utf8(rendered).unwrap();
    let (head, _) = rendered.split_once("\r\n\r\n").unwrap();
    assert!(!head.contains("\r\nBcc"));
}

/// The answer to such a mail finds its ticket by the address alone, through real servers.
#[tokio::test]
async fn an_answer_to_the_plus_address_names_the_ticket() {
    let (support, customer) = (dovecot().user("support"), dovecot().user("customer"));
    let keyring = Keyring::new(vec![(1, b"key".to_vec())]);
    let mut settings = postfix().settings();
    settings.reply_to = ReplyTo::Plus;
    let mut sender = Sender::new(settings);
    let mut reply = outbound(OutboundKind::AgentReply, &[&customer.address]);
    reply.message_id = format!("{}.reply-7-0@example.test", keyring.sign(TicketId(7)));
    let from = Address { name: String::new(), address: support.address.clone() };
    sender.send(&reply, &from, "窓口").await.unwrap();
    let mut theirs = Reader::new(customer.settings(dovecot().imap));
    theirs.until(1).await;
    let mail = madoguchi::mail::parse(&theirs.ledger.values().next().unwrap().raw, &Policy::default());
    let asked = mail.reply_to.unwrap().address;
    assert_eq!(asked, support.address.replace('@', &format!("+{}@", keyring.sign(TicketId(7)))));
    // The customer's program keeps nothing but the address.
    let mut answer = outbound(OutboundKind::AgentReply, &[&asked]);
    (answer.message_id, answer.in_reply_to) = ("other@customer.test".to_owned(), None);
    answer.references.clear();
    Sender::new(postfix().settings()).send(&answer, &desk(), "").await.unwrap();
    let mut ours = Reader::new(support.settings(dovecot().imap));
    ours.until(1).await;
    let received = ours.ledger.values().next().unwrap();
    let message = parse::message(InboxId(1), received, &Policy::default(), &keyring);
    assert_eq!(message.tokens, [TicketId(7)]);
}

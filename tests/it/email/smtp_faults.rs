//! Servers that refuse, hang up or fall silent while a mail is sent.

use std::sync::Arc;

use base64::Engine as _;
use madoguchi::connectors::SendError;
use madoguchi::connectors::email::oauth::TokenSource;
use madoguchi::connectors::email::settings::{Auth, Grant, OAuthSettings, SmtpSettings, TlsMode};
use madoguchi::connectors::email::smtp::Sender;
use madoguchi::domain::OutboundKind;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::smtp::{desk, outbound};
use crate::support::oauth::TokenServer;
use crate::support::smtp_sink::{Answer, SmtpSink};

fn settings(sink: &SmtpSink) -> SmtpSettings {
    let mut settings = SmtpSettings::new("127.0.0.1", "", None);
    (settings.port, settings.tls) = (sink.port, TlsMode::None);
    (settings.timeout_s, settings.final_dot_timeout_s) = (1, 1);
    settings
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    Later(Option<i64>),
    Never,
    Operator,
}

#[tokio::test]
async fn each_refusal_means_what_the_standard_says() {
    for (place, answer, end) in [
        ("greeting", Answer::Line("421 4.3.2 not now"), End::Later(None)),
        ("greeting", Answer::Line("554 5.7.1 go away"), End::Never),
        ("greeting", Answer::Close, End::Later(None)),
        ("greeting", Answer::Silence, End::Later(None)),
        ("MAIL", Answer::Line("451 4.3.0 later"), End::Later(None)),
        ("MAIL", Answer::Line("421 4.7.0 slow down"), End::Later(Some(300_000))),
        ("MAIL", Answer::Line("530 5.7.0 authentication required"), End::Operator),
        ("MAIL", Answer::Silence, End::Later(None)),
        ("RCPT", Answer::Line("450 4.7.1 greylisted"), End::Later(Some(300_000))),
        ("RCPT", Answer::Line("550 5.1.1 no such user"), End::Never),
        ("RCPT", Answer::Close, End::Later(None)),
        ("DATA", Answer::Line("452 4.3.1 disk full"), End::Later(None)),
        ("DATA", Answer::Line("554 5.5.1 no"), End::Never),
        ("dot", Answer::Line("451 4.3.0 later"), End::Later(None)),
        ("dot", Answer::Line("552 5.3.4 too big"), End::Never),
        ("dot", Answer::Close, End::Later(None)),
        ("dot", Answer::Silence, End::Later(None)),
        ("dot", Answer::Line("nonsense"), End::Later(None)),
    ] {
        let sink = SmtpSink::start().await;
        sink.once(place, answer.clone());
        let mut sender = Sender::new(settings(&sink));
        let outbound = outbound(OutboundKind::AgentReply, &["a@example.com"]);
        let refused = sender.send(&outbound, &desk(), "").await.unwrap_err();
        let got = match refused {
            SendError::Transient { retry_after_ms, .. } => End::Later(retry_after_ms),
            SendError::Permanent { .. } => End::Never,
            SendError::NeedsOperator { .. } => End::Operator,
        };
        assert_eq!(got, end, "{place} {answer:?}");
        if got == End::Operator {
            // The account is not to be locked: nothing is tried before the pause is over.
            sender.send(&outbound, &desk(), "").await.unwrap_err();
            assert_eq!(sink.connections(), 1);
        } else {
            // Whatever happened, the next mail goes out.
            sender.send(&outbound, &desk(), "").await.unwrap();
        }
    }
}

#[tokio::test]
async fn an_answer_slipped_in_before_tls_ends_the_connection() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let mut settings = SmtpSettings::new("localhost", "", None);
    (settings.port, settings.tls) = (listener.local_addr().unwrap().port(), TlsMode::StartTls);
    let mut sender = Sender::new(settings);
    let outbound = outbound(OutboundKind::AgentReply, &["a@example.com"]);
    let forge = async {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        for answer in ["220 hi\r\n", "250-x\r\n250 STARTTLS\r\n", "220 go\r\n250 forged\r\n"] {
            write.write_all(answer.as_bytes()).await.unwrap();
            lines.next_line().await.unwrap();
        }
    };
    let from = desk();
    let (refused, ()) = tokio::join!(sender.send(&outbound, &from, ""), forge);
    let refused = refused.unwrap_err();
    assert!(matches!(&refused, SendError::Transient { reason, .. } if reason.contains("more than one")), "{refused}");
}

#[tokio::test]
async fn a_repeat_after_an_unknown_outcome_is_the_same_mail() {
    let sink = SmtpSink::start().await;
    sink.once("dot", Answer::Close);
    let mut sender = Sender::new(settings(&sink));
    let outbound = outbound(OutboundKind::Answer, &["a@example.com"]);
    sender.send(&outbound, &desk(), "").await.unwrap_err();
    sender.send(&outbound, &desk(), "").await.unwrap();
    let taken = sink.taken();
    assert_eq!((taken.len(), &taken[0]), (2, &taken[1]));
    assert!(taken[0].data.contains("Message-ID: <T7.1.ABCDEFGHIJKLMNOP.reply-7-0@example.test>"));
}

#[tokio::test]
async fn refused_recipients_do_not_keep_the_mail_from_the_others() {
    let sink = SmtpSink::start().await;
    sink.once("RCPT TO:<b@", Answer::Line("550 5.1.1 no such user"));
    sink.once("RCPT TO:<c@", Answer::Line("450 4.2.0 mailbox busy"));
    let mut sender = Sender::new(settings(&sink));
    let to = ["a@example.com", "b@example.com", "c@example.com", "U0X", "taro..y.@docomo.ne.jp", "日本@example.com"];
    let sent = sender.send(&outbound(OutboundKind::AgentReply, &to), &desk(), "").await.unwrap();
    assert_eq!(sent.accepted, ["a@example.com", "\"taro..y.\"@docomo.ne.jp"]);
    assert_eq!(
        sent.refused.iter().map(|(who, _)| who.as_str()).collect::<Vec<_>>(),
        ["U0X", "b@example.com", "日本@example.com"]
    );
    assert_eq!(sent.deferred.len(), 1);
    assert_eq!(sent.response, "2.0.0 queued as 42");
    assert_eq!(sink.taken()[0].to, ["<a@example.com>", "<\"taro..y.\"@docomo.ne.jp>"]);
}

#[tokio::test]
async fn one_connection_is_kept_and_a_dead_one_replaced() {
    let sink = SmtpSink::start().await;
    let mut sender = Sender::new(settings(&sink));
    let outbound = outbound(OutboundKind::AgentReply, &["a@example.com"]);
    for _ in 0..3 {
        sender.send(&outbound, &desk(), "").await.unwrap();
    }
    assert_eq!(sink.connections(), 1);
    sink.once("NOOP", Answer::Close);
    sender.send(&outbound, &desk(), "").await.unwrap();
    assert_eq!((sink.connections(), sink.taken().len()), (2, 4));
}

#[tokio::test]
async fn a_server_that_wants_a_sender_on_automatic_mail_gets_one() {
    let sink = SmtpSink::start().await;
    sink.once("MAIL FROM:<>", Answer::Line("553 5.7.1 sender not owned by user"));
    let mut sender = Sender::new(settings(&sink));
    let outbound = outbound(OutboundKind::Acknowledgement, &["a@example.com"]);
    for _ in 0..2 {
        sender.send(&outbound, &desk(), "").await.unwrap();
    }
    let from: Vec<String> = sink.taken().into_iter().map(|taken| taken.from).collect();
    assert_eq!(from, ["<support@example.test>", "<support@example.test>"]);
}

#[tokio::test]
async fn a_token_is_shown_by_oauthbearer_and_a_refused_one_renewed_once() {
    let sink = SmtpSink::start().await;
    let (server, token_url) = TokenServer::start("a@example.com");
    let oauth = OAuthSettings {
        token_url,
        client_id: "desk".to_owned(),
        client_secret: None,
        scope: String::new(),
        grant: Grant::ClientCredentials,
        ca_file: None,
        timeout_s: 5,
    };
    let mut settings = settings(&sink);
    settings.user = "a@example.com".to_owned();
    settings.auth = Some(Auth::OAuth2(Arc::new(TokenSource::new(oauth, Box::new(|_| {})))));
    // The challenge explains the refusal and wants an answer before it comes.
    sink.once("AUTH", Answer::Line("334 eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0="));
    sink.once("AQ==", Answer::Line("535 5.7.8 not accepted"));
    let mut sender = Sender::new(settings);
    sender.send(&outbound(OutboundKind::AgentReply, &["b@example.com"]), &desk(), "").await.unwrap();
    assert_eq!((sink.taken().len(), server.requests().len()), (1, 2));
    let login = sink.logins().pop().unwrap();
    let shown =
        base64::engine::general_purpose::STANDARD.decode(login.strip_prefix("AUTH OAUTHBEARER ").unwrap()).unwrap();
    let shown = String::from_utf8(shown).unwrap();
    assert!(shown.starts_with("n,a=a@example.com,\x01host=127.0.0.1\x01port="), "{shown:?}");
    assert!(shown.contains("\x01auth=Bearer token-a@example.com-1\x01\x01"), "{shown:?}");
}

/// The caller decides when a mail is handed over; one that is held back never goes out.
#[tokio::test]
async fn a_mail_is_announced_at_once_and_handed_over_when_told() {
    let sink = SmtpSink::start().await;
    let mut sender = Sender::new(settings(&sink));
    let (outbound, from) = (outbound(OutboundKind::AgentReply, &["a@example.com"]), desk());
    let held = sender.send_after(&outbound, (&from, ""), async { false }).await;
    assert!(matches!(held, Err(SendError::Transient { .. })), "{held:?}");
    assert_eq!((sink.connections(), sink.taken().len()), (1, 0));
    let seen = sender.send_after(&outbound, (&from, ""), async { sink.taken().is_empty() }).await;
    assert_eq!((seen.unwrap().accepted.len(), sink.taken().len()), (1, 1));
}

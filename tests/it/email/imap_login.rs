//! TLS and login.

use std::time::{Duration, Instant};

use madoguchi::connectors::email::imap::{MailState, ReceiveError, Receiver};
use madoguchi::connectors::email::oauth::TokenSource;
use madoguchi::connectors::email::probe::{Probe, probe_imap};
use madoguchi::connectors::email::settings::{Auth, Grant, ImapSettings, OAuthSettings, TlsMode};

use super::{NOW, Reader};
use crate::support::dovecot::{dovecot, dovecot_with_oauthbearer};
use crate::support::fault_proxy::{Fault, FaultProxy, Way};
use crate::support::oauth::TokenServer;
use crate::support::server::certificates;

async fn refusal(settings: ImapSettings) -> (String, i64) {
    match Receiver::new("support", settings).next(&MailState::default(), NOW).await {
        Err(ReceiveError::NeedsOperator { reason, retry_after_ms }) => (reason, retry_after_ms),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn mail_is_read_over_tls_and_starttls() {
    for (tls, port) in [(TlsMode::Implicit, dovecot().imaps), (TlsMode::StartTls, dovecot().imap)] {
        let user = dovecot().user("tls");
        user.deliver_many(0, 2);
        let mut settings = user.settings(port);
        "localhost".clone_into(&mut settings.host);
        settings.tls = tls;
        settings.ca_file = Some(certificates().authority.clone());
        let mut reader = Reader::new(settings);
        reader.until(2).await;
        assert!(reader.errors.is_empty(), "{:?}", reader.errors);
    }
}

#[tokio::test]
async fn what_is_slipped_in_before_tls_is_never_believed() {
    let user = dovecot().user("slipped");
    user.deliver_many(0, 2);
    let proxy = FaultProxy::start(dovecot().imap).await;
    proxy.once(Way::ToClient, "Begin TLS negotiation now.\r\n", Fault::Garbage);
    let mut settings = user.settings(proxy.port);
    "localhost".clone_into(&mut settings.host);
    settings.tls = TlsMode::StartTls;
    settings.ca_file = Some(certificates().authority.clone());
    let mut reader = Reader::new(settings);
    reader.until(2).await;
    assert_eq!((proxy.fired(), reader.repeats), (1, 0));
}

#[tokio::test]
async fn a_certificate_nobody_vouches_for_is_refused() {
    let user = dovecot().user("cert");
    for (tls, port) in [(TlsMode::Implicit, dovecot().imaps), (TlsMode::StartTls, dovecot().imap)] {
        let mut settings = user.settings(port);
        "localhost".clone_into(&mut settings.host);
        settings.tls = tls;
        let (reason, _) = refusal(settings.clone()).await;
        assert!(reason.contains("certificate") && reason.contains("ca_file"), "{reason}");
        // The right authority, another name.
        settings.ca_file = Some(certificates().authority.clone());
        "127.0.0.2".clone_into(&mut settings.host);
        if tls == TlsMode::Implicit {
            settings.ca_file = Some(certificates().self_signed.clone());
            "localhost".clone_into(&mut settings.host);
            let (reason, _) = refusal(settings).await;
            assert!(reason.contains("certificate"), "{reason}");
        }
    }
}

#[tokio::test]
async fn a_wrong_password_calls_the_operator_and_is_not_tried_again_at_once() {
    let user = dovecot().user("wrong");
    let mut settings = user.settings(dovecot().imap);
    settings.auth = Auth::Password("wrong".to_owned().into());
    settings.login_spacing_s = 60;
    let (reason, retry_after_ms) = refusal(settings.clone()).await;
    assert!(reason.contains("password") && retry_after_ms >= 60_000, "{reason} {retry_after_ms}");
    settings.login_spacing_s = 1;
    let mut receiver = Receiver::new("support", settings);
    let started = Instant::now();
    for _ in 0..2 {
        receiver.next(&MailState::default(), NOW).await.unwrap_err();
    }
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn plain_text_is_for_loopback_only_and_a_missing_folder_is_told() {
    let user = dovecot().user("odd");
    let mut away = user.settings(dovecot().imap);
    "192.0.2.1".clone_into(&mut away.host);
    assert!(refusal(away).await.0.contains("loopback"));
    let mut folder = user.settings(dovecot().imap);
    "ない".clone_into(&mut folder.folder);
    assert!(refusal(folder).await.0.contains("folder"));
    let mut port = user.settings(dovecot().imap);
    port.tls = TlsMode::Implicit;
    assert!(refusal(port).await.0.contains("check port and tls"));
}

#[tokio::test]
async fn a_password_outside_ascii_reaches_the_server() {
    let user = dovecot().user("kana");
    let mut settings = user.settings(dovecot().imap);
    settings.auth = Auth::Password("パスワード".to_owned().into());
    assert!(refusal(settings).await.0.contains("password"));
}

fn with_tokens(mut settings: ImapSettings, token_url: String) -> ImapSettings {
    let oauth = OAuthSettings {
        token_url,
        client_id: "desk".to_owned(),
        client_secret: Some("shh".to_owned().into()),
        scope: String::new(),
        grant: Grant::RefreshToken("first".to_owned().into()),
        ca_file: None,
        timeout_s: 5,
    };
    settings.auth = Auth::OAuth2(std::sync::Arc::new(TokenSource::new(oauth, Box::new(|_| {}))));
    settings
}

#[tokio::test]
async fn a_token_lets_us_in_and_an_ended_one_is_renewed_once() {
    let user = dovecot().user("token");
    user.deliver_many(0, 1);
    let (server, url) = TokenServer::start(&user.address);
    // The first token ended before its time.
    server.dead_token(0);
    let mut reader = Reader::new(with_tokens(user.settings(dovecot().imap), url));
    reader.until(1).await;
    assert!(reader.errors.is_empty(), "{:?}", reader.errors);
    assert_eq!(server.requests().len(), 2);
    // The session ends and its token with it: again exactly one new one.
    server.revoke_all();
    reader.receiver.close().await;
    user.deliver_many(1, 1);
    reader.until(2).await;
    assert!(reader.errors.is_empty(), "{:?}", reader.errors);
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_server_that_offers_the_standard_gets_the_token_that_way() {
    let user = dovecot_with_oauthbearer().user("bearer");
    user.deliver_many(0, 1);
    let (server, url) = TokenServer::start(&user.address);
    server.dead_token(0);
    let mut reader = Reader::new(with_tokens(user.settings(dovecot_with_oauthbearer().imap), url));
    reader.until(1).await;
    assert!(reader.errors.is_empty(), "{:?}", reader.errors);
    assert_eq!(server.requests().len(), 2, "the refused token was renewed once");
}

#[tokio::test]
async fn withdrawn_consent_calls_the_operator() {
    let user = dovecot().user("revoked");
    let (server, url) = TokenServer::start(&user.address);
    server.refuse_with(400, "invalid_grant");
    let (reason, _) = refusal(with_tokens(user.settings(dovecot().imap), url)).await;
    assert!(reason.contains("invalid_grant") && !reason.contains("never shown"), "{reason}");
}

#[tokio::test]
async fn the_probe_says_what_is_wrong() {
    let user = dovecot().user("probe");
    user.deliver_many(0, 2);
    let settings = user.settings(dovecot().imap);
    match probe_imap(&settings).await {
        Probe::Works(text) => assert!(text.contains("2 mails"), "{text}"),
        Probe::Fails(text) => panic!("{text}"),
    }
    let mut wrong = settings.clone();
    wrong.auth = Auth::Password("wrong".to_owned().into());
    let mut closed = settings;
    closed.port = crate::support::server::free_port();
    for (settings, word) in [(wrong, "password"), (closed, "port")] {
        assert!(matches!(probe_imap(&settings).await, Probe::Fails(text) if text.contains(word)));
    }
}

//! Access tokens.

use std::sync::{Arc, Mutex};

use madoguchi::connectors::email::oauth::{OAuthError, TokenSource};
use madoguchi::connectors::email::settings::{Grant, OAuthSettings};
use secrecy::ExposeSecret;

use crate::support::oauth::TokenServer;
use crate::support::server::free_port;

fn settings(token_url: String, grant: Grant) -> OAuthSettings {
    OAuthSettings {
        token_url,
        client_id: "desk & co".to_owned(),
        client_secret: Some("s=1&x".to_owned().into()),
        scope: "https://outlook.office365.com/.default".to_owned(),
        grant,
        ca_file: None,
        timeout_s: 5,
    }
}

fn refresh(url: String) -> OAuthSettings {
    settings(url, Grant::RefreshToken("first".to_owned().into()))
}

#[tokio::test]
async fn both_grants_send_what_the_standard_asks_for() {
    for (grant, name) in [
        (Grant::ClientCredentials, "client_credentials"),
        (Grant::RefreshToken("first".to_owned().into()), "refresh_token"),
    ] {
        let (server, url) = TokenServer::start(name);
        let source = TokenSource::new(settings(url, grant), Box::new(|_| {}));
        source.token().await.unwrap();
        let form = &server.requests()[0];
        assert_eq!(form["grant_type"], name);
        assert_eq!((form["client_id"].as_str(), form["client_secret"].as_str()), ("desk & co", "s=1&x"));
        assert_eq!(form.get("refresh_token").map(String::as_str), (name == "refresh_token").then_some("first"));
        assert!(form["scope"].ends_with("/.default"));
    }
}

#[tokio::test]
async fn many_callers_make_one_request_and_a_new_one_comes_before_the_end() {
    let (server, url) = TokenServer::start("flight");
    let source = Arc::new(TokenSource::new(refresh(url), Box::new(|_| {})));
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let source = Arc::clone(&source);
        callers.spawn(async move { source.token().await.unwrap().expose_secret().to_owned() });
    }
    let tokens = callers.join_all().await;
    assert!(tokens.iter().all(|token| *token == tokens[0]));
    assert_eq!(server.requests().len(), 1);
    source.renew().await;
    source.token().await.unwrap();
    assert_eq!(server.requests().len(), 2);
    // A token that ends at once is never kept.
    server.expires_in(0);
    source.renew().await;
    source.token().await.unwrap();
    source.token().await.unwrap();
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn a_new_refresh_token_is_told_and_used() {
    let (server, url) = TokenServer::start("rotation");
    server.rotate("second");
    let told = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&told);
    let source = TokenSource::new(
        refresh(url),
        Box::new(move |token| kept.lock().unwrap().push(token.expose_secret().to_owned())),
    );
    source.token().await.unwrap();
    source.renew().await;
    source.token().await.unwrap();
    assert_eq!(*told.lock().unwrap(), ["second", "second"]);
    let used: Vec<String> = server.requests().iter().map(|form| form["refresh_token"].clone()).collect();
    assert_eq!(used, ["first", "second"]);
}

#[tokio::test]
async fn a_refusal_calls_the_operator_and_an_ill_server_does_not() {
    for (status, error, operator) in [
        (400, "invalid_grant", true),
        (401, "invalid_client", true),
        (400, "temporarily_unavailable", false),
        (503, "x", false),
        (429, "x", false),
    ] {
        let (server, url) = TokenServer::start("refusal");
        server.refuse_with(status, error);
        let refused = TokenSource::new(refresh(url), Box::new(|_| {})).token().await.unwrap_err();
        assert_eq!(matches!(refused, OAuthError::NeedsOperator { .. }), operator, "{refused}");
        assert!(!refused.to_string().contains("never shown") && !refused.to_string().contains("first"));
    }
    let nobody = format!("http://127.0.0.1:{}/token", free_port());
    let refused = TokenSource::new(refresh(nobody), Box::new(|_| {})).token().await.unwrap_err();
    assert!(matches!(refused, OAuthError::Transient { .. }), "{refused}");
}

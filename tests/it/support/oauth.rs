//! A token server, and the page Dovecot asks whether a token is good. Runs as long as the test process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// What one token server is to say, and what it was asked.
#[derive(Clone, Default)]
pub struct TokenServer(Arc<Mutex<Script>>);

#[derive(Default)]
struct Script {
    refuse_with: Option<(u16, &'static str)>,
    expires_in: Option<u64>,
    user: String,
    rotate: Option<String>,
    requests: Vec<HashMap<String, String>>,
    dead_tokens: Vec<usize>,
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
    })
}

/// Tokens that are good now, with their user.
fn good_tokens() -> &'static Mutex<HashMap<String, String>> {
    static TOKENS: OnceLock<Mutex<HashMap<String, String>>> = OnceLock::new();
    TOKENS.get_or_init(Mutex::default)
}

fn serve(router: Router) -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.set_nonblocking(true).expect("nonblocking");
    let port = listener.local_addr().expect("address").port();
    runtime().spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("listener");
        axum::serve(listener, router).await.expect("serve");
    });
    port
}

/// Where Dovecot asks about a token; ends with `token=`.
pub fn introspection_url() -> String {
    static PORT: OnceLock<u16> = OnceLock::new();
    let port = PORT.get_or_init(|| {
        serve(Router::new().route(
            "/introspect",
            get(|Query(query): Query<HashMap<String, String>>| async move {
                let token = query.get("token").cloned().unwrap_or_default();
                let user = good_tokens().lock().expect("lock").get(&token).cloned();
                Json(json!({ "active": user.is_some(), "username": user.unwrap_or_default() }))
            }),
        ))
    });
    format!("http://127.0.0.1:{port}/introspect?token=")
}

impl TokenServer {
    /// A server whose tokens let `user` in. Returns it with its URL.
    pub fn start(user: &str) -> (Self, String) {
        let server = Self::default();
        server.script().user = user.to_owned();
        let port = serve(Router::new().route("/token", post(grant)).with_state(server.clone()));
        (server, format!("http://127.0.0.1:{port}/token"))
    }

    fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.0.lock().expect("lock")
    }

    /// From now on every request is refused.
    pub fn refuse_with(&self, status: u16, error: &'static str) {
        self.script().refuse_with = Some((status, error));
    }

    /// Seconds the tokens are said to live.
    pub fn expires_in(&self, seconds: u64) {
        self.script().expires_in = Some(seconds);
    }

    /// The next answers bring this refresh token.
    pub fn rotate(&self, token: &str) {
        self.script().rotate = Some(token.to_owned());
    }

    /// The `n`th token (0 is the first) is not good.
    pub fn dead_token(&self, n: usize) {
        self.script().dead_tokens.push(n);
    }

    /// The forms received so far.
    pub fn requests(&self) -> Vec<HashMap<String, String>> {
        self.script().requests.clone()
    }

    /// Takes back every token given so far.
    pub fn revoke_all(&self) {
        let user = self.script().user.clone();
        good_tokens().lock().expect("lock").retain(|_, owner| *owner != user);
    }
}

async fn grant(
    State(server): State<TokenServer>,
    Form(form): Form<HashMap<String, String>>,
) -> (StatusCode, Json<Value>) {
    let mut script = server.script();
    let number = script.requests.len();
    script.requests.push(form);
    if let Some((status, error)) = script.refuse_with {
        let body = json!({ "error": error, "error_description": "never shown" });
        return (StatusCode::from_u16(status).expect("status"), Json(body));
    }
    let token = format!("token-{}-{number}", script.user);
    if !script.dead_tokens.contains(&number) {
        good_tokens().lock().expect("lock").insert(token.clone(), script.user.clone());
    }
    let mut body =
        json!({ "access_token": token, "token_type": "Bearer", "expires_in": script.expires_in.unwrap_or(3600) });
    if let Some(rotated) = &script.rotate {
        body["refresh_token"] = json!(rotated);
    }
    (StatusCode::OK, Json(body))
}

//! From the network to a logged-in session: greeting, TLS, login.

use std::time::Duration;

use async_imap::imap_proto::{Response, Status};
use async_imap::{Authenticator, Client, Session, error::Error as ImapError};
use secrecy::ExposeSecret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::connection::{Fault, is_passing, lost, unread};
use super::guard::Guard;
use crate::connectors::email::bearer::Bearer;
use crate::connectors::email::settings::{Auth, ImapSettings, TlsMode};
use crate::connectors::email::tls::{self, Stream};

/// Room for what a server counts differently than it sends (Exchange renders mails anew).
const LITERAL_SLACK_BYTES: usize = 1 << 20;

/// More than any list of what a server can do.
const MAX_OFFER_BYTES: usize = 64 << 10;

/// What is said first, and to every challenge after that.
struct Sasl {
    first: Option<String>,
    after: &'static str,
}

impl Authenticator for Sasl {
    type Response = String;

    /// The first challenge asks for the credentials; a second one explains a refusal.
    fn process(&mut self, _challenge: &[u8]) -> String {
        self.first.take().unwrap_or_else(|| self.after.to_owned())
    }
}

/// Connects, waits for the greeting and protects the connection.
pub(super) async fn greet(settings: &ImapSettings, limit: Duration) -> Result<Client<Guard<Stream>>, Fault> {
    let largest = settings.max_bytes.max(settings.excerpt_bytes) as usize + LITERAL_SLACK_BYTES;
    let host = settings.host.as_str();
    let tcp = tls::open(host, settings.port, limit, settings.tls == TlsMode::None).await?;
    let ca_file = settings.ca_file.as_deref();
    let stream = match settings.tls {
        TlsMode::Implicit => tls::protect(tcp, host, ca_file, limit).await?,
        TlsMode::StartTls | TlsMode::None => Stream::Plain(tcp),
    };
    let mut client = Client::new(Guard::new(stream, largest));
    let greeting = timeout(limit, client.read_response()).await;
    let greeting = greeting.map_err(|_| Fault::Lost(format!("{host} did not greet us: check port and tls")))?;
    match greeting.map_err(|error| unread(&error))?.as_ref().map(|answer| answer.parsed()) {
        Some(Response::Data { status: Status::Ok, .. }) => {}
        Some(Response::Data { status: Status::PreAuth, .. }) => {
            return Err(Fault::Operator(format!("{host} lets anyone in without a login: such a server is not used")));
        }
        Some(Response::Data { outcome, .. }) => {
            let reason = outcome.information.as_deref().unwrap_or("no reason given");
            return Err(Fault::Lost(format!("{host} turned us away: {reason}")));
        }
        _ => return Err(Fault::Lost(format!("{host} closed the connection before greeting us"))),
    }
    if settings.tls != TlsMode::StartTls {
        return Ok(client);
    }
    match timeout(limit, client.run_command_and_check_ok("STARTTLS", None)).await {
        Err(_) => return Err(Fault::Lost("no answer to STARTTLS".to_owned())),
        Ok(Err(ImapError::No(_) | ImapError::Bad(_))) => {
            return Err(Fault::Operator(format!("{host} does not offer STARTTLS here: use tls = \"implicit\"")));
        }
        Ok(Err(error)) => return Err(lost(&error)),
        Ok(Ok(())) => {}
    }
    let Stream::Plain(tcp) = client.into_inner().into_inner() else {
        return Err(Fault::Lost("STARTTLS on a protected connection".to_owned()));
    };
    Ok(Client::new(Guard::new(tls::protect(tcp, host, ca_file, limit).await?, largest)))
}

/// How the server wants to see a token. What it offered before TLS does not count, so it is asked here, below the library, which
/// has no such question before the login.
async fn bearer(client: Client<Guard<Stream>>) -> Result<(Client<Guard<Stream>>, Bearer), Fault> {
    let mut stream = client.into_inner();
    let asked = async {
        stream.write_all(b"Q1 CAPABILITY\r\n").await?;
        stream.flush().await
    };
    asked.await.map_err(|error| unread(&error))?;
    let mut said = Vec::new();
    loop {
        let mut chunk = [0_u8; 1024];
        let count = stream.read(&mut chunk).await.map_err(|error| unread(&error))?;
        if count == 0 {
            return Err(Fault::Lost("the server closed the connection before the login".to_owned()));
        }
        said.extend_from_slice(&chunk[..count]);
        if said.len() > MAX_OFFER_BYTES {
            return Err(Fault::Unreadable("the server sent an endless answer to CAPABILITY".to_owned()));
        }
        let text = String::from_utf8_lossy(&said).to_ascii_uppercase();
        if text.ends_with('\n') && text.lines().last().is_some_and(|line| line.starts_with("Q1 ")) {
            let offers =
                |name: &str| text.split_ascii_whitespace().any(|word| word.strip_prefix("AUTH=") == Some(name));
            return Ok((Client::new(stream), Bearer::choose(offers)));
        }
    }
}

/// Logs in with a password or a token.
pub(super) async fn log_in(
    client: Client<Guard<Stream>>,
    settings: &ImapSettings,
    limit: Duration,
) -> Result<Session<Guard<Stream>>, Fault> {
    let user = settings.user.as_str();
    let answer = match &settings.auth {
        Auth::Password(password) => {
            let password = password.expose_secret();
            // LOGIN has no place for letters outside ASCII; SASL PLAIN has (RFC 4616).
            if user.is_ascii() && password.is_ascii() {
                timeout(limit, client.login(user, password)).await
            } else {
                let sasl = Sasl { first: Some(format!("\0{user}\0{password}")), after: "" };
                timeout(limit, client.authenticate("PLAIN", sasl)).await
            }
        }
        Auth::OAuth2(source) => {
            let asked = timeout(limit, bearer(client)).await;
            let (client, bearer) = asked.map_err(|_| Fault::Lost("no answer to CAPABILITY".to_owned()))??;
            let token = source.token().await?;
            let first = bearer.first(user, (&settings.host, settings.port), token.expose_secret());
            let sasl = Sasl { first: Some(first), after: bearer.after_refusal() };
            timeout(limit, client.authenticate(bearer.name(), sasl)).await
        }
    };
    let answer = answer.map_err(|_| Fault::Lost("no answer to the login".to_owned()))?;
    answer.map_err(|(error, _)| match error {
        ImapError::No(text) | ImapError::Bad(text) if is_passing(&text) => Fault::Lost(format!("login: {text}")),
        ImapError::No(text) | ImapError::Bad(text) => match &settings.auth {
            Auth::Password(_) => Fault::Operator(format!("login refused ({text}): check user and password")),
            Auth::OAuth2(_) => Fault::Token(text),
        },
        ImapError::Validate(_) => Fault::Operator("user or password holds a control character".to_owned()),
        error => lost(&error),
    })
}

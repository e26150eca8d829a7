//! From the network to a logged-in session: greeting, TLS, login.

use std::time::Duration;

use async_imap::imap_proto::{Response, Status};
use async_imap::{Authenticator, Client, Session, error::Error as ImapError};
use secrecy::ExposeSecret;
use tokio::time::timeout;

use super::connection::{Fault, is_passing, lost, unread};
use super::guard::Guard;
use crate::connectors::email::settings::{Auth, ImapSettings, TlsMode};
use crate::connectors::email::tls::{self, Stream};

/// Room for what a server counts differently than it sends (Exchange renders mails anew).
const LITERAL_SLACK_BYTES: usize = 1 << 20;

struct Sasl(Option<String>);

impl Authenticator for Sasl {
    type Response = String;

    /// The first challenge asks for the credentials; a second one explains a refusal and wants an empty line.
    fn process(&mut self, _challenge: &[u8]) -> String {
        self.0.take().unwrap_or_default()
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
                let sasl = Sasl(Some(format!("\0{user}\0{password}")));
                timeout(limit, client.authenticate("PLAIN", sasl)).await
            }
        }
        Auth::OAuth2(source) => {
            let token = source.token().await?;
            let sasl = Sasl(Some(format!("user={user}\x01auth=Bearer {}\x01\x01", token.expose_secret())));
            timeout(limit, client.authenticate("XOAUTH2", sasl)).await
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

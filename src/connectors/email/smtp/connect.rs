//! Opens a connection to the submission server: TLS as asked for, then the login.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::extension::ClientId;
use secrecy::ExposeSecret;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::connectors::SendError;
use crate::connectors::email::bearer::Bearer;
use crate::connectors::email::oauth::OAuthError;
use crate::connectors::email::settings::{Auth, SmtpSettings, TlsMode};
use crate::connectors::email::tls::{self, ConnectFault, Stream};

/// More than any greeting or EHLO answer before TLS.
const MAX_PLAIN_BYTES: usize = 64 << 10;
/// The greeting the library waits for, which a server does not repeat after STARTTLS.
const STAND_IN_GREETING: &[u8] = b"220 protected\r\n";

/// Why the server cannot be used.
#[derive(Debug)]
pub(super) enum OpenFault {
    /// As the caller sees it.
    Send(SendError),
    /// A person must act, and the login is not to be tried again soon.
    Operator(String),
    /// The access token was not accepted.
    Token(String),
}

impl From<ConnectFault> for OpenFault {
    fn from(fault: ConnectFault) -> Self {
        match fault {
            ConnectFault::Network(reason) => transient(reason),
            ConnectFault::Setting(reason) => Self::Operator(reason),
        }
    }
}

impl From<OAuthError> for OpenFault {
    fn from(error: OAuthError) -> Self {
        match error {
            OAuthError::Transient { reason } => transient(reason),
            OAuthError::NeedsOperator { reason } => Self::Operator(reason),
        }
    }
}

fn transient(reason: String) -> OpenFault {
    OpenFault::Send(SendError::Transient { reason, retry_after_ms: None })
}

/// The connection as the library sees it: first the stand-in greeting, if any, then the network.
#[derive(Debug)]
struct Prefixed {
    prefix: &'static [u8],
    stream: Stream,
}

/// Connects and logs in.
pub(super) async fn open(settings: &SmtpSettings) -> Result<AsyncSmtpConnection, OpenFault> {
    let limit = Duration::from_secs(settings.timeout_s.max(1));
    let host = settings.host.as_str();
    let tcp = tls::open(host, settings.port, limit, settings.tls == TlsMode::None).await?;
    let ca_file = settings.ca_file.as_deref();
    let stream = match settings.tls {
        TlsMode::Implicit => Prefixed { prefix: b"", stream: tls::protect(tcp, host, ca_file, limit).await? },
        TlsMode::None => Prefixed { prefix: b"", stream: Stream::Plain(tcp) },
        TlsMode::StartTls => {
            let tcp = timeout(limit, ask_for_tls(tcp, settings))
                .await
                .unwrap_or_else(|_| Err(transient(format!("{host} did not answer before STARTTLS"))))?;
            Prefixed { prefix: STAND_IN_GREETING, stream: tls::protect(tcp, host, ca_file, limit).await? }
        }
    };
    let hello = ClientId::Domain(settings.hello_name.clone());
    let connection = timeout(limit, AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello)).await;
    let mut connection = connection
        .map_err(|_| transient(format!("{host} did not greet us: check port and tls")))?
        .map_err(|error| super::fault(&error))?;
    timeout(limit, log_in(&mut connection, settings))
        .await
        .unwrap_or_else(|_| Err(transient("no answer to the login".to_owned())))?;
    Ok(connection)
}

/// Greeting, EHLO and STARTTLS in plain text. Answers that come early are a fault: someone may have put them there.
async fn ask_for_tls(mut tcp: TcpStream, settings: &SmtpSettings) -> Result<TcpStream, OpenFault> {
    let host = &settings.host;
    let greeting = answer(&mut tcp).await?;
    if !greeting.starts_with("220") {
        return Err(transient(format!("{host} turned us away: {}", greeting.trim())));
    }
    say(&mut tcp, &format!("EHLO {}\r\n", settings.hello_name)).await?;
    let offer = answer(&mut tcp).await?;
    let offered =
        offer.lines().any(|line| line.get(4..).is_some_and(|word| word.trim().eq_ignore_ascii_case("STARTTLS")));
    if !offered {
        return Err(OpenFault::Operator(format!("{host} does not offer STARTTLS here: use tls = \"implicit\"")));
    }
    say(&mut tcp, "STARTTLS\r\n").await?;
    let go = answer(&mut tcp).await?;
    if !go.starts_with("220") {
        return Err(transient(format!("{host} refused STARTTLS: {}", go.trim())));
    }
    Ok(tcp)
}

async fn say(tcp: &mut TcpStream, text: &str) -> Result<(), OpenFault> {
    tcp.write_all(text.as_bytes()).await.map_err(|error| transient(format!("connection lost: {}", error.kind())))
}

/// One answer, all its lines, and nothing after it.
async fn answer(tcp: &mut TcpStream) -> Result<String, OpenFault> {
    let mut text = Vec::new();
    loop {
        let mut chunk = [0u8; 4096];
        let count =
            tcp.read(&mut chunk).await.map_err(|error| transient(format!("connection lost: {}", error.kind())))?;
        if count == 0 {
            return Err(transient("the server closed the connection before TLS".to_owned()));
        }
        text.extend_from_slice(&chunk[..count]);
        if let Some(end) = end_of_answer(&text) {
            if end != text.len() {
                return Err(transient("the server sent more than one answer before TLS".to_owned()));
            }
            return Ok(String::from_utf8_lossy(&text).into_owned());
        }
        if text.len() > MAX_PLAIN_BYTES {
            return Err(transient("the server sent an endless answer before TLS".to_owned()));
        }
    }
}

/// Where the first line without a dash after its code ends (RFC 5321 §4.2.1).
fn end_of_answer(text: &[u8]) -> Option<usize> {
    let mut start = 0;
    while let Some(length) = text[start..].iter().position(|byte| *byte == b'\n') {
        let line = &text[start..=start + length];
        start += length + 1;
        if line.get(3) != Some(&b'-') {
            return Some(start);
        }
    }
    None
}

async fn log_in(connection: &mut AsyncSmtpConnection, settings: &SmtpSettings) -> Result<(), OpenFault> {
    let Some(auth) = &settings.auth else { return Ok(()) };
    let (mechanisms, secret) = match auth {
        Auth::Password(password) => (&[Mechanism::Plain, Mechanism::Login][..], password.expose_secret().to_owned()),
        Auth::OAuth2(source) => {
            let token = source.token().await?.expose_secret().to_owned();
            if offers_bearer(connection, settings).await? {
                return show_token(connection, settings, &token).await;
            }
            (&[Mechanism::Xoauth2][..], token)
        }
    };
    if connection.server_info().get_auth_mechanism(mechanisms).is_none() {
        return Err(OpenFault::Operator(format!(
            "{} offers no login we can do here: check port and tls",
            settings.host
        )));
    }
    let credentials = Credentials::new(settings.user.clone(), secret);
    let Err(error) = connection.auth(mechanisms, &credentials).await else { return Ok(()) };
    // A refused token is explained by a challenge, which the library takes for a mistake of its own.
    let refused = error.is_permanent() || error.is_client();
    match auth {
        Auth::OAuth2(_) if refused => Err(OpenFault::Token("the server did not accept the access token".to_owned())),
        Auth::Password(_) if refused => {
            Err(OpenFault::Operator(format!("login refused ({error}): check user and password")))
        }
        _ => Err(super::fault(&error)),
    }
}

/// Whether the server does OAUTHBEARER. The library only remembers the mechanisms it can do itself, so the server is asked again.
async fn offers_bearer(connection: &mut AsyncSmtpConnection, settings: &SmtpSettings) -> Result<bool, OpenFault> {
    let offer = connection.command(format!("EHLO {}\r\n", settings.hello_name)).await;
    let offer = offer.map_err(|error| super::fault(&error))?;
    let offers = |name: &str| {
        offer.message().any(|line| {
            let mut words = line.split_whitespace();
            words.next().is_some_and(|word| word.eq_ignore_ascii_case("AUTH"))
                && words.any(|word| word.eq_ignore_ascii_case(name))
        })
    };
    Ok(Bearer::choose(offers) == Bearer::OAuthBearer)
}

/// RFC 4954 §4 with RFC 7628: a refused token is explained by a challenge, which wants an answer before the refusal comes.
async fn show_token(
    connection: &mut AsyncSmtpConnection,
    settings: &SmtpSettings,
    token: &str,
) -> Result<(), OpenFault> {
    let bearer = Bearer::OAuthBearer;
    let first = STANDARD.encode(bearer.first(&settings.user, (&settings.host, settings.port), token));
    let mut said = connection.command(format!("AUTH {} {first}\r\n", bearer.name())).await;
    if said.as_ref().is_ok_and(|answer| answer.has_code(334)) {
        said = connection.command(format!("{}\r\n", STANDARD.encode(bearer.after_refusal()))).await;
    }
    match said {
        Ok(answer) if answer.has_code(235) => Ok(()),
        Ok(_) => Err(OpenFault::Token("the server did not accept the access token".to_owned())),
        Err(error) if error.is_permanent() => {
            Err(OpenFault::Token("the server did not accept the access token".to_owned()))
        }
        Err(error) => Err(super::fault(&error)),
    }
}

impl AsyncRead for Prefixed {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.prefix.is_empty() {
            return Pin::new(&mut this.stream).poll_read(cx, buf);
        }
        let (now, later) = this.prefix.split_at(buf.remaining().min(this.prefix.len()));
        buf.put_slice(now);
        this.prefix = later;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Prefixed {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Prefixed {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_with_its_last_line() {
        for (text, end) in [
            (&b"220 hi\r\n"[..], Some(8)),
            (b"250-a\r\n250 b\r\n", Some(14)),
            (b"250-a\r\n250 b\r\n250 forged\r\n", Some(14)),
            (b"250-a\r\n250 b", None),
            (b"\r\n", Some(2)),
            (b"", None),
        ] {
            assert_eq!(end_of_answer(text), end);
        }
    }
}

//! Connections: name lookup, TCP, TLS with certificate and name checked. Never falls back to plain text.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Why no protected connection could be made.
#[derive(Debug, thiserror::Error)]
pub(in crate::connectors) enum ConnectFault {
    /// The network or the server; it may work later.
    #[error("{0}")]
    Network(String),
    /// It cannot work until a person mends the settings or the server's certificate.
    #[error("{0}")]
    Setting(String),
}

/// A connection, protected or not.
#[derive(Debug)]
pub(super) enum Stream {
    /// Loopback, or before STARTTLS.
    Plain(TcpStream),
    /// Protected.
    Tls(Box<TlsStream<TcpStream>>),
}

/// The TLS settings: the system's roots and those of `ca_file`.
pub(in crate::connectors) fn client_config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, ConnectFault> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = ca_file {
        let unreadable = |why: String| ConnectFault::Setting(format!("cannot read ca_file {}: {why}", path.display()));
        let mut found = false;
        for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unreadable(error.to_string()))? {
            let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
            roots.add(certificate).map_err(|error| unreadable(error.to_string()))?;
            found = true;
        }
        if !found {
            return Err(unreadable("it holds no certificate".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ConnectFault::Setting(error.to_string()))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

/// Opens TCP to `host`, trying each of its addresses. With `loopback_only` any other address is refused.
pub(super) async fn open(
    host: &str,
    port: u16,
    limit: Duration,
    loopback_only: bool,
) -> Result<TcpStream, ConnectFault> {
    let attempt = async {
        let addresses: Vec<SocketAddr> = tokio::net::lookup_host((host, port))
            .await
            .map_err(|error| ConnectFault::Network(format!("cannot find {host}: {error}")))?
            .collect();
        if loopback_only && !addresses.iter().all(|address| address.ip().is_loopback()) {
            return Err(ConnectFault::Setting(format!(
                "tls = \"none\" is for loopback addresses only, and {host} is not one: use \"implicit\" or \"starttls\""
            )));
        }
        let mut last = format!("{host} has no address");
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    // Commands are small and each waits for its answer.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => last = format!("cannot connect to {host} port {port}: {error}"),
            }
        }
        Err(ConnectFault::Network(last))
    };
    tokio::time::timeout(limit, attempt)
        .await
        .unwrap_or_else(|_| Err(ConnectFault::Network(format!("{host} port {port} did not answer in time"))))
}

/// Protects `tcp`; the certificate must be valid for `host`.
pub(super) async fn protect(
    tcp: TcpStream,
    host: &str,
    ca_file: Option<&Path>,
    limit: Duration,
) -> Result<Stream, ConnectFault> {
    let config = client_config(ca_file)?;
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| ConnectFault::Setting(format!("`{host}` is not a host name a certificate can carry")))?;
    let handshake = TlsConnector::from(config).connect(name, tcp);
    match tokio::time::timeout(limit, handshake).await {
        Ok(Ok(stream)) => Ok(Stream::Tls(Box::new(stream))),
        Ok(Err(error)) => Err(explain_handshake(host, &error)),
        Err(_) => Err(ConnectFault::Network(format!("{host} did not finish the TLS handshake in time"))),
    }
}

fn explain_handshake(host: &str, error: &io::Error) -> ConnectFault {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(why)) => ConnectFault::Setting(format!(
            "the certificate of {host} is not accepted ({why:?}): set ca_file to the authority that signed it, \
             or use the host name it was made for"
        )),
        Some(rustls::Error::InvalidMessage(_)) => ConnectFault::Setting(format!(
            "{host} did not speak TLS on this port: check port and tls (\"implicit\" or \"starttls\")"
        )),
        _ => ConnectFault::Network(format!("TLS with {host} failed: {error}")),
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

impl Stream {
    /// The address of the other side.
    pub(super) fn peer_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Plain(stream) => stream.peer_addr(),
            Self::Tls(stream) => stream.get_ref().0.peer_addr(),
        }
    }
}

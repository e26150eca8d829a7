//! Asks clamd whether a file is clean. Never holds anything up: whatever fails leaves the file unscanned.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use super::settings::{ClamdAddress, ClamdSettings};

const CHUNK_BYTES: usize = 64 << 10;
const MAX_ANSWER_BYTES: u64 = 4 << 10;

/// What the scanner said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing found.
    Clean,
    /// The name of what was found.
    Infected(String),
    /// It was not scanned, and why: to be scanned again later.
    Unscanned(String),
}

impl From<&Verdict> for crate::domain::Scan {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Clean => Self::Clean,
            Verdict::Infected(_) => Self::Infected,
            Verdict::Unscanned(_) => Self::Unscanned,
        }
    }
}

/// Scans `bytes` (clamd's INSTREAM). Takes at most `timeout_s`.
pub async fn scan(settings: &ClamdSettings, bytes: &[u8]) -> Verdict {
    if bytes.len() > settings.max_bytes {
        return Verdict::Unscanned(format!("larger than the scanner's limit of {} bytes", settings.max_bytes));
    }
    let asked = async {
        match &settings.address {
            ClamdAddress::Tcp(address) => stream(TcpStream::connect(address.as_str()).await?, bytes).await,
            ClamdAddress::Unix(path) => stream(UnixStream::connect(path).await?, bytes).await,
        }
    };
    match tokio::time::timeout(Duration::from_secs(settings.timeout_s.max(1)), asked).await {
        Ok(Ok(answer)) => verdict(&answer),
        Ok(Err(error)) => Verdict::Unscanned(format!("clamd cannot be reached: {error}")),
        Err(_) => Verdict::Unscanned(format!("clamd did not answer within {} s", settings.timeout_s)),
    }
}

async fn stream<S: AsyncRead + AsyncWrite + Unpin>(mut connection: S, bytes: &[u8]) -> io::Result<String> {
    // Past its own limit clamd answers and closes while we still write; its answer counts more than the broken pipe.
    let written = write(&mut connection, bytes).await;
    let mut answer = Vec::new();
    let read = (&mut connection).take(MAX_ANSWER_BYTES).read_to_end(&mut answer).await;
    if answer.is_empty() {
        written?;
        read?;
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

async fn write<S: AsyncWrite + Unpin>(connection: &mut S, bytes: &[u8]) -> io::Result<()> {
    connection.write_all(b"zINSTREAM\0").await?;
    for chunk in bytes.chunks(CHUNK_BYTES) {
        let length = u32::try_from(chunk.len()).map_err(io::Error::other)?;
        connection.write_all(&length.to_be_bytes()).await?;
        connection.write_all(chunk).await?;
    }
    connection.write_all(&0u32.to_be_bytes()).await?;
    connection.flush().await
}

/// `stream: OK`, `stream: NAME FOUND`, or an error.
fn verdict(answer: &str) -> Verdict {
    let answer = answer.trim_matches(['\0', '\n', ' ']);
    let text = answer.strip_prefix("stream: ").unwrap_or(answer);
    // Exceeded limits and encryption come as findings, though nothing was found.
    match text.strip_suffix(" FOUND") {
        Some(name) if name.starts_with("Heuristics.Limits.Exceeded") || name.starts_with("Heuristics.Encrypted") => {
            Verdict::Unscanned(format!("clamd could not look inside: {name}"))
        }
        Some(name) => Verdict::Infected(name.to_owned()),
        None if text == "OK" => Verdict::Clean,
        None => Verdict::Unscanned(format!("clamd said: {}", text.chars().take(200).collect::<String>())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_ok_is_clean() {
        for (answer, wanted) in [
            ("stream: OK\0", Verdict::Clean),
            ("stream: Eicar-Test-Signature FOUND\0", Verdict::Infected("Eicar-Test-Signature".to_owned())),
            ("stream: NOT OK\0", Verdict::Unscanned("clamd said: NOT OK".to_owned())),
            (
                "INSTREAM size limit exceeded. ERROR\0",
                Verdict::Unscanned("clamd said: INSTREAM size limit exceeded. ERROR".to_owned()),
            ),
            (
                "stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0",
                Verdict::Unscanned("clamd could not look inside: Heuristics.Limits.Exceeded.MaxFileSize".to_owned()),
            ),
            ("", Verdict::Unscanned("clamd said: ".to_owned())),
        ] {
            assert_eq!(verdict(answer), wanted);
        }
    }
}

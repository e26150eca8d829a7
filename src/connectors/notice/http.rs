//! Requests to places that are told: with a deadline, never redirected, never to a private network unless the settings say so,
//! and never more of an answer than is needed. No error names a whole address: some carry keys.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{RequestBuilder, StatusCode};

use super::Now;
use crate::config::{NotifySettings, is_loopback, is_public};
use crate::connectors::SendError;
use crate::connectors::email::tls;

const CONNECT: Duration = Duration::from_secs(10);
/// Larger answers are cut: what is needed of them comes first.
const MOST_ANSWER_BYTES: usize = 1 << 20;
const SAID_CHARS: usize = 200;

/// A client for one place.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    now: Now,
}

/// What a place answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Client {
    pub(super) fn new(settings: &NotifySettings, now: Now) -> Result<Self, String> {
        let tls = tls::client_config(settings.ca_file.as_deref()).map_err(|fault| fault.to_string())?;
        let http = reqwest::Client::builder()
            .use_preconfigured_tls((*tls).clone())
            .redirect(reqwest::redirect::Policy::none())
            // A proxy would look names up itself, past the guard below.
            .no_proxy()
            .dns_resolver(Arc::new(Guard { private_network: settings.private_network }))
            .connect_timeout(CONNECT.min(settings.timeout))
            .timeout(settings.timeout)
            .user_agent(concat!("madoguchi/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|fault| format!("cannot make a client: {}", fault.without_url()))?;
        Ok(Self { http, now })
    }

    pub(super) fn post(&self, url: reqwest::Url) -> RequestBuilder {
        self.http.post(url)
    }

    pub(super) fn patch(&self, url: reqwest::Url) -> RequestBuilder {
        self.http.patch(url)
    }

    pub(super) fn get(&self, url: reqwest::Url) -> RequestBuilder {
        self.http.get(url)
    }

    pub(super) fn head(&self, url: reqwest::Url) -> RequestBuilder {
        self.http.head(url)
    }

    /// Sends and reads the answer, whatever its status.
    ///
    /// # Errors
    /// Always worth another try: the network failed or the deadline passed. What was asked for may have been done.
    pub(super) async fn ask(&self, request: RequestBuilder) -> Result<Answer, SendError> {
        let broken = |fault: reqwest::Error| SendError::Transient { reason: told(&fault), retry_after_ms: None };
        let mut answer = request.send().await.map_err(broken)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut body = Vec::new();
        while body.len() < MOST_ANSWER_BYTES {
            let Some(chunk) = answer.chunk().await.map_err(broken)? else { break };
            let left = MOST_ANSWER_BYTES - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(left)]);
        }
        Ok(Answer { status, headers, body })
    }

    /// [`Client::ask`], and makes an error of everything but success.
    pub(super) async fn ask_for_success(&self, request: RequestBuilder) -> Result<Answer, SendError> {
        let answer = self.ask(request).await?;
        if answer.status.is_success() { Ok(answer) } else { Err(self.refusal(&answer)) }
    }

    /// What a status that is no success means.
    pub(super) fn refusal(&self, answer: &Answer) -> SendError {
        let status = answer.status;
        let said = answer.said();
        let reason = if said.is_empty() { format!("answered {status}") } else { format!("answered {status}: {said}") };
        let wish = || retry_after_ms(&answer.headers, (self.now)().0);
        match status.as_u16() {
            401 | 403 | 407 => SendError::NeedsOperator { reason },
            408 | 421 | 423 | 425 | 429 => SendError::Transient { reason, retry_after_ms: wish() },
            300..=399 => SendError::Permanent { reason: format!("{reason}; redirects are not followed") },
            400..=499 => SendError::Permanent { reason },
            _ => SendError::Transient { reason, retry_after_ms: wish() },
        }
    }
}

impl Answer {
    /// The beginning of the answer on one line.
    fn said(&self) -> String {
        let text = String::from_utf8_lossy(&self.body[..self.body.len().min(SAID_CHARS * 4)]).into_owned();
        let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        line.chars().filter(|c| !c.is_control()).take(SAID_CHARS).collect()
    }

    pub(super) fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// The wish of `Retry-After` (RFC 9110 §10.2.3: seconds or a date), else of Backlog's `X-RateLimit-Reset` (epoch seconds).
fn retry_after_ms(headers: &HeaderMap, now_ms: i64) -> Option<i64> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    if let Some(written) = text(RETRY_AFTER.as_str()) {
        if let Ok(seconds) = written.parse::<i64>() {
            return Some(seconds.max(0).saturating_mul(1_000));
        }
        if let Ok(at) = chrono::DateTime::parse_from_rfc2822(written) {
            return Some(at.timestamp_millis().saturating_sub(now_ms).max(0));
        }
    }
    let reset: i64 = text("x-ratelimit-reset")?.parse().ok()?;
    // A second more: the window ends within that second.
    Some(reset.saturating_mul(1_000).saturating_sub(now_ms).max(0).saturating_add(1_000))
}

/// A failure with what led to it, and without the address.
fn told(fault: &reqwest::Error) -> String {
    let kind = match (fault.is_timeout(), fault.is_connect()) {
        (true, _) => "no answer in time",
        (_, true) => "cannot connect",
        _ => "the connection broke",
    };
    let mut cause = std::error::Error::source(fault);
    let mut deepest = String::new();
    while let Some(next) = cause {
        deepest = next.to_string();
        cause = next.source();
    }
    if deepest.is_empty() { kind.to_owned() } else { format!("{kind}: {deepest}") }
}

/// Looks names up and leaves out addresses behind the wall: a name that leads there must not be asked, whoever changed it.
struct Guard {
    private_network: bool,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (host, private_network) = (name.as_str().to_owned(), self.private_network);
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let may = |address: &SocketAddr| {
                let ip = address.ip();
                is_public(ip) || (is_loopback(&host) && ip.is_loopback()) || (private_network && !ip.is_loopback())
            };
            let usable: Vec<SocketAddr> = found.into_iter().filter(may).collect();
            if usable.is_empty() {
                let why = "the name leads to a private network; say private_network = true if it is meant";
                return Err(std::io::Error::other(why).into());
            }
            let addresses: Addrs = Box::new(usable.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_read_in_every_spelling() {
        let now_ms = 784_111_777_000; // Sun, 06 Nov 1994 08:49:37 GMT
        for (name, value, wanted) in [
            ("retry-after", "120", Some(120_000)),
            ("retry-after", "-5", Some(0)),
            ("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT", Some(60_000)),
            ("retry-after", "Sun, 06 Nov 1994 08:40:37 GMT", Some(0)),
            ("retry-after", "soon", None),
            ("x-ratelimit-reset", "784111787", Some(11_000)),
            ("x-ratelimit-reset", "1", Some(1_000)),
            ("other", "1", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(reqwest::header::HeaderName::from_static(name), value.parse().unwrap());
            assert_eq!(retry_after_ms(&headers, now_ms), wanted, "{name}: {value}");
        }
    }
}

//! Files of messages, fetched with the token, which goes to Slack only.
//!
//! `docs.slack.dev/reference/objects/file-object`: `url_private` needs the token as a bearer; without the scope `files:read`
//! Slack answers with its sign-in page.

use reqwest::Url;
use reqwest::header::CONTENT_TYPE;
use tokio::time::timeout;

use super::Api;
use crate::connectors::{RemoteFile, SendError};

/// How long one file may take.
const LIMIT: std::time::Duration = std::time::Duration::from_mins(2);

/// The bytes of `file`.
///
/// # Errors
/// `Permanent` when it is larger than `max_bytes`, gone, or not at Slack; `NeedsOperator` when the token may not read it;
/// `Transient` otherwise.
pub async fn fetch(api: &Api, file: &RemoteFile, max_bytes: usize) -> Result<Vec<u8>, SendError> {
    let permanent = |reason: String| SendError::Permanent { reason };
    let url = Url::parse(&file.url).map_err(|_| permanent("the file's address is not an address".to_owned()))?;
    if !may_get_the_token(&url, &api.url) {
        return Err(permanent("the file does not lie at Slack; it is not fetched".to_owned()));
    }
    if usize::try_from(file.size_bytes).is_ok_and(|size| size > max_bytes) {
        return Err(permanent(format!("the file has {} bytes; {max_bytes} are allowed", file.size_bytes)));
    }
    let download = download(api, url, file, max_bytes);
    timeout(LIMIT, download).await.unwrap_or_else(|_| Err(transient("the file did not come in time".to_owned())))
}

async fn download(api: &Api, url: Url, file: &RemoteFile, max_bytes: usize) -> Result<Vec<u8>, SendError> {
    let broken = |fault: reqwest::Error| transient(fault.without_url().to_string());
    let mut answer = api.plain.get(url).bearer_auth(api.bot_token()).send().await.map_err(broken)?;
    let status = answer.status();
    let is_page = answer.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    match status.as_u16() {
        200 if is_page && !file.media_type.starts_with("text/html") => return Err(no_scope()),
        200 => {}
        301 | 302 | 303 | 307 | 308 | 401 | 403 => return Err(no_scope()),
        404 | 410 => return Err(SendError::Permanent { reason: "the file is gone".to_owned() }),
        429 => {
            let seconds =
                answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse::<i64>().ok());
            let retry_after_ms = seconds.map(|seconds| seconds.saturating_mul(1_000));
            return Err(SendError::Transient { reason: "too many files".to_owned(), retry_after_ms });
        }
        _ => return Err(transient(format!("HTTP status {}", status.as_u16()))),
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(broken)? {
        if bytes.len() + chunk.len() > max_bytes {
            return Err(SendError::Permanent { reason: format!("the file has more than {max_bytes} bytes") });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn no_scope() -> SendError {
    SendError::NeedsOperator {
        reason: "the token may not read files; add the scope files:read and install the app again".to_owned(),
    }
}

const fn transient(reason: String) -> SendError {
    SendError::Transient { reason, retry_after_ms: None }
}

/// Slack's own hosts over TLS, and the host the Web API is at.
fn may_get_the_token(url: &Url, api: &Url) -> bool {
    let same_place = (url.scheme(), url.host_str(), url.port_or_known_default())
        == (api.scheme(), api.host_str(), api.port_or_known_default());
    let slacks = url.scheme() == "https"
        && url.host_str().is_some_and(|host| host == "slack.com" || host.ends_with(".slack.com"));
    (same_place || slacks) && url.username().is_empty() && url.password().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_goes_to_slack_only() {
        let api = Url::parse("http://127.0.0.1:5000/api").unwrap();
        for (url, wanted) in [
            ("https://files.slack.com/x", true),
            ("https://acme.slack.com/x", true),
            ("http://127.0.0.1:5000/files/x", true),
            ("http://files.slack.com/x", false),
            ("http://127.0.0.1:5001/x", false),
            ("https://files.slack.com.evil.example/x", false),
            ("https://evilslack.com/x", false),
            ("https://slack.com@evil.example/x", false),
        ] {
            assert_eq!(may_get_the_token(&Url::parse(url).unwrap(), &api), wanted, "{url}");
        }
    }
}

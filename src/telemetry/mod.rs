//! Logs and metrics. Logs go to stderr, as text or as one JSON object a line. Never message text, addresses or tokens.

mod metrics;

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

pub use metrics::{Gauges, MailboxHealth, Metrics};

/// What the log shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging with a filter such as `info` or `madoguchi=debug`. A second call changes nothing.
///
/// The IMAP crate writes logins at its lowest level, so it is held at `info` whatever the filter says. The Slack crate writes messages
/// and the addresses of sockets, which let in whoever knows them, and the Discord crate puts every event, whole, beside each line;
/// their faults are logged by the connectors.
///
/// # Errors
/// The filter cannot be read.
pub fn start(filter: &str, format: Format) -> Result<(), String> {
    let filter = EnvFilter::try_new(format!(
        "{filter},async_imap=info,imap_proto=info,slack_morphism=off,serenity=off,sqlx=warn,tantivy=warn"
    ))
    .map_err(|fault| format!("[log] level = \"{filter}\": {fault}"))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    // A second subscriber is refused: the first one stays.
    let _ = match format {
        Format::Text => builder.try_init(),
        Format::Json => builder.json().try_init(),
    };
    Ok(())
}

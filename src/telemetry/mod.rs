//! Logs and metrics. Logs go to stderr and, when wanted, into one file a day, as text or as one JSON object a line. Never message text, addresses or tokens.

mod metrics;

use std::io::IsTerminal;
use std::path::Path;

use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::{BoxMakeWriter, MakeWriterExt};

pub use metrics::{Gauges, MailboxHealth, Metrics};

/// What the log shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Where log files go, beside stderr.
#[derive(Clone, Copy, Debug)]
pub struct LogFiles<'a> {
    /// The directory.
    pub dir: &'a Path,
    /// How many days are kept.
    pub days: u32,
}

/// Starts logging with a filter such as `info` or `madoguchi=debug`. A second call changes nothing.
///
/// The IMAP crate writes logins at its lowest level, so it is held at `info` whatever the filter says. The Slack crate writes messages
/// and the addresses of sockets, which let in whoever knows them, and the Discord crate puts every event, whole, beside each line;
/// their faults are logged by the connectors.
///
/// # Errors
/// The filter cannot be read, or the files cannot be written.
pub fn start(filter: &str, format: Format, files: Option<LogFiles<'_>>) -> Result<(), String> {
    let filter = EnvFilter::try_new(format!(
        "{filter},async_imap=info,imap_proto=info,slack_morphism=off,serenity=off,sqlx=warn,tantivy=warn"
    ))
    .map_err(|fault| format!("[log] level = \"{filter}\": {fault}"))?;
    let writer = match files {
        Some(files) => BoxMakeWriter::new(std::io::stderr.and(daily(files)?)),
        None => BoxMakeWriter::new(std::io::stderr),
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(files.is_none() && std::io::stderr().is_terminal())
        .with_target(false);
    // A second subscriber is refused: the first one stays.
    let _ = match format {
        Format::Text => builder.try_init(),
        Format::Json => builder.json().try_init(),
    };
    Ok(())
}

/// One file a day (UTC), the oldest ones removed.
fn daily(files: LogFiles<'_>) -> Result<RollingFileAppender, String> {
    RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("madoguchi")
        .filename_suffix("log")
        .max_log_files(files.days as usize)
        .build(files.dir)
        .map_err(|fault| format!("[log] dir = \"{}\": {fault}", files.dir.display()))
}

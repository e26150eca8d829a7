//! Settings: read, laid over with `--set`, checked at once. Every fault is reported, not the first.

mod alerts;
mod build;
mod calendars;
mod certificate;
mod chat;
mod closing;
mod document;
mod escalation;
mod faults;
mod hours;
mod ics;
mod mail;
mod maintenance;
mod matrix;
mod network;
mod notify;
mod routing;
mod satisfaction;
mod secret;
mod sections;
#[cfg(test)]
mod service_tests;
mod sla;
#[cfg(test)]
mod tests;
mod upkeep;

use std::path::{Path, PathBuf};

pub use alerts::AlertSettings;
pub use chat::{DiscordSettings, SlackMode, SlackSettings};
pub use mail::{
    After, Backfill, ClamdSettings, ImapSettings, Login, MailboxSettings, OAuthSettings, ReplyTo, SmtpSettings, Tls,
    is_loopback,
};
pub use network::is_public;
pub use notify::{BacklogLogin, BacklogSettings, NotifyKind, NotifySettings};
pub use secret::env;
pub use sla::ServiceSettings;
pub use upkeep::{BackupSettings, Retention};

use crate::domain::catalog::SendLimits;
use crate::domain::schedule::Calendar;
use crate::domain::{Fault, Language, Queue, ReportTerms};
use secrecy::SecretString;

/// When the desk learns from what people said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Learning {
    /// Hour of the day in the desk's zone, 0 to 23.
    pub nightly_hour: u32,
    /// Also after this many votes; 0 for nightly only.
    pub after_votes: u64,
}

/// Settings that hold together: addresses parse, names exist, secrets are read.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file they were read from.
    pub file: PathBuf,
    /// Shown in replies.
    pub desk_name: String,
    /// Used when a message's language cannot be told.
    pub language: Language,
    /// Times in replies.
    pub timezone: chrono_tz::Tz,
    /// Raw mail, backups.
    pub data_dir: PathBuf,
    /// `sqlite://…` with an absolute path, or `postgres://…`; may hold a password.
    pub database_url: SecretString,
    /// Where the console listens; `None` switches it off.
    pub listen: Option<std::net::SocketAddr>,
    /// How people reach the console.
    pub public_url: Option<String>,
    /// Request types.
    pub intents: PathBuf,
    /// Articles.
    pub knowledge_base: PathBuf,
    /// A dictionary in the format of mecab, for the search; `None`: none.
    pub dictionary: Option<PathBuf>,
    /// Share of answers that must be right.
    pub answer_precision: f64,
    /// Share of suggestions that must be right.
    pub suggest_precision: f64,
    /// Least probability to take an intent.
    pub intent_probability: f64,
    /// When the desk learns.
    pub learning: Learning,
    /// How long what is kept.
    pub retention: Retention,
    /// The daily backup; `None` when it is off.
    pub backup: Option<BackupSettings>,
    /// What the figures of reports depend on.
    pub report: ReportTerms,
    /// At least one.
    pub queues: Vec<Queue>,
    /// Holds `always` and `business`.
    pub calendars: Vec<Calendar>,
    /// Promises, escalation, who is told.
    pub service: ServiceSettings,
    /// In file order.
    pub mailboxes: Vec<MailboxSettings>,
    /// The Slack workspace, when there is one.
    pub slack: Option<SlackSettings>,
    /// The Discord server, when there is one.
    pub discord: Option<DiscordSettings>,
    /// Where alerts come from.
    pub alerts: Vec<AlertSettings>,
    /// Larger requests to the listener are refused.
    pub max_body_bytes: usize,
    /// The virus scanner, when there is one.
    pub scanner: Option<ClamdSettings>,
    /// What the machine may send by itself.
    pub limits: SendLimits,
    /// Where log files are written, one a day, beside stderr; `None` for none.
    pub log_dir: Option<PathBuf>,
    /// Log filter: `info`, `debug`, `madoguchi=debug`.
    pub log_level: String,
    /// One JSON object a line instead of text.
    pub log_json: bool,
}

impl Config {
    /// Reads `file`, lays `overrides` (`section.key=value`) over it, and checks everything.
    ///
    /// # Errors
    /// Every fault with file and line.
    pub fn load(file: &Path, overrides: &[String]) -> Result<Self, Vec<Fault>> {
        let shown = file.display().to_string();
        let text = std::fs::read_to_string(file).map_err(|fault| {
            let message = format!("cannot read the settings: {fault}; `madoguchi init DIR` writes a set to start from");
            vec![Fault { file: shown.clone(), line: 0, message }]
        })?;
        Self::parse(file, &text, overrides)
    }

    /// As [`Config::load`], from text. Relative paths are relative to `file`.
    ///
    /// # Errors
    /// Every fault with file and line.
    pub fn parse(file: &Path, text: &str, overrides: &[String]) -> Result<Self, Vec<Fault>> {
        let shown = file.display().to_string();
        let mut document = document::Document::parse(&shown, text)?;
        for assignment in overrides {
            if let Err(message) = document.set(assignment) {
                document.fault(0, message);
            }
        }
        let base = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_path_buf();
        let config = build::build(&mut document, file, &base);
        if document.faults.is_empty() { Ok(config) } else { Err(document.faults) }
    }

    /// The mailbox called `name`.
    #[must_use]
    pub fn mailbox(&self, name: &str) -> Option<&MailboxSettings> {
        self.mailboxes.iter().find(|mailbox| mailbox.name == name)
    }
}

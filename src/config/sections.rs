//! The sections of the settings file, as they are written. Unknown keys are errors.

use serde::Deserialize;

use super::secret::SecretSource;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Desk {
    pub(super) name: String,
    pub(super) language: String,
    pub(super) timezone: String,
    pub(super) data_dir: String,
}

impl Default for Desk {
    fn default() -> Self {
        Self { name: "窓口".into(), language: "ja".into(), timezone: "Asia/Tokyo".into(), data_dir: "data".into() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Database {
    pub(super) url: SecretSource,
}

impl Default for Database {
    fn default() -> Self {
        Self { url: SecretSource::literal("sqlite://data/madoguchi.db") }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Console {
    pub(super) listen: String,
    pub(super) public_url: Option<String>,
}

impl Default for Console {
    fn default() -> Self {
        Self { listen: "127.0.0.1:8080".into(), public_url: None }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Content {
    pub(super) intents: String,
    pub(super) knowledge_base: String,
    pub(super) dictionary: Option<String>,
}

impl Default for Content {
    fn default() -> Self {
        Self { intents: "intents".into(), knowledge_base: "knowledge-base".into(), dictionary: None }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Triage {
    pub(super) answer_precision: f64,
    pub(super) suggest_precision: f64,
    pub(super) intent_probability: f64,
}

impl Default for Triage {
    fn default() -> Self {
        Self { answer_precision: 0.95, suggest_precision: 0.70, intent_probability: 0.50 }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Queue {
    pub(super) name: String,
    pub(super) title: Option<Title>,
    #[serde(default = "business")]
    pub(super) calendar: String,
    pub(super) second_line: Option<String>,
    pub(super) line: Option<String>,
    pub(super) assign: Option<String>,
    #[serde(default)]
    pub(super) default: bool,
}

impl Staffing {
    /// A queue that says nothing.
    pub(super) fn of(queue: &str) -> Self {
        let usual_line = crate::domain::routing::Line::First;
        Self { queue: queue.to_owned(), line: None, usual_line, assign: None, default: false }
    }
}

/// What a queue says of its people.
pub(super) struct Staffing {
    pub(super) queue: String,
    pub(super) line: Option<String>,
    /// When it says nothing of its line: the second when another queue passes up to it.
    pub(super) usual_line: crate::domain::routing::Line,
    pub(super) assign: Option<String>,
    pub(super) default: bool,
}

fn business() -> String {
    "business".into()
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a title is a plain string or both languages: \"Replacement\" or { ja = \"交換\", en = \"Replacement\" }"
)]
pub(super) enum Title {
    One(String),
    Both { ja: String, en: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Calendar {
    pub(super) name: String,
    pub(super) timezone: Option<String>,
    /// Day names to hours: `{ "mon-fri" = "10:00-19:00" }`.
    pub(super) hours: std::collections::BTreeMap<String, String>,
    /// `jp` closes on Japanese national holidays; `none`; or iCalendar files.
    #[serde(default)]
    pub(super) holidays: OneOrMore,
    #[serde(default)]
    pub(super) closed_yearly: Vec<String>,
    #[serde(default)]
    pub(super) closed: Vec<String>,
    #[serde(default)]
    pub(super) open: Vec<String>,
}

/// One word, or a list of them.
#[derive(Deserialize)]
#[serde(untagged, expecting = "write one word or a list of words")]
pub(super) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl Default for OneOrMore {
    fn default() -> Self {
        Self::One("jp".into())
    }
}

impl OneOrMore {
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(word) => std::slice::from_ref(word).iter(),
            Self::More(words) => words.iter(),
        }
        .map(String::as_str)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mailbox {
    pub(super) name: String,
    pub(super) address: String,
    pub(super) queue: Option<String>,
    pub(super) authserv_id: Option<String>,
    pub(super) reply_to: Option<String>,
    pub(super) imap: Option<Imap>,
    pub(super) smtp: Option<Smtp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Imap {
    pub(super) host: String,
    pub(super) port: Option<u16>,
    pub(super) tls: Option<String>,
    pub(super) user: String,
    pub(super) password: Option<SecretSource>,
    pub(super) oauth2: Option<OAuth>,
    pub(super) folder: Option<String>,
    pub(super) ca_file: Option<String>,
    pub(super) poll_s: Option<u64>,
    pub(super) idle_s: Option<u64>,
    pub(super) timeout_s: Option<u64>,
    pub(super) max_size_mb: Option<u64>,
    pub(super) backfill: Option<String>,
    pub(super) after: Option<String>,
    pub(super) answer_mail_newer_than_h: Option<u64>,
    pub(super) sent_folder: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Smtp {
    pub(super) host: String,
    pub(super) port: Option<u16>,
    pub(super) tls: Option<String>,
    pub(super) user: Option<String>,
    pub(super) password: Option<SecretSource>,
    pub(super) oauth2: Option<OAuth>,
    pub(super) ca_file: Option<String>,
    pub(super) timeout_s: Option<u64>,
    pub(super) per_minute: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OAuth {
    pub(super) token_url: String,
    pub(super) client_id: String,
    pub(super) client_secret: Option<SecretSource>,
    pub(super) refresh_token: Option<SecretSource>,
    pub(super) scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Slack {
    pub(super) app_token: Option<SecretSource>,
    pub(super) bot_token: SecretSource,
    pub(super) signing_secret: Option<SecretSource>,
    pub(super) api_url: Option<String>,
    pub(super) mode: Option<String>,
    pub(super) sockets: Option<u8>,
    #[serde(default)]
    pub(super) rooms: Vec<String>,
    pub(super) triage: Option<String>,
    pub(super) reaction: Option<String>,
    pub(super) queue: Option<String>,
    pub(super) burst_s: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Discord {
    pub(super) token: SecretSource,
    pub(super) api_url: Option<String>,
    #[serde(default)]
    pub(super) rooms: Vec<String>,
    pub(super) triage: Option<String>,
    pub(super) queue: Option<String>,
    pub(super) burst_s: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scanner {
    /// `127.0.0.1:3310` or the path of clamd's socket.
    pub(super) clamd: String,
    pub(super) max_size_mb: Option<u64>,
    pub(super) timeout_s: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Limits {
    pub(super) automatic_per_sender_day: u32,
    pub(super) automatic_per_ticket: u32,
    pub(super) questions_per_ticket: u32,
    pub(super) reopen_within_days: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { automatic_per_sender_day: 10, automatic_per_ticket: 4, questions_per_ticket: 2, reopen_within_days: 30 }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Learn {
    pub(super) nightly_hour: u32,
    pub(super) after_votes: u64,
}

impl Default for Learn {
    fn default() -> Self {
        Self { nightly_hour: 3, after_votes: 50 }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_field_names, reason = "the unit stands in the key")]
pub(super) struct Retention {
    pub(super) texts_days: u32,
    pub(super) raw_mail_days: u32,
    pub(super) messages_days: u32,
    pub(super) log_days: u32,
    pub(super) audit_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { texts_days: 365, raw_mail_days: 0, messages_days: 0, log_days: 30, audit_days: 730 }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Backup {
    pub(super) at: String,
    pub(super) generations: u32,
    pub(super) dir: Option<String>,
}

impl Default for Backup {
    fn default() -> Self {
        Self { at: "04:00".into(), generations: 7, dir: None }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Log {
    pub(super) level: String,
    pub(super) format: String,
    pub(super) dir: Option<String>,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".into(), format: "text".into(), dir: None }
    }
}

//! A conversation as it is written in a file.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One conversation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    pub title: String,
    /// Cards in the agents' room are written down too.
    #[serde(default)]
    pub triage: bool,
    pub people: BTreeMap<String, Person>,
    #[serde(rename = "turn")]
    pub turns: Vec<Turn>,
}

/// Somebody who speaks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    pub name: String,
    /// `slack:hana`; the mail address of those who only write mail.
    pub address: String,
    /// The mail address the chat service vouches for.
    pub mail: Option<String>,
}

/// One thing that is said or done, and what comes of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    pub who: String,
    /// `#help`, `dm`, `#triage`, `mail`.
    #[serde(rename = "where")]
    pub place: String,
    pub says: Option<String>,
    pub subject: Option<String>,
    /// A name for what is said, to come back to.
    pub name: Option<String>,
    /// In the thread of that message, or `card T-A`.
    pub below: Option<String>,
    /// The words of a button under the newest post there that has it.
    pub presses: Option<String>,
    pub edits: Option<String>,
    pub takes_back: Option<String>,
    /// Details of a form about the ticket named in `of`, or about a new one.
    pub fills: Option<BTreeMap<String, String>>,
    pub of: Option<String>,
    pub intent: Option<String>,
    #[serde(default)]
    pub wants_ticket: bool,
    /// `ja`, `en`, or `message` to follow what is written.
    pub language: Option<String>,
    /// `ask`, `code` for the last one the desk gave out, or what is typed.
    pub link: Option<String>,
    /// Seconds since the turn before; 60 when nothing is written, 1 after a turn that is followed at once.
    pub wait_s: Option<i64>,
    /// It was done so many seconds ago, and comes late.
    #[serde(default)]
    pub ago_s: i64,
    /// The next turn comes before the desk looks.
    #[serde(default)]
    pub followed_at_once: bool,
    #[serde(default)]
    pub answers: Vec<String>,
    pub tickets: Option<Vec<String>>,
    pub fates: Option<Vec<String>>,
    #[serde(default)]
    pub history: Vec<String>,
    #[serde(default)]
    pub reads: Vec<String>,
}

/// Whether `got` is what `wanted` says; `…` stands for anything.
pub fn fits(wanted: &str, got: &str) -> bool {
    let parts: Vec<&str> = wanted.split('…').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return wanted == got };
    let Some(mut rest) = got.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else { return false };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

pub fn fits_all(wanted: &[String], got: &[String]) -> bool {
    wanted.len() == got.len() && wanted.iter().zip(got).all(|(wanted, got)| fits(wanted, got))
}

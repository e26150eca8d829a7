//! The words of a reply: embedded templates in both languages, filled with checked values.
//!
//! A template that names a value it was not given refuses; a broken mail is never sent. Values are data: nothing in them
//! is read as a template, and one-line values hold no line breaks.

mod chat;
mod markdown;
mod when;

pub(super) use chat::{ChatTemplate, render_chat};

pub use markdown::plain_text;
pub(super) use when::{date_and_time, deadline};

use std::collections::BTreeMap;
use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, Value};

use crate::domain::Language;
use crate::domain::words::words;

/// Steps a template may take; the longest of ours takes a few hundred.
const FUEL: u64 = 20_000;
/// A reply longer than this is not sent, in bytes.
const MOST_BYTES: usize = 200_000;
/// The last line of a reply begins with this; the token follows.
pub(super) const REFERENCE: &str = "ref: ";

words! {
    /// A reply's wording; the name is that of its file.
    Template {
        /// "We have it."
        Acknowledgement = "acknowledgement",
        /// An article answers.
        Answer = "answer",
        /// Articles that may answer; people look at it too.
        Suggestion = "suggestion",
        /// Details are missing.
        Question = "question",
        /// How the ticket stands.
        Status = "status",
        /// The details are there now.
        SlotsReceived = "slots_received",
        /// People have it again.
        Reopened = "reopened",
        /// It went to the second line.
        Escalated = "escalated",
        /// An agent says it is done: did that solve it?
        Resolved = "resolved",
        /// An agent's own words.
        AgentReply = "agent_reply",
        /// Work may start.
        Approved = "approved",
        /// It is not to be done.
        Declined = "declined",
        /// How far an incident has come.
        Report = "report",
        /// The service is back.
        Recovered = "recovered",
        /// It will be closed unless somebody says something.
        Closing = "closing",
    }
}

/// Values by name; a value that is not known is left out.
pub type Values = BTreeMap<&'static str, Value>;

/// Why there are no words to send.
#[derive(Debug, thiserror::Error)]
pub enum WordingFault {
    /// A template does not compile, misses a value or ran out of fuel.
    #[error("cannot word `{template}` in `{language}`")]
    Template {
        /// Which one.
        template: &'static str,
        /// In which language.
        language: Language,
        /// What the template engine says.
        #[source]
        source: minijinja::Error,
    },
    /// The templates are not there at all.
    #[error("the reply templates do not compile: {0}")]
    Broken(String),
    /// There would be nothing in it.
    #[error("the words to send are empty")]
    Empty,
    /// Without the reference on its last line a reply to it would not find the ticket.
    #[error("`{0}` does not end with the reply reference")]
    NoReference(Template),
    /// No mail is that long.
    #[error("the words to send take {0} bytes")]
    TooLong(usize),
}

impl WordingFault {
    /// The fault and its cause on one line.
    #[must_use]
    pub fn in_full(&self) -> String {
        match self {
            Self::Template { source, .. } => format!("{self}: {source}"),
            Self::Broken(_) | Self::Empty | Self::NoReference(_) | Self::TooLong(_) => self.to_string(),
        }
    }
}

macro_rules! template_files {
    ($folder:literal; $($file:literal),+ $(,)?) => {
        &[$(
            (
                concat!($folder, "ja/", $file),
                include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/reply/", $folder, "ja/", $file, ".txt")),
            ),
            (
                concat!($folder, "en/", $file),
                include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/reply/", $folder, "en/", $file, ".txt")),
            ),
        )+]
    };
}
use template_files;

const FILES: &[(&str, &str)] = template_files![
    "";
    "acknowledgement",
    "answer",
    "suggestion",
    "question",
    "status",
    "slots_received",
    "reopened",
    "escalated",
    "resolved",
    "agent_reply",
    "approved",
    "declined",
    "report",
    "recovered",
    "closing",
];

static TEMPLATES: LazyLock<Result<Environment<'static>, String>> =
    LazyLock::new(|| environment(&[FILES, chat::FILES].concat()).map_err(|fault| fault.to_string()));

fn environment(files: &[(&'static str, &'static str)]) -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    for (name, text) in files {
        environment.add_template(name, text)?;
    }
    Ok(environment)
}

/// The words of `template` in `language`: plain text, lines end with `\n`, no blank line doubled, nothing after the last line.
///
/// # Errors
/// A value the template needs is missing, or the words are empty or far too long. Nothing may be sent then.
pub fn render(template: Template, language: Language, values: &Values) -> Result<String, WordingFault> {
    render_named(&format!("{language}/{template}"), (template.as_str(), language), values)
}

fn render_named(
    name: &str,
    (template, language): (&'static str, Language),
    values: &Values,
) -> Result<String, WordingFault> {
    let environment = TEMPLATES.as_ref().map_err(|fault| WordingFault::Broken(fault.clone()))?;
    let fault = |source| WordingFault::Template { template, language, source };
    let found = environment.get_template(name).map_err(fault)?;
    let text = tidy(&found.render(values).map_err(fault)?);
    match text.len() {
        0 => Err(WordingFault::Empty),
        bytes if bytes > MOST_BYTES => Err(WordingFault::TooLong(bytes)),
        _ => Ok(text),
    }
}

/// One line of somebody else's words: control characters and line breaks become spaces, at most `most` characters.
pub(super) fn one_line(text: &str, most: usize) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() || is_invisible(c) { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(most).collect()
}

/// Line separators and marks that turn the direction of text could make a line read as something else.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Without trailing spaces, doubled blank lines and control characters.
fn tidy(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let line: String = line.chars().filter(|c| !c.is_control() || *c == '\t').collect();
        let line = line.trim_end();
        if !line.is_empty() || lines.last().is_some_and(|last| !last.is_empty()) {
            lines.push(line.to_owned());
        }
    }
    lines.join("\n").trim_end().to_owned()
}

#[cfg(test)]
mod tests;

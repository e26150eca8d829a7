//! Patterns people write: checked when they are read.

use regex::{Regex, RegexBuilder};

use super::source::{At, Source};
use crate::text::fold;

/// A compiled pattern may take this much memory: a pattern that needs more is a mistake (`.{0,10000}`).
const MAX_PATTERN_BYTES: usize = 2 << 20;

/// Which letters a pattern is matched against.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Letters {
    /// Lower-case text.
    AsWritten,
    /// Text with its capitals.
    AnyCase,
}

/// A sound pattern; not compiled where the files are known to be sound.
pub(super) struct Sound(Option<Regex>);

impl Sound {
    /// To try examples with.
    pub(super) const fn regex(&self) -> Option<&Regex> {
        self.0.as_ref()
    }
}

/// The pattern compiled; `None` after a fault.
pub(super) fn compile(source: &mut Source<'_>, pattern: &At<String>, letters: Letters) -> Option<Sound> {
    if source.is_known() {
        return Some(Sound(None));
    }
    let mut builder = RegexBuilder::new(&pattern.value);
    builder.size_limit(MAX_PATTERN_BYTES).case_insensitive(letters == Letters::AnyCase);
    match builder.build() {
        Ok(regex) if regex.is_match("") => {
            source.fault(&pattern.span, "the pattern matches the empty text, so it matches everything");
            None
        }
        Ok(regex) => {
            // Full-width characters never occur in what patterns are matched against.
            if fold(&pattern.value) != pattern.value && pattern.value.chars().any(|c| ('！'..='～').contains(&c)) {
                source.fault(&pattern.span, "full-width letters never match: texts are folded to half width");
            }
            Some(Sound(Some(regex)))
        }
        Err(error) => {
            let told = error.to_string();
            let reason = told.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            source.fault(&pattern.span, format!("the pattern is not a regular expression: {reason}"));
            None
        }
    }
}

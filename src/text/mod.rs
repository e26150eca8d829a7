//! Text as the search and the rules see it: normalised, cut into words, without personal data. Pure: no I/O, no clock.
//!
//! Everything here is bounded: longer texts are cut at [`normalise::MAX_CHARS`], and each step is linear in its input.

pub mod courtesy;
pub mod kana;
pub mod language;
pub mod lemmas;
pub mod normalise;
pub mod pattern_set;
pub mod redact;
pub mod script;
pub mod synonyms;
pub mod tokenise;
pub mod words;

pub use normalise::{cut, fold, normalise};

//! A text whose request type somebody knows: what the classifier learns from beside the catalog's own examples.

use super::Timestamp;
use super::words::Language;

/// What was said.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Said {
    /// The text as it was written.
    Text(String),
    /// Its hashed features, made by the classifier: kept when the text itself had to go.
    Features(Vec<u8>),
}

/// A text with the request type a person gave it.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled {
    /// The text or what is left of it.
    pub said: Said,
    /// The intent's id; `None` when it is none of the desk's.
    pub intent: Option<String>,
    /// The language of the text.
    pub language: Language,
    /// How much it counts beside an example of the catalog, which counts 1. Nothing is learnt from 0 and below.
    pub weight: f32,
    /// Who gave the label; `None` when every label stands for itself. One person's many labels for one intent within
    /// an hour count as one.
    pub by: Option<String>,
    /// When the label was given.
    pub at: Timestamp,
}

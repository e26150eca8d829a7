//! Knowledge-base articles and faults in content files.

use std::fmt;

use super::words::{Language, words};

words! {
    /// Who may read an article.
    Visibility {
        /// Sent to requesters.
        Public = "public",
        /// Agents only; never sent.
        Internal = "internal",
    }
}

/// One article in one language. The same id in another language is its translation.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Article {
    /// `vpn-cannot-connect`.
    pub id: String,
    /// The language of the text.
    pub language: Language,
    /// The question in one line.
    pub title: String,
    /// Other ways people ask it.
    pub questions: Vec<String>,
    /// The answer, Markdown.
    pub body: String,
    /// Topic words.
    pub tags: Vec<String>,
    /// Who may read it.
    pub visibility: Visibility,
    /// The machine may send it without a person; otherwise it is only suggested.
    pub answer_alone: bool,
    /// To be looked at again by this day.
    pub review_by: Option<chrono::NaiveDate>,
}

/// A question somebody asked, with the article that answered it: the person who asked or an agent said so.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Confirmed {
    /// What was asked, as written, without personal data.
    pub text: String,
    /// The article's id.
    pub article: String,
    /// The language of the question.
    pub language: Language,
}

/// Something wrong in a file a person wrote.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Fault {
    /// The file, relative to where the command was started.
    pub file: String,
    /// Counted from 1; 0 when the whole file is meant.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

//! Knowledge-base articles and faults in content files.

use std::fmt;

use super::Timestamp;
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

words! {
    /// Whether an article takes part in anything.
    #[derive(Default)]
    ArticleStatus {
        /// It is searched, offered and sent as its other marks allow.
        #[default]
        Active = "active",
        /// Nobody has approved it: it is only shown to those who look after the knowledge base.
        Draft = "draft",
        /// It was taken out of use, and is kept for its history.
        Retired = "retired",
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
    /// Whether it takes part in anything.
    #[serde(default)]
    pub status: ArticleStatus,
}

/// One stored state of an article. It is never changed; an edit adds the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Counted from 1 for each article and language.
    pub number: i64,
    /// What it says; for a deletion what it said last.
    pub article: Article,
    /// The article was deleted with this revision.
    pub deleted: bool,
    /// Who wrote it: [`Revision::FILE`] or a person's name.
    pub author: String,
    /// When it was stored.
    pub at: Timestamp,
}

impl Revision {
    /// The author of what was read from a file.
    pub const FILE: &'static str = "file";

    /// What the article says; `None` once it is deleted.
    #[must_use]
    pub fn text(&self) -> Option<&Article> {
        (!self.deleted).then_some(&self.article)
    }
}

/// An article as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredArticle {
    /// Its newest state.
    pub newest: Revision,
    /// The state in which file and store were the same for the last time; `None` when they never were.
    pub synced: Option<Revision>,
}

/// A revision to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewRevision<'a> {
    /// Its number: one more than the newest its writer knew.
    pub number: i64,
    /// What it says.
    pub article: &'a Article,
    /// The article is deleted with it.
    pub deleted: bool,
    /// Who wrote it.
    pub author: &'a str,
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

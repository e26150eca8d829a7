//! Texts that want something done rather than an article.

use super::request::asks_to_do;

/// Words of a text that gives rather than asks.
const HANDING_OVER: &[&str] = &[
    "を共有します",
    "を共有いたします",
    "お送りします",
    "お送りいたします",
    "を送付",
    "ご報告です",
    "ご案内です",
    "attached is",
    "attached are",
    "find attached",
];

/// Whether a normalised text asks for something to be done, or only hands something over.
pub(super) fn wants_no_article(text: &str) -> bool {
    HANDING_OVER.iter().any(|words| text.contains(words)) || asks_to_do(text)
}

//! The language a command speaks to support leads.

use crate::domain::{Bilingual, Language};

/// Picks the words of one language.
pub(super) struct Words {
    pub(super) language: Language,
}

impl Words {
    pub(super) const fn pick(&self, ja: &'static str, en: &'static str) -> &'static str {
        match self.language {
            Language::Ja => ja,
            Language::En => en,
        }
    }

    pub(super) fn either(&self, ja: String, en: String) -> String {
        match self.language {
            Language::Ja => ja,
            Language::En => en,
        }
    }

    pub(super) fn of<'t>(&self, text: &'t Bilingual) -> &'t str {
        text.get(self.language)
    }
}

//! Small closed sets of words that appear in files, in the store and in JSON under the same spelling.

/// Defines an enum whose variants have one spelling everywhere: `as_str`, `Display`, `FromStr` and serde agree.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The spelling used in files, in the store and in JSON.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::words::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::domain::words::UnknownWord {
                        word: text.to_owned(),
                        known: Self::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(", "),
                    }),
                }
            }
        }
    };
}
pub(crate) use words;

/// A word outside the closed set it should be from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is not one of: {known}")]
pub struct UnknownWord {
    /// What was written.
    pub word: String,
    /// What may be written.
    pub known: String,
}

words! {
    /// The languages the desk speaks.
    Language {
        /// Japanese.
        Ja = "ja",
        /// English.
        En = "en",
    }
}

words! {
    /// Where a message came from or goes to.
    Channel {
        /// Mail.
        Email = "email",
        /// Slack.
        Slack = "slack",
        /// Discord.
        Discord = "discord",
        /// The web form, and the chat of the console and the terminal.
        Web = "web",
        /// From a monitoring system. Nothing goes out here.
        Alert = "alert",
        /// To a place that is told: webhook, PagerDuty, Backlog. Nothing comes in here.
        Notify = "notify",
    }
}

/// One text in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Bilingual {
    /// The Japanese text.
    pub ja: String,
    /// The English text.
    pub en: String,
}

impl Bilingual {
    /// What reads the same in both languages, or is known in one alone.
    #[must_use]
    pub fn same(text: &str) -> Self {
        Self { ja: text.to_owned(), en: text.to_owned() }
    }

    /// The text in `language`.
    #[must_use]
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::Ja => &self.ja,
            Language::En => &self.en,
        }
    }
}

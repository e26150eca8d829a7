//! What the connector itself says: to people in Discord, in their language, and to operators.

use crate::domain::Language;

/// Close code 4004 or status 401.
pub(super) const TOKEN_REFUSED: &str = "Discord refuses the token (close code 4004). Open the developer portal, your application, page Bot, \
    press Reset Token, put the new token into [discord] token and restart";
/// Close code 4014.
pub(super) const INTENT_MISSING: &str = "Discord refuses the connection (close code 4014): a privileged intent is not switched on. Open the \
    developer portal, your application, page Bot, Privileged Gateway Intents, switch on Message Content Intent and save; a bot in \
    more than 100 servers must apply for it there";
/// Close code 4013.
pub(super) const INTENTS_INVALID: &str = "Discord does not know the intents we ask for (close code 4013): this program is too old for Discord's \
    gateway; update it";

/// Something the bot says by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phrase {
    /// A question is noted; the answer comes below.
    Asked,
    /// A form is noted.
    Filed,
    /// The language is noted.
    LanguageSet,
    /// The code comes by direct message.
    Linking,
    /// It could not be stored.
    NotStored,
    /// There are no open tickets.
    NoTickets,
    /// The open tickets follow.
    YourTickets,
    /// Who gets the ticket?
    AssignTo,
    /// The ticket goes to them.
    Assigned,
    /// The button is of no use any more.
    Outdated,
    /// The title of the form.
    FormTitle,
    /// The label of its free text.
    FormText,
    /// The same, when the details above are what matters.
    FormNote,
    /// The text of the menu of articles.
    ChooseArticle,
}

impl Phrase {
    pub(super) const fn get(self, language: Language) -> &'static str {
        match language {
            Language::Ja => self.ja(),
            Language::En => self.en(),
        }
    }

    const fn ja(self) -> &'static str {
        match self {
            Self::Asked => "承りました。ここでお答えします。",
            Self::Filed => "承りました。受付番号はまもなくお知らせします。",
            Self::LanguageSet => "承りました。今後はお選びの言語でお答えします。",
            Self::Linking => "承りました。続きはダイレクトメッセージでお送りします。",
            Self::NotStored => {
                "申し訳ありません。ただいま受け付けられませんでした。少し待ってから、もう一度お試しください。"
            }
            Self::NoTickets => "対応中のお問い合わせはありません。",
            Self::YourTickets => "対応中のお問い合わせ:",
            Self::AssignTo => "担当者を選んでください。",
            Self::Assigned => "担当者を変更します。",
            Self::Outdated => "このボタンは現在使えません。お手数ですが、メッセージでお知らせください。",
            Self::FormTitle => "お問い合わせ",
            Self::FormText => "お困りの内容",
            Self::FormNote => "補足(任意)",
            Self::ChooseArticle => "近い記事を選んでください",
        }
    }

    const fn en(self) -> &'static str {
        match self {
            Self::Asked => "Noted. The answer comes here.",
            Self::Filed => "Noted. You will have your ticket number in a moment.",
            Self::LanguageSet => "Noted. From now on we answer in the language you chose.",
            Self::Linking => "Noted. The rest comes by direct message.",
            Self::NotStored => "Sorry, that could not be taken in just now. Please wait a little and try again.",
            Self::NoTickets => "You have no open tickets.",
            Self::YourTickets => "Your open tickets:",
            Self::AssignTo => "Who takes it?",
            Self::Assigned => "The ticket is being assigned.",
            Self::Outdated => "This button no longer works. Please write us a message instead.",
            Self::FormTitle => "New request",
            Self::FormText => "What is the matter?",
            Self::FormNote => "Anything else (optional)",
            Self::ChooseArticle => "Choose the closest article",
        }
    }
}

//! Which of the desk's languages a text is written in.

use crate::domain::Language;

use super::normalise::cut;
use super::script::{Script, script};

/// Characters looked at: the language shows long before this.
const LOOKED_AT: usize = 2_000;

/// A Japanese character says about as much as this many Latin letters.
const LETTERS_PER_JAPANESE: usize = 3;

/// Words that make a Latin text English, however short it is.
const ENGLISH: &[&str] = &[
    "the", "is", "are", "am", "was", "i", "my", "we", "our", "you", "your", "to", "do", "does", "did", "not", "cannot",
    "can", "can't", "don't", "doesn't", "it", "this", "that", "what", "how", "why", "where", "when", "who", "please",
    "and", "with", "from", "for", "have", "has", "want", "need", "help", "thanks", "thank", "hello", "hi", "on", "in",
];

/// The language of `text`; `None` when nothing tells (no words, a bare product name, another language than the desk's).
///
/// Japanese wins over quoted English (error messages, product names): a sentence's hiragana outweighs the letters
/// around it, while a Japanese company name in an English signature does not.
#[must_use]
pub fn detect(text: &str) -> Option<Language> {
    let text = cut(text, LOOKED_AT);
    let seen = count(text);
    let japanese = (seen.kana + seen.kanji) * LETTERS_PER_JAPANESE;
    if seen.foreign > japanese + seen.latin {
        return None;
    }
    if seen.hiragana >= 2 && japanese * 4 >= seen.latin {
        return Some(Language::Ja);
    }
    // Names in a signature: Japanese sentences have hiragana, English ones function words.
    if seen.hiragana == 0 && seen.latin > seen.kana + seen.kanji && has_english_words(text) {
        return Some(Language::En);
    }
    if japanese > seen.latin {
        // Kanji alone may be Chinese; only then is the statistical detector worth its time.
        let chinese = seen.kana == 0
            && seen.kanji >= 8
            && whatlang::detect(text).is_some_and(|found| found.lang() == whatlang::Lang::Cmn && chinese_only(text));
        return if chinese { None } else { Some(Language::Ja) };
    }
    latin(text, seen.latin)
}

#[derive(Default)]
struct Seen {
    hiragana: usize,
    kana: usize,
    kanji: usize,
    latin: usize,
    foreign: usize,
}

fn count(text: &str) -> Seen {
    let mut seen = Seen::default();
    for c in text.chars() {
        match script(c) {
            Script::Hiragana => {
                seen.hiragana += 1;
                seen.kana += 1;
            }
            Script::Katakana => seen.kana += 1,
            Script::Kanji => seen.kanji += 1,
            Script::Latin => seen.latin += 1,
            Script::Foreign => seen.foreign += 1,
            Script::Digit | Script::Other => {}
        }
    }
    seen
}

/// Function words Japanese never writes: without one, a kanji-only text is taken for Japanese.
fn chinese_only(text: &str) -> bool {
    text.chars().any(|c| "的了吗呢吧们这那个没过么说为还给让们錯們這個嗎沒".contains(c))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '’')).filter(|word| !word.is_empty())
}

fn has_english_words(text: &str) -> bool {
    words(text).any(|word| word.len() <= 9 && ENGLISH.contains(&word.to_lowercase().replace('’', "'").as_str()))
}

fn latin(text: &str, letters: usize) -> Option<Language> {
    if has_english_words(text) {
        return Some(Language::En);
    }
    if letters < 10 || words(text).nth(2).is_none() {
        return None;
    }
    // Nothing but content words: `VPN connection error`. Another European language is better answered in the desk's own.
    match whatlang::detect(text) {
        Some(found) if found.is_reliable() && found.lang() != whatlang::Lang::Eng => None,
        _ => Some(Language::En),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Language::{En, Ja};

    #[test]
    fn languages_are_told_apart() {
        for (text, wanted) in [
            ("パスワードを忘れました", Some(Ja)),
            ("VPN接続不可", Some(Ja)),
            ("サーバー障害", Some(Ja)),
            ("How do I reset my password?", Some(En)),
            ("cannot log in", Some(En)),
            ("VPN connection error", Some(En)),
            ("Outlook で送信すると \"550 5.7.1 Message rejected due to content restrictions\" と出ます", Some(Ja)),
            ("Please restart the server.\n\nRegards,\n山田太郎\n株式会社サンプル", Some(En)),
            ("VPN", None),
            ("web01", None),
            ("", None),
            ("12345 !?", None),
            ("我的邮箱无法发送邮件，请问这个问题怎么解决？", None),
            ("Мой почтовый ящик не работает", None),
            ("비밀번호를 잊어버렸습니다", None),
            ("Bonjour, mon mot de passe ne fonctionne plus depuis hier matin", None),
        ] {
            assert_eq!(detect(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_long_log_does_not_hide_a_japanese_question() {
        let log = "error: connection refused at socket layer\n".repeat(3);
        assert_eq!(
            detect(&format!("サーバーに接続できません。以下のエラーが出ています。確認をお願いします。\n{log}")),
            Some(Ja)
        );
    }
}

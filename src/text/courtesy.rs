//! Takes greetings and closings out of a normalised text: they are in every mail and say nothing of the request.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};

/// What is taken out wherever it stands.
const PHRASES: &[&str] = &[
    r"(?:いつも|平素より|平素は|日頃より|毎度)?、?(?:大変)?[お御]世話に(?:なって(?:おり|い)ます|なります)",
    r"(?:平素|日頃)(?:より|は)[^。\n]{0,30}(?:ありがとうございます|御礼申し上げます|お礼申し上げます)",
    r"お疲れ(?:様|さま)です|おつかれさまです|おはようございます|こんにちは|こんばんは|(?:初|はじ)めまして",
    r"お忙しい(?:ところ|中)、?(?:大変)?(?:恐れ入りますが|恐縮ですが|すみませんが|申し訳(?:ありません|ございません)が)?、?",
    r"突然(?:の)?ご?(?:連絡|メール)、?(?:大変)?(?:失礼(?:いた|致)?します|申し訳(?:ありません|ございません))",
    r"(?:何卒|どうぞ)?、?(?:ご(?:確認|対応|検討|教示|回答|査収)(?:のほど|の程|を)?)?、?(?:宜|よろ)しくお(?:願|ねが)い(?:いた|致|申し上げ)?(?:します|ます)",
    r"お手数(?:を?お(?:掛|か)けしますが|ですが)、?|恐れ入りますが、?|すみませんが、?|恐縮ですが、?",
    r"(?m:^)(?:hi|hello|hey|dear)(?:(?:[ \t]+[a-z.'-]+){0,3}[ \t]*[,!]|(?:[ \t]+[a-z.'-]+)?[ \t]*(?m:$))",
    r"(?m:^)(?:hi|hello|hey|good (?:morning|afternoon|evening))(?-u:\b)[,!.]?",
    r"(?:many )?thank(?:s| you)(?: so much| very much)? in advance",
    r"(?m:^)(?:best|kind|warm|many thanks and)?[ \t]*(?:regards|wishes|sincerely|cheers)[,.]?[ \t]*(?m:$)",
    r"i hope (?:this (?:e-?mail|message) finds you|you(?: are|'re) (?:doing )?)[ ]*well[,.]?",
    r"any help (?:would be|is) (?:much |greatly )?appreciated",
];

/// A sentence in which somebody names himself: a department, then a short name. `接続エラーです` must stay.
const NAME: &str = r"^[^、]{0,24}(?:部|課|室|係|店|会社|チーム|グループ|大学|センター|研究所)の?[ \p{Han}\p{Katakana}]{1,8}(?:です|でございます)$";

/// Longest sentence taken for a name or an addressee, in bytes.
const NAME_BYTES: usize = 120;

/// The automaton may grow to this size while matching.
const MAX_AUTOMATON_BYTES: usize = 16 << 20;

/// The normalised text without greetings, self-introductions and closings; may be empty.
#[must_use]
pub fn strip(text: &str) -> Cow<'_, str> {
    static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| compile(&PHRASES.join("|")));
    strip_by(PATTERN.as_ref(), text)
}

/// As [`strip`] for a text with capital letters, which people are to read.
#[must_use]
pub fn strip_as_written(text: &str) -> Cow<'_, str> {
    static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| compile(&format!("(?i){}", PHRASES.join("|"))));
    strip_by(PATTERN.as_ref(), text)
}

fn strip_by<'t>(pattern: Option<&Regex>, text: &'t str) -> Cow<'t, str> {
    let stripped = pattern.map_or(Cow::Borrowed(text), |pattern| pattern.replace_all(text, "\n"));
    let names = |sentence: &str| is_name(sentence.trim().trim_end_matches('。'));
    if !stripped.split_inclusive(['\n', '。']).any(names) {
        return stripped;
    }
    Cow::Owned(stripped.split_inclusive(['\n', '。']).filter(|sentence| !names(sentence)).collect())
}

/// Whether the sentence only says who writes or who is written to.
fn is_name(sentence: &str) -> bool {
    static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| compile(NAME));
    if sentence.len() > NAME_BYTES || sentence.is_empty() {
        return false;
    }
    if sentence.ends_with("と申します") {
        return true;
    }
    if ["様", "御中", "各位", "さん"].iter().any(|title| sentence.ends_with(title)) {
        return sentence.len() <= NAME_BYTES / 2;
    }
    (sentence.ends_with("です") || sentence.ends_with("でございます"))
        && PATTERN.as_ref().is_some_and(|pattern| pattern.is_match(sentence))
}

fn compile(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern).dfa_size_limit(MAX_AUTOMATON_BYTES).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings_go_and_requests_stay() {
        for (text, wanted) in [
            (
                "いつもお世話になっております。総務部の山田です。\nvpnにつながりません。\nよろしくお願いいたします。",
                "vpnにつながりません。",
            ),
            (
                "お世話になっております。サンプル商事の佐藤と申します。パスワードを忘れました。",
                "パスワードを忘れました。",
            ),
            ("vpnの接続エラーです。", "vpnの接続エラーです。"),
            ("hi team,\nmy vpn fails.\nbest regards,", "my vpn fails."),
            ("hello my vpn fails", "my vpn fails"),
            ("dear support,\n\nplease restart web01. thanks in advance", "please restart web01."),
            ("お疲れ様です", ""),
        ] {
            let stripped = strip(text);
            let kept: String = stripped.split(['\n', '。']).map(str::trim).filter(|part| !part.is_empty()).collect();
            assert_eq!(kept, wanted.replace('。', ""), "{text}");
        }
    }

    #[test]
    fn the_patterns_compile() {
        assert!(compile(&PHRASES.join("|")).is_some() && compile(NAME).is_some());
    }
}

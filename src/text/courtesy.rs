//! Takes greetings and closings out of a normalised text: they are in every mail and say nothing of the request.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

/// What is taken out. Names are only recognised beside a department or `と申します`: `接続エラーです` must stay.
const PATTERNS: &[&str] = &[
    r"(?:いつも|平素より|平素は|日頃より|毎度)?、?(?:大変)?(?:お|御)世話に(?:なって(?:おり|い)ます|なります)",
    r"(?:平素|日頃)(?:より|は)[^。\n]{0,30}(?:ありがとうございます|御礼申し上げます|お礼申し上げます)",
    r"お疲れ(?:様|さま)です|おつかれさまです|おはようございます|こんにちは|こんばんは|(?:初|はじ)めまして",
    r"お忙しい(?:ところ|中)、?(?:大変)?(?:恐れ入りますが|恐縮ですが|すみませんが|申し訳(?:ありません|ございません)が)?、?",
    r"突然(?:の)?ご?(?:連絡|メール)、?(?:大変)?(?:失礼(?:いた|致)?します|申し訳(?:ありません|ございません))",
    r"(?:何卒|どうぞ)?、?(?:ご(?:確認|対応|検討|教示|回答|査収)(?:のほど|の程|を)?)?、?(?:宜|よろ)しくお(?:願|ねが)い(?:いた|致|申し上げ)?(?:します|ます)",
    r"お手数(?:を?お(?:掛|か)けしますが|ですが)、?|恐れ入りますが、?|すみませんが、?|恐縮ですが、?",
    r"(?:^|\n)[^。\n]{0,24}(?:様|御中|各位|さん)[ 、。]*(?:\n|$)",
    r"[^。\n、]{0,20}(?:部|課|室|係|店|会社|チーム|グループ|大学|センター|研究所)の?[ \p{Han}\p{Katakana}]{1,8}(?:です|でございます)(?:。|\n|$)",
    r"[^。\n]{0,24}と申します",
    r"(?m)^(?:hi|hello|hey|dear)(?:(?:[ \t]+[\p{L}.'-]+){0,3}[ \t]*[,!]|(?:[ \t]+[\p{L}.'-]+)?[ \t]*$)",
    r"(?m)^(?:hi|hello|hey|good (?:morning|afternoon|evening))\b[,!.]?",
    r"(?:thanks|thank you|many thanks)(?: so much| very much)? (?:in advance|for your (?:help|support|time))",
    r"(?m)^(?:best|kind|warm|many thanks and)?[ \t]*(?:regards|wishes|sincerely|cheers)[,.]?[ \t]*$",
    r"i hope (?:this (?:e-?mail|message) finds you|you(?: are|'re) (?:doing )?)\s*well[,.]?",
    r"any help (?:would be|is) (?:much |greatly )?appreciated",
];

/// The normalised text without greetings, self-introductions and closings; may be empty.
#[must_use]
pub fn strip(text: &str) -> Cow<'_, str> {
    static COURTESY: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(&PATTERNS.join("|")).ok());
    COURTESY.as_ref().map_or(Cow::Borrowed(text), |pattern| pattern.replace_all(text, "\n"))
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
        assert!(Regex::new(&PATTERNS.join("|")).is_ok());
    }
}

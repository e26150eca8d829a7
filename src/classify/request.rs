//! Whether a text asks for something to be done rather than known: an article does not restart a server.

use std::sync::LazyLock;

use regex::Regex;

/// Asking to know: these win over the patterns for doing.
const TO_KNOW: &str = concat!(
    r"教え|知りた|方法|手順|やり方|仕方|しかた|どう(?:すれば|やって|したら|いう)|どこ|いつ|なぜ|何故|何(?:が|を|で|です)|いくら|可能(?:です|でしょう)か",
    r"|できますか|出来ますか|ですか|でしょうか|(?:ません|ない|なりました|忘れ(?:た|まし))(?:。|$|\n)",
    r"|(?-u:\b)(?:how|what|where|when|why|which|who|is there|are there|do you|does|can i|may i|should i|tell me|explain|cannot|can't|unable|forgot|won't|doesn't)(?-u:\b)",
);

/// Asking to do.
const TO_DO: &str = concat!(
    r"(?:を|の|に|へ|で)[^。\n]{0,12}(?:して(?:くだ|下|ほし|欲し|いただ|頂|もら)|をお願い|お願い(?:し|いた|致)|願います|を依頼|依頼し)",
    r"|(?:追加|削除|変更|再起動|停止|起動|設定|作成|発行|付与|復元|リストア|増設|拡張|適用|更新|解除|開放|許可|登録|インストール|アップグレード)(?:を|の)?(?:して(?:くだ|下|ほし|欲し|いただ|頂|もら)|お願い|希望|依頼)",
    r"|(?-u:\b)(?:please|pls|kindly|can you|could you|would you|we need you to|i'd like you to)[ ,]+(?:[a-z]+ )?",
    r"(?:restart|reboot|add|create|delete|remove|stop|start|change|increase|expand|extend|install|update|upgrade|patch|grant|revoke|restore|set up|configure|enable|disable|open|close|allow|block|deploy|shut|resize|move|register|issue|reset|unlock|apply|raise|cancel|terminate)(?-u:\b)",
    r"|^(?:restart|reboot|add|create|delete|remove|stop|increase|expand|install|upgrade|grant|revoke|restore|resize|terminate)(?-u:\b)",
);

/// Whether the normalised text asks the desk to do something.
pub(super) fn asks_to_do(text: &str) -> bool {
    static KNOW: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(TO_KNOW).ok());
    static DO: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(TO_DO).ok());
    let matches = |pattern: &LazyLock<Option<Regex>>| pattern.as_ref().is_some_and(|regex| regex.is_match(text));
    matches(&DO) && !matches(&KNOW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doing_is_told_from_knowing() {
        for (text, wanted) in [
            ("web01を再起動してください", true),
            ("db02のディスクを100gb増設をお願いします", true),
            ("ポート443の許可をお願いします", true),
            ("再起動の手順を教えてください", false),
            ("パスワードを忘れました", false),
            ("メールの設定はどうすればよいですか", false),
            ("please restart web01", true),
            ("could you increase the disk on db02", true),
            ("restart web01", true),
            ("how do i restart my phone", false),
            ("i forgot my password", false),
            ("can you tell me how to reset my password", false),
        ] {
            assert_eq!(asks_to_do(text), wanted, "{text}");
        }
        assert!(Regex::new(TO_KNOW).is_ok() && Regex::new(TO_DO).is_ok());
    }
}

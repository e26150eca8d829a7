//! Which script a character belongs to. Coarse: just what cutting and language detection need.

/// The script of a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// Chinese characters, with 々 and 〆.
    Kanji,
    /// Katakana with the long-vowel mark; the middle dot is not part of it.
    Katakana,
    /// Hiragana.
    Hiragana,
    /// Letters of the Latin alphabet, with accents.
    Latin,
    /// Decimal digits.
    Digit,
    /// Letters of any other script.
    Foreign,
    /// Blanks, punctuation, symbols.
    Other,
}

/// The script of `c`.
#[must_use]
pub fn script(c: char) -> Script {
    match c {
        'a'..='z' | 'A'..='Z' => Script::Latin,
        '0'..='9' => Script::Digit,
        '\0'..='\u{7f}' => Script::Other,
        'ぁ'..='ゖ' | 'ゝ' | 'ゞ' => Script::Hiragana,
        'ァ'..='ヺ' | 'ー' | 'ヽ' | 'ヾ' | 'ｦ'..='ﾟ' => Script::Katakana,
        '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '々' | '〆' | '\u{f900}'..='\u{faff}' => Script::Kanji,
        '\u{20000}'..='\u{3ffff}' => Script::Kanji,
        '\u{c0}'..='\u{24f}' | 'ａ'..='ｚ' | 'Ａ'..='Ｚ' => Script::Latin,
        '０'..='９' => Script::Digit,
        c if c.is_alphabetic() => Script::Foreign,
        _ => Script::Other,
    }
}

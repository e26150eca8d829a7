//! What the lines of signatures and disclaimers look like.

use std::sync::LazyLock;

use regex::RegexSet;

/// Ways to reach somebody, found in a few lines.
#[derive(Clone, Copy, Default)]
pub(super) struct Contacts {
    kinds: u32,
    /// Lines with a label of their own: `TEL:`.
    pub(super) labels: u32,
    /// A Japanese company's legal form, or a mailing list.
    pub(super) company: bool,
    /// Written in Japanese.
    pub(super) japanese: bool,
}

impl Contacts {
    /// How many different ways, a company's legal form counted as one.
    pub(super) const fn score(self) -> u32 {
        self.kinds.count_ones() + self.company as u32
    }
}

const LABEL: usize = 3;
const FAX: usize = 4;
const COMPANY: usize = 7;

static CONTACTS: LazyLock<Option<RegexSet>> = LazyLock::new(|| {
    RegexSet::new([
        r"[\w.+-]+@[\w-]+\.[\w.-]+",
        r"(?i)https?://|\bwww\.",
        r"(?:^|[^\d.])(?:\+?\d{1,4}[-( ]{1,2})?\(?\d{1,4}\)?[-) ‐－（）]\d{1,4}[-) ‐－（）]\d{3,4}(?:$|[^\d.])",
        r"(?i)\b(?:tel|phone|mobile|cell|direct|dect|phs|téléphone|telefon|tél)\b\.?|ＴＥＬ|Ｔｅｌ|電話|携帯|内線|直通|℡|☎",
        r"(?i)\bfax\b|ＦＡＸ|Ｆａｘ",
        r"〒\s?\d|^\s*(?:東京都|北海道|大阪府|京都府|.{2,3}県)\S",
        r"(?i)\b(?:instagram|twitter|facebook|linkedin|skype|pgp)\b|^\s*@\w",
        r"株式会社|有限会社|合同会社|一般社団法人|財団法人|[(（][株有][)）]|㈱|㈲|(?i)mailing list|メーリングリスト",
        r"(?i)\b(?:inc\.?|ltd\.?|gmbh|llc|corp\.?|s\.a\.|b\.v\.)(?:$|\W)",
    ])
    .ok()
});

/// The ways to reach somebody in `lines`.
pub(super) fn contacts(lines: &[&str]) -> Contacts {
    let mut found = Contacts::default();
    let Some(set) = CONTACTS.as_ref() else { return found };
    for text in lines {
        let hits = set.matches(text);
        found.japanese |= text.chars().any(|c| ('\u{3040}'..='\u{9fff}').contains(&c));
        found.labels += u32::from(hits.matched(LABEL) || hits.matched(FAX));
        for hit in &hits {
            if hit == COMPANY {
                found.company = true;
            } else {
                found.kinds |= 1 << hit;
            }
        }
    }
    found
}

/// Labels of ways to reach somebody.
const LABELS: &[&str] = &[
    "tel",
    "fax",
    "phone",
    "mobile",
    "cell",
    "mail",
    "e-mail",
    "email",
    "url",
    "web",
    "website",
    "hp",
    "http",
    "https",
    "t",
    "f",
    "m",
    "e",
    "w",
    "p",
    "d",
    "direct",
    "office",
    "skype",
    "pgp",
    "twitter",
    "x",
    "instagram",
    "facebook",
    "line",
    "blog",
    "phs",
    "address",
    "telefon",
    "téléphone",
    "tél",
    "mobil",
    "電話",
    "電話番号",
    "携帯",
    "携帯電話",
    "内線",
    "直通",
    "代表",
    "住所",
    "所在地",
    "本社",
    "支店",
    "支社",
    "営業所",
    "メール",
    "営業時間",
    "定休日",
    "受付時間",
    "ホームページ",
    "ブログ",
    "ＴＥＬ",
    "ＦＡＸ",
    "ＵＲＬ",
    "Ｅ-ｍａｉｌ",
    "担当",
];

/// `TEL`, `E-mail`, `住所`: labels that business cards carry.
pub(super) fn is_contact_label(label: &str) -> bool {
    let label =
        label.trim().trim_matches(['■', '・', '●', '◆', '【', '】', '[', ']', '(', '<', '.', '*']).to_lowercase();
    LABELS.iter().any(|known| known.to_lowercase() == label)
        || ["tel", "fax", "e-mail", "mail", "携帯", "電話", "ｔｅｌ", "ｆａｘ"]
            .iter()
            .any(|begin| label.starts_with(begin))
}

/// Something is said: the line is part of a letter.
pub(super) fn is_sentence(text: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "ます",
        "です",
        "ません",
        "ください",
        "下さい",
        "ました",
        "でした",
        "でしょうか",
        "ですか",
        "ますか",
        "した",
        "ない",
        "たい",
        "ね",
        "よ",
        "ので",
        "から",
        "すか",
    ];
    let text = text.trim().trim_end_matches([')', '）', '」', '"']);
    if text.contains('。') || text.ends_with(['？', '！', '、', ',']) {
        return true;
    }
    if !text.is_ascii() && ENDINGS.iter().any(|ending| text.ends_with(ending)) {
        return true;
    }
    let words = || {
        text.split_whitespace()
            .filter(|word| word.chars().all(|c| c.is_alphabetic() || matches!(c, '\'' | ',' | '.' | '?' | '!')))
    };
    text.ends_with(['.', '?', '!']) && words().count() >= 4 || words().count() >= 9
}

/// The sentence above says that data follow: what looks like a card is what the person wants to say.
pub(in crate::mail) fn promises_data(text: &str) -> bool {
    let text = text.trim();
    text.ends_with([':', '：', '↓'])
        || [
            "次のとおり",
            "次の通り",
            "以下の",
            "下記の",
            "下記、",
            "のとおり",
            "の通り",
            "following",
            "below",
            "は次",
            "以下です",
            "下記です",
            "以下に",
            "下記に",
        ]
        .iter()
        .any(|word| text.contains(word))
}

/// `Best regards,` and the like, as a line of its own.
pub(super) fn is_closing(text: &str) -> bool {
    const CLOSINGS: &[&str] = &[
        "regards",
        "best regards",
        "kind regards",
        "warm regards",
        "with best regards",
        "best",
        "best wishes",
        "thanks",
        "many thanks",
        "thank you",
        "sincerely",
        "yours sincerely",
        "sincerely yours",
        "yours truly",
        "cheers",
        "respectfully",
        "mit freundlichen grüßen",
        "viele grüße",
        "freundliche grüße",
        "beste grüße",
        "cordialement",
        "bien cordialement",
        "saludos",
        "un saludo",
        "atentamente",
        "cordiali saluti",
        "distinti saluti",
        "met vriendelijke groet",
        "atenciosamente",
        "med vänliga hälsningar",
    ];
    let text = text.trim().trim_end_matches([',', '.', '!', ';']).to_lowercase();
    CLOSINGS.contains(&text.as_str())
}

/// `追伸`, `P.S.`
pub(super) fn is_postscript(text: &str) -> bool {
    let text = text.trim_start();
    ["追伸", "P.S", "PS:", "PS.", "Ｐ．Ｓ", "p.s.", "追記", "Ps."].iter().any(|mark| text.starts_with(mark))
}

/// `-roman`, `- Roman`, `—John Smith`.
pub(super) fn is_dashed_name(text: &str) -> bool {
    let text = text.trim();
    let Some(name) = text.strip_prefix(['-', '–', '—', '~']) else { return false };
    let name = name.strip_prefix('-').unwrap_or(name);
    let spaced = name.starts_with(' ');
    let name = name.trim().trim_end_matches('.');
    let words: Vec<&str> = name.split(' ').collect();
    let is_word = |word: &&str| {
        word.chars().count() >= 2
            && word.starts_with(char::is_alphabetic)
            && word.chars().all(|c| c.is_alphabetic() || matches!(c, '.' | '\'' | '-'))
    };
    let is_name = |word: &&str| is_word(word) && word.starts_with(char::is_uppercase);
    let length = name.chars().count();
    (2..=30).contains(&length)
        && ((words.len() <= 3 && words.iter().all(is_name))
            || (words.len() == 1 && !spaced && name.is_ascii() && words.iter().all(is_word)))
}

static DEVICE: LazyLock<Option<RegexSet>> = LazyLock::new(|| {
    RegexSet::new([
        // English, then the openings of other languages.
        r"(?i)^sent (?:from|via|with|using|by) (?:(?:my|an?|the) )?[\w.'’®™+/-]+(?: [\w.'’®™+/()-]+){0,6}[.!]?$",
        r"(?i)^(?:get|download) (?:outlook|bluemail|newton|spark|the .{1,20} app)\b.{0,40}(?:<https?://[^>]*>)?$",
        r"(?i)^(?:von meinem?|gesendet (?:von|mit|über)|diese nachricht wurde von meinem|envoyé (?:de|depuis|à partir)|enviado (?:desde|do|a partir|de|por)|enviada (?:do|pelo)|inviato (?:da|dal)|verzonden (?:vanaf|met|via|met)|verstuurd (?:vanaf|met|via)|skickat från|sendt fra|lähetetty|wysłan[eo]? z|odesláno z|отправлено (?:с|из)|від?правлено з|trimis de pe|iphone'umdan|gönderildi|从我的|發自我的|发自我的|나의 iphone).{0,60}$",
        // Japanese: a device or an application, and nothing else on the line.
        r"^[\w\s.!！・’'®™()（）のー\-+]{2,40}(?:から|より|で)送信(?:しました|されました)?[。.]?$",
        r"(?i)^.{0,30}(?:outlook|yahoo!?メール|gmail).{0,30}(?:を入手|をダウンロード)(?:\s*<[^>]*>|\s*\[[^\]]*\]|\s*\(?https?://\S+\)?)?$",
        r"(?i)^outlook (?:for|para|pour|für) (?:ios|android).{0,40}$",
        r"(?i)^-{0,3}\s*(?:sent from|from) my (?:iphone|ipad|android|blackberry|phone|mobile).{0,30}$",
    ])
    .ok()
});

/// The line a device or an application adds.
pub(super) fn is_device(text: &str) -> bool {
    let text = text.trim();
    if text.is_empty() || text.len() > 200 || text.contains(['「', '」']) {
        return false;
    }
    DEVICE.as_ref().is_some_and(|set| set.is_match(text))
}

/// Said in disclaimers; two of them make a paragraph one.
const DISCLAIMER: &[&str] = &[
    "confidential",
    "privileged",
    "intended recipient",
    "intended only for",
    "intended solely",
    "addressee",
    "notify the sender",
    "delete this",
    "delete the e",
    "delete it",
    "unauthorized",
    "unauthorised",
    "disclosure",
    "in error",
    "prohibited",
    "legally binding",
    "vertrauliche",
    "rechtlich geschützt",
    "nicht der richtige adressat",
    "irrtümlich",
    "confidentiel",
    "destinataire",
    "par erreur",
    "confidenciales",
    "confidencial",
    "destinatario",
    "por error",
    "por engano",
    "riservat",
    "vertrouwelijk",
    "geadresseerde",
    "機密",
    "個人情報",
    "誤って",
    "誤送信",
    "受信された",
    "お心当たり",
    "意図しない",
    "破棄",
    "削除して",
    "削除くだ",
    "削除いただ",
    "無断",
    "禁じ",
    "禁止",
    "転送・複製",
    "複製",
    "名宛人",
    "受取人",
    "本メール",
    "本電子メール",
    "秘密",
    "電子メールに",
    "添付ファイルには",
    "このメールは",
    "守秘",
    "秘匿",
];

/// Said by nothing else; one is enough.
const FOOTERS: &[&str] = &[
    "consider the environment before printing",
    "virus-free",
    "checked for viruses",
    "scanned for viruses",
    "ウイルススキャン",
    "ウイルスチェック済",
    "ウイルス フリー",
    "not the intended recipient",
    "電子メールおよび添付ファイルには",
    "avast.com",
    "avg.com",
    "auf viren geprüft",
    "sans virus",
    "libre de virus",
];

/// A paragraph about who may read the mail, or a scanner's footer.
pub(super) fn is_disclaimer(lines: &[&str]) -> bool {
    let text = lines.join(" ").to_lowercase();
    if text.chars().count() < 15 || text.ends_with(['?', '？']) || text.ends_with("か。") || text.ends_with("か") {
        return false;
    }
    if FOOTERS.iter().any(|phrase| text.contains(phrase)) {
        return true;
    }
    let found = DISCLAIMER.iter().filter(|phrase| text.contains(**phrase)).count();
    let japanese = !text.is_ascii() && text.chars().any(|c| ('\u{3040}'..='\u{30ff}').contains(&c));
    found >= if japanese { 3 } else { 2 }
}

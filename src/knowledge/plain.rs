//! What people wrote, fit to be shown to others: without greetings, signatures, and everything that points at somebody.
//!
//! Mail addresses, telephone and card numbers go by their form. Names go where it is known whose they are: display names, agents,
//! and names people introduce themselves with. What looks like a name of a machine or a customer number goes when the customer
//! wrote it. A person still reads every draft: nothing here proves that a text is free of personal data.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::{Captures, Regex, RegexBuilder};

use crate::text::redact::redact;
use crate::text::{courtesy, normalise};

/// Longest text that is read, in bytes; people say what they want early.
const READ: usize = 20_000;

/// Who and what must not be named.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Names of people, longest first when used.
    people: BTreeSet<String>,
    /// Names of machines, customer numbers, domains: lower case.
    things: BTreeSet<String>,
}

impl Names {
    /// Adds a display name: whole, without blanks, and its parts.
    pub fn person(&mut self, name: &str) {
        let name = name.trim();
        if name.contains('@') {
            return;
        }
        let parts: Vec<&str> = name.split(|c: char| c.is_whitespace() || "・,、()（）\"'".contains(c)).collect();
        for part in parts.iter().map(|part| part.trim_end_matches(['様', '.'])) {
            // One kanji is part of too many words; it goes only where a title follows.
            if part.chars().count() >= 2 && !TITLES.contains(&part.to_lowercase().as_str()) {
                self.people.insert(part.to_owned());
            } else if part.chars().all(is_han) && !part.is_empty() {
                self.people.extend(["様", "さん", "さま", "殿", "氏"].iter().map(|title| format!("{part}{title}")));
            }
        }
        if parts.len() == 2 && parts.iter().all(|part| !part.is_empty() && part.chars().all(is_han)) {
            self.people.insert(parts.concat());
        }
    }

    /// Adds what a customer's own words name: people who introduce themselves, machines, numbers, domains.
    pub fn said(&mut self, text: &str) {
        let text = crate::text::cut(text, READ);
        for pattern in [&OWN_NAME, &OWN_NAME_EN].into_iter().filter_map(|pattern| pattern.as_ref()) {
            for found in pattern.captures_iter(text) {
                for name in found.iter().skip(1).flatten() {
                    self.person(name.as_str());
                }
            }
        }
        let words = THING.as_ref().into_iter().flat_map(|pattern| pattern.find_iter(text));
        self.things.extend(words.map(|word| word.as_str().to_lowercase()).filter(|word| points_at_somebody(word)));
    }

    /// Adds a value the desk took down: a host, a user, a contract.
    pub fn thing(&mut self, value: &str) {
        let value = value.trim().to_lowercase();
        if value.len() >= 3 && value.is_ascii() && points_at_somebody(&value) {
            self.things.insert(value);
        }
    }

    /// Adds an address and its domain.
    pub fn address(&mut self, address: &str) {
        if let Some((local, domain)) = address.rsplit_once('@') {
            self.things.insert(domain.to_lowercase());
            self.things.insert(local.to_lowercase());
        }
    }

    /// Takes in the names of `other`.
    pub fn also(&mut self, other: &Self) {
        self.people.extend(other.people.iter().cloned());
        self.things.extend(other.things.iter().cloned());
    }

    /// Takes out what everybody may read anyway: words of the knowledge base.
    pub fn except(&mut self, known: &BTreeSet<String>) {
        self.things.retain(|word| !known.contains(word));
    }
}

/// Words with a figure in them that `texts` hold, lower case: for [`Names::except`].
#[must_use]
pub fn known_words<'t>(texts: impl Iterator<Item = &'t str>) -> BTreeSet<String> {
    let words = texts.flat_map(|text| THING.as_ref().into_iter().flat_map(move |pattern| pattern.find_iter(text)));
    words.map(|word| word.as_str().to_lowercase()).collect()
}

type Pattern = LazyLock<Option<Regex>>;

const TITLES: &[&str] = &["mr", "ms", "mrs", "dr", "様", "さん", "inc", "ltd", "co", "the", "desk", "support"];

fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c) || c == '々'
}

fn compile(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern).multi_line(true).build().ok()
}

/// `総務部の山田です`, `サンプル商事の佐藤と申します`.
static OWN_NAME: Pattern = LazyLock::new(|| {
    compile(
        r"(?:の|[部課室係店社]|^|、|。)[ 　]*([\p{Han}々]{1,4}(?:[ 　][\p{Han}々]{1,4})?|\p{Katakana}{2,12})(?:と申します|でございます)|(?:[部課室係店社]|商事|会社|チーム|センター|大学)の[ 　]*([\p{Han}々]{1,4})です",
    )
});
/// `My name is Kenji Suzuki`, `this is Ann from accounting`, the line after `Best regards,`.
static OWN_NAME_EN: Pattern = LazyLock::new(|| {
    compile(
        r"(?:[Mm]y name is|[Tt]his is|I am|I'm)[ \t]+([A-Z][a-z]+(?:[ \t][A-Z][a-z]+){0,2})|(?i:regards|sincerely|cheers|thanks),?[ \t]*\r?\n+[ \t]*([A-Z][A-Za-z.'-]+(?:[ \t][A-Z][A-Za-z.'-]+){0,2})[ \t]*$",
    )
});
/// A word with a figure in it, or a domain.
static THING: Pattern = LazyLock::new(|| compile(r"(?-u:\b)[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?-u:\b)"));
/// What stays although it has letters and figures: error codes, versions, times, sizes, protocols.
static PLAIN: Pattern = LazyLock::new(|| {
    compile(
        r"^(?:0x[0-9a-f]+|err[_-][a-z0-9_-]+|\d+(?:\.\d+){0,2}|v\d+(?:\.\d+)*|\d{4}-\d{2}-\d{2}|\d+(?:st|nd|rd|th|gb|mb|kb|tb|g|m|k|h|min|s|ms|am|pm|x|px|bit)|(?:tls|ssl|php|ipv|imap|pop|smtp|http|sha|md|rfc|tcp|udp|wpa|utf-|ms|office|windows|mac|ios|android|h|rc|pt|gpt|s)-?\d[\d.]*|ipv[46]|o365|m365|2fa|mp[34]|s3|ec2|365)$",
    )
});

/// Whether a lower-case word is somebody's own: a name with a figure, a long number, a domain.
fn points_at_somebody(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let letters = word.bytes().filter(u8::is_ascii_alphabetic).count();
    if PLAIN.as_ref().is_some_and(|pattern| pattern.is_match(word)) {
        // A bare number is somebody's from six digits on; four parts are an address.
        return digits == word.len() && digits >= 6;
    }
    if digits == 0 {
        return word.split('.').count() >= 2 && word.split('.').all(|part| part.len() >= 2);
    }
    letters > 0 || digits >= 6 || word.split('.').count() == 4
}

/// Phrases of desks around an answer.
const AROUND: &[&str] = &[
    r"(?:この度は|このたびは)?、?(?:お問い?合わせ|ご連絡|ご返信|ご質問|ご依頼)(?:を?(?:いただ|頂)(?:き|いて)|くださ(?:り|って))?、?(?:誠に|まことに)?ありがとうございま(?:す|した)",
    r"(?:ご不明な点|ご不明点|ご不便|ほかに|他に)[^。\n]{0,40}(?:お知らせ|ご連絡|お問い?合わせ|ご返信|お申し付け)(?:くだ|下)さい(?:ませ)?",
    r"(?:ご)?(?:不便|迷惑|面倒)をお(?:掛|か)けし(?:まして|て|ました)?[^。\n]{0,20}(?:申し訳|お詫び|すみません)[^。\n]{0,20}",
    r"以上(?:、|です|となります)?。?$|(?:引き続き|今後とも)[^。\n]{0,20}お願い(?:いた|致)します",
    r"[^。、\n]{0,20}(?:窓口|サポート|担当|ヘルプデスク)(?:の|、)[^。、\n]{1,10}(?:です|でございます|と申します)",
    r"(?i)^(?:many )?thank(?:s| you)(?: very much)? for (?:contacting|reaching out|your (?:message|mail|e-?mail|question|inquiry|patience|request))[^.!\n]*[.!]?",
    r"(?i)(?:please )?(?:let us know|let me know|feel free to (?:contact|ask|reach)|do not hesitate to)[^.!\n]*(?:question|help|further|else|contact|reach)[^.!\n]*[.!]?",
    r"(?i)^(?:i |we )?hope (?:this|that) helps[^.!\n]*[.!]?|(?i)^(?:i'm |i am |we're |we are )?sorry (?:for|to hear)[^.!\n]*[.!]?",
];

/// `text` without greetings and closings around what is said; as written otherwise.
#[must_use]
pub fn without_courtesy(text: &str) -> String {
    static AROUND_ANSWER: Pattern = LazyLock::new(|| compile(&AROUND.join("|")));
    let text = crate::text::cut(text, READ).replace("\r\n", "\n");
    let text = AROUND_ANSWER.as_ref().map_or(Cow::Borrowed(text.as_str()), |around| around.replace_all(&text, "\n"));
    let text = courtesy::strip_as_written(&text);
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim_end) {
        // What is left of a sentence that was taken out.
        let bare = line.trim_matches(|c: char| c.is_whitespace() || "。、.,!！".contains(c)).is_empty();
        let blank = lines.last().is_none_or(|last| last.is_empty());
        match (bare, blank) {
            (true, true) => {}
            (true, false) => lines.push(""),
            (false, _) => lines.push(line.trim_start_matches(['。', '、'])),
        }
    }
    lines.join("\n").trim().to_owned()
}

/// `text` without personal data: what stood for somebody is `[name]`, `[number]`, `[mail]`, `[phone]`, `[card]`, `[company]`,
/// `[address]`.
#[must_use]
pub fn without_names(text: &str, names: &Names) -> String {
    static COMPANY: Pattern = LazyLock::new(|| {
        compile(
            r"(?:株式会社|有限会社|合同会社)[ 　]?[\p{Han}\p{Katakana}ーA-Za-z0-9&]{1,20}|[\p{Han}\p{Katakana}ーA-Za-z0-9&]{1,20}(?:株式会社|有限会社|合同会社)",
        )
    });
    static NUMBER: Pattern = LazyLock::new(|| {
        compile(r"(?-u:\b)(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?(?-u:\b)|(?-u:\b)[Tt]-\d+(?-u:\b)|(?-u:\b)\d{6,}(?-u:\b)")
    });
    // First and family name are one.
    static AGAIN: Pattern = LazyLock::new(|| compile(r"\[name\](?:[ 　・]*\[name\])+"));
    let text = redact(text);
    let mut text = COMPANY
        .as_ref()
        .map_or(text.clone(), |company| Cow::Owned(company.replace_all(&text, "[company]").into_owned()));
    let mut people: Vec<&String> = names.people.iter().collect();
    people.sort_by_key(|name| (std::cmp::Reverse(name.chars().count()), *name));
    for name in people {
        if !normalise(&text).contains(&normalise(name)) {
            continue;
        }
        let bound = if name.is_ascii() { r"(?-u:\b)" } else { "" };
        let pattern = format!(r"(?i){bound}{}{bound}(?:[ 　]?(?:様|さま|さん|殿|氏|先生))?", regex::escape(name));
        if let Some(pattern) = compile(&pattern) {
            text = Cow::Owned(pattern.replace_all(&text, "[name]").into_owned());
        }
    }
    if let Some(again) = AGAIN.as_ref() {
        text = Cow::Owned(again.replace_all(&text, "[name]").into_owned());
    }
    if let Some(thing) = THING.as_ref() {
        let replaced = thing.replace_all(&text, |found: &Captures<'_>| {
            let word = &found[0];
            if names.things.contains(&word.to_lowercase()) { "[name]".to_owned() } else { word.to_owned() }
        });
        text = Cow::Owned(replaced.into_owned());
    }
    let instead = |found: &Captures<'_>| if found[0].contains('.') { "[address]" } else { "[number]" };
    NUMBER.as_ref().map_or(text.clone().into_owned(), |number| number.replace_all(&text, instead).into_owned())
}

/// A text without names, without the sentences in which somebody says who they are.
#[must_use]
pub fn impersonal(text: &str) -> String {
    static WHO: Pattern = LazyLock::new(|| {
        compile(
            r"(^|。)[^。\n]{0,24}\[name\](?:です|と申します|でございます)。?|(?i)(^|[.!] )(?:my name is|this is|i am|i'm) \[name\](?: (?:from|of|at) [^.,\n]{0,40})?[.,]?",
        )
    });
    WHO.as_ref().map_or_else(|| text.to_owned(), |who| who.replace_all(text, "$1$2").into_owned())
}

/// A question as it may be shown: no greeting, nobody named, on one line, at most `most` characters. The subject stands in when
/// nothing else is left.
#[must_use]
pub fn question(subject: &str, text: &str, names: &Names, most: usize) -> String {
    let said = impersonal(&without_names(&without_courtesy(text), names));
    let said: Vec<&str> = said.split_whitespace().collect();
    let said = if said.is_empty() { without_names(subject, names) } else { said.join(" ") };
    let cut = crate::text::cut(&said, most);
    if cut.len() < said.len() { format!("{}…", cut.trim_end()) } else { said }
}

/// The sentences of a text, trimmed; blank ones are left out.
#[must_use]
pub fn sentences(text: &str) -> Vec<&str> {
    static END: Pattern = LazyLock::new(|| compile(r"[。！？!?]+|\.(?:[ \t]|$)|\n"));
    let Some(end) = END.as_ref() else { return vec![text.trim()] };
    let (mut from, mut found) = (0, Vec::new());
    for mark in end.find_iter(text) {
        found.push(text[from..mark.end()].trim());
        from = mark.end();
    }
    found.push(text[from..].trim());
    found.retain(|sentence| !sentence.is_empty());
    found
}

#[cfg(test)]
mod tests;

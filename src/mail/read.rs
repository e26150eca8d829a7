//! Puts the readers of this module together.

use mail_parser::DateTime;

use crate::domain::{Address, Timestamp};
use crate::text::language;

use super::headers::{self, Block};
use super::{
    File, ParsedMail, Policy, address, authentication, automatic, body, dsn, encoded_word, fingerprint, html, limits,
    message_id, quotes, repair,
};

/// Bytes of a message inside the mail that stand for the person's own words when there are none.
const REPLY_BYTES: usize = 16 * 1024;

/// Whether the HTML body is wanted: making it safe takes longer than everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Html {
    Left,
    Sanitised,
}

/// Reads a mail. Any bytes give a result; what was wrong with them is in `faults`. `html` stays empty: intake works on the text.
#[must_use]
pub fn parse(raw: &[u8], policy: &Policy) -> ParsedMail {
    read(raw, policy, Html::Left)
}

/// As [`parse`], with the HTML body made safe to show, and a warning for each link that shows another host than it leads to.
#[must_use]
pub fn parse_with_html(raw: &[u8], policy: &Policy) -> ParsedMail {
    read(raw, policy, Html::Sanitised)
}

/// Cuts the file with this SHA-256 (lower-case hex) out of a mail.
#[must_use]
pub fn file(raw: &[u8], sha256: &str) -> Option<File> {
    let (kept, _) = limits::cut(raw);
    let repaired = repair::repair(kept);
    let files = body::collect(&repaired.bytes).files.into_vec();
    files.into_iter().find(|file| file.sha256 == sha256)
}

fn read(raw: &[u8], policy: &Policy, wanted: Html) -> ParsedMail {
    let (kept, cut) = limits::cut(raw);
    let repaired = repair::repair(kept);
    let bytes = repaired.bytes.as_ref();
    let block = if repaired.has_header { headers::split(bytes) } else { Block::default() };
    let mut mail = ParsedMail { faults: repaired.faults, ..ParsedMail::default() };
    mail.faults.extend(cut);
    read_header(&block, &mut mail);

    let collected = body::collect(bytes);
    mail.faults.extend(collected.faults);
    mail.reply_text = quotes::newly_written(&collected.text, collected.html.as_deref(), &mail.subject);
    if collected.text.is_empty() {
        // Forwarded as a file without a word: what was forwarded is what they have to say.
        limits::head(collected.nested_text.trim_end(), REPLY_BYTES).clone_into(&mut mail.reply_text);
    }
    mail.language = language::detect(&mail.reply_text);
    mail.files = collected.files.into_vec();
    // Judged by its own words: a person may attach a bounce or an out-of-office note to show it.
    mail.text = collected.text;
    mail.bounce = dsn::read(&mail, &collected.reports);
    let verdict = automatic::judge(&mail, policy);
    mail.automatic = verdict.automatic;
    mail.no_auto_answer = verdict.no_auto_answer;
    append(&mut mail.text, &collected.nested_text);
    mail.spam = authentication::is_marked_spam(&mail.headers);
    mail.warnings = authentication::warnings(&mail, policy);
    mail.faults.extend(super::hops::went_round(&mail.headers, policy));
    if wanted == Html::Sanitised
        && let Some(document) = collected.html
    {
        let links = html::misleading_links(&document);
        mail.warnings
            .extend(links.into_iter().map(|link| format!("a link shows another host than it leads to: {link}")));
        mail.html = Some(html::sanitise(&document));
    }
    mail.fingerprint = fingerprint::fingerprint(&mail, kept);
    mail
}

/// Adds the texts of messages inside the mail.
fn append(text: &mut String, nested: &str) {
    let nested = nested.trim_end();
    if !nested.is_empty() {
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(nested);
    }
}

fn read_header(block: &Block<'_>, mail: &mut ParsedMail) {
    let folded = |name: &str| block.first(name).map_or(&[][..], |field| field.folded);
    mail.headers = block.decoded();
    mail.message_id = message_id::list(folded("Message-ID")).into_iter().next();
    mail.in_reply_to = message_id::list(folded("In-Reply-To"));
    mail.references = message_id::list(folded("References"));
    mail.from = address::author(block);
    mail.reply_to = block
        .value("Reply-To")
        .and_then(|raw| address::first_usable(&raw))
        .filter(|reply| *reply != Address::default());
    mail.return_path = block.value("Return-Path").map(|raw| {
        let path = encoded_word::decode(&raw);
        address::list(&raw)
            .into_iter()
            .next()
            .map_or_else(|| path.trim_matches(['<', '>', ' ']).to_owned(), |found| found.address)
    });
    mail.to = addresses(block, "To");
    mail.cc = addresses(block, "Cc");
    for name in ["Delivered-To", "X-Original-To", "X-Delivered-To", "Envelope-To"] {
        for address in addresses(block, name) {
            let address = address.address.to_lowercase();
            if !mail.delivered_to.contains(&address) && mail.delivered_to.len() < limits::ADDRESSES {
                mail.delivered_to.push(address);
            }
        }
    }
    mail.date = block.value("Date").and_then(|raw| date(&raw));
    mail.subject = block.value("Subject").map(|raw| encoded_word::decode(&raw)).unwrap_or_default();
    for name in ["From", "Subject", "Message-ID", "Date", "Content-Type"] {
        if block.count(name) > 1 {
            mail.faults.push(format!("{name} stands there twice: the first counts"));
        }
    }
}

/// The addresses of all fields called `name`.
fn addresses(block: &Block<'_>, name: &str) -> Vec<Address> {
    let fields = block.fields.iter().filter(|field| field.is(name)).take(50);
    fields.flat_map(|field| address::list(&field.unfolded())).take(limits::ADDRESSES).collect()
}

/// The Date header of `raw`, read from the header block alone; `None` when absent or unreadable.
#[must_use]
pub fn date_of(raw: &[u8]) -> Option<Timestamp> {
    let start = raw.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let head = &raw[start..raw.len().min(start + super::limits::HEADER_BYTES)];
    super::headers::split(head).value("Date").and_then(|raw| date(&raw))
}

/// The author's address, lower case, read from the header alone. Cheap: looks at 256 KB at most.
#[must_use]
pub fn sender_of(raw: &[u8]) -> Option<String> {
    let start = raw.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let head = &raw[start..raw.len().min(start + super::limits::HEADER_BYTES)];
    let author = address::author(&super::headers::split(head)).address.to_lowercase();
    (!author.is_empty()).then_some(author)
}

/// An instant between the years 1970 and 2999; `None` for what cannot be read.
fn date(raw: &[u8]) -> Option<Timestamp> {
    let text = String::from_utf8_lossy(raw);
    let read =
        DateTime::parse_rfc822(&format!("{}\n", text.trim())).or_else(|| DateTime::parse_rfc3339(text.trim()))?;
    let sane = read.is_valid() && (1970..3000).contains(&read.year);
    sane.then(|| Timestamp(read.to_timestamp().saturating_mul(1000)))
}

//! Drafts of articles from tickets people resolved: the ways to ask are what was asked, the answer is what an agent wrote. A draft is
//! internal and inactive: nothing is searched, offered or answered with it until a support lead has read it and says so.

use std::collections::BTreeSet;

use crate::classify::likeness::{Features, features};
use crate::domain::{Article, ArticleStatus, Language, TicketId, Visibility};
use crate::text::normalise;
use crate::text::synonyms::Synonyms;

use super::plain::{Names, impersonal, sentences, without_courtesy, without_names};

/// Ways to ask in a draft.
const QUESTIONS: usize = 12;
/// Of one ticket at most this many, when there are several tickets.
const OF_ONE: usize = 2;
/// Shortest and longest way to ask, in characters.
const SHORTEST: usize = 4;
const LONGEST: usize = 90;
/// Longest title.
const TITLE: usize = 60;
/// Two ways to ask this alike are one.
const SAME: f32 = 0.85;
/// An answer of this many characters is complete enough.
const FULL: f32 = 400.0;
/// Subjects that say nothing.
const EMPTY_SUBJECTS: &[&str] = &[
    "お問い合わせ",
    "お問合せ",
    "問い合わせ",
    "質問",
    "ご質問",
    "お願い",
    "依頼",
    "件名なし",
    "help",
    "question",
    "inquiry",
    "request",
    "support",
    "issue",
    "problem",
    "hello",
    "hi",
    "urgent",
];
/// Days until a draft that became an article is to be looked at again.
const REVIEW_DAYS: u64 = 180;

/// A ticket a draft is made from.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// The ticket.
    pub ticket: TicketId,
    /// Subject of its first message.
    pub subject: String,
    /// What was newly written in it.
    pub text: String,
    /// What agents wrote, oldest first, as it was sent.
    pub replies: Vec<String>,
    /// Who asked.
    pub customers: Vec<String>,
    /// Their addresses.
    pub addresses: Vec<String>,
    /// Agents who worked on it.
    pub agents: Vec<String>,
    /// Details the desk took down.
    pub details: Vec<String>,
    /// It ended.
    pub resolved: bool,
}

/// What a draft is to be.
#[derive(Clone, Debug)]
pub struct About<'a> {
    /// Its id; `None` makes one.
    pub id: Option<String>,
    /// Its language.
    pub language: Language,
    /// The request type, which becomes a tag.
    pub intent: Option<String>,
    /// The name of the desk, which signs replies.
    pub desk: &'a str,
    /// Words anybody may read, from [`super::plain::known_words`].
    pub known: &'a BTreeSet<String>,
    /// What means the same.
    pub synonyms: &'a Synonyms,
    /// The day it is made.
    pub today: chrono::NaiveDate,
}

/// A draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The article, internal and a draft.
    pub article: Article,
    /// For the one who reads it: where it comes from and what to do.
    pub notes: Vec<String>,
    /// The ticket whose reply became the answer; `None` when no agent has answered any of them.
    pub answer_from: Option<TicketId>,
}

/// A draft from `cases`, those nearest to the middle of what was asked first; `None` when nothing was asked.
#[must_use]
pub fn draft(cases: &[Case], about: &About<'_>) -> Option<Draft> {
    let mut names: Vec<Names> = cases.iter().map(|case| names_of(case, about)).collect();
    let ways = ways_to_ask(cases, &names, about.synonyms);
    let title = title(ways.first()?);
    // The answer may name what another customer wrote: all of them are left out.
    let whole = names.iter_mut().reduce(|all, one| {
        all.also(one);
        all
    })?;
    let answer = answer(cases, whole, about);
    let number = cases.iter().map(|case| case.ticket.0).min().unwrap_or_default();
    let from: Vec<String> = cases.iter().map(|case| case.ticket.to_string()).collect();
    let mut notes = vec![format!("draft of {} from {}", about.today, from.join(", "))];
    let (body, answer_from) = match answer {
        Some((body, ticket)) => {
            notes.push(format!("the answer is an agent's reply on {ticket}"));
            (body, Some(ticket))
        }
        None => (unwritten(about.language).to_owned(), None),
    };
    notes.push(
        "read it for names and figures of customers, then set visibility, answer_alone and status = \"active\""
            .to_owned(),
    );
    let article = Article {
        id: about.id.clone().unwrap_or_else(|| id(&title, number)),
        language: about.language,
        title,
        questions: ways,
        body,
        tags: about.intent.iter().cloned().collect(),
        visibility: Visibility::Internal,
        answer_alone: false,
        review_by: about.today.checked_add_days(chrono::Days::new(REVIEW_DAYS)),
        status: ArticleStatus::Draft,
    };
    Some(Draft { article, notes, answer_from })
}

const fn unwritten(language: Language) -> &'static str {
    match language {
        Language::Ja => "(回答をここに書いてください。担当者の返信が見つかりませんでした。)",
        Language::En => "(Write the answer here: no agent's reply was found.)",
    }
}

fn names_of(case: &Case, about: &About<'_>) -> Names {
    let mut names = Names::default();
    for person in case.customers.iter().chain(&case.agents) {
        names.person(person);
    }
    for address in &case.addresses {
        names.address(address);
    }
    for value in &case.details {
        names.thing(value);
    }
    names.said(&format!("{}\n{}", case.subject, case.text));
    names.except(about.known);
    names
}

/// What people asked, without who asked: of each ticket the sentence most like the others' and its subject; each thing once, the most
/// typical first.
fn ways_to_ask(cases: &[Case], names: &[Names], synonyms: &Synonyms) -> Vec<String> {
    let mut ways: Vec<(usize, String)> = Vec::new();
    for (number, (case, names)) in cases.iter().zip(names).enumerate() {
        let said = impersonal(&without_names(&without_courtesy(&case.text), names));
        let subject = without_names(subject(&case.subject), names);
        let said_in: Vec<String> = sentences(&said).into_iter().map(in_one_line).collect();
        // "It shows no picture. How can I mend it?" says it only as a whole.
        let joint = if is_wide(&said) { "" } else { " " };
        let pairs = said_in.windows(2).map(|pair| pair.join(joint));
        let mut own: Vec<String> = said_in.iter().cloned().chain(pairs).filter(|way| is_way(way)).collect();
        if is_way(&subject) {
            own.push(in_one_line(&subject));
        }
        if own.is_empty() {
            // A long sentence is better than none.
            own.extend(
                sentences(&said).first().map(|way| crate::text::cut(&in_one_line(way), LONGEST).trim().to_owned()),
            );
        }
        ways.extend(own.into_iter().filter(|way| !way.is_empty()).map(|way| (number, way)));
    }
    let found = features(&ways.iter().map(|(_, way)| way.as_str()).collect::<Vec<_>>(), &[], synonyms);
    let middle = Features::trimmed(sum(&found), usize::MAX);
    let mut order: Vec<(usize, f32)> =
        found.iter().zip(&ways).map(|(found, (_, way))| middle.cosine(found) + bonus(way)).enumerate().collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let most = if cases.len() > 1 { OF_ONE } else { QUESTIONS / 2 };
    let (mut taken, mut kept): (Vec<usize>, Vec<usize>) = (vec![0; cases.len()], Vec::new());
    for (place, _) in order {
        let (case, way) = &ways[place];
        let again = kept
            .iter()
            .any(|other| found[*other].cosine(&found[place]) >= SAME || normalise(&ways[*other].1) == normalise(way));
        if !again && taken[*case] < most && kept.len() < QUESTIONS {
            taken[*case] += 1;
            kept.push(place);
        }
    }
    kept.into_iter().map(|place| ways[place].1.clone()).collect()
}

fn sum(all: &[Features]) -> Vec<(u16, f32)> {
    let mut cells: Vec<(u16, f32)> = all.iter().flat_map(|one| one.cells.iter().copied()).collect();
    cells.sort_by_key(|(slot, _)| *slot);
    cells.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        kept.1 += if same { next.1 } else { 0.0 };
        same
    });
    cells
}

/// A sentence that asks or says what is wrong is a better way to ask than one that tells the circumstances; one with a gap in it is a
/// worse one.
fn bonus(way: &str) -> f32 {
    const ASKS: &[&str] =
        &["か。", "か？", "か?", "？", "?", "ください", "下さい", "たい", "ません", "ない", "方法", "教えて"];
    const ASKS_EN: &[&str] =
        &["how ", "what ", "where ", "can i", "can't", "cannot", "doesn't", "not ", "please", "fail", "error"];
    let lower = way.to_lowercase();
    let asks = ASKS.iter().any(|end| way.trim_end_matches('。').ends_with(end.trim_end_matches('。')))
        || ASKS_EN.iter().any(|word| lower.contains(word));
    let gap = if way.contains(['[', ']']) { -0.5 } else { 0.0 };
    gap + if asks { 0.3 } else { 0.0 }
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether the text is written without blanks between sentences.
fn is_wide(text: &str) -> bool {
    text.contains(['。', 'の', 'を', 'は', 'が'])
}

fn is_way(text: &str) -> bool {
    let length = text.trim().chars().count();
    // What stands for somebody says nothing.
    let mut hidden = false;
    let told = |c: &char| {
        hidden = (hidden || *c == '[') && *c != ']';
        !hidden && c.is_alphabetic()
    };
    let letters = text.chars().filter(told).count();
    (SHORTEST..=LONGEST).contains(&length)
        && letters >= SHORTEST
        && !EMPTY_SUBJECTS.contains(&text.trim().to_lowercase().as_str())
}

/// A subject without its marks of replies and forwards.
fn subject(subject: &str) -> &str {
    let mut rest = subject.trim();
    while let Some((mark, after)) = rest.split_once([':', '：']) {
        if !["re", "fw", "fwd", "aw", "返信", "転送"].contains(&mark.trim().to_lowercase().as_str()) {
            break;
        }
        rest = after.trim();
    }
    rest
}

fn title(way: &str) -> String {
    crate::text::cut(way.trim_end_matches(['。', '.', '!', '！', '?', '？', '、']), TITLE).trim().to_owned()
}

/// `draft-vpn-1042`: the Latin words of the title and the number of the first ticket.
fn id(title: &str, number: i64) -> String {
    let title = normalise(title);
    let words = title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() > 2 && word.len() < 16);
    let words: Vec<&str> = words.take(4).collect();
    let middle = if words.is_empty() { String::new() } else { format!("{}-", words.join("-")) };
    format!("draft-{middle}{number}")
}

/// The reply that answers best, without greeting, signature and names, and whose ticket it is.
fn answer(cases: &[Case], names: &Names, about: &About<'_>) -> Option<(String, TicketId)> {
    let mut replies: Vec<(String, TicketId, f32)> = Vec::new();
    for case in cases {
        let count = case.replies.len();
        for (place, reply) in case.replies.iter().enumerate() {
            let text = without_names(&body(reply, &case.agents, about.desk), names);
            if text.chars().filter(|c| c.is_alphabetic()).count() < SHORTEST {
                continue;
            }
            // The last word on a resolved ticket solved it.
            let last = if place + 1 == count { 0.2 } else { 0.0 };
            let solved = if case.resolved { 0.3 } else { 0.0 };
            let asks_back = if text.trim_end().ends_with(['?', '？']) || text.trim_end_matches('。').ends_with("ますか")
            {
                -0.6
            } else {
                0.0
            };
            replies.push((text, case.ticket, last + solved + asks_back));
        }
    }
    let found = features(&replies.iter().map(|(text, ..)| text.as_str()).collect::<Vec<_>>(), &[], about.synonyms);
    let middle = Features::trimmed(sum(&found), usize::MAX);
    #[expect(clippy::cast_precision_loss, reason = "a reply is shorter than 2^24 characters")]
    let full = |text: &str| (text.chars().count() as f32 / FULL).min(1.0);
    let scores = replies.iter().zip(&found).map(|((text, _, score), found)| score + full(text) + middle.cosine(found));
    let best = scores.enumerate().reduce(|best, one| if one.1 > best.1 { one } else { best })?.0;
    let (text, ticket, _) = replies.swap_remove(best);
    Some((text, ticket))
}

/// What an agent wrote, without what the desk puts below it, greetings and signature.
fn body(reply: &str, agents: &[String], desk: &str) -> String {
    let reply = reply.replace("\r\n", "\n");
    let own = reply.rfind("\n--\n").map_or(reply.as_str(), |at| &reply[..at]);
    let text = without_courtesy(own);
    let mut lines: Vec<&str> = text.lines().collect();
    // A signature: short last lines that name the writer or the desk.
    while let Some(last) = lines.last() {
        let signs = agents.iter().map(String::as_str).chain([desk]).any(|name| !name.is_empty() && last.contains(name));
        if !(last.trim().is_empty() || (signs && last.chars().count() <= 30)) {
            break;
        }
        lines.pop();
    }
    lines.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests;

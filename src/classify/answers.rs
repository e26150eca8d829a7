//! The articles that may answer a message. A mail is a question among greetings, circumstances and thanks: each of its
//! sentences is asked by itself and together with the next one, then the whole, and the best evidence counts.

use std::ops::Range;

use crate::domain::{ArticleCandidate, Language};

use super::calibrate::{Asked, Calibration};
use super::entry::Without;
use super::faq::{CANDIDATES, Faq};
use super::handing_over::wants_no_article;
use super::letters::Spread;
use super::order::Order;
use super::question::{Query, read};
use super::rank::{COMPARED, Ranked, compared, takes_part};
use super::sheet::Sheet;

/// Articles named for a message.
const NAMED: usize = 5;

/// Candidates below this probability are noise and are not named.
const NOISE: f64 = 0.01;

/// Sentences of a message that are asked by themselves.
const SENTENCES: usize = 12;

/// A part with fewer words says too little to be asked by itself.
const FEWEST: usize = 2;

/// A line at least this long (bytes) that ends without a mark goes on in the next one.
const WRAPPED: usize = 60;

/// Candidates compared for a part: what is not among its best is no evidence.
const IN_PART: usize = 8;

/// What evidence from a part loses beside evidence from the whole, in the logit: the rest may say something else.
const PART: f64 = 0.15;

/// What a candidate loses at least beside the one ahead of it, in the logit.
const BEHIND: f64 = 1e-6;

/// What the best article loses when another sentence asks for another article at least as probable as this.
const RIVAL: f64 = 0.8;
const DIVIDED: f64 = 0.5;

/// What is known of the message as a whole, and how many articles are wanted.
pub(super) struct About {
    pub(super) language: Language,
    /// The request type it is most likely of, by its place in the catalog.
    pub(super) class: Option<usize>,
    pub(super) wanted: Wanted,
}

/// Which candidates are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The few that may be sent or suggested.
    Likely,
    /// As many as this, however unlikely.
    Ranked(usize),
}

impl Wanted {
    const fn most(self) -> usize {
        match self {
            Self::Likely => NAMED,
            Self::Ranked(most) => most,
        }
    }
}

/// What answers are made from.
#[derive(Clone, Copy)]
pub(super) struct Knowledge<'a> {
    pub(super) faq: &'a Faq,
    pub(super) order: &'a Order,
    pub(super) calibration: &'a Calibration,
}

/// A part of the message with what was found for it.
struct Part {
    query: Query,
    to_do: bool,
    found: Vec<Ranked>,
    discount: f64,
}

/// The best evidence for one article.
#[derive(Clone, Copy)]
struct Evidence {
    entry: usize,
    part: usize,
    place: usize,
    logit: f64,
}

/// Public articles for a normalised text without greetings, best first. Internal ones take part in the ranking: where
/// one of them leads, a public one that comes second is no answer.
pub(super) fn answers(knowledge: Knowledge<'_>, text: &str, about: &About) -> Vec<ArticleCandidate> {
    let Knowledge { faq, calibration, .. } = knowledge;
    let parts = parts(knowledge, text, about);
    let best = evidence(calibration, &parts, about.wanted.most());
    let divided = best.get(1).is_some_and(|rival| super::logistic::sigmoid(rival.logit) >= RIVAL);
    let mut named: Vec<ArticleCandidate> = Vec::with_capacity(NAMED);
    for evidence in best {
        let entry = &faq.entries[evidence.entry];
        let loss = if divided { DIVIDED } else { 0.0 };
        let probability = super::logistic::sigmoid(evidence.logit - loss);
        if named.len() == about.wanted.most() || (about.wanted == Wanted::Likely && probability < NOISE) {
            break;
        }
        if !entry.public {
            continue;
        }
        let part = &parts[evidence.part];
        let asked = Asked { query: &part.query, to_do: part.to_do };
        named.push(ArticleCandidate {
            article: entry.id.clone(),
            language: entry.language,
            probability,
            score: evidence.logit,
            features: calibration.explain(&asked, &part.found, evidence.place),
        });
    }
    named
}

/// The best evidence for each article, best first.
fn evidence(calibration: &Calibration, parts: &[Part], most: usize) -> Vec<Evidence> {
    let mut best: Vec<Evidence> = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        let asked = Asked { query: &part.query, to_do: part.to_do };
        let mut ahead = f64::INFINITY;
        for (place, candidate) in part.found.iter().enumerate().take(most) {
            // The order is learned by itself: who comes behind is at most as probable as who is ahead.
            let logit = calibration.logit(&asked, &part.found, place).min(ahead - BEHIND);
            ahead = logit;
            let evidence = Evidence { entry: candidate.entry, part: number, place, logit: logit - part.discount };
            match best.iter_mut().find(|known| known.entry == evidence.entry) {
                Some(known) if known.logit >= evidence.logit => {}
                Some(known) => *known = evidence,
                None => best.push(evidence),
            }
        }
    }
    best.sort_by(|a, b| b.logit.total_cmp(&a.logit).then(a.entry.cmp(&b.entry)));
    best
}

fn parts(Knowledge { faq, order, .. }: Knowledge<'_>, text: &str, about: &About) -> Vec<Part> {
    let terms = read(text, faq, Without::Nothing);
    let sentences = sentences(text);
    let to_do: Vec<bool> = sentences.iter().map(|sentence| wants_no_article(text[sentence.clone()].trim())).collect();
    let whole = Query::part(&terms, &(0..text.len()));
    let among = faq.candidates(&whole, CANDIDATES, |entry| takes_part(entry, about.language, Without::Nothing));
    let sheet = Sheet::new(faq, &terms, &among, Without::Nothing);
    let mut spread = Spread::new();
    let mut part = |mut query: Query, range: Range<usize>, to_do: bool, discount: f64| {
        query.class = about.class;
        let most = if discount > 0.0 { IN_PART } else { COMPARED };
        spread.read(&faq.rarity, &text[range]);
        let found = compared(&sheet, order, (&query, most), &spread);
        Part { query, to_do, found, discount }
    };
    let mut parts = vec![part(whole, 0..text.len(), to_do.iter().any(|yes| *yes), 0.0)];
    if sentences.len() < 2 {
        return parts;
    }
    for (first, sentence) in sentences.iter().enumerate() {
        for last in first..(first + 2).min(sentences.len()) {
            let range = sentence.start..sentences[last].end;
            let query = Query::part(&terms, &range);
            // The pair of two sentences is the whole.
            if query.words >= FEWEST && last - first + 1 < sentences.len() {
                parts.push(part(query, range, to_do[first] || to_do[last], PART));
            }
        }
    }
    parts
}

/// The sentences of a normalised text, at most [`SENTENCES`]; blank ones are left out.
fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    let mut line = 0;
    let mut letters = text.char_indices().peekable();
    while let Some((at, c)) = letters.next() {
        let end = at + c.len_utf8();
        let next = letters.peek().map(|(_, next)| *next);
        let ends = match c {
            '。' | '!' | '?' => true,
            '.' => next.is_none_or(char::is_whitespace),
            '\n' => {
                let wrapped = at - line >= WRAPPED || text[..at].ends_with('、');
                line = end;
                !wrapped || next == Some('\n')
            }
            _ => next.is_none(),
        };
        if ends {
            if !text[start..end].trim().is_empty() {
                found.push(start..end);
            }
            start = end;
        }
        if found.len() == SENTENCES {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::sentences;

    #[test]
    fn texts_are_cut_into_sentences() {
        for (text, wanted) in [
            ("", &[][..]),
            ("vpnにつながりません", &["vpnにつながりません"]),
            ("vpnについて\n朝から切れます。直りますか?", &["vpnについて", "朝から切れます。", "直りますか?"]),
            ("it shows 5.7.1. what now?", &["it shows 5.7.1.", "what now?"]),
            (
                "i changed the record of our domain yesterday in the afternoon but\nnothing happens\n\nbye",
                &["i changed the record of our domain yesterday in the afternoon but\nnothing happens", "bye"],
            ),
            ("昨日から、\n届きません", &["昨日から、\n届きません"]),
        ] {
            let found: Vec<&str> = sentences(text).into_iter().map(|range| text[range].trim()).collect();
            assert_eq!(found, wanted, "{text}");
        }
    }
}

//! What the candidates of one message hold of its words: read once, then asked about every sentence.

use super::entry::{Impact, Without};
use super::faq::Faq;
use super::question::{Query, Weighed};

/// Different words of a message that are looked at: the heaviest ones.
const WORDS: usize = 255;

/// The candidates with their shares of the message's words.
pub(super) struct Sheet<'a> {
    pub(super) faq: &'a Faq,
    pub(super) without: Without<'a>,
    /// The words, ascending.
    words: Vec<u32>,
    pub(super) rows: Vec<Row>,
}

/// One candidate.
pub(super) struct Row {
    pub(super) entry: u32,
    /// Place of a word in the message, and what it earns here.
    pub(super) cells: Vec<(u8, Impact)>,
    pub(super) questions: Vec<Asked>,
    /// Questions people asked that this article answered.
    pub(super) past: usize,
}

/// One way to ask that shares words with the message.
pub(super) struct Asked {
    /// Its place in the entry.
    pub(super) place: usize,
    pub(super) words: Vec<u8>,
}

/// For each word of the message its place in the query, counted from 1; 0 when the query does not have it.
pub(super) struct Places {
    of: [u8; WORDS],
}

impl Places {
    /// The term's place in the query.
    pub(super) fn get(&self, word: u8) -> Option<usize> {
        usize::from(self.of[usize::from(word)]).checked_sub(1)
    }
}

impl<'a> Sheet<'a> {
    /// The words of `terms` in the entries `candidates`.
    pub(super) fn new(faq: &'a Faq, terms: &[Weighed], candidates: &[u32], without: Without<'a>) -> Self {
        let mut known: Vec<(u32, f32)> = terms.iter().filter_map(|term| Some((term.number?, term.weight))).collect();
        known.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        known.dedup_by_key(|(number, _)| *number);
        if known.len() > WORDS {
            known.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            known.truncate(WORDS);
            known.sort_unstable_by_key(|(number, _)| *number);
        }
        let words: Vec<u32> = known.into_iter().map(|(number, _)| number).collect();
        // One look for each word of an article, whatever the message: its place in the message counted from 1, or 0.
        let mut table = vec![0_u8; faq.vocabulary.len()];
        for (place, word) in (1..=u8::MAX).zip(&words) {
            table[*word as usize] = place;
        }
        let find = |number: u32| table[number as usize].checked_sub(1);
        let rows = candidates.iter().map(|entry| row(faq, *entry, without, &find)).collect();
        Self { faq, without, words, rows }
    }

    pub(super) fn places(&self, query: &Query) -> Places {
        let mut of = [0; WORDS];
        for (place, term) in (1..).zip(&query.terms) {
            if let Ok(word) = self.words.binary_search(&term.number) {
                of[word] = place;
            }
        }
        Places { of }
    }
}

fn row(faq: &Faq, entry: u32, without: Without<'_>, find: &impl Fn(u32) -> Option<u8>) -> Row {
    let article = &faq.entries[entry as usize];
    let impacts = article.impacts(without, faq.lengths, |number| find(number).is_some());
    let cells = impacts.into_iter().filter_map(|(number, impact)| Some((find(number)?, impact))).collect();
    let mut questions = Vec::with_capacity(article.questions.len());
    let mut past = 0;
    for (place, question) in article.questions.iter().enumerate() {
        if without.leaves_out(question) {
            continue;
        }
        past += usize::from(question.hand.is_some());
        let words: Vec<u8> = question.terms.iter().filter_map(|number| find(*number)).collect();
        if !words.is_empty() {
            questions.push(Asked { place, words });
        }
    }
    Row { entry, cells, questions, past }
}

//! Texts as weighted features for the intent model: words, pairs of neighbours, pairs of any two words of the text, and
//! letters inside words, each hashed into its own range of slots. A feature is a number; the words cannot be read back.

use super::tally::tally;
use crate::text::cut;
use crate::text::script::{Script, script};
use crate::text::words::stem;

/// Slots of one range; a power of two.
const RANGE: u32 = 1 << RANGE_BITS;
const RANGE_BITS: u32 = 14;

/// Slots of all four ranges together: every slot fits 16 bits.
pub(super) const SLOTS: usize = 4 * RANGE as usize;

/// The ranges. Words and neighbours are brought to one length together, the other two by themselves.
pub(super) const WORDS: u32 = 0;
const NEIGHBOURS: u32 = 1;
const PAIRS: u32 = 2;
const LETTERS: u32 = 3;

/// Length of each block beside the words' 1. Chosen by cross-validation on training texts.
const PAIRS_SHARE: f32 = 0.7;
const LETTERS_SHARE: f32 = 1.2;

/// Characters of a message the intent is read from: people say what they want early.
pub(super) const READ_CHARS: usize = 600;

/// Any two of this many first words of a text make a pair.
const PAIRED: usize = 16;

/// Longest run of characters taken as one feature.
const LONGEST: usize = 4;

/// Stands for the end of a Latin word among its letters.
const EDGE: u32 = 1;

/// Layout of the slots, the first byte of stored features: features of another layout mean nothing to this one.
const LAYOUT: u8 = 1;

/// Counted features of a text: slot and how often, each slot once, ascending.
pub(super) type Counted = Vec<(u16, u16)>;

/// The features of a normalised text, of which the first [`READ_CHARS`] are read.
pub(super) fn count(text: &str) -> Counted {
    count_first(text, READ_CHARS)
}

/// As [`count`] for the first `chars` characters.
pub(super) fn count_first(text: &str, chars: usize) -> Counted {
    let text = cut(text, chars);
    let mut scan = Scan { slots: Vec::with_capacity(text.len() * 3), words: Vec::new(), letters: Vec::new() };
    scan.read(text);
    scan.pair();
    tally(&scan.slots, SLOTS)
}

/// Counted features as bytes: the layout, then slot (two bytes, little end first) and count (at most 255) of each.
pub(super) fn to_bytes(counted: &[(u16, u16)]) -> Vec<u8> {
    let mut bytes = vec![LAYOUT];
    for (slot, count) in counted {
        bytes.extend(slot.to_le_bytes());
        bytes.push(u8::try_from(*count).unwrap_or(u8::MAX));
    }
    bytes
}

/// What [`to_bytes`] wrote; `None` for bytes of another layout or in no order.
pub(super) fn from_bytes(bytes: &[u8]) -> Option<Counted> {
    let (layout, rest) = bytes.split_first()?;
    if *layout != LAYOUT || !rest.len().is_multiple_of(3) {
        return None;
    }
    let counted: Counted =
        rest.chunks_exact(3).map(|cell| (u16::from_le_bytes([cell[0], cell[1]]), u16::from(cell[2]))).collect();
    let sound = counted.windows(2).all(|pair| pair[0].0 < pair[1].0) && counted.iter().all(|(_, count)| *count > 0);
    sound.then_some(counted)
}

/// Which block a slot belongs to: words with neighbours, pairs, letters.
pub(super) const fn block(slot: u16) -> usize {
    match slot as u32 >> RANGE_BITS {
        WORDS | NEIGHBOURS => 0,
        PAIRS => 1,
        _ => 2,
    }
}

/// Whether the slot is a single word's.
pub(super) const fn is_word(slot: u16) -> bool {
    slot as u32 >> RANGE_BITS == WORDS
}

/// Sublinear tf × idf, each block brought to its length. Slots of which `idf` is 0 are dropped.
pub(super) fn weigh(counted: &[(u16, u16)], idf: &[f32]) -> Vec<(u16, f32)> {
    let mut weighed: Vec<(u16, f32)> = Vec::with_capacity(counted.len());
    let mut squares = [0.0_f32; 3];
    for (slot, count) in counted {
        let idf = idf[usize::from(*slot)];
        if idf > 0.0 {
            // Nearly every feature stands once.
            let weight = if *count == 1 { idf } else { (1.0 + f32::from(*count).ln()) * idf };
            squares[block(*slot)] += weight * weight;
            weighed.push((*slot, weight));
        }
    }
    let scale = |squares: f32, share: f32| share / squares.sqrt().max(1e-6);
    let scales = [scale(squares[0], 1.0), scale(squares[1], PAIRS_SHARE), scale(squares[2], LETTERS_SHARE)];
    for (slot, weight) in &mut weighed {
        *weight *= scales[block(*slot)];
    }
    weighed
}

/// Multiplicative hashing: an odd constant near 2^64 over the golden ratio.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

fn push(key: u64, hash: u64) -> u64 {
    (hash.rotate_left(5) ^ key).wrapping_mul(GOLDEN)
}

/// The last step of hashing: the upper bits are the best mixed.
fn slot(range: u32, hash: u64) -> u16 {
    let mixed = (hash ^ (hash >> 32)).wrapping_mul(GOLDEN) >> (64 - RANGE_BITS);
    // 14 bits and a range below 4 fit 16 bits.
    u16::try_from(mixed | u64::from(range << RANGE_BITS)).unwrap_or_default()
}

/// Collects the slots of a text.
struct Scan {
    slots: Vec<u16>,
    /// Hashes of the words, in order.
    words: Vec<u64>,
    letters: Vec<u32>,
}

impl Scan {
    fn read(&mut self, text: &str) {
        let mut run = 0;
        let mut kind = Script::Other;
        for (at, c) in text.char_indices() {
            let next = kind_of(c, kind, &text[at + c.len_utf8()..]);
            if next != kind {
                self.close(kind, &text[run..at]);
                run = at;
                kind = next;
            }
            if c == '?' {
                self.word(push(u64::from(u32::from('?')), 0));
            }
        }
        self.close(kind, &text[run..]);
        self.windows(false);
    }

    /// A run of one script is over: its words are counted. Letters of Japanese scripts go on over the runs.
    fn close(&mut self, kind: Script, run: &str) {
        match kind {
            Script::Latin | Script::Digit => {
                self.windows(false);
                self.latin(run);
            }
            Script::Kanji => {
                self.letters.extend(run.chars().map(u32::from));
                self.kanji(run);
            }
            Script::Katakana => {
                self.letters.extend(run.chars().map(u32::from));
                // サーバー and サーバ are one word; キー stays as it is.
                let whole = run.strip_suffix('ー').filter(|short| short.chars().nth(2).is_some()).unwrap_or(run);
                self.word(hashed(whole));
            }
            Script::Hiragana => self.letters.extend(run.chars().map(u32::from)),
            Script::Foreign => {
                self.letters.extend(run.chars().map(u32::from));
                self.word(hashed(run));
            }
            Script::Other => self.windows(false),
        }
    }

    /// A Latin word. Names and numbers are all one word: `web01` is `db02` to an intent.
    fn latin(&mut self, run: &str) {
        if run.bytes().any(|byte| byte.is_ascii_digit()) {
            self.word(push(u64::from(u32::from('0')), 0));
            let mut rest = run.split(|c: char| c.is_ascii_digit()).filter(|part| !part.is_empty());
            if let Some(part) = rest.next() {
                self.letters.extend(part.chars().map(u32::from));
                self.windows(true);
            }
            return;
        }
        let word = run.trim_matches('\'');
        self.word(hashed(stem(word)));
        self.letters.extend(word.chars().map(u32::from));
        self.windows(true);
    }

    fn kanji(&mut self, run: &str) {
        let mut before: Option<u64> = None;
        for c in run.chars() {
            let key = push(u64::from(u32::from(c)), 2);
            if let Some(before) = before {
                self.word(push(key, before));
            }
            before = Some(key);
        }
        if let (Some(single), true) = (before, run.chars().nth(1).is_none()) {
            self.word(single);
        }
    }

    fn word(&mut self, hash: u64) {
        self.slots.push(slot(WORDS, hash));
        if let Some(before) = self.words.last() {
            self.slots.push(slot(NEIGHBOURS, push(hash, before.wrapping_add(7))));
        }
        self.words.push(hash);
    }

    /// Runs of 2 to 4 of the collected letters, or of 1 to 4 Japanese characters. A Latin word's edges are letters.
    fn windows(&mut self, latin: bool) {
        if self.letters.is_empty() {
            return;
        }
        if latin {
            self.letters.insert(0, EDGE);
            self.letters.push(EDGE);
        }
        for first in 0..self.letters.len() {
            let mut hash = 0;
            for (place, letter) in self.letters[first..].iter().take(LONGEST).enumerate() {
                hash = push(u64::from(*letter), hash);
                if place > 0 || !latin {
                    self.slots.push(slot(LETTERS, hash));
                }
            }
        }
        self.letters.clear();
    }

    /// Any two of the first words, whatever their order.
    fn pair(&mut self) {
        let mut words: Vec<u64> = Vec::with_capacity(PAIRED);
        for word in &self.words {
            if words.len() == PAIRED {
                break;
            }
            if !words.contains(word) {
                words.push(*word);
            }
        }
        for (place, one) in words.iter().enumerate() {
            for other in &words[place + 1..] {
                let (low, high) = (one.min(other), one.max(other));
                self.slots.push(slot(PAIRS, push(*high, *low)));
            }
        }
    }
}

/// The script that goes on: digits and apostrophes inside a Latin word belong to it.
fn kind_of(c: char, before: Script, rest: &str) -> Script {
    let kind = script(c);
    let word = matches!(before, Script::Latin | Script::Digit);
    match kind {
        Script::Latin | Script::Digit if word => before,
        Script::Other if c == '\'' && word && rest.starts_with(|next| script(next) == Script::Latin) => before,
        kind => kind,
    }
}

fn hashed(word: &str) -> u64 {
    word.chars().fold(1, |hash, c| push(u64::from(u32::from(c)), hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_alike_and_words_differ() {
        let words = |text: &str| count(text).into_iter().filter(|(slot, _)| is_word(*slot)).collect::<Vec<_>>();
        assert_eq!(words("web01"), words("db02"));
        assert_eq!(words("サーバー"), words("サーバ"));
        assert_ne!(count("再起動"), count("停止"));
        assert_eq!(count(""), vec![]);
    }

    #[test]
    fn the_order_of_words_changes_neighbours_only() {
        let others = |text: &str| -> Counted {
            let neighbour = |slot: u16| u32::from(slot) >> RANGE_BITS == NEIGHBOURS;
            count(text).into_iter().filter(|(slot, _)| !neighbour(*slot)).collect()
        };
        assert_eq!(others("restart server please"), others("please restart server"));
        assert_ne!(count("restart server please"), count("please restart server"));
    }

    #[test]
    fn each_block_has_its_length() {
        let weighed = weigh(&count("サーバーを再起動してください please"), &vec![1.0; SLOTS]);
        for (wanted, share) in [(0, 1.0), (1, PAIRS_SHARE), (2, LETTERS_SHARE)] {
            let squares: f32 = weighed.iter().filter(|(slot, _)| block(*slot) == wanted).map(|(_, w)| w * w).sum();
            assert!((squares - share * share).abs() < 1e-4, "{wanted}: {squares}");
        }
    }

    #[test]
    fn stored_features_come_back() {
        let counted = count("サーバーを再起動してください please restart the server server");
        assert_eq!(from_bytes(&to_bytes(&counted)), Some(counted));
        for bytes in [&[][..], &[9, 1, 0, 1], &[LAYOUT, 1, 0], &[LAYOUT, 2, 0, 1, 1, 0, 1], &[LAYOUT, 1, 0, 0]] {
            assert_eq!(from_bytes(bytes), None, "{bytes:?}");
        }
    }
}

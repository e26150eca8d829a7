//! Texts as weighted features for the intent model: words and pairs of words, and letters inside words, hashed into two
//! blocks; each block weighs the same whatever the text's length.

use crate::text::cut;
use crate::text::script::{Script, script};
use crate::text::tokenise::{Kind, light};

use super::terms::hash;

/// Slots of one block; a power of two.
const BLOCK: u32 = 1 << 14;

/// Slots of both blocks together.
pub(super) const SLOTS: usize = 2 * BLOCK as usize;

/// Characters of a message the intent is read from: people say what they want early.
const READ_CHARS: usize = 600;

/// Longest run of Japanese characters taken as one feature.
const LONGEST: usize = 4;

/// Counted features of a text, by slot, each slot once, ascending.
pub(super) fn count(text: &str) -> Vec<(u32, f32)> {
    let text = cut(text, READ_CHARS);
    let mut slots: Vec<u32> = Vec::with_capacity(text.len() * 2);
    words(text, &mut slots);
    letters(text, &mut slots);
    slots.sort_unstable();
    let mut counted: Vec<(u32, f32)> = Vec::with_capacity(slots.len());
    for slot in slots {
        match counted.last_mut() {
            Some((last, count)) if *last == slot => *count += 1.0,
            _ => counted.push((slot, 1.0)),
        }
    }
    counted
}

/// Sublinear tf × idf, each block brought to length 1. Slots of which `idf` is 0 are dropped.
pub(super) fn weigh(counted: &[(u32, f32)], idf: &[f32]) -> Vec<(u32, f32)> {
    let mut weighed: Vec<(u32, f32)> = counted
        .iter()
        .map(|(slot, count)| (*slot, (1.0 + count.ln()) * idf[*slot as usize]))
        .filter(|(_, weight)| *weight > 0.0)
        .collect();
    let length = |from: u32, to: u32| {
        let squares: f32 = weighed.iter().filter(|(slot, _)| (from..to).contains(slot)).map(|(_, w)| w * w).sum();
        squares.sqrt().max(1e-6)
    };
    let (first, second) = (length(0, BLOCK), length(BLOCK, 2 * BLOCK));
    for (slot, weight) in &mut weighed {
        *weight /= if *slot < BLOCK { first } else { second };
    }
    weighed
}

fn slot(class: u8, bytes: &[u8], block: u32) -> u32 {
    // The low bits are well mixed; 14 of them fit any integer.
    u32::try_from(hash(class, bytes) & u64::from(BLOCK - 1)).unwrap_or_default() + block * BLOCK
}

/// Words of the light stream and pairs of neighbours. Names and numbers are all one word: `web01` is `db02` to an intent.
fn words(text: &str, slots: &mut Vec<u32>) {
    let mut before: Option<u64> = None;
    light(text, |token| {
        let key = match token.kind {
            Kind::Word | Kind::Katakana | Kind::KanjiPair => hash(0, token.text.as_bytes()),
            Kind::Code => hash(9, b"code"),
            Kind::Kanji | Kind::KatakanaTriple | Kind::Gram | Kind::Kana | Kind::Dictionary => return,
        };
        slots.push(slot(0, &key.to_le_bytes(), 0));
        if let Some(before) = before.replace(key) {
            let pair = before.rotate_left(17) ^ key;
            slots.push(slot(1, &pair.to_le_bytes(), 0));
        }
    });
}

/// Runs of 2 to 4 letters inside Latin words, their ends marked, and of 1 to 4 Japanese characters.
fn letters(text: &str, slots: &mut Vec<u32>) {
    let mut run: Vec<usize> = Vec::new();
    let mut latin = false;
    let bytes = text.as_bytes();
    let mut close = |run: &mut Vec<usize>, latin: bool, end: usize| {
        run.push(end);
        let count = run.len() - 1;
        for length in 1..=LONGEST.min(count) {
            for first in 0..=count - length {
                let (start, stop) = (run[first], run[first + length]);
                if latin && length == 1 {
                    continue;
                }
                let ends = u8::from(latin && first == 0) | u8::from(latin && first + length == count) << 1;
                slots.push(slot(2 + ends, &bytes[start..stop], 1));
            }
        }
        run.clear();
    };
    for (at, c) in text.char_indices() {
        let kind = script(c);
        let is_latin = kind == Script::Latin;
        let letter =
            matches!(kind, Script::Latin | Script::Kanji | Script::Katakana | Script::Hiragana | Script::Foreign);
        if !run.is_empty() && (!letter || is_latin != latin) {
            close(&mut run, latin, at);
        }
        if letter {
            latin = is_latin;
            run.push(at);
        }
    }
    if !run.is_empty() {
        close(&mut run, latin, text.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_alike_and_words_differ() {
        let words = |text: &str| count(text).into_iter().filter(|(slot, _)| *slot < BLOCK).collect::<Vec<_>>();
        assert_eq!(words("web01"), words("db02"));
        assert_ne!(count("再起動"), count("停止"));
        assert_eq!(count(""), vec![]);
    }

    #[test]
    fn each_block_has_length_one() {
        let counted = count("サーバーを再起動してください please");
        let weighed = weigh(&counted, &vec![1.0; SLOTS]);
        let squares =
            |low: bool| -> f32 { weighed.iter().filter(|(s, _)| (*s < BLOCK) == low).map(|(_, w)| w * w).sum() };
        assert!((squares(true) - 1.0).abs() < 1e-4 && (squares(false) - 1.0).abs() < 1e-4);
    }
}

//! How alike texts are: words, neighbours, pairs and letters as hashed features, weighted by how rare each is among the texts
//! that are compared. For whoever groups texts; the classifier itself has its own indexes over the same features.

use super::features::{SLOTS, count, weigh};
use crate::text::synonyms::Synonyms;
use crate::text::{courtesy, normalise};

/// Features of a text that are kept: the heaviest ones. A short question has fewer.
const KEPT: usize = 64;

/// A text's features with their weights, by feature; the vector has length 1, or 0 for a text that says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Features {
    /// Feature and weight, ascending by feature.
    pub cells: Vec<(u16, f32)>,
}

impl Features {
    /// 0 (nothing in common) to 1 (the same).
    #[must_use]
    pub fn cosine(&self, other: &Self) -> f32 {
        let (mut i, mut j, mut sum) = (0, 0, 0.0);
        while let (Some((a, x)), Some((b, y))) = (self.cells.get(i), other.cells.get(j)) {
            match a.cmp(b) {
                std::cmp::Ordering::Less => i += 1,
                std::cmp::Ordering::Greater => j += 1,
                std::cmp::Ordering::Equal => {
                    sum += x * y;
                    (i, j) = (i + 1, j + 1);
                }
            }
        }
        sum
    }

    /// With only its `most` heaviest cells, at length 1.
    #[must_use]
    pub fn trimmed(mut cells: Vec<(u16, f32)>, most: usize) -> Self {
        if cells.len() > most {
            cells.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            cells.truncate(most);
            cells.sort_unstable_by_key(|(slot, _)| *slot);
        }
        let length = cells.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
        if length > 0.0 {
            for (_, weight) in &mut cells {
                *weight /= length;
            }
        }
        Self { cells }
    }
}

/// The features of texts as written, in their order. Greetings do not count, and words of one group of `synonyms` are the same word.
/// How rare a feature is is told by the texts and by `background`, which is not among the results.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts of texts are far below 2^24")]
pub fn features(texts: &[&str], background: &[&str], synonyms: &Synonyms) -> Vec<Features> {
    let counted: Vec<Vec<(u16, u16)>> = texts.iter().map(|text| count(&plain(text, synonyms))).collect();
    let mut having = vec![0_u32; SLOTS];
    let behind = background.iter().flat_map(|text| count(&plain(text, synonyms)));
    for slot in counted.iter().flatten().map(|(slot, _)| *slot).chain(behind.map(|(slot, _)| slot)) {
        having[usize::from(slot)] += 1;
    }
    let all = (texts.len() + background.len()) as f32;
    let idf: Vec<f32> =
        having.iter().map(|count| if *count == 0 { 0.0 } else { (1.0 + all / *count as f32).ln() }).collect();
    counted.iter().map(|counted| Features::trimmed(weigh(counted, &idf), KEPT)).collect()
}

/// The text as it is compared: normalised, without greetings, one word for each group of synonyms.
fn plain(text: &str, synonyms: &Synonyms) -> String {
    let text = normalise(text);
    let text = courtesy::strip(&text);
    let mut plain = String::with_capacity(text.len());
    let mut from = 0;
    for found in synonyms.find(&text) {
        if found.start >= from {
            plain.push_str(&text[from..found.start]);
            plain.extend([" 類", &group(found.group), " "]);
            from = found.end;
        }
    }
    plain.push_str(&text[from..]);
    plain
}

/// A word that stands for a group: letters, because numbers in words count as names of machines.
fn group(number: usize) -> String {
    number.to_string().bytes().map(|digit| char::from(b'a' + (digit - b'0'))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alike_texts_are_near_and_synonyms_are_one_word() {
        let synonyms = Synonyms::new(&[vec!["パスワード".to_owned(), "pw".to_owned()]]);
        let texts = ["パスワードを忘れました", "お世話になっております。PWを忘れました", "請求書を送ってください", ""];
        let found = features(&texts, &[], &synonyms);
        assert!((found[0].cosine(&found[0]) - 1.0).abs() < 1e-4);
        assert!(found[0].cosine(&found[1]) > 0.8, "{}", found[0].cosine(&found[1]));
        assert!(found[0].cosine(&found[2]) < 0.3);
        assert!(found[3].cells.is_empty() && found[3].cosine(&found[0]).abs() < 1e-9);
    }
}

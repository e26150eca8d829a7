//! How alike two short texts are letter by letter: runs of one to three characters as hashed vectors, compared by cosine.
//!
//! Sees what the words miss: endings, function words, misspelling, compounds that are cut differently.

/// Numbers a run of characters can have. Two runs share one now and then; over a question's hundred runs that is noise.
const BUCKETS: usize = 8_192;

/// Characters of a text that are compared.
const READ_CHARS: usize = 160;

/// A text's runs with their weights; the vector has length 1.
#[derive(Clone, Debug, Default)]
pub(super) struct Letters {
    cells: Vec<(u16, f32)>,
}

/// How rare each run is among the questions of the knowledge base.
pub(super) struct Rarity {
    idf: Vec<f32>,
}

/// A text spread out, to be compared with many.
pub(super) struct Spread {
    weights: Vec<f32>,
    touched: Vec<u16>,
}

impl Rarity {
    #[expect(clippy::cast_precision_loss, reason = "counts of questions are far below 2^24")]
    pub(super) fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let mut having = vec![0_u32; BUCKETS];
        let mut all = 0_u32;
        let mut runs = Vec::new();
        for text in texts {
            all += 1;
            read(text, &mut runs);
            runs.sort_unstable();
            runs.dedup();
            for run in &runs {
                having[*run as usize] += 1;
            }
        }
        let idf = having.into_iter().map(|count| (1.0 + all as f32 / count.max(1) as f32).ln()).collect();
        Self { idf }
    }

    #[expect(clippy::cast_precision_loss, reason = "a text repeats a run a few times")]
    pub(super) fn letters(&self, text: &str) -> Letters {
        let mut runs = Vec::with_capacity(READ_CHARS * 3);
        read(text, &mut runs);
        runs.sort_unstable();
        let mut cells: Vec<(u16, f32)> = runs
            .chunk_by(|a, b| a == b)
            .map(|alike| (alike[0], (1.0 + (alike.len() as f32).ln()) * self.idf[alike[0] as usize]))
            .collect();
        let length = cells.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt().max(1e-9);
        for (_, weight) in &mut cells {
            *weight /= length;
        }
        Letters { cells }
    }
}

impl Spread {
    pub(super) fn new() -> Self {
        Self { weights: vec![0.0; BUCKETS], touched: Vec::new() }
    }

    /// Takes `letters` in the place of what was there.
    pub(super) fn load(&mut self, letters: &Letters) {
        for run in self.touched.drain(..) {
            self.weights[run as usize] = 0.0;
        }
        for (run, weight) in &letters.cells {
            self.weights[*run as usize] = *weight;
            self.touched.push(*run);
        }
    }

    /// 0 (nothing in common) to 1 (the same runs).
    pub(super) fn cosine(&self, letters: &Letters) -> f32 {
        letters.cells.iter().map(|(run, weight)| weight * self.weights[*run as usize]).sum()
    }
}

fn read(text: &str, runs: &mut Vec<u16>) {
    runs.clear();
    let mut last = ['\0'; 2];
    for c in text.chars().filter(|c| c.is_alphanumeric() || *c == 'ー').take(READ_CHARS) {
        runs.push(bucket(&[c]));
        if last[1] != '\0' {
            runs.push(bucket(&[last[1], c]));
        }
        if last[0] != '\0' {
            runs.push(bucket(&[last[0], last[1], c]));
        }
        last = [last[1], c];
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the remainder is below 2^13")]
fn bucket(run: &[char]) -> u16 {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for c in run {
        state = (state ^ u64::from(*c as u32)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        state ^= state >> 32;
    }
    (state % BUCKETS as u64) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alike_texts_are_near() {
        let texts =
            ["how do i reset my password", "where is the office", "パスワードを忘れました", "営業時間は何時ですか"];
        let rarity = Rarity::of(texts.into_iter());
        let near = |a: &str, b: &str| {
            let mut spread = Spread::new();
            spread.load(&rarity.letters("left over"));
            spread.load(&rarity.letters(a));
            spread.cosine(&rarity.letters(b))
        };
        assert!((near(texts[0], texts[0]) - 1.0).abs() < 1e-4);
        assert!(near("reseting the pasword", texts[0]) > 3.0 * near("reseting the pasword", texts[1]));
        assert!(near("パスワードをわすれた", texts[2]) > 3.0 * near("パスワードをわすれた", texts[3]));
        assert!(near("", texts[0]).abs() < 1e-9);
    }
}

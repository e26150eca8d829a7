//! How alike two short texts are letter by letter: runs of one to three characters as hashed vectors, compared by cosine.
//!
//! Sees what the words miss: endings, function words, misspelling, compounds that are cut differently.

use super::tally::tally;

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
    runs: Vec<u16>,
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

    pub(super) fn letters(&self, text: &str) -> Letters {
        let mut runs = Vec::with_capacity(READ_CHARS * 3);
        read(text, &mut runs);
        let weighed = |(run, times): (u16, u16)| (run, self.weight(run, f32::from(times)));
        let cells = tally(&runs, BUCKETS).into_iter().map(weighed).collect();
        Letters { cells }.of_length_one().0
    }

    /// Sublinear: what stands twice is not twice as much.
    fn weight(&self, run: u16, times: f32) -> f32 {
        let idf = self.idf[usize::from(run)];
        if times > 1.0 { (1.0 + times.ln()) * idf } else { idf }
    }
}

impl Letters {
    /// Several texts as one, and how long their sum was.
    pub(super) fn sum<'t>(texts: impl Iterator<Item = &'t Self>) -> (Self, f32) {
        let mut cells: Vec<(u16, f32)> = texts.flat_map(|text| text.cells.iter().copied()).collect();
        cells.sort_unstable_by_key(|(run, _)| *run);
        cells.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 += if same { next.1 } else { 0.0 };
            same
        });
        Self { cells }.of_length_one()
    }

    /// 0 (nothing in common) to 1 (the same runs).
    pub(super) fn cosine(&self, other: &Self) -> f32 {
        let find = |run: u16| self.cells.binary_search_by_key(&run, |(known, _)| *known).ok();
        other.cells.iter().filter_map(|(run, weight)| Some(self.cells[find(*run)?].1 * weight)).sum()
    }

    /// The vector at length 1, and its length before.
    fn of_length_one(mut self) -> (Self, f32) {
        let length = self.cells.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
        for (_, weight) in &mut self.cells {
            *weight /= length.max(1e-9);
        }
        (self, length)
    }
}

impl Spread {
    pub(super) fn new() -> Self {
        Self { weights: vec![0.0; BUCKETS], touched: Vec::new(), runs: Vec::new() }
    }

    /// Takes the letters of a text in the place of what was there: as [`Rarity::letters`] makes them, in no order.
    pub(super) fn read(&mut self, rarity: &Rarity, text: &str) {
        self.clear();
        read(text, &mut self.runs);
        for run in &self.runs {
            let times = &mut self.weights[usize::from(*run)];
            if *times < 0.5 {
                self.touched.push(*run);
            }
            *times += 1.0;
        }
        let mut squares = 0.0;
        for run in &self.touched {
            let weight = &mut self.weights[usize::from(*run)];
            *weight = rarity.weight(*run, *weight);
            squares += *weight * *weight;
        }
        let length = squares.sqrt().max(1e-9);
        for run in &self.touched {
            self.weights[usize::from(*run)] /= length;
        }
    }

    fn clear(&mut self) {
        for run in self.touched.drain(..) {
            self.weights[run as usize] = 0.0;
        }
    }

    /// Takes `letters` in the place of what was there.
    pub(super) fn load(&mut self, letters: &Letters) {
        self.clear();
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
            spread.read(&rarity, a);
            let read = spread.cosine(&rarity.letters(b));
            spread.load(&rarity.letters(a));
            assert!((spread.cosine(&rarity.letters(b)) - read).abs() < 1e-5);
            read
        };
        assert!((near(texts[0], texts[0]) - 1.0).abs() < 1e-4);
        assert!(near("reseting the pasword", texts[0]) > 1.5 * near("reseting the pasword", texts[1]));
        assert!(near("パスワードをわすれた", texts[2]) > 1.5 * near("パスワードをわすれた", texts[3]));
        assert!(near("", texts[0]).abs() < 1e-9);
    }
}

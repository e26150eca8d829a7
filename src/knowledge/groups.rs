//! Texts that ask for the same thing, put together: each text goes to the group whose middle it is nearest to, or begins one of its
//! own. The same texts always give the same groups.

use crate::classify::likeness::Features;

/// A text joins a group whose middle is at least this near. Chosen on the ways to ask of the shipped articles.
const NEAR: f32 = 0.30;
/// Groups whose middles are at least this near are one.
const SAME: f32 = 0.25;
/// Passes over the texts after the first.
const PASSES: usize = 4;
/// Features of a group's middle that are kept.
const MIDDLE: usize = 96;
/// Numbers a feature can have.
const FEATURES: usize = 1 << 16;

/// A group: its texts by their places, the one nearest to its middle first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Places in the given texts.
    pub members: Vec<usize>,
}

/// How near texts have to be to be put together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nearness {
    /// A text and the middle of its group.
    pub near: f32,
    /// The middles of two groups that become one.
    pub same: f32,
}

impl Default for Nearness {
    fn default() -> Self {
        Self { near: NEAR, same: SAME }
    }
}

/// Groups of `texts`; each text counts `weights` times (1 where none is given). Every text is in exactly one group; texts without any
/// feature are each in one of their own. Largest groups first.
#[must_use]
pub fn group(texts: &[Features], weights: &[f32], nearness: Nearness) -> Vec<Group> {
    let weight = |place: usize| weights.get(place).copied().unwrap_or(1.0);
    // What was asked most often begins: its wording is the best first middle.
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by(|a, b| weight(*b).total_cmp(&weight(*a)).then(a.cmp(b)));
    let mut home = leaders(texts, &order, nearness.near);
    for _ in 0..PASSES {
        let mut middles = middles(texts, &home, weight);
        merge(&mut middles, &mut home, nearness.same);
        let index = Index::of(&middles);
        let mut scores = Scores::default();
        let before = home.clone();
        for (place, text) in texts.iter().enumerate() {
            if let Some((found, _)) = scores.nearest(&index, text).filter(|(_, near)| *near >= nearness.near) {
                home[place] = found;
            }
        }
        if home == before {
            break;
        }
    }
    let mut middles = middles(texts, &home, weight);
    merge(&mut middles, &mut home, nearness.same);
    listed(texts, &home, &middles)
}

/// The first groups: each text joins the nearest text that began a group, or begins one.
fn leaders(texts: &[Features], order: &[usize], near: f32) -> Vec<usize> {
    let mut index = Index::default();
    let mut scores = Scores::default();
    let mut home = vec![0; texts.len()];
    for place in order {
        let found = scores.nearest(&index, &texts[*place]).filter(|(_, score)| *score >= near);
        home[*place] = found.map_or_else(|| index.add(&texts[*place]), |(group, _)| group);
    }
    home
}

/// The middle of each group; groups nobody is in have an empty one.
fn middles(texts: &[Features], home: &[usize], weight: impl Fn(usize) -> f32) -> Vec<Features> {
    let groups = home.iter().max().map_or(0, |last| last + 1);
    let mut sums: Vec<Vec<(u16, f32)>> = vec![Vec::new(); groups];
    for (place, group) in home.iter().enumerate() {
        sums[*group].extend(texts[place].cells.iter().map(|(slot, x)| (*slot, x * weight(place))));
    }
    sums.into_iter().map(middle).collect()
}

fn middle(mut cells: Vec<(u16, f32)>) -> Features {
    // Stable: sums of the same numbers in the same order are the same to the last bit.
    cells.sort_by_key(|(slot, _)| *slot);
    cells.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        kept.1 += if same { next.1 } else { 0.0 };
        same
    });
    Features::trimmed(cells, MIDDLE)
}

/// Joins each group to an earlier one whose middle is near enough, and moves its texts.
fn merge(middles: &mut [Features], home: &mut [usize], same: f32) {
    let mut index = Index::default();
    let mut scores = Scores::default();
    let mut kept: Vec<usize> = Vec::with_capacity(middles.len());
    let mut sizes = vec![0_usize; middles.len()];
    for group in home.iter() {
        sizes[*group] += 1;
    }
    // The large ones stay and take the small ones in.
    let mut order: Vec<usize> = (0..middles.len()).collect();
    order.sort_by_key(|group| (std::cmp::Reverse(sizes[*group]), *group));
    let mut goes: Vec<usize> = (0..middles.len()).collect();
    for group in order {
        if let Some((found, _)) = scores.nearest(&index, &middles[group]).filter(|(_, near)| *near >= same) {
            goes[group] = kept[found];
        } else {
            index.add(&middles[group]);
            kept.push(group);
        }
    }
    for group in home {
        *group = goes[*group];
    }
    for (group, to) in goes.into_iter().enumerate() {
        if group != to {
            middles[group] = Features::default();
        }
    }
}

fn listed(texts: &[Features], home: &[usize], middles: &[Features]) -> Vec<Group> {
    let mut members: Vec<Vec<(usize, f32)>> = vec![Vec::new(); middles.len()];
    for (place, group) in home.iter().enumerate() {
        members[*group].push((place, middles[*group].cosine(&texts[place])));
    }
    let mut all: Vec<Group> = members
        .into_iter()
        .filter(|members| !members.is_empty())
        .map(|mut members| {
            members.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            Group { members: members.into_iter().map(|(place, _)| place).collect() }
        })
        .collect();
    all.sort_by_key(|group| (std::cmp::Reverse(group.members.len()), group.members.iter().min().copied()));
    all
}

/// For each feature the vectors that have it, with its weight.
pub(super) struct Index {
    rows: Vec<Vec<(u32, f32)>>,
    count: usize,
}

impl Default for Index {
    fn default() -> Self {
        Self { rows: vec![Vec::new(); FEATURES], count: 0 }
    }
}

impl Index {
    pub(super) fn of(all: &[Features]) -> Self {
        let mut index = Self::default();
        for one in all {
            index.add(one);
        }
        index
    }

    fn add(&mut self, one: &Features) -> usize {
        let number = u32::try_from(self.count).unwrap_or(u32::MAX);
        for (slot, weight) in &one.cells {
            self.rows[usize::from(*slot)].push((number, *weight));
        }
        self.count += 1;
        self.count - 1
    }
}

/// Room for the products of one text with all vectors of an index.
#[derive(Default)]
pub(super) struct Scores {
    sums: Vec<f32>,
    touched: Vec<u32>,
}

impl Scores {
    /// The vector nearest to `text` and its cosine; the first of equals.
    fn nearest(&mut self, index: &Index, text: &Features) -> Option<(usize, f32)> {
        self.sum(index, text);
        let mut best: Option<(u32, f32)> = None;
        for number in self.touched.drain(..) {
            let score = std::mem::take(&mut self.sums[number as usize]);
            let better = best.is_none_or(|(first, most)| score > most || (score >= most && number < first));
            if better && score > 0.0 {
                best = Some((number, score));
            }
        }
        best.map(|(number, score)| (number as usize, score))
    }

    /// Every vector at least this near to `text`, with its cosine, in order.
    pub(super) fn above(&mut self, index: &Index, text: &Features, least: f32) -> Vec<(usize, f32)> {
        self.sum(index, text);
        let sums = &mut self.sums;
        let all = self.touched.drain(..).map(|number| (number as usize, std::mem::take(&mut sums[number as usize])));
        let mut found: Vec<(usize, f32)> = all.filter(|(_, score)| *score >= least).collect();
        found.sort_unstable_by_key(|(number, _)| *number);
        found
    }

    fn sum(&mut self, index: &Index, text: &Features) {
        self.sums.resize(index.count, 0.0);
        for (slot, x) in &text.cells {
            for (number, weight) in &index.rows[usize::from(*slot)] {
                let sum = &mut self.sums[*number as usize];
                if *sum <= 0.0 {
                    self.touched.push(*number);
                }
                *sum += x * weight;
            }
        }
    }
}

#[cfg(test)]
mod tests;

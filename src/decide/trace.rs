//! The record of how a decision came about.

use crate::domain::Step;

/// Steps in the order they were taken.
#[derive(Default)]
pub(super) struct Trace(Vec<Step>);

impl Trace {
    /// A check that looked and went on.
    pub(super) fn note(&mut self, check: &str, because: impl Into<String>) {
        self.0.push(Step { check: check.to_owned(), decided: false, because: because.into() });
    }

    /// The check that settled the matter.
    pub(super) fn settle(&mut self, check: &str, because: impl Into<String>) {
        self.0.push(Step { check: check.to_owned(), decided: true, because: because.into() });
    }

    pub(super) fn into_steps(self) -> Vec<Step> {
        self.0
    }
}

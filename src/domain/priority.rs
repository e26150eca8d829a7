//! Priority, and the impact × urgency matrix that makes it.

use super::words::words;

words! {
    /// How much of the service is touched, or how soon it hurts.
    Level {
        /// Little, or no date.
        Low = "low",
        /// Standard.
        Medium = "medium",
        /// Much, or now.
        High = "high",
    }
}

words! {
    /// How soon a ticket is dealt with.
    Priority {
        /// No date.
        Low = "low",
        /// Standard.
        Medium = "medium",
        /// Sooner than standard.
        High = "high",
        /// At once, by whoever is there.
        Critical = "critical",
    }
}

/// What impact and urgency make together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// Rows by impact, columns by urgency, both from low to high.
    pub cells: [[Priority; 3]; 3],
    /// What a message without a request type begins with: it has neither.
    pub no_request_type: Priority,
}

impl Matrix {
    /// The usual one.
    pub const SHIPPED: Self = Self {
        cells: [
            [Priority::Low, Priority::Low, Priority::Medium],
            [Priority::Low, Priority::Medium, Priority::High],
            [Priority::Medium, Priority::High, Priority::Critical],
        ],
        no_request_type: Priority::Medium,
    };

    /// The cell of `impact` and `urgency`.
    #[must_use]
    pub const fn of(&self, impact: Level, urgency: Level) -> Priority {
        self.cells[impact as usize][urgency as usize]
    }
}

impl Default for Matrix {
    fn default() -> Self {
        Self::SHIPPED
    }
}

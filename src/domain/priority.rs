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

impl Priority {
    /// The usual impact × urgency matrix.
    #[must_use]
    pub const fn from_matrix(impact: Level, urgency: Level) -> Self {
        match (impact, urgency) {
            (Level::High, Level::High) => Self::Critical,
            (Level::High, Level::Medium) | (Level::Medium, Level::High) => Self::High,
            (Level::Medium, Level::Medium) | (Level::High, Level::Low) | (Level::Low, Level::High) => Self::Medium,
            (Level::Medium | Level::Low, Level::Low) | (Level::Low, Level::Medium) => Self::Low,
        }
    }
}

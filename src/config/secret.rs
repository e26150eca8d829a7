//! Secrets: written out, named by an environment variable (`env:NAME`) or kept in a file (`file:PATH`).

use std::path::Path;

use secrecy::SecretString;
use serde::Deserialize;

/// A secret as it is written in the settings; not read yet.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct SecretSource(String);

impl SecretSource {
    pub(super) fn literal(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The secret itself. Paths are relative to `base`.
    ///
    /// # Errors
    /// A sentence for the operator when the variable or the file is missing.
    pub(super) fn read(&self, base: &Path) -> Result<SecretString, String> {
        if let Some(name) = self.0.strip_prefix("env:") {
            return env(name)
                .map(SecretString::from)
                .ok_or_else(|| format!("the environment variable {name} is not set"));
        }
        if let Some(path) = self.0.strip_prefix("file:") {
            let path = base.join(path);
            return std::fs::read_to_string(&path)
                .map(|text| SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned()))
                .map_err(|fault| format!("cannot read {}: {fault}", path.display()));
        }
        Ok(SecretString::from(self.0.clone()))
    }
}

/// An environment variable, when it is set and readable.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "config is the place that reads the environment")]
pub fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

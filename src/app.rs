//! Builds the parts from the settings.

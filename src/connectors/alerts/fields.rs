//! The members of an object under names that forgive spelling: `EVENT.ID`, `event_id`, `{EVENT.ID}` and `eventId` are one.

use std::collections::BTreeMap;

use serde_json::Value;

/// Texts and numbers of an object, and of the objects in it.
pub(super) struct Fields(BTreeMap<String, String>);

impl Fields {
    /// `None` when `value` is not an object.
    pub(super) fn of(value: &Value) -> Option<Self> {
        let mut fields = BTreeMap::new();
        add(&mut fields, "", value.as_object()?, 0);
        Some(Self(fields))
    }

    /// From lines `Key: value`.
    pub(super) fn of_lines(text: &str) -> Self {
        let mut fields = BTreeMap::new();
        for line in text.lines() {
            if let Some((name, value)) = line.split_once(':')
                && name.len() <= 60
            {
                put(&mut fields, &bare(name), value.trim());
            }
        }
        Self(fields)
    }

    /// Whether one is there and says something.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The first of `names` that says something; empty when none does. Names are letters and digits, lower case.
    pub(super) fn text(&self, names: &[&str]) -> &str {
        names.iter().find_map(|name| self.0.get(*name)).map_or("", String::as_str)
    }

    /// [`Fields::text`], owned.
    pub(super) fn owned(&self, names: &[&str]) -> String {
        self.text(names).to_owned()
    }
}

fn add(fields: &mut BTreeMap<String, String>, prefix: &str, object: &serde_json::Map<String, Value>, depth: usize) {
    for (name, value) in object {
        let name = format!("{prefix}{}", bare(name));
        match value {
            Value::String(text) => put(fields, &name, text),
            Value::Number(number) => put(fields, &name, &number.to_string()),
            Value::Bool(flag) => put(fields, &name, if *flag { "1" } else { "0" }),
            Value::Object(inner) if depth < 2 => add(fields, &name, inner, depth + 1),
            Value::Object(_) | Value::Array(_) | Value::Null => {}
        }
    }
}

/// A macro that the sender did not fill in says nothing.
fn put(fields: &mut BTreeMap<String, String>, name: &str, text: &str) {
    let text = text.trim();
    let unfilled = text.is_empty()
        || text == "*UNKNOWN*"
        || text == "null"
        || (text.starts_with('{') && text.ends_with('}') && !text.contains(['"', ' ', ':']))
        || (text.starts_with('$') && text.ends_with('$') && text.len() > 1 && !text.contains(' '))
        || (text.starts_with('$') && text[1..].chars().all(|c| c.is_ascii_uppercase() || c == '_'));
    if !unfilled {
        fields.entry(name.to_owned()).or_insert_with(|| text.to_owned());
    }
}

fn bare(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

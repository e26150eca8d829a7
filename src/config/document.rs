//! The settings file as a tree that knows its lines, with `--set` laid over it.

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::domain::Fault;

/// What the parser says of a key that is there twice, without naming it.
const DUPLICATE: &str = "duplicate key";

/// The parsed file, and the faults found while reading sections out of it.
pub(super) struct Document<'a> {
    file: &'a str,
    text: &'a str,
    root: DeTable<'a>,
    pub(super) faults: Vec<Fault>,
}

impl<'a> Document<'a> {
    pub(super) fn parse(file: &'a str, text: &'a str) -> Result<Self, Vec<Fault>> {
        let (root, errors) = DeTable::parse_recoverable(text);
        let mut document = Self { file, text, root: root.into_inner(), faults: Vec::new() };
        for error in &errors {
            let key = error.span().and_then(|span| text.get(span)).filter(|_| error.message() == DUPLICATE);
            let named =
                key.map(|key| format!("{DUPLICATE} `{}`: it is there already; leave one of them out", key.trim()));
            document.report(error.span(), named.as_deref().unwrap_or(error.message()));
        }
        if document.faults.is_empty() { Ok(document) } else { Err(document.faults) }
    }

    /// Lays `section.key=value` over the file. In a list of tables the section's `name` is the step: `mailboxes.support.imap.port=993`.
    pub(super) fn set(&mut self, assignment: &'a str) -> Result<(), String> {
        let (path, value) =
            assignment.split_once('=').ok_or_else(|| format!("`{assignment}`: write section.key=value"))?;
        let steps: Vec<&str> = path.trim().split('.').collect();
        let parsed = DeValue::parse(value.trim()).map(Spanned::into_inner);
        let value = parsed.unwrap_or_else(|_| DeValue::String(value.trim().into()));
        let Some((last, way)) = steps.split_last() else { return Err(format!("`{assignment}`: no key")) };
        let mut table = &mut self.root;
        let mut way = way.iter();
        while way.len() > 0 {
            table = descend(table, &mut way).ok_or_else(|| format!("`--set {path}`: there is no such section"))?;
        }
        table.insert(Spanned::new(0..0, (*last).into()), Spanned::new(0..0, value));
        Ok(())
    }

    /// Takes a section out of the tree. A section that is not there is `None`; one that is wrong is reported.
    pub(super) fn section<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let value = self.root.remove(name)?;
        self.read(value, name)
    }

    /// Takes a list of tables out of the tree: each with the line it begins on.
    pub(super) fn list<T: DeserializeOwned>(&mut self, name: &str) -> Vec<(usize, T)> {
        let Some(value) = self.root.remove(name) else { return Vec::new() };
        let span = value.span();
        let DeValue::Array(items) = value.into_inner() else {
            self.report(Some(span), &format!("`{name}` is a list: write [[{name}]]"));
            return Vec::new();
        };
        let mut list = Vec::new();
        for item in items {
            let line = self.line(item.span().start);
            list.extend(self.read(item, name).map(|read| (line, read)));
        }
        list
    }

    fn read<T: DeserializeOwned>(&mut self, value: Spanned<DeValue<'a>>, name: &str) -> Option<T> {
        let span = value.span();
        match T::deserialize(ValueDeserializer::from(value)) {
            Ok(section) => Some(section),
            Err(error) => {
                let at = error.span().unwrap_or(span);
                self.report(Some(at), &format!("[{name}] {}", error.message()));
                None
            }
        }
    }

    /// Reports every section nobody asked for.
    pub(super) fn finish(&mut self, known: &str) {
        let left: Vec<(std::ops::Range<usize>, String)> =
            self.root.iter().map(|(key, _)| (key.span(), key.get_ref().to_string())).collect();
        for (span, name) in left {
            self.report(Some(span), &format!("unknown section `{name}`; known are {known}"));
        }
    }

    fn report(&mut self, span: Option<std::ops::Range<usize>>, message: &str) {
        let line = span.map_or(0, |span| self.line(span.start));
        self.faults.push(Fault { file: self.file.to_owned(), line, message: message.trim().replace('\n', ", ") });
    }

    /// The line of a byte, counted from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
    }

    pub(super) fn fault(&mut self, line: usize, message: impl Into<String>) {
        self.faults.push(Fault { file: self.file.to_owned(), line, message: message.into() });
    }

    /// The line of the first `key =` after `[section]`, for faults found after reading; 0 when it is not written.
    pub(super) fn line_of(&self, section: &str, key: &str) -> usize {
        let mut inside = false;
        for (number, line) in self.text.lines().enumerate() {
            let line = line.trim();
            if let Some(header) = line.strip_prefix('[') {
                inside = header.trim_start_matches('[').split(']').next() == Some(section);
            } else if inside && line.split('=').next().is_some_and(|found| found.trim() == key) {
                return number + 1;
            }
        }
        0
    }
}

/// One step down the tree: a table by its key (made when missing), an element of a list by its `name`.
fn descend<'t, 'a>(
    table: &'t mut DeTable<'a>,
    steps: &mut std::slice::Iter<'_, &'a str>,
) -> Option<&'t mut DeTable<'a>> {
    let step = *steps.next()?;
    if !table.contains_key(step) {
        let empty = DeValue::Table(DeTable::new());
        table.insert(Spanned::new(0..0, step.into()), Spanned::new(0..0, empty));
    }
    match table.get_mut(step)?.get_mut() {
        DeValue::Table(inner) => Some(inner),
        DeValue::Array(items) => {
            let name = *steps.next()?;
            items.iter_mut().find_map(|item| match item.get_mut() {
                DeValue::Table(inner) if inner.get("name").and_then(|found| found.get_ref().as_str()) == Some(name) => {
                    Some(inner)
                }
                _ => None,
            })
        }
        _ => None,
    }
}

//! What is wrong with a file, and where. Owns the form of a finding; never decides what happens because of it.

use std::fmt;
use std::path::PathBuf;

use super::text::{Message, Messages};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing is lost.
    Notice,
    /// Something was left out or repaired.
    Warning,
    /// The site or the file cannot be used as it is.
    Error,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad.
    pub severity: Severity,
    /// File, relative to the site folder.
    pub file: PathBuf,
    /// Row, from 1.
    pub row: Option<usize>,
    /// Column number from 1, or name.
    pub column: Option<String>,
    /// What it is and what to do.
    pub message: Message,
}

impl Problem {
    /// An error in a file as a whole.
    #[must_use]
    pub fn error(file: impl Into<PathBuf>, message: Message) -> Self {
        Self { severity: Severity::Error, file: file.into(), row: None, column: None, message }
    }

    /// A warning about a file as a whole.
    #[must_use]
    pub fn warning(file: impl Into<PathBuf>, message: Message) -> Self {
        Self { severity: Severity::Warning, ..Self::error(file, message) }
    }

    /// The same finding at a row and column.
    #[must_use]
    pub fn at(mut self, row: Option<usize>, column: Option<String>) -> Self {
        self.row = row;
        self.column = column;
        self
    }

    /// The finding as one line: `file:row:column: severity: text`.
    #[must_use]
    pub fn line(&self, messages: &Messages) -> String {
        let severity = match self.severity {
            Severity::Notice => "problem.severity.notice",
            Severity::Warning => "problem.severity.warning",
            Severity::Error => "problem.severity.error",
        };
        format!("{}: {}: {}", Place(self), messages.get(severity), messages.say(&self.message))
    }
}

struct Place<'a>(&'a Problem);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.file.display())?;
        match (&self.0.row, &self.0.column) {
            (Some(row), Some(column)) => write!(f, ":{row}:{column}"),
            (Some(row), None) => write!(f, ":{row}:1"),
            (None, Some(column)) => write!(f, ":1:{column}"),
            (None, None) => Ok(()),
        }
    }
}

/// Row and column (from 1) of a byte offset in a text.
#[must_use]
pub fn row_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let row = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
    (row, column)
}

/// The candidate nearest to a name, if one is near enough to be meant.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 2).max(2))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

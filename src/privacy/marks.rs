//! The marks that stand in place of a figure or before it, and which of them occur. Owns the list and its order; the
//! words are in the messages.

use std::collections::BTreeMap;

use super::shown::{Shown, Told, Why};
use crate::site::text::Messages;
use crate::snapshot::{Reading, Status};

/// Stands where a figure is hidden so that a small one cannot be worked out; says nothing of its size.
pub const HIDDEN: &str = "*";

/// A mark of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// `<10`: a small count, with the threshold.
    Small(u32),
    /// `*`: hidden with a small one.
    Hidden,
    /// `≥`: at least so many.
    AtLeast,
    /// `≈`: about.
    About,
    /// No value.
    Missing,
    /// An input is later than its promise.
    Late,
}

impl Mark {
    /// The mark of a value; `None` where it is told exactly, not at this level, or not yet.
    #[must_use]
    pub const fn of(shown: Shown) -> Option<Self> {
        match shown {
            Shown::Suppressed { below, why: Why::Primary } => Some(Self::Small(below)),
            Shown::Suppressed { why: Why::Secondary, .. } => Some(Self::Hidden),
            Shown::Coarse { told: Told::AtLeast, .. } => Some(Self::AtLeast),
            Shown::Coarse { told: Told::About, .. } => Some(Self::About),
            Shown::Missing => Some(Self::Missing),
            Shown::Value(_) | Shown::TooFine | Shown::Unread => None,
        }
    }

    /// What is printed for it: `<10`, `*`, `≥`, `≈`; a word where it is no sign.
    #[must_use]
    pub fn sign(self, text: &Messages) -> String {
        match self {
            Self::Small(below) => format!("<{below}"),
            Self::Hidden => HIDDEN.to_owned(),
            Self::AtLeast => Told::AtLeast.sign().to_string(),
            Self::About => Told::About.sign().to_string(),
            Self::Missing | Self::Late => text.get(self.key(Form::Name)).to_owned(),
        }
    }

    /// Sign and name, short enough for a legend: `* kept back`.
    #[must_use]
    pub fn brief(self, text: &Messages) -> String {
        match self {
            Self::Missing | Self::Late => self.sign(text),
            _ => format!("{} {}", self.sign(text), text.get(self.key(Form::Name))),
        }
    }

    /// What it means, in one sentence that begins with the sign.
    #[must_use]
    pub fn sentence(self, text: &Messages) -> String {
        text.fill("marks.line", &[("sign", &self.sign(text)), ("meaning", &self.meaning(text))])
    }

    /// What it means, without the sign.
    #[must_use]
    pub fn meaning(self, text: &Messages) -> String {
        let most = if let Self::Small(below) = self { below.saturating_sub(1) } else { 0 };
        text.fill(self.key(Form::Sentence), &[("most", &most.to_string())])
    }

    const fn key(self, form: Form) -> &'static str {
        match (self, form) {
            (Self::Small(_), Form::Name) => "marks.name.small",
            (Self::Small(_), Form::Sentence) => "marks.sentence.small",
            (Self::Hidden, Form::Name) => "marks.name.hidden",
            (Self::Hidden, Form::Sentence) => "marks.sentence.hidden",
            (Self::AtLeast, Form::Name) => "marks.name.at_least",
            (Self::AtLeast, Form::Sentence) => "marks.sentence.at_least",
            (Self::About, Form::Name) => "marks.name.about",
            (Self::About, Form::Sentence) => "marks.sentence.about",
            (Self::Missing, Form::Name) => "marks.name.missing",
            (Self::Missing, Form::Sentence) => "marks.sentence.missing",
            (Self::Late, Form::Name) => "marks.name.late",
            (Self::Late, Form::Sentence) => "marks.sentence.late",
        }
    }
}

#[derive(Clone, Copy)]
enum Form {
    Name,
    Sentence,
}

/// Which marks occur among some figures, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Marks {
    found: BTreeMap<Mark, usize>,
}

impl Marks {
    /// The marks of values, and of values that are late.
    #[must_use]
    pub fn of_readings<'a>(readings: impl IntoIterator<Item = &'a Reading>) -> Self {
        let mut marks = Self::default();
        for reading in readings {
            marks.add(Mark::of(reading.value));
            marks.add((reading.status == Status::Late).then_some(Mark::Late));
        }
        marks
    }

    /// The same, and those of numerator and denominator, where these are printed too.
    #[must_use]
    pub fn of_whole_readings<'a>(readings: impl IntoIterator<Item = &'a Reading>) -> Self {
        let mut marks = Self::default();
        for reading in readings {
            let sides = [reading.numerator, reading.denominator];
            // A figure without a denominator has none to miss.
            let sides = sides.into_iter().filter(|side| *side != Shown::Missing);
            sides.chain([reading.value]).for_each(|shown| marks.add(Mark::of(shown)));
            marks.add((reading.status == Status::Late).then_some(Mark::Late));
        }
        marks
    }

    /// The marks of values that belong to no reading: differences, per cents.
    #[must_use]
    pub fn of_values(values: impl IntoIterator<Item = Shown>) -> Self {
        let mut marks = Self::default();
        values.into_iter().for_each(|shown| marks.add(Mark::of(shown)));
        marks
    }

    fn add(&mut self, mark: Option<Mark>) {
        if let Some(mark) = mark {
            *self.found.entry(mark).or_default() += 1;
        }
    }

    /// Each mark with the number of figures that bear it.
    pub fn iter(&self) -> impl Iterator<Item = (Mark, usize)> + '_ {
        self.found.iter().map(|(mark, count)| (*mark, *count))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All of them in one line: `Marks: <10 … · * …`; empty where there is none.
    #[must_use]
    pub fn line(&self, text: &Messages) -> String {
        if self.is_empty() {
            return String::new();
        }
        let marks: Vec<String> = self.iter().map(|(mark, _)| mark.sentence(text)).collect();
        text.fill("marks.all", &[("marks", &marks.join(text.get("marks.join")))])
    }
}

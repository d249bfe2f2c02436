//! What protection costs, figure by figure: how many cells are hidden, how many are told in steps. Owns counting and
//! printing of that for `onemap check`; hides nothing.

use std::fmt::Write as _;

use crate::export;
use crate::privacy::shown::{Shown, Why};
use crate::site::Site;
use crate::site::catalogue::Indicator;
use crate::site::text::{Lang, Message, Messages};
use crate::snapshot::Figures;

/// So many figures are told unless all are asked for.
const WORST: usize = 10;

/// What is lost of one row of the catalogue, over all areas where it is shown.
pub(super) struct Loss<'a> {
    row: Option<&'a Indicator>,
    /// Cells that have a value.
    cells: u64,
    /// Of those: told in steps or rounded.
    coarse: u64,
    /// Hidden because small.
    primary: u64,
    /// Hidden so that small ones cannot be worked out.
    secondary: u64,
}

impl Loss<'_> {
    fn of(row: Option<&Indicator>, shown: impl Iterator<Item = Shown>) -> Loss<'_> {
        let mut loss = Loss { row, cells: 0, coarse: 0, primary: 0, secondary: 0 };
        for shown in shown {
            match shown {
                Shown::Missing | Shown::TooFine | Shown::Unread => continue,
                Shown::Value(_) => {}
                Shown::Coarse { .. } => loss.coarse += 1,
                Shown::Suppressed { why: Why::Primary, .. } => loss.primary += 1,
                Shown::Suppressed { why: Why::Secondary, .. } => loss.secondary += 1,
            }
            loss.cells += 1;
        }
        loss
    }

    const fn hidden(&self) -> u64 {
        self.primary + self.secondary
    }

    /// Cells that are hidden, in thousandths.
    fn per_mille(&self) -> u64 {
        (self.hidden() * 1000).checked_div(self.cells).unwrap_or(0)
    }

    /// Per cent with one decimal.
    fn share(&self) -> String {
        format!("{}.{}", self.per_mille() / 10, self.per_mille() % 10)
    }

    fn numbers(&self) -> [String; 5] {
        let [cells, primary, secondary, coarse] =
            [self.cells, self.primary, self.secondary, self.coarse].map(|n| n.to_string());
        [cells, primary, secondary, coarse, self.share()]
    }
}

/// What is lost of every figure of the catalogue.
pub(super) struct Losses<'a>(Vec<Loss<'a>>);

impl<'a> Losses<'a> {
    pub(super) fn of(site: &'a Site, figures: &Figures) -> Self {
        let indicators = site.indicators.iter().zip(&figures.readings);
        let breakdowns = site.breakdowns.iter().zip(&figures.slices);
        let indicators = indicators.map(|(row, of)| Loss::of(Some(row), of.iter().map(|r| r.value)));
        let breakdowns =
            breakdowns.map(|(row, of)| Loss::of(Some(row), of.iter().flatten().map(|slice| slice.value)));
        Self(indicators.chain(breakdowns).collect())
    }

    fn total(&self) -> Loss<'a> {
        let sum = |of: fn(&Loss<'_>) -> u64| self.0.iter().map(of).sum();
        Loss {
            row: None,
            cells: sum(|l| l.cells),
            coarse: sum(|l| l.coarse),
            primary: sum(|l| l.primary),
            secondary: sum(|l| l.secondary),
        }
    }

    /// Rows with anything hidden or coarse, the largest loss first.
    fn worst(&self) -> Vec<&Loss<'a>> {
        let mut worst: Vec<&Loss<'_>> = self.0.iter().filter(|l| l.hidden() + l.coarse > 0).collect();
        worst.sort_by_key(|l| std::cmp::Reverse((l.per_mille(), l.hidden(), l.coarse)));
        worst
    }

    /// Totals and a table of the figures that lose most, or of all that lose anything.
    pub(super) fn table(&self, text: &Messages, lang: Lang, all: bool) -> String {
        let total = self.total();
        let said = Message::new("cli.suppressed")
            .with("hidden", total.hidden())
            .with("cells", total.cells)
            .with("share", total.share())
            .with("primary", total.primary)
            .with("secondary", total.secondary)
            .with("coarse", total.coarse);
        let mut out = format!("{}\n", text.say(&said));
        let worst = self.worst();
        let told = if all { worst.len() } else { WORST.min(worst.len()) };
        if told == 0 {
            return out;
        }
        let heads =
            ["table_indicator", "loss_cells", "loss_primary", "loss_secondary", "loss_coarse", "loss_share"];
        let mut rows = vec![heads.map(|key| text.get(&format!("cli.{key}")).to_owned()).to_vec()];
        for loss in worst.iter().take(told) {
            let name = loss.row.map_or("", |row| row.name.get(lang));
            rows.push(std::iter::once(name.to_owned()).chain(loss.numbers()).collect());
        }
        for line in export::aligned(&rows, |column| column > 0) {
            let _ = writeln!(out, "{line}");
        }
        if told < worst.len() {
            let more = Message::new("cli.loss_more").with("count", worst.len() - told);
            let _ = writeln!(out, "{}", text.say(&more));
        }
        out
    }

    /// All figures of the catalogue, also those that lose nothing, with a heading.
    pub(super) fn csv(&self) -> String {
        let mut out = "id,cells,primary,secondary,coarse,hidden_percent\n".to_owned();
        for loss in &self.0 {
            let id = loss.row.map_or("", |row| row.id.as_str());
            let _ = writeln!(out, "{id},{}", loss.numbers().join(","));
        }
        out
    }

    /// The same as JSON, with the totals.
    pub(super) fn json(&self) -> String {
        let numbers = |loss: &Loss<'_>| {
            serde_json::json!({
                "id": loss.row.map(|row| row.id.as_str()),
                "cells": loss.cells,
                "primary": loss.primary,
                "secondary": loss.secondary,
                "coarse": loss.coarse,
            })
        };
        let total = numbers(&self.total());
        let figures: Vec<serde_json::Value> = self.0.iter().map(numbers).collect();
        format!("{}\n", serde_json::json!({ "total": total, "figures": figures }))
    }
}

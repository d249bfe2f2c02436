//! Two sheets of the workbook for derived figures: one row an indicator, with the method beside each group of numbers,
//! and one row for each area inside that adds to a change or stands in a funnel. Owns their columns.

use rust_xlsxwriter::{Format, Worksheet, XlsxError};

use crate::derived::change::Change;
use crate::derived::kind::Kind;
use crate::derived::{Derived, words};
use crate::export::derived::All;
use crate::privacy::marks::Marks;
use crate::site::catalogue::Indicator;
use crate::site::civil::date_of;

use super::{Book, number_format, rounded};

/// Columns of the sheet of derived figures: message key and width in characters.
const DERIVED: [(&str, f64); 26] = [
    ("xlsx.number", 5.0),
    ("xlsx.indicator", 34.0),
    ("xlsx.unit", 12.0),
    ("derived.sheet.kind", 9.0),
    ("derived.sheet.year_against", 11.0),
    ("derived.sheet.year_difference", 12.0),
    ("derived.sheet.year_percent", 12.0),
    ("derived.sheet.period_against", 11.0),
    ("derived.sheet.period_difference", 12.0),
    ("derived.sheet.period_percent", 12.0),
    ("derived.sheet.gap", 12.0),
    ("derived.sheet.control_method", 26.0),
    ("derived.sheet.control_center", 12.0),
    ("derived.sheet.control_low", 12.0),
    ("derived.sheet.control_high", 12.0),
    ("derived.sheet.control_says", 30.0),
    ("derived.sheet.contribution_method", 26.0),
    ("derived.sheet.contribution_change", 12.0),
    ("derived.sheet.contribution_rest", 12.0),
    ("derived.sheet.funnel_method", 26.0),
    ("derived.sheet.funnel_center", 12.0),
    ("derived.sheet.funnel_outside", 12.0),
    ("derived.sheet.steps", 16.0),
    ("derived.sheet.areas", 16.0),
    ("derived.sheet.inputs", 16.0),
    ("xlsx.id", 30.0),
];

/// Columns of the sheet of areas.
const AREAS: [(&str, f64); 12] = [
    ("xlsx.number", 5.0),
    ("xlsx.indicator", 34.0),
    ("xlsx.unit", 12.0),
    ("derived.sheet.area", 16.0),
    ("derived.sheet.area_code", 14.0),
    ("derived.sheet.within", 12.0),
    ("derived.sheet.mix", 12.0),
    ("derived.sheet.total", 12.0),
    ("derived.sheet.base", 12.0),
    ("derived.sheet.value", 12.0),
    ("derived.sheet.place", 18.0),
    ("xlsx.id", 30.0),
];

impl Book<'_> {
    /// One row an indicator.
    pub(super) fn derived(&self, sheet: &mut Worksheet, all: &All<'_>) -> Result<(), XlsxError> {
        let head = self.top(sheet, "derived.sheet.name")?;
        self.head(sheet, head, &DERIVED)?;
        let mut last = head;
        for ((number, row), derived) in (1_u32..).zip(&self.subject.site.indicators).zip(all.derived) {
            let at = head + number;
            last = at;
            self.indicator(sheet, at, number, row, &DERIVED)?;
            sheet.write(at, 3, self.text.get(kind_key(derived.nature.kind)))?;
            self.change(sheet, (at, 4), row, &derived.year)?;
            self.change(sheet, (at, 7), row, &derived.period)?;
            if let Some(gap) = derived.gap {
                self.figure(sheet, (at, 10), gap, &difference_format(row))?;
            }
            self.control(sheet, at, row, derived)?;
            self.comparison(sheet, at, row, derived)?;
            let complete = words::in_of_expected(self.text, &derived.completeness);
            for (column, words) in (22_u16..).zip(complete) {
                sheet.write(at, column, words.unwrap_or_default())?;
            }
        }
        sheet.set_freeze_panes(head + 1, 2)?;
        sheet.autofilter(head, 0, last, 25)?;
        let shown = all.derived.iter().flat_map(|d| {
            [d.year, d.period].into_iter().flat_map(|c| [c.difference, c.percent]).chain(d.gap)
        });
        sheet.write(last + 2, 0, Marks::of_values(shown).line(self.text))?;
        sheet.write(last + 3, 0, self.text.get("derived.sheet.note"))?;
        Ok(())
    }

    fn change(
        &self,
        sheet: &mut Worksheet,
        (row, column): (u32, u16),
        indicator: &Indicator,
        change: &Change,
    ) -> Result<(), XlsxError> {
        sheet.write(row, column, date_of(change.against).to_string())?;
        self.figure(sheet, (row, column + 1), change.difference, &difference_format(indicator))?;
        self.figure(sheet, (row, column + 2), change.percent, &number_format("%", 1))
    }

    fn control(
        &self,
        sheet: &mut Worksheet,
        at: u32,
        row: &Indicator,
        derived: &Derived,
    ) -> Result<(), XlsxError> {
        if let Ok(chart) = &derived.trend.chart {
            let format = number_format(&row.unit, row.decimals.max(1));
            sheet.write(at, 11, words::method(self.text, chart.method))?;
            sheet.write_with_format(at, 12, rounded(chart.center), &format)?;
            if let Some((low, high)) = chart.last_limits() {
                sheet.write_with_format(at, 13, rounded(low), &format)?;
                sheet.write_with_format(at, 14, rounded(high), &format)?;
            }
        }
        sheet.write(at, 15, words::trend(self.text, &derived.trend).1)?;
        Ok(())
    }

    /// Contribution and funnel: what the areas inside say together.
    fn comparison(
        &self,
        sheet: &mut Worksheet,
        at: u32,
        row: &Indicator,
        derived: &Derived,
    ) -> Result<(), XlsxError> {
        if let Some(found) = &derived.contribution {
            let format = difference_format(row);
            sheet.write(at, 16, words::contribution_method(self.text, found))?;
            sheet.write_with_format(at, 17, rounded(found.change), &format)?;
            sheet.write_with_format(at, 18, rounded(found.rest), &format)?;
        }
        if let Some(funnel) = &derived.funnel {
            sheet.write(at, 19, self.text.get("derived.method.funnel"))?;
            let format = number_format(&row.unit, row.decimals.max(1));
            sheet.write_with_format(at, 20, rounded(funnel.center), &format)?;
            #[expect(clippy::cast_precision_loss, reason = "areas of a site")]
            sheet.write(at, 21, funnel.outside() as f64)?;
        }
        Ok(())
    }

    /// One row for each area inside that may be shown exactly, and one for the rest of a change.
    pub(super) fn derived_areas(&self, sheet: &mut Worksheet, all: &All<'_>) -> Result<(), XlsxError> {
        let site = self.subject.site;
        let head = self.top(sheet, "derived.sheet.areas_name")?;
        self.head(sheet, head, &AREAS)?;
        let mut at = head;
        for ((number, row), derived) in (1_u32..).zip(&site.indicators).zip(all.derived) {
            let children = site.areas.get(self.subject.area).children.iter().copied();
            for area in children {
                let part =
                    derived.contribution.as_ref().and_then(|c| c.parts.iter().find(|p| p.area == area));
                let spot = derived.funnel.as_ref().and_then(|f| f.spots.iter().find(|s| s.area == area));
                if part.is_none() && spot.is_none() {
                    continue;
                }
                at += 1;
                self.indicator(sheet, at, number, row, &AREAS)?;
                let named = site.areas.get(area);
                sheet.write(at, 3, named.name.get(self.lang))?;
                sheet.write(at, 4, named.code.as_str())?;
                if let Some(part) = part {
                    let format = difference_format(row);
                    sheet.write_with_format(at, 5, rounded(part.within), &format)?;
                    sheet.write_with_format(at, 6, rounded(part.mix), &format)?;
                    sheet.write_with_format(at, 7, rounded(part.total()), &format)?;
                }
                if let Some(spot) = spot {
                    sheet.write_with_format(at, 8, rounded(spot.base), &number_format("", 0))?;
                    let format = number_format(&row.unit, row.decimals);
                    sheet.write_with_format(at, 9, rounded(spot.value), &format)?;
                    sheet.write(at, 10, words::place(self.text, spot.place))?;
                }
            }
            if let Some(found) =
                derived.contribution.as_ref().filter(|c| c.rest != 0.0 || !c.apart.is_empty())
            {
                at += 1;
                self.indicator(sheet, at, number, row, &AREAS)?;
                sheet.write(at, 3, words::rest(self.text, found))?;
                sheet.write_with_format(at, 7, rounded(found.rest), &difference_format(row))?;
            }
        }
        sheet.set_freeze_panes(head + 1, 2)?;
        sheet.autofilter(head, 0, at.max(head + 1), 11)?;
        Ok(())
    }

    /// What a row is of: number, name and unit in its first columns, the id in its last.
    fn indicator(
        &self,
        sheet: &mut Worksheet,
        at: u32,
        number: u32,
        row: &Indicator,
        columns: &[(&str, f64)],
    ) -> Result<(), XlsxError> {
        sheet.write(at, 0, number)?;
        sheet.write(at, 1, row.name.get(self.lang))?;
        sheet.write(at, 2, self.text.unit_name(&row.unit))?;
        let last = (0_u16..).zip(columns).last().map_or(0, |(column, _)| column);
        sheet.write(at, last, row.id.as_str())?;
        Ok(())
    }
}

/// A difference of two per-cent figures is in points and bears no per-cent sign.
fn difference_format(row: &Indicator) -> Format {
    let unit = if row.unit == "%" { "" } else { row.unit.as_str() };
    number_format(unit, row.decimals.max(1))
}

const fn kind_key(kind: Kind) -> &'static str {
    match kind {
        Kind::Count => "derived.kind.count",
        Kind::Rate => "derived.kind.rate",
        Kind::Share => "derived.kind.share",
        Kind::Amount => "derived.kind.amount",
    }
}

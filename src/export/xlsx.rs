//! A workbook for people at a desk: figures as numbers with formats, how they are worked out, what the marks mean,
//! where they come from. Owns its sheets. A coarse figure is text in the column of figures and a number only in a
//! column of its own, beside its sign: whoever adds the column up adds exact figures only.

use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};

use crate::indicators::window;
use crate::privacy::marks::{Mark, Marks};
use crate::privacy::shown::Shown;
use crate::site::catalogue::Indicator;
use crate::site::civil::date_of;
use crate::site::text::{Lang, Messages};
use crate::snapshot::SourceState;
use crate::store::quarantine::held_message;

use super::derived::All;
use super::{Subject, plain, promise, status_word, target_text};

mod derived;

/// Columns of the sheet of figures: message key and width in characters.
const FIGURES: [(&str, f64); 17] = [
    ("xlsx.number", 5.0),
    ("xlsx.domain", 12.0),
    ("xlsx.indicator", 34.0),
    ("xlsx.value", 14.0),
    ("xlsx.unit", 12.0),
    ("xlsx.sign", 6.0),
    ("xlsx.told", 14.0),
    ("xlsx.step", 9.0),
    ("xlsx.numerator", 14.0),
    ("xlsx.denominator", 14.0),
    ("xlsx.low", 12.0),
    ("xlsx.high", 12.0),
    ("xlsx.target", 14.0),
    ("xlsx.status", 12.0),
    ("xlsx.oldest_input", 26.0),
    ("xlsx.freshness", 48.0),
    ("xlsx.id", 30.0),
];

const METHOD: [(&str, f64); 14] = [
    ("xlsx.number", 5.0),
    ("xlsx.indicator", 34.0),
    ("xlsx.formula", 44.0),
    ("xlsx.counted", 44.0),
    ("xlsx.divided", 44.0),
    ("xlsx.window", 20.0),
    ("xlsx.unit", 12.0),
    ("xlsx.target", 14.0),
    ("xlsx.target_source", 30.0),
    ("xlsx.threshold", 12.0),
    ("xlsx.published", 14.0),
    ("xlsx.finest", 12.0),
    ("xlsx.facts", 12.0),
    ("xlsx.id", 30.0),
];

const SOURCES: [(&str, f64); 5] = [
    ("xlsx.table", 34.0),
    ("xlsx.dataset", 34.0),
    ("xlsx.newest", 26.0),
    ("xlsx.status", 12.0),
    ("xlsx.held", 60.0),
];

/// A workbook being written in one language.
struct Book<'a> {
    subject: &'a Subject<'a>,
    lang: Lang,
    text: &'a Messages,
    head: Format,
    words: Format,
    mark: Format,
    warning: Format,
}

/// The figures as an Excel workbook.
///
/// # Errors
/// The writer refuses a cell or the archive; not for the data of a loaded site.
pub fn xlsx(subject: &Subject<'_>, sources: &[SourceState], lang: Lang) -> Result<Vec<u8>, XlsxError> {
    written(subject, sources, None, lang)
}

/// The same with two further sheets for what is derived of the figures.
///
/// # Errors
/// As [`xlsx`].
pub fn xlsx_derived(all: &All<'_>, lang: Lang) -> Result<Vec<u8>, XlsxError> {
    written(all.subject, all.sources, Some(all), lang)
}

fn written(
    subject: &Subject<'_>,
    sources: &[SourceState],
    derived: Option<&All<'_>>,
    lang: Lang,
) -> Result<Vec<u8>, XlsxError> {
    let text = subject.site.messages(lang);
    let book = Book {
        subject,
        lang,
        text,
        head: Format::new().set_bold().set_border_bottom(FormatBorder::Thin).set_text_wrap(),
        words: Format::new().set_text_wrap().set_align(FormatAlign::Top),
        mark: Format::new().set_align(FormatAlign::Right),
        warning: Format::new().set_bold().set_font_color("9C5700").set_background_color("FFEB9C"),
    };
    let mut workbook = Workbook::new();
    // The same figures make the same file: no clock of the machine goes in.
    let made = ExcelDateTime::from_timestamp(subject.site.zone.start_of(subject.as_of))?;
    let title = book.title();
    workbook.set_properties(&DocProperties::new().set_title(&title).set_creation_datetime(&made));
    book.figures(workbook.add_worksheet())?;
    book.method(workbook.add_worksheet())?;
    book.marks(workbook.add_worksheet())?;
    book.sources(workbook.add_worksheet(), sources)?;
    if let Some(all) = derived {
        book.derived(workbook.add_worksheet(), all)?;
        book.derived_areas(workbook.add_worksheet(), all)?;
    }
    workbook.save_to_buffer()
}

impl Book<'_> {
    fn title(&self) -> String {
        let site = self.subject.site;
        self.text.fill(
            "cli.as_of_line",
            &[
                ("site", site.meta.title.get(self.lang)),
                ("area", &self.subject.area_name(self.lang)),
                ("day", &date_of(self.subject.as_of).to_string()),
            ],
        )
    }

    /// Name, title and mark of demonstration data, on every sheet; returns the first free row.
    fn top(&self, sheet: &mut Worksheet, name: &str) -> Result<u32, XlsxError> {
        sheet.set_name(self.text.get(name))?;
        sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
        sheet.write_with_format(0, 0, self.title(), &Format::new().set_bold())?;
        if self.subject.site.meta.sample.is_none() {
            return Ok(2);
        }
        let mark = self.text.get("cli.sample_mark");
        sheet.write_with_format(1, 0, mark, &self.warning)?;
        sheet.set_header(format!("&C{mark}"));
        Ok(3)
    }

    fn head(&self, sheet: &mut Worksheet, row: u32, columns: &[(&str, f64)]) -> Result<(), XlsxError> {
        for (column, (key, width)) in (0_u16..).zip(columns) {
            sheet.write_with_format(row, column, self.text.get(key), &self.head)?;
            sheet.set_column_width(column, *width)?;
        }
        Ok(())
    }

    fn figures(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        let site = self.subject.site;
        let head = self.top(sheet, "xlsx.sheet_figures")?;
        self.head(sheet, head, &FIGURES)?;
        let mut last = head;
        let mut readings = Vec::new();
        let rows = self.subject.rows().zip(self.subject.promised());
        for (number, ((row, reading), inputs)) in (1_u32..).zip(rows) {
            let at = head + number;
            last = at;
            let unit = number_format(&row.unit, row.decimals);
            let domain = site.domains.iter().find(|d| d.id == row.domain);
            sheet.write(at, 0, number)?;
            sheet.write(at, 1, domain.map_or("", |d| d.name.get(self.lang)))?;
            sheet.write(at, 2, row.name.get(self.lang))?;
            self.figure(sheet, (at, 3), reading.value, &unit)?;
            sheet.write(at, 4, self.text.unit_name(&row.unit))?;
            if let Shown::Coarse { value, step, told } = reading.value {
                sheet.write(at, 5, told.sign().to_string())?;
                sheet.write_with_format(at, 6, rounded(value), &unit)?;
                sheet.write(at, 7, rounded(step))?;
            }
            let whole = number_format("", 0);
            self.figure(sheet, (at, 8), reading.numerator, &whole)?;
            if row.denominator.is_some() {
                self.figure(sheet, (at, 9), reading.denominator, &whole)?;
            }
            if let Some((low, high)) = reading.interval {
                sheet.write_with_format(at, 10, rounded(low), &unit)?;
                sheet.write_with_format(at, 11, rounded(high), &unit)?;
            }
            sheet.write(at, 12, self.target(row))?;
            sheet.write(at, 13, status_word(reading.status, self.text))?;
            sheet.write(at, 14, self.subject.oldest_input(&reading))?;
            sheet.write(at, 15, promise::words(&inputs, self.subject.when(), self.text))?;
            sheet.write(at, 16, row.id.as_str())?;
            readings.push(reading);
        }
        sheet.set_freeze_panes(head + 1, 3)?;
        sheet.autofilter(head, 0, last, 16)?;
        let line = Marks::of_whole_readings(&readings).line(self.text);
        sheet.write(last + 2, 0, line)?;
        Ok(())
    }

    /// A number where it is exact; text where it is marked, so that no sum counts it.
    fn figure(
        &self,
        sheet: &mut Worksheet,
        (row, column): (u32, u16),
        shown: Shown,
        format: &Format,
    ) -> Result<(), XlsxError> {
        if let Some(value) = shown.exact() {
            sheet.write_with_format(row, column, rounded(value), format)?;
        } else if let Shown::Coarse { value, told, .. } = shown {
            let words = format!("{}{}", told.sign(), plain(value));
            sheet.write_with_format(row, column, words, &self.mark)?;
        } else {
            let words = Mark::of(shown)
                .map_or_else(|| self.text.get("status.too_fine").to_owned(), |m| m.sign(self.text));
            sheet.write_with_format(row, column, words, &self.mark)?;
        }
        Ok(())
    }

    fn target(&self, row: &Indicator) -> String {
        let note = row.target.as_ref().and_then(|t| t.note.as_ref());
        note.map_or_else(|| target_text(row.target.as_ref()), |note| note.get(self.lang).to_owned())
    }

    fn method(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        let site = self.subject.site;
        let head = self.top(sheet, "xlsx.sheet_method")?;
        self.head(sheet, head, &METHOD)?;
        for (number, row) in (1_u32..).zip(&site.indicators) {
            let at = head + number;
            let level = site.meta.levels.iter().find(|l| l.id == row.finest_area);
            let threshold = match row.suppress_below {
                0 => self.text.get("xlsx.no_threshold").to_owned(),
                below => Mark::Small(below).sign(self.text),
            };
            let published = if row.published_total { self.text.get("xlsx.yes") } else { "" };
            let source = row.target.as_ref().and_then(|t| t.source.as_ref());
            let words = [
                row.name.get(self.lang).to_owned(),
                row.formula.as_ref().map_or(String::new(), |f| f.get(self.lang).to_owned()),
                site.side_words(&row.numerator, self.lang),
                row.denominator.as_ref().map_or(String::new(), |side| site.side_words(side, self.lang)),
                window::words(&row.window, self.text),
                self.text.unit_name(&row.unit).to_owned(),
                self.target(row),
                source.map_or(String::new(), |s| s.get(self.lang).to_owned()),
                threshold,
                published.to_owned(),
                level.map_or(String::new(), |l| l.name.get(self.lang).to_owned()),
                row.facts.join(" "),
                row.id.clone(),
            ];
            sheet.write_with_format(at, 0, number, &self.words)?;
            for (column, words) in (1_u16..).zip(&words) {
                sheet.write_with_format(at, column, words, &self.words)?;
            }
        }
        sheet.set_freeze_panes(head + 1, 2)?;
        Ok(())
    }

    fn marks(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        let head = self.top(sheet, "xlsx.sheet_marks")?;
        sheet.set_column_width(0, 12)?;
        sheet.set_column_width(1, 100)?;
        let mut thresholds: Vec<u32> =
            self.subject.site.indicators.iter().map(|i| i.suppress_below).filter(|b| *b > 0).collect();
        thresholds.sort_unstable();
        thresholds.dedup();
        let all = thresholds.into_iter().map(Mark::Small).chain([
            Mark::Hidden,
            Mark::AtLeast,
            Mark::About,
            Mark::Missing,
            Mark::Late,
        ]);
        let mut at = head;
        for mark in all {
            sheet.write_with_format(at, 0, mark.sign(self.text), &self.words)?;
            sheet.write_with_format(at, 1, mark.meaning(self.text), &self.words)?;
            at += 1;
        }
        sheet.write_with_format(at + 1, 1, self.text.get("xlsx.columns_note"), &self.words)?;
        Ok(())
    }

    fn sources(&self, sheet: &mut Worksheet, sources: &[SourceState]) -> Result<(), XlsxError> {
        let site = self.subject.site;
        let head = self.top(sheet, "xlsx.sheet_sources")?;
        self.head(sheet, head, &SOURCES)?;
        for (at, source) in (head + 1..).zip(sources) {
            let dataset = site.datasets.get(source.dataset).map_or("", |d| d.name.get(self.lang));
            let newest = source.newest_secs.map(|secs| site.zone.iso(secs)).unwrap_or_default();
            let status = if source.late { "status.late" } else { "status.current" };
            let held = source
                .held
                .map(|held| self.text.say(&held_message(site, &source.name, held)))
                .unwrap_or_default();
            let words = [source.name.as_str(), dataset, &newest, self.text.get(status), &held];
            for (column, words) in (0_u16..).zip(words) {
                sheet.write_with_format(at, column, words, &self.words)?;
            }
        }
        sheet.set_freeze_panes(head + 1, 0)?;
        Ok(())
    }
}

/// How numbers of a unit look; a per-cent sign is part of the format, so that the number stays what the CSV says.
fn number_format(unit: &str, decimals: usize) -> Format {
    let fraction = if decimals > 0 { format!(".{}", "0".repeat(decimals)) } else { String::new() };
    let tail = if matches!(unit, "%" | "‰") { format!("\"{unit}\"") } else { String::new() };
    Format::new().set_num_format(format!("#,##0{fraction}{tail}"))
}

/// The number that the other exports write.
fn rounded(value: f64) -> f64 {
    plain(value).parse().unwrap_or(value)
}

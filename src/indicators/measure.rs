//! What has to be measured: the catalogue's sides checked against the tables and freed of repetition. Owns the
//! checks of expressions (`file:row`, nearest right name) and the list of measures per table; computes nothing.

use crate::site::Site;
use crate::site::catalogue::{Indicator, Side};
use crate::site::datasets::{ColumnType, Rollup, Table};
use crate::site::problem::{Problem, nearest, row_and_column};
use crate::site::text::Message;

use super::expr::{Aggregate, Compare, Expr, Term, parse_aggregate, parse_filter};
use super::filters::{cutoff, with_codes};
use super::window::Window;

/// How a measure is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Storage {
    /// One cell: the present state.
    Now,
    /// One cell per area and civil day (or month, where the table is stamped by month).
    Calendar,
    /// The same, and the rows within each day: for spans that end inside a day.
    Timed,
    /// Numbers by day: for medians.
    Spread,
    /// Instants per value: for counts of different values.
    Sets,
}

/// How a row contributes.
#[derive(Debug, Clone, PartialEq)]
pub enum Contribution {
    /// Adds a number.
    Additive(Vec<(f64, Term)>),
    /// Adds a value to a set.
    Distinct(String),
    /// Adds a number to a distribution.
    Median(Expr),
}

/// One thing measured over one table.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// Place of the table in [`Plan::tables`].
    pub table: usize,
    /// Column that places a row in time.
    pub time_column: String,
    /// What a row adds.
    pub contribution: Contribution,
    /// Which rows.
    pub filter: Option<Expr>,
    /// Rows younger than this are left out: from a filter such as `opened_ts <= :now - 86400`.
    pub youngest_secs: i64,
    /// How it is kept.
    pub storage: Storage,
    /// The measure that counts rows withheld at the source (`suppressed` is true), if the table has such rows.
    pub withheld: Option<usize>,
}

/// One side of a figure: a measure over a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeasureUse {
    /// Place of the measure in [`Plan::measures`].
    pub measure: usize,
    /// Its span of time.
    pub window: Window,
}

/// One figure: an indicator, or one cell of a breakdown.
#[derive(Debug, Clone, PartialEq)]
pub struct FigurePlan {
    /// What is counted.
    pub numerator: MeasureUse,
    /// What it is divided by.
    pub denominator: Option<MeasureUse>,
    /// Codes of a breakdown's cell; empty for an indicator.
    pub codes: Vec<String>,
}

/// Everything to measure.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Table ids in the order of `datasets.toml`.
    pub tables: Vec<String>,
    /// Measures, each once.
    pub measures: Vec<Measure>,
    /// Per indicator.
    pub indicators: Vec<FigurePlan>,
    /// Per breakdown, per cell.
    pub breakdowns: Vec<Vec<FigurePlan>>,
}

const FILE: &str = "catalogue.toml";

/// Checks the catalogue against the tables and lists what is to be measured.
///
/// # Errors
/// All problems of all rows.
pub fn plan(site: &Site) -> Result<Plan, Vec<Problem>> {
    let text = std::fs::read_to_string(site.dir.join(FILE)).unwrap_or_default();
    let tables = site.tables().map(|(_, t)| t.id.clone()).collect();
    let mut planner = Planner { site, text, plan: Plan { tables, ..Plan::default() }, problems: Vec::new() };
    for row in &site.indicators {
        if let Some(figure) = planner.figure(row, &[]) {
            planner.plan.indicators.push(figure);
        }
    }
    for row in &site.breakdowns {
        let cells = planner.cells(row);
        let figures = cells.iter().filter_map(|codes| planner.figure(row, codes)).collect();
        planner.plan.breakdowns.push(figures);
    }
    super::sides::add(site, &mut planner.plan);
    if planner.problems.is_empty() { Ok(planner.plan) } else { Err(planner.problems) }
}

/// Type of a value as far as operators care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Text,
    Date,
    Truth,
}

struct Planner<'a> {
    site: &'a Site,
    text: String,
    plan: Plan,
    problems: Vec<Problem>,
}

impl Planner<'_> {
    fn problem(&mut self, row: &Indicator, near: &str, message: Message) {
        let start = self.text.find(&format!("\"{}\"", row.id)).unwrap_or(0);
        let from = self.text.get(start..).unwrap_or_default();
        let offset = start + from.find(near).unwrap_or(0);
        let (line, column) = row_and_column(&self.text, offset);
        let problem =
            Problem::error(FILE, message.with("id", &row.id)).at(Some(line), Some(column.to_string()));
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Every combination of codes of a breakdown's columns.
    fn cells(&self, row: &Indicator) -> Vec<Vec<String>> {
        let mut cells: Vec<Vec<String>> = vec![Vec::new()];
        for column in &row.by {
            let list = self
                .site
                .table(&row.numerator.table)
                .and_then(|t| t.column(column))
                .and_then(|c| c.codes.clone())
                .unwrap_or_default();
            let codes = self.site.codes(&list);
            cells = cells
                .iter()
                .flat_map(|cell| {
                    codes.iter().map(|code| [cell.as_slice(), std::slice::from_ref(code)].concat())
                })
                .collect();
        }
        cells
    }

    fn figure(&mut self, row: &Indicator, codes: &[String]) -> Option<FigurePlan> {
        let numerator = self.side(row, &row.numerator, &row.window, codes, row.time_column.as_deref())?;
        let denominator = match &row.denominator {
            None => None,
            Some(side) => {
                let window = row.denominator_window.as_ref().unwrap_or(&row.window);
                let same_table = side.table == row.numerator.table;
                let time = row.time_column.as_deref().filter(|_| same_table);
                Some(self.side(row, side, window, &[], time)?)
            }
        };
        if let Some(denominator) = denominator {
            self.check_grain(row, numerator, denominator);
        }
        Some(FigurePlan { numerator, denominator, codes: codes.to_vec() })
    }

    /// A figure at community level needs both sides at that level: a division by a coarser table would give every
    /// community the same wrong base.
    fn check_grain(&mut self, row: &Indicator, numerator: MeasureUse, denominator: MeasureUse) {
        let shown = self.site.level_index(&row.finest_area).unwrap_or(0);
        for side in [numerator, denominator] {
            let Some(measure) = self.plan.measures.get(side.measure) else {
                continue;
            };
            let Some(table) = self.plan.tables.get(measure.table).and_then(|id| self.site.table(id)) else {
                continue;
            };
            let finest = self.site.level_index(&table.finest_area).unwrap_or(0);
            if finest < shown {
                let message = Message::new("problem.grain")
                    .with("table", &table.id)
                    .with("table_level", &table.finest_area)
                    .with("level", &row.finest_area);
                self.problem(row, &row.finest_area, message);
            }
        }
    }

    fn side(
        &mut self,
        row: &Indicator,
        side: &Side,
        window: &str,
        codes: &[String],
        time_column: Option<&str>,
    ) -> Option<MeasureUse> {
        let Some(table) = self.site.table(&side.table).cloned() else {
            let names = self.plan.tables.clone();
            let message = Message::new("problem.unknown_table")
                .with("name", &side.table)
                .with("nearest", nearest(&side.table, names.iter().map(String::as_str)).unwrap_or("—"));
            self.problem(row, &side.table, message);
            return None;
        };
        let Some(window) = Window::parse(window) else {
            let message = Message::new("problem.unknown_window")
                .with("name", window)
                .with("nearest", nearest(window, Window::WORDS.iter().copied()).unwrap_or("—"));
            self.problem(row, window_text(row), message);
            return None;
        };
        let aggregate = match parse_aggregate(&side.expr) {
            Ok(aggregate) => aggregate,
            Err(err) => {
                self.bad_expression(row, &side.expr, &err);
                return None;
            }
        };
        let filter = match parse_filter(&side.filter) {
            Ok(filter) => filter,
            Err(err) => {
                self.bad_expression(row, &side.filter, &err);
                return None;
            }
        };
        let time_column = time_column.unwrap_or(&table.time_column).to_owned();
        let time_type = table.column_type(&time_column);
        let contribution = self.contribution(row, &table, aggregate)?;
        if let Some(filter) = &filter
            && self.kind(row, &table, filter)? != Kind::Truth
        {
            self.problem(
                row,
                &side.filter,
                Message::new("problem.not_a_condition").with("text", &side.filter),
            );
            return None;
        }
        let (filter, youngest_secs) = self.split_cutoff(row, filter, &time_column)?;
        let filter = with_codes(filter, &row.by, codes, &table);
        let stamped = table.is_stamped(&time_column);
        let hours = matches!(window, Window::TrailingHours(_));
        if !matches!(time_type, Some(ColumnType::Date | ColumnType::Month | ColumnType::Time)) {
            let message = Message::new("problem.unknown_time_column")
                .with("name", &time_column)
                .with("table", &table.id);
            self.problem(row, &time_column, message);
            return None;
        }
        if (hours || youngest_secs > 0) && stamped {
            self.problem(
                row,
                window_text(row),
                Message::new("problem.hours_of_stamps").with("table", &table.id),
            );
            return None;
        }
        // A time other than the row's own, such as a due time, can lie in the future: only rows kept by instant can
        // leave out what is due later today.
        let exact_end = !stamped && time_column != table.time_column;
        let storage = match contribution {
            Contribution::Median(_) => Storage::Spread,
            Contribution::Distinct(_) => Storage::Sets,
            Contribution::Additive(_) if window == Window::Now => Storage::Now,
            Contribution::Additive(_) if hours || youngest_secs > 0 || exact_end => Storage::Timed,
            Contribution::Additive(_) => Storage::Calendar,
        };
        let position = self.plan.tables.iter().position(|t| *t == table.id)?;
        let withheld = self.withheld(&table, position, filter.as_ref(), &time_column, storage);
        let measure =
            Measure { table: position, time_column, contribution, filter, youngest_secs, storage, withheld };
        Some(MeasureUse { measure: self.add(measure), window })
    }

    fn add(&mut self, measure: Measure) -> usize {
        self.plan.measures.iter().position(|m| *m == measure).unwrap_or_else(|| {
            self.plan.measures.push(measure);
            self.plan.measures.len() - 1
        })
    }

    /// In tables that arrive already protected, rows marked `suppressed` are counted beside the visible ones, so that
    /// a hidden figure is shown as hidden and not as missing.
    fn withheld(
        &mut self,
        table: &Table,
        position: usize,
        filter: Option<&Expr>,
        time_column: &str,
        storage: Storage,
    ) -> Option<usize> {
        const COLUMN: &str = "suppressed";
        if table.column_type(COLUMN) != Some(ColumnType::Bool) || table.rollup != Rollup::Exact {
            return None;
        }
        let mut parts: Vec<Expr> = filter.cloned().map(Expr::conjuncts).unwrap_or_default();
        parts.retain(|part| {
            let mut mentions = false;
            part.columns(&mut |c| mentions |= c == COLUMN);
            !mentions
        });
        let is_true = Expr::Compare(
            Box::new(Expr::Column(COLUMN.to_owned())),
            Compare::Eq,
            Box::new(Expr::Number(1.0)),
        );
        parts.push(is_true);
        Some(self.add(Measure {
            table: position,
            time_column: time_column.to_owned(),
            contribution: Contribution::Additive(vec![(1.0, Term::Rows)]),
            filter: Some(Expr::And(parts)),
            youngest_secs: 0,
            storage: if storage == Storage::Now { storage } else { Storage::Calendar },
            withheld: None,
        }))
    }

    fn bad_expression(&mut self, row: &Indicator, text: &str, err: &super::expr::ParseError) {
        let message = Message::new("problem.bad_expression")
            .with("text", text)
            .with("position", err.offset + 1)
            .with("expected", &err.expected);
        self.problem(row, text, message);
    }

    fn contribution(&mut self, row: &Indicator, table: &Table, aggregate: Aggregate) -> Option<Contribution> {
        Some(match aggregate {
            Aggregate::Distinct(column) => {
                self.column(row, table, &column)?;
                Contribution::Distinct(column)
            }
            Aggregate::Median(expr) => {
                self.number(row, table, &expr)?;
                Contribution::Median(expr)
            }
            Aggregate::Additive(terms) => {
                for (_, term) in &terms {
                    if let Term::Sum(expr) = term {
                        self.number(row, table, expr)?;
                    }
                }
                Contribution::Additive(terms)
            }
        })
    }

    /// Takes `time_column <= :now - N` out of a filter.
    fn split_cutoff(
        &mut self,
        row: &Indicator,
        filter: Option<Expr>,
        time_column: &str,
    ) -> Option<(Option<Expr>, i64)> {
        let mut youngest_secs = 0;
        let mut rest = Vec::new();
        for part in filter.map(Expr::conjuncts).unwrap_or_default() {
            if !part.uses_now() {
                rest.push(part);
                continue;
            }
            if let Some(secs) = cutoff(&part, time_column) {
                youngest_secs = secs;
            } else {
                let message = Message::new("problem.now_only_as_cutoff").with("column", time_column);
                self.problem(row, ":now", message);
                return None;
            }
        }
        let filter = match rest.len() {
            0 => None,
            1 => rest.pop(),
            _ => Some(Expr::And(rest)),
        };
        Some((filter, youngest_secs))
    }

    fn column(&mut self, row: &Indicator, table: &Table, name: &str) -> Option<ColumnType> {
        let found = table.column_type(name);
        if found.is_none() {
            let names = table.columns.iter().map(|c| c.id.as_str());
            let message = Message::new("problem.unknown_column")
                .with("name", name)
                .with("table", &table.id)
                .with("nearest", nearest(name, names).unwrap_or("—"));
            self.problem(row, name, message);
        }
        found
    }

    fn number(&mut self, row: &Indicator, table: &Table, expr: &Expr) -> Option<()> {
        if self.kind(row, table, expr)? == Kind::Number {
            Some(())
        } else {
            self.wrong_type(row, expr);
            None
        }
    }

    fn wrong_type(&mut self, row: &Indicator, expr: &Expr) {
        let mut near = String::new();
        expr.columns(&mut |c| c.clone_into(&mut near));
        self.problem(row, &near, Message::new("problem.wrong_type").with("text", expr));
    }

    fn kind(&mut self, row: &Indicator, table: &Table, expr: &Expr) -> Option<Kind> {
        let kind = match expr {
            Expr::Column(name) => match self.column(row, table, name)? {
                ColumnType::Text | ColumnType::Area => Kind::Text,
                ColumnType::Date | ColumnType::Month => Kind::Date,
                ColumnType::Int | ColumnType::Float | ColumnType::Bool | ColumnType::Time => Kind::Number,
            },
            Expr::Number(_) | Expr::Now => Kind::Number,
            Expr::Text(_) => Kind::Text,
            Expr::Arith(a, _, b) => {
                self.number(row, table, a)?;
                self.number(row, table, b)?;
                Kind::Number
            }
            Expr::Compare(a, _, b) => {
                let (left, right) = (self.kind(row, table, a)?, self.kind(row, table, b)?);
                self.comparable(row, expr, left, right)?;
                Kind::Truth
            }
            Expr::In(inner, list) => {
                let left = self.kind(row, table, inner)?;
                for item in list {
                    let right = self.kind(row, table, item)?;
                    self.comparable(row, expr, left, right)?;
                }
                Kind::Truth
            }
            Expr::IsNull(inner, _) => {
                self.kind(row, table, inner)?;
                Kind::Truth
            }
            Expr::And(parts) | Expr::Or(parts) => {
                for part in parts {
                    self.truth(row, table, part)?;
                }
                Kind::Truth
            }
            Expr::Not(inner) => {
                self.truth(row, table, inner)?;
                Kind::Truth
            }
            Expr::Case(arms, otherwise) => {
                for (condition, value) in arms {
                    self.truth(row, table, condition)?;
                    self.number(row, table, value)?;
                }
                if let Some(otherwise) = otherwise {
                    self.number(row, table, otherwise)?;
                }
                Kind::Number
            }
        };
        Some(kind)
    }

    fn truth(&mut self, row: &Indicator, table: &Table, expr: &Expr) -> Option<()> {
        if self.kind(row, table, expr)? == Kind::Truth {
            return Some(());
        }
        self.wrong_type(row, expr);
        None
    }

    fn comparable(&mut self, row: &Indicator, expr: &Expr, left: Kind, right: Kind) -> Option<()> {
        let dates = matches!((left, right), (Kind::Date, Kind::Text) | (Kind::Text, Kind::Date));
        if left == right && left != Kind::Truth || dates {
            return Some(());
        }
        self.wrong_type(row, expr);
        None
    }
}

fn window_text(row: &Indicator) -> &str {
    &row.window
}

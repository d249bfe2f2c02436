//! From the catalogue's language to polars. Owns the translation; evaluates nothing itself.

use polars::prelude::{DataType, Expr as Polars, NULL, col, lit, when};

use crate::site::datasets::{ColumnType, Table};

use super::expr::{Arith, Compare, Expr, Term};
use super::measure::{Contribution, Measure};

/// One number per row: its contribution, empty where the filter leaves the row out.
#[must_use]
pub fn contribution(measure: &Measure, table: &Table) -> Polars {
    let value = match &measure.contribution {
        Contribution::Additive(terms) => additive(terms, table),
        // The set's values stay as they are; the filter is applied below.
        Contribution::Distinct(column) => {
            return filtered(measure, table, col(column).cast(DataType::String));
        }
        Contribution::Median(expr) => row(expr, table),
    };
    filtered(measure, table, value.cast(DataType::Float64))
}

fn filtered(measure: &Measure, table: &Table, value: Polars) -> Polars {
    match &measure.filter {
        None => value,
        Some(filter) => when(row(filter, table)).then(value).otherwise(lit(NULL)),
    }
}

/// A signed sum of terms; a term that is empty adds nothing, unless all are empty.
fn additive(terms: &[(f64, Term)], table: &Table) -> Polars {
    if let [(sign, term)] = terms {
        let value = match term {
            Term::Rows => lit(1.0),
            Term::Sum(expr) => row(expr, table).cast(DataType::Float64),
        };
        return if (*sign - 1.0).abs() < f64::EPSILON { value } else { lit(*sign) * value };
    }
    let mut sum = lit(0.0);
    let mut all_empty = lit(true);
    for (sign, term) in terms {
        match term {
            Term::Rows => {
                sum = sum + lit(*sign);
                all_empty = lit(false);
            }
            Term::Sum(expr) => {
                let value = row(expr, table).cast(DataType::Float64);
                sum = sum + lit(*sign) * value.clone().fill_null(lit(0.0));
                all_empty = all_empty.and(value.is_null());
            }
        }
    }
    when(all_empty).then(lit(NULL)).otherwise(sum)
}

fn row(expr: &Expr, table: &Table) -> Polars {
    match expr {
        Expr::Column(name) => match table.column_type(name) {
            Some(ColumnType::Bool) => col(name).cast(DataType::Int64),
            _ => col(name),
        },
        Expr::Number(number) => number_literal(*number),
        Expr::Text(text) => lit(text.as_str()),
        // Filters with `:now` are turned into a bound on the window before they get here.
        Expr::Now => lit(NULL),
        Expr::Arith(a, op, b) => {
            let (a, b) = (row(a, table), row(b, table));
            match op {
                Arith::Add => a + b,
                Arith::Sub => a - b,
                Arith::Mul => a * b,
                Arith::Div => a.cast(DataType::Float64) / b.cast(DataType::Float64),
            }
        }
        Expr::Compare(a, op, b) => {
            let (a, b) = dated(a, b, table);
            match op {
                Compare::Eq => a.eq(b),
                Compare::Ne => a.neq(b),
                Compare::Lt => a.lt(b),
                Compare::Le => a.lt_eq(b),
                Compare::Gt => a.gt(b),
                Compare::Ge => a.gt_eq(b),
            }
        }
        Expr::And(parts) => {
            parts.iter().map(|p| row(p, table)).reduce(Polars::and).unwrap_or_else(|| lit(true))
        }
        Expr::Or(parts) => {
            parts.iter().map(|p| row(p, table)).reduce(Polars::or).unwrap_or_else(|| lit(false))
        }
        Expr::Not(inner) => row(inner, table).not(),
        Expr::In(inner, list) => list
            .iter()
            .map(|item| {
                let (a, b) = dated(inner, item, table);
                a.eq(b)
            })
            .reduce(Polars::or)
            .unwrap_or_else(|| lit(false)),
        Expr::IsNull(inner, false) => row(inner, table).is_null(),
        Expr::IsNull(inner, true) => row(inner, table).is_not_null(),
        Expr::Case(arms, otherwise) => {
            let otherwise = otherwise.as_ref().map_or_else(|| lit(NULL), |o| row(o, table));
            arms.iter().rev().fold(otherwise, |rest, (condition, value)| {
                when(row(condition, table)).then(row(value, table)).otherwise(rest)
            })
        }
    }
}

/// Both sides of a comparison; a text beside a date becomes a date.
fn dated(a: &Expr, b: &Expr, table: &Table) -> (Polars, Polars) {
    let is_date = |e: &Expr| matches!(e, Expr::Column(c) if table.is_stamped(c));
    let side = |e: &Expr, other: &Expr| match e {
        Expr::Text(text) if is_date(other) => match crate::site::civil::parse_day(text) {
            Some(day) => lit(day).cast(DataType::Date),
            None => lit(NULL),
        },
        _ => row(e, table),
    };
    (side(a, b), side(b, a))
}

/// Whole numbers stay whole, so that a comparison with an integer column needs no cast of the column.
fn number_literal(number: f64) -> Polars {
    #[expect(clippy::cast_possible_truncation, reason = "whole and far below 2^53")]
    if number.fract() == 0.0 && number.abs() < 9e15 { lit(number as i64) } else { lit(number) }
}

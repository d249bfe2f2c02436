//! Evaluates the catalogue's expressions over columns, a block of rows at a time. Owns three-valued logic and what a
//! row contributes; a comparison of texts is worked out once per value of a list and looked up per row.

use std::ops::Range;

use crate::site::civil::parse_day;
use crate::site::datasets::Table;
use crate::store::column::{Chunk, Column, Data};

use super::expr::{Compare, Expr, Term};
use super::logic::{FALSE, Number, Numbers, Pool, TRUE, Truth, UNKNOWN, truth};
use super::measure::{Contribution, Measure};

/// Rows evaluated at a time: their columns stay in the processor's nearest memory.
pub(crate) const BLOCK_ROWS: usize = 4096;

/// What the rows of a block contribute to one measure.
#[derive(Default)]
pub(crate) struct Contributions {
    /// Rows of the block.
    rows: usize,
    /// 1 where a row counts; empty where all do.
    counts: Vec<u8>,
    /// What it adds; empty where each adds 1, or where the measure is a set of texts.
    values: Vec<f64>,
    spare: Vec<Numbers>,
    masks: Vec<Vec<u8>>,
}

impl Contributions {
    /// Goes over the rows of the block that count, with what each adds.
    pub(crate) fn each(&self, mut visit: impl FnMut(usize, f64)) {
        if self.counts.is_empty() {
            (0..self.rows).for_each(|row| visit(row, self.value(row)));
            return;
        }
        let (eights, rest) = self.counts.as_chunks::<8>();
        let mut some = |first: usize, counts: &[u8]| {
            let counting = (first..).zip(counts).filter(|(_, count)| **count == 1);
            counting.for_each(|(row, _)| visit(row, self.value(row)));
        };
        for (place, eight) in eights.iter().enumerate() {
            // Most filters leave few rows.
            if u64::from_ne_bytes(*eight) != 0 {
                some(place * 8, eight);
            }
        }
        some(eights.len() * 8, rest);
    }

    /// Joins what each row counts with to codes, of which `one` says that it adds 1 and `zero` that it adds 0. Where a row that
    /// counts adds another number, or is one of those that `lacks` tells, it is false, and nothing was joined.
    #[expect(clippy::needless_bitwise_bool, reason = "without a branch, several at once")]
    pub(crate) fn join_codes(
        &self,
        (one, zero): (u32, u32),
        lacks: impl Iterator<Item = bool>,
        codes: &mut [u32],
    ) -> bool {
        const ONE: u64 = 1f64.to_bits();
        // Without a branch, so that several rows are looked at once.
        let is_other = if self.counts.is_empty() {
            lacks.fold(false, |any, lacks| any | lacks)
        } else {
            lacks.zip(&self.counts).fold(false, |any, (lacks, count)| any | lacks & (*count == 1))
        };
        let is_code = |value: &f64| (value.to_bits() == ONE) | (value.to_bits() == 0);
        let is_other = is_other
            || if self.counts.is_empty() {
                self.values.iter().fold(false, |any, value| any | !is_code(value))
            } else {
                let pairs = self.values.iter().zip(&self.counts);
                pairs.fold(false, |any, (value, count)| any | !is_code(value) & (*count == 1))
            };
        if is_other {
            return false;
        }
        let code = |value: &f64| if value.to_bits() == ONE { one } else { zero };
        match (self.counts.is_empty(), self.values.is_empty()) {
            (true, true) => codes.iter_mut().for_each(|codes| *codes |= one),
            (true, false) => {
                codes.iter_mut().zip(&self.values).for_each(|(codes, value)| *codes |= code(value));
            }
            (false, true) => {
                let pairs = codes.iter_mut().zip(&self.counts);
                pairs.for_each(|(codes, count)| *codes |= one * u32::from(*count));
            }
            (false, false) => {
                let counted = codes.iter_mut().zip(&self.values).zip(&self.counts);
                counted.for_each(|((codes, value), count)| *codes |= code(value) * u32::from(*count));
            }
        }
        true
    }

    /// What a row of the block adds.
    fn value(&self, row: usize) -> f64 {
        if self.values.is_empty() { 1.0 } else { self.values.get(row).copied().unwrap_or(0.0) }
    }
}

enum Value<'a> {
    One,
    Number(Number<'a>),
    /// A signed sum: a term that is empty adds nothing, unless all are empty.
    Sum(Vec<(f64, Option<Number<'a>>)>),
    Set(&'a Column),
}

/// A measure made ready for the columns of one chunk.
pub(crate) struct Prepared<'a> {
    filter: Option<Truth<'a>>,
    value: Value<'a>,
}

impl<'a> Prepared<'a> {
    /// Finds columns and works out comparisons of texts. None where a column is missing.
    pub(crate) fn new(measure: &Measure, table: &Table, chunk: &'a Chunk) -> Option<Self> {
        let make = Make { table, chunk };
        let filter = match &measure.filter {
            None => None,
            Some(filter) => Some(make.truth(filter)?),
        };
        let value = match &measure.contribution {
            Contribution::Additive(terms) => match terms.as_slice() {
                [(sign, Term::Rows)] if (*sign - 1.0).abs() < f64::EPSILON => Value::One,
                [(sign, Term::Sum(expr))] if (*sign - 1.0).abs() < f64::EPSILON => {
                    Value::Number(make.number(expr)?)
                }
                _ => {
                    let mut parts = Vec::with_capacity(terms.len());
                    for (sign, term) in terms {
                        parts.push((
                            *sign,
                            match term {
                                Term::Rows => None,
                                Term::Sum(expr) => Some(make.number(expr)?),
                            },
                        ));
                    }
                    Value::Sum(parts)
                }
            },
            Contribution::Distinct(column) => Value::Set(chunk.column(column)?),
            Contribution::Median(expr) => Value::Number(make.number(expr)?),
        };
        Some(Self { filter, value })
    }

    /// Whether no row can count, told by the lists of values alone.
    pub(crate) fn counts_nothing(&self) -> bool {
        self.filter.as_ref().is_some_and(Truth::is_never)
    }

    /// Evaluates a block.
    pub(crate) fn block(&self, rows: Range<usize>, out: &mut Contributions) {
        out.counts.clear();
        out.values.clear();
        let n = rows.len();
        out.rows = n;
        if let Some(filter) = &self.filter {
            let mut mask = out.masks.pop().unwrap_or_default();
            filter.eval(&rows, &mut mask, &mut Pool { spare: &mut out.spare, masks: &mut out.masks });
            out.counts.extend(mask.iter().map(|t| u8::from(*t == TRUE)));
            out.masks.push(mask);
            if !out.counts.contains(&1) {
                return;
            }
        }
        match &self.value {
            Value::One => {}
            Value::Set(column) => restrict(&mut out.counts, column.valid.as_deref(), &rows),
            Value::Number(number) => {
                let mut numbers = out.spare.pop().unwrap_or_default();
                number.eval(&rows, &mut numbers, &mut Pool { spare: &mut out.spare, masks: &mut out.masks });
                if !numbers.ok.is_empty() {
                    restrict(&mut out.counts, Some(&numbers.ok), &(0..n));
                }
                std::mem::swap(&mut out.values, &mut numbers.values);
                out.spare.push(numbers);
            }
            Value::Sum(parts) => {
                let mut any = vec![0u8; n];
                out.values.resize(n, 0.0);
                for (sign, part) in parts {
                    let Some(part) = part else {
                        any.fill(1);
                        out.values.iter_mut().for_each(|v| *v += sign);
                        continue;
                    };
                    let mut numbers = out.spare.pop().unwrap_or_default();
                    part.eval(
                        &rows,
                        &mut numbers,
                        &mut Pool { spare: &mut out.spare, masks: &mut out.masks },
                    );
                    if numbers.ok.is_empty() {
                        any.fill(1);
                        out.values.iter_mut().zip(&numbers.values).for_each(|(v, n)| *v += sign * n);
                    } else {
                        let there = numbers.values.iter().zip(&numbers.ok);
                        for ((v, any), (n, ok)) in out.values.iter_mut().zip(&mut any).zip(there) {
                            if *ok == 1 {
                                *v += sign * n;
                                *any = 1;
                            }
                        }
                    }
                    out.spare.push(numbers);
                }
                restrict(&mut out.counts, Some(&any), &(0..n));
            }
        }
    }
}

/// Leaves only rows that have a value.
fn restrict(counts: &mut Vec<u8>, valid: Option<&[u8]>, rows: &Range<usize>) {
    let Some(valid) = valid.and_then(|v| v.get(rows.clone())) else { return };
    if counts.is_empty() {
        counts.extend_from_slice(valid);
    } else {
        counts.iter_mut().zip(valid).for_each(|(c, v)| *c &= *v);
    }
}

struct Make<'m, 'a> {
    table: &'m Table,
    chunk: &'a Chunk,
}

impl<'a> Make<'_, 'a> {
    fn number(&self, expr: &Expr) -> Option<Number<'a>> {
        Some(match expr {
            Expr::Column(name) => Number::Column(self.chunk.column(name)?),
            Expr::Number(n) => Number::Constant(*n),
            Expr::Arith(a, op, b) => Number::Arith(Box::new(self.number(a)?), *op, Box::new(self.number(b)?)),
            Expr::Case(arms, otherwise) => {
                let mut made = Vec::with_capacity(arms.len());
                for (condition, value) in arms {
                    made.push((self.truth(condition)?, self.number(value)?));
                }
                let otherwise = match otherwise {
                    Some(otherwise) => self.number(otherwise)?,
                    None => Number::Nothing,
                };
                Number::Case(made, Box::new(otherwise))
            }
            // Filters with `:now` are turned into a bound on the window before they get here.
            _ => Number::Nothing,
        })
    }

    fn truth(&self, expr: &Expr) -> Option<Truth<'a>> {
        Some(match expr {
            Expr::Compare(a, op, b) => self.compare(a, *op, b)?,
            Expr::And(parts) => Truth::All(self.truths(parts)?),
            Expr::Or(parts) => Truth::Any(self.truths(parts)?),
            Expr::Not(inner) => Truth::Not(Box::new(self.truth(inner)?)),
            Expr::In(inner, list) => {
                let mut parts = Vec::with_capacity(list.len());
                for item in list {
                    parts.push(self.compare(inner, Compare::Eq, item)?);
                }
                either(parts)
            }
            Expr::IsNull(inner, turned) => match &**inner {
                Expr::Column(name) => Truth::Empty(self.chunk.column(name)?, *turned),
                Expr::Compare(..)
                | Expr::And(_)
                | Expr::Or(_)
                | Expr::Not(_)
                | Expr::In(..)
                | Expr::IsNull(..) => Truth::Unknown(Box::new(self.truth(inner)?), *turned),
                Expr::Text(_) => Truth::Constant(if *turned { TRUE } else { FALSE }),
                _ => Truth::EmptyNumber(self.number(inner)?, *turned),
            },
            _ => Truth::Constant(UNKNOWN),
        })
    }

    fn truths(&self, parts: &[Expr]) -> Option<Vec<Truth<'a>>> {
        parts.iter().map(|part| self.truth(part)).collect()
    }

    fn compare(&self, a: &Expr, op: Compare, b: &Expr) -> Option<Truth<'a>> {
        let texts = |e: &Expr| match e {
            Expr::Column(name) => {
                let column = self.chunk.column(name)?;
                Some((column, column.texts()?))
            }
            _ => None,
        };
        Some(match (a, b) {
            (Expr::Text(a), Expr::Text(b)) => Truth::Constant(truth(op, a.as_str().cmp(b))),
            (column, Expr::Text(text)) | (Expr::Text(text), column) => {
                let op = if matches!(a, Expr::Text(_)) { turned(op) } else { op };
                if let Some((column, list)) = texts(column) {
                    let listed = list.values().map(|value| truth(op, value.cmp(text))).collect();
                    return Some(Truth::Listed(column, list, listed));
                }
                // A text beside a date is a date; one that is none compares to nothing.
                let is_date = matches!(column, Expr::Column(c) if self.table.is_stamped(c));
                match parse_day(text).filter(|_| is_date) {
                    Some(day) => Truth::Numbers(self.number(column)?, op, Number::Constant(f64::from(day))),
                    None => Truth::Constant(UNKNOWN),
                }
            }
            _ => {
                if let (Some((x, list_x)), Some((y, list_y))) = (texts(a), texts(b)) {
                    return Some(Truth::Texts(x, list_x, op, y, list_y));
                }
                match (self.number(a)?, self.number(b)?) {
                    (Number::Column(Column { data: Data::Int(_), .. }), Number::Constant(n))
                        if n.fract() == 0.0 && n.abs() < 9e15 =>
                    {
                        let Expr::Column(name) = a else { return None };
                        let column = self.chunk.column(name)?;
                        #[expect(clippy::cast_possible_truncation, reason = "whole and far below 2^53")]
                        Truth::Integers(column, column.ints()?, op, n as i64)
                    }
                    (a, b) => Truth::Numbers(a, op, b),
                }
            }
        })
    }
}

/// One of several; comparisons of one list are joined into one.
fn either(parts: Vec<Truth<'_>>) -> Truth<'_> {
    let mut out: Vec<Truth<'_>> = Vec::new();
    for part in parts {
        match (out.last_mut(), part) {
            (Some(Truth::Listed(known, _, all)), Truth::Listed(column, _, more))
                if std::ptr::eq(*known, column) =>
            {
                all.iter_mut().zip(more).for_each(|(a, m)| *a = (*a).max(m));
            }
            (_, part) => out.push(part),
        }
    }
    if out.len() == 1 { out.pop().unwrap_or(Truth::Constant(FALSE)) } else { Truth::Any(out) }
}

const fn turned(op: Compare) -> Compare {
    match op {
        Compare::Lt => Compare::Gt,
        Compare::Le => Compare::Ge,
        Compare::Gt => Compare::Lt,
        Compare::Ge => Compare::Le,
        same => same,
    }
}

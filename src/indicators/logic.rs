//! Numbers and truths of a block of rows. Owns arithmetic, three-valued logic and the buffers they go round in; knows
//! no catalogue.

use std::ops::Range;

use crate::store::column::{Column, Data, Texts};

use super::expr::{Arith, Compare};

pub(super) const FALSE: u8 = 0;
pub(super) const UNKNOWN: u8 = 1;
pub(super) const TRUE: u8 = 2;

/// Numbers of a block; `ok` is empty where every row has one.
#[derive(Default)]
pub(super) struct Numbers {
    pub(super) values: Vec<f64>,
    pub(super) ok: Vec<u8>,
}

pub(super) enum Number<'a> {
    Nothing,
    Constant(f64),
    Column(&'a Column),
    Arith(Box<Self>, Arith, Box<Self>),
    Case(Vec<(Truth<'a>, Self)>, Box<Self>),
}

pub(super) enum Truth<'a> {
    Constant(u8),
    /// Per value of the column's list.
    Listed(&'a Column, &'a Texts, Vec<u8>),
    Texts(&'a Column, &'a Texts, Compare, &'a Column, &'a Texts),
    Integers(&'a Column, &'a [i64], Compare, i64),
    Numbers(Number<'a>, Compare, Number<'a>),
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    /// Whether a column has no value; turned around where the flag is set.
    Empty(&'a Column, bool),
    EmptyNumber(Number<'a>, bool),
    /// Whether a truth is unknown; turned around where the flag is set.
    Unknown(Box<Self>, bool),
}

/// Buffers that go round.
pub(super) struct Pool<'p> {
    pub(super) spare: &'p mut Vec<Numbers>,
    pub(super) masks: &'p mut Vec<Vec<u8>>,
}

impl Pool<'_> {
    fn numbers(&mut self) -> Numbers {
        self.spare.pop().unwrap_or_default()
    }

    fn mask(&mut self) -> Vec<u8> {
        self.masks.pop().unwrap_or_default()
    }
}

pub(super) fn truth(op: Compare, order: std::cmp::Ordering) -> u8 {
    let holds = match op {
        Compare::Eq => order.is_eq(),
        Compare::Ne => order.is_ne(),
        Compare::Lt => order.is_lt(),
        Compare::Le => order.is_le(),
        Compare::Gt => order.is_gt(),
        Compare::Ge => order.is_ge(),
    };
    if holds { TRUE } else { FALSE }
}

impl Number<'_> {
    pub(super) fn eval(&self, rows: &Range<usize>, out: &mut Numbers, pool: &mut Pool<'_>) {
        let n = rows.len();
        out.values.clear();
        out.ok.clear();
        match self {
            Self::Nothing => {
                out.values.resize(n, 0.0);
                out.ok.resize(n, 0);
            }
            Self::Constant(c) => out.values.resize(n, *c),
            Self::Column(column) => {
                match &column.data {
                    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
                    Data::Int(v) => {
                        out.values.extend(v.get(rows.clone()).unwrap_or_default().iter().map(|i| *i as f64));
                    }
                    Data::Float(v) => out.values.extend_from_slice(v.get(rows.clone()).unwrap_or_default()),
                    Data::Text(_) => {}
                }
                out.values.resize(n, 0.0);
                if let Some(valid) = column.valid.as_ref().and_then(|v| v.get(rows.clone())) {
                    out.ok.extend_from_slice(valid);
                }
            }
            Self::Arith(a, op, b) => {
                a.eval(rows, out, pool);
                let mut right = pool.numbers();
                b.eval(rows, &mut right, pool);
                let pairs = out.values.iter_mut().zip(&right.values);
                match op {
                    Arith::Add => pairs.for_each(|(a, b)| *a += b),
                    Arith::Sub => pairs.for_each(|(a, b)| *a -= b),
                    Arith::Mul => pairs.for_each(|(a, b)| *a *= b),
                    Arith::Div => pairs.for_each(|(a, b)| *a /= b),
                }
                if out.ok.is_empty() {
                    out.ok.extend_from_slice(&right.ok);
                } else if !right.ok.is_empty() {
                    out.ok.iter_mut().zip(&right.ok).for_each(|(a, b)| *a &= *b);
                }
                pool.spare.push(right);
            }
            Self::Case(arms, otherwise) => {
                otherwise.eval(rows, out, pool);
                let (mut mask, mut value) = (pool.mask(), pool.numbers());
                // From the last to the first, so that the first that holds wins.
                for (condition, arm) in arms.iter().rev() {
                    condition.eval(rows, &mut mask, pool);
                    if let Self::Constant(c) = arm {
                        out.values
                            .iter_mut()
                            .zip(&mask)
                            .for_each(|(v, m)| *v = if *m == TRUE { *c } else { *v });
                        if !out.ok.is_empty() {
                            out.ok.iter_mut().zip(&mask).for_each(|(ok, m)| *ok |= u8::from(*m == TRUE));
                        }
                        continue;
                    }
                    arm.eval(rows, &mut value, pool);
                    if out.ok.is_empty() && !value.ok.is_empty() {
                        out.ok.resize(n, 1);
                    }
                    for row in (0..n).filter(|row| mask.get(*row) == Some(&TRUE)) {
                        if let (Some(to), Some(from)) = (out.values.get_mut(row), value.values.get(row)) {
                            *to = *from;
                        }
                        if let Some(ok) = out.ok.get_mut(row) {
                            *ok = value.ok.get(row).copied().unwrap_or(1);
                        }
                    }
                }
                pool.masks.push(mask);
                pool.spare.push(value);
            }
        }
    }
}

impl Truth<'_> {
    pub(super) fn is_never(&self) -> bool {
        match self {
            Self::Constant(t) => *t != TRUE,
            Self::Listed(_, _, listed) => !listed.contains(&TRUE),
            Self::All(parts) => parts.iter().any(Self::is_never),
            _ => false,
        }
    }

    pub(super) fn eval(&self, rows: &Range<usize>, out: &mut Vec<u8>, pool: &mut Pool<'_>) {
        let n = rows.len();
        out.clear();
        match self {
            Self::Constant(t) => out.resize(n, *t),
            Self::Listed(column, list, listed) => {
                let codes = list.codes.get(rows.clone()).unwrap_or_default();
                out.extend(codes.iter().map(|code| listed.get(*code as usize).copied().unwrap_or(UNKNOWN)));
                unknown_where_empty(out, column, rows);
            }
            Self::Texts(x, list_x, op, y, list_y) => {
                let value = |list: &'_ Texts, row: usize| {
                    list.codes.get(row).map(|code| list.value(*code).to_vec()).unwrap_or_default()
                };
                out.extend(rows.clone().map(|row| truth(*op, value(list_x, row).cmp(&value(list_y, row)))));
                unknown_where_empty(out, x, rows);
                unknown_where_empty(out, y, rows);
            }
            Self::Integers(column, values, op, bound) => {
                let values = values.get(rows.clone()).unwrap_or_default();
                let holds = |out: &mut Vec<u8>, test: fn(i64, i64) -> bool| {
                    out.extend(values.iter().map(|v| u8::from(test(*v, *bound)) * TRUE));
                };
                match op {
                    Compare::Eq => holds(out, |a, b| a == b),
                    Compare::Ne => holds(out, |a, b| a != b),
                    Compare::Lt => holds(out, |a, b| a < b),
                    Compare::Le => holds(out, |a, b| a <= b),
                    Compare::Gt => holds(out, |a, b| a > b),
                    Compare::Ge => holds(out, |a, b| a >= b),
                }
                unknown_where_empty(out, column, rows);
            }
            Self::Numbers(a, op, b) => {
                let (mut left, mut right) = (pool.numbers(), pool.numbers());
                a.eval(rows, &mut left, pool);
                b.eval(rows, &mut right, pool);
                let pairs = left.values.iter().zip(&right.values);
                #[expect(clippy::float_cmp, reason = "numbers are equal in SQL where they are the same")]
                match op {
                    Compare::Eq => out.extend(pairs.map(|(a, b)| u8::from(a == b) * TRUE)),
                    Compare::Ne => out.extend(pairs.map(|(a, b)| u8::from(a != b) * TRUE)),
                    Compare::Lt => out.extend(pairs.map(|(a, b)| u8::from(a < b) * TRUE)),
                    Compare::Le => out.extend(pairs.map(|(a, b)| u8::from(a <= b) * TRUE)),
                    Compare::Gt => out.extend(pairs.map(|(a, b)| u8::from(a > b) * TRUE)),
                    Compare::Ge => out.extend(pairs.map(|(a, b)| u8::from(a >= b) * TRUE)),
                }
                for side in [left, right] {
                    out.iter_mut().zip(&side.ok).filter(|(_, ok)| **ok == 0).for_each(|(t, _)| *t = UNKNOWN);
                    pool.spare.push(side);
                }
            }
            // False, unknown and true are 0, 1 and 2: all of them is the least, any of them the greatest.
            Self::All(parts) | Self::Any(parts) => {
                let all = matches!(self, Self::All(_));
                out.resize(n, if all { TRUE } else { FALSE });
                let mut mask = pool.mask();
                for part in parts {
                    // Nothing more can hold of any row.
                    if all && out.iter().fold(FALSE, |any, t| any | *t) == FALSE {
                        break;
                    }
                    part.eval(rows, &mut mask, pool);
                    let pairs = out.iter_mut().zip(&mask);
                    if all {
                        pairs.for_each(|(t, m)| *t = (*t).min(*m));
                    } else {
                        pairs.for_each(|(t, m)| *t = (*t).max(*m));
                    }
                }
                pool.masks.push(mask);
            }
            Self::Not(inner) => {
                inner.eval(rows, out, pool);
                out.iter_mut().for_each(|t| *t = TRUE - *t);
            }
            Self::Empty(column, turned) => match column.valid.as_ref().and_then(|v| v.get(rows.clone())) {
                Some(valid) => out.extend(valid.iter().map(|v| (*v ^ u8::from(!*turned)) * TRUE)),
                None => out.resize(n, u8::from(*turned) * TRUE),
            },
            Self::EmptyNumber(number, turned) => {
                let mut numbers = pool.numbers();
                number.eval(rows, &mut numbers, pool);
                if numbers.ok.is_empty() {
                    out.resize(n, u8::from(*turned) * TRUE);
                } else {
                    out.extend(numbers.ok.iter().map(|v| (*v ^ u8::from(!*turned)) * TRUE));
                }
                pool.spare.push(numbers);
            }
            Self::Unknown(inner, turned) => {
                inner.eval(rows, out, pool);
                out.iter_mut().for_each(|t| *t = u8::from((*t == UNKNOWN) ^ *turned) * TRUE);
            }
        }
    }
}

fn unknown_where_empty(out: &mut [u8], column: &Column, rows: &Range<usize>) {
    if let Some(valid) = column.valid.as_ref().and_then(|v| v.get(rows.clone())) {
        out.iter_mut().zip(valid).for_each(|(t, v)| *t = if *v == 1 { *t } else { UNKNOWN });
    }
}

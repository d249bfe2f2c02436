//! Filters taken apart and put together: the `:now` cutoff, and the codes of a breakdown's cell. Computes nothing.

use crate::site::datasets::{ColumnType, Table};

use super::expr::{Arith, Compare, Expr};

/// N of `column <= :now - N` (or `:now - N >= column`), in seconds.
pub(super) fn cutoff(part: &Expr, time_column: &str) -> Option<i64> {
    let Expr::Compare(a, op, b) = part else {
        return None;
    };
    let (column, bound) = match op {
        Compare::Le | Compare::Lt => (a, b),
        Compare::Ge | Compare::Gt => (b, a),
        Compare::Eq | Compare::Ne => return None,
    };
    if **column != Expr::Column(time_column.to_owned()) {
        return None;
    }
    // Instants are whole seconds: earlier than N seconds ago is at least N + 1 seconds ago.
    let strict = i64::from(matches!(op, Compare::Lt | Compare::Gt));
    match &**bound {
        Expr::Now => Some(strict),
        Expr::Arith(now, Arith::Sub, secs) if **now == Expr::Now => match **secs {
            #[expect(clippy::cast_possible_truncation, reason = "seconds of a catalogue, far below 2^53")]
            Expr::Number(secs) => Some(secs as i64 + strict),
            _ => None,
        },
        _ => None,
    }
}

/// Adds `column = code` for each column of a breakdown's cell.
pub(super) fn with_codes(
    filter: Option<Expr>,
    by: &[String],
    codes: &[String],
    table: &Table,
) -> Option<Expr> {
    let mut parts: Vec<Expr> = filter.map(Expr::conjuncts).unwrap_or_default();
    for (column, code) in by.iter().zip(codes) {
        let value = match table.column_type(column) {
            Some(ColumnType::Int) => code.parse().map_or_else(|_| Expr::Text(code.clone()), Expr::Number),
            _ => Expr::Text(code.clone()),
        };
        parts.push(Expr::Compare(Box::new(Expr::Column(column.clone())), Compare::Eq, Box::new(value)));
    }
    match parts.len() {
        0 => None,
        1 => parts.pop(),
        _ => Some(Expr::And(parts)),
    }
}

//! Owns the hiding of small counts of people before they are written.
//! Never lets a single hidden cell be worked out from its margin.

/// Which values to hide: counts of 1 to `below` - 1, and where that hides exactly one of a margin, the next smallest too.
pub(super) fn hidden(values: &[i64], below: i64) -> Vec<bool> {
    let mut hide: Vec<bool> = values.iter().map(|value| (1..below).contains(value)).collect();
    second(values, &mut hide);
    hide
}

/// Hides a second cell of a margin in which exactly one is hidden; returns whether it did.
pub(super) fn second(values: &[i64], hide: &mut [bool]) -> bool {
    if hide.iter().filter(|hidden| **hidden).count() != 1 {
        return false;
    }
    let open = (0..values.len()).filter(|index| {
        hide.get(*index) == Some(&false) && values.get(*index).is_some_and(|value| *value > 0)
    });
    if let Some(flag) =
        open.min_by_key(|index| values.get(*index).copied()).and_then(|index| hide.get_mut(index))
    {
        *flag = true;
        return true;
    }
    false
}

/// The same for a table of rows and columns, each a margin, until nothing more needs hiding.
pub(super) fn hidden_table(rows: &[Vec<i64>], below: i64) -> Vec<Vec<bool>> {
    let mut hide: Vec<Vec<bool>> =
        rows.iter().map(|row| row.iter().map(|value| (1..below).contains(value)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    for _ in 0..rows.len() + columns {
        let mut changed = false;
        for (row, flags) in rows.iter().zip(&mut hide) {
            changed |= second(row, flags);
        }
        for column in 0..columns {
            let values: Vec<i64> = rows.iter().map(|row| row.get(column).copied().unwrap_or(0)).collect();
            let mut flags: Vec<bool> =
                hide.iter().map(|row| row.get(column).copied().unwrap_or(false)).collect();
            if second(&values, &mut flags) {
                for (row, flag) in hide.iter_mut().zip(flags) {
                    if let Some(cell) = row.get_mut(column) {
                        *cell = flag;
                    }
                }
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    hide
}

/// Rounds to a multiple of five.
pub(super) fn to_five(value: f64) -> i64 {
    (value / 5.0).round() as i64 * 5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_hidden_cell_takes_a_second() {
        assert_eq!(hidden(&[5, 40, 20, 0], 10), [true, false, true, false]);
        assert_eq!(hidden(&[5, 6, 20], 10), [true, true, false]);
        assert_eq!(hidden(&[0, 40, 20], 10), [false, false, false]);
    }

    proptest::proptest! {
        #[test]
        fn no_margin_keeps_a_single_hidden_cell(cells in proptest::collection::vec(proptest::collection::vec(0i64..60, 4), 2..7)) {
            let hide = hidden_table(&cells, 10);
            for (row, flags) in cells.iter().zip(&hide) {
                let open = row.iter().zip(flags).any(|(value, hidden)| *value > 0 && !hidden);
                proptest::prop_assert!(flags.iter().filter(|hidden| **hidden).count() != 1 || !open);
            }
            for column in 0..4 {
                let hidden = hide.iter().filter(|row| row[column]).count();
                let open = cells.iter().zip(&hide).any(|(row, flags)| row[column] > 0 && !flags[column]);
                proptest::prop_assert!(hidden != 1 || !open);
            }
        }
    }
}

//! How far a number can be from its true value, for all that is known: linear programming around a point that is known
//! to satisfy everything, so that no first phase is needed. For the tests that play the attacker.

/// What is known: `low <= Σ factor × unknown <= high`; either side may be infinite.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) terms: Vec<(usize, f64)>,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

const EPSILON: f64 = 1e-7;
/// Further than this nobody asks.
const FAR: f64 = 1e4;

/// All that an attacker knows, around the truth.
pub(crate) struct Knowledge {
    /// Directions in which the unknowns can move together without breaking an exact sum.
    free: Vec<Vec<f64>>,
    /// `Σ factor × step along a direction <= room`.
    rows: Vec<(Vec<f64>, f64)>,
}

impl Knowledge {
    /// `truth` must satisfy everything that is known; unknowns are counts, never negative.
    pub(crate) fn new(truth: &[f64], known: &[Known]) -> Self {
        let n = truth.len();
        let dense = |terms: &[(usize, f64)]| {
            let mut row = vec![0.0; n];
            for (place, factor) in terms {
                row[*place] += factor;
            }
            row
        };
        let value = |row: &[f64]| row.iter().zip(truth).map(|(a, x)| a * x).sum::<f64>();
        let mut equal: Vec<Vec<f64>> = Vec::new();
        let mut bounds: Vec<(Vec<f64>, f64)> = Vec::new();
        for fact in known {
            let row = dense(&fact.terms);
            let at = value(&row);
            assert!(
                at >= fact.low - 1e-6 && at <= fact.high + 1e-6,
                "the truth {at} is not within {} and {}",
                fact.low,
                fact.high
            );
            if fact.high - fact.low < EPSILON {
                equal.push(row);
                continue;
            }
            if fact.high.is_finite() {
                bounds.push((row.clone(), (fact.high - at).max(0.0)));
            }
            if fact.low.is_finite() {
                bounds.push((row.iter().map(|a| -a).collect(), (at - fact.low).max(0.0)));
            }
        }
        for (place, x) in truth.iter().enumerate() {
            let mut row = vec![0.0; n];
            row[place] = -1.0;
            bounds.push((row, *x));
        }
        let free = null_space(equal, n);
        let mut rows: Vec<(Vec<f64>, f64)> = Vec::new();
        for (row, room) in bounds {
            let along: Vec<f64> =
                free.iter().map(|direction| row.iter().zip(direction).map(|(a, d)| a * d).sum()).collect();
            if along.iter().all(|a| f64::abs(*a) < EPSILON) {
                continue;
            }
            if let Some(same) =
                rows.iter_mut().find(|(r, _)| r.iter().zip(&along).all(|(a, b)| (a - b).abs() < 1e-12))
            {
                same.1 = same.1.min(room);
            } else {
                rows.push((along, room));
            }
        }
        Self { free, rows }
    }

    /// How far a sum of unknowns can be above and below its true value.
    pub(crate) fn range(&self, terms: &[(usize, f64)]) -> (f64, f64) {
        let goal: Vec<f64> = self
            .free
            .iter()
            .map(|direction| terms.iter().map(|(place, factor)| factor * direction[*place]).sum())
            .collect();
        let less: Vec<f64> = goal.iter().map(|g: &f64| -g).collect();
        (self.most(&goal), self.most(&less))
    }

    /// The most of a goal: the simplex method on a dictionary, beginning at the truth.
    fn most(&self, goal: &[f64]) -> f64 {
        let d = goal.len();
        if goal.iter().all(|g| g.abs() < EPSILON) {
            return 0.0;
        }
        // A direction may be walked both ways: two columns, each never negative.
        let wide = 2 * d;
        let both = |row: &[f64]| row.iter().copied().chain(row.iter().map(|a| -a)).collect::<Vec<f64>>();
        let mut table: Vec<Vec<f64>> =
            self.rows.iter().map(|(row, room)| [both(row), vec![*room]].concat()).collect();
        let mut last: Vec<f64> = [both(goal), vec![0.0]].concat();
        let mut out: Vec<usize> = (0..wide).collect();
        let mut basic: Vec<usize> = (wide..wide + table.len()).collect();
        for round in 0.. {
            // Largest gain first; the smallest index after a while, which cannot go round in circles (Bland 1977).
            let gains = (0..wide).filter(|c| last[*c] > EPSILON);
            let column = if round < 200 {
                gains.max_by(|a, b| last[*a].total_cmp(&last[*b]))
            } else {
                gains.min_by_key(|c| out[*c])
            };
            let Some(column) = column else { break };
            let row = (0..table.len()).filter(|r| table[*r][column] > EPSILON).min_by(|a, b| {
                let ratio = |r: usize| table[r][wide] / table[r][column];
                ratio(*a).total_cmp(&ratio(*b)).then(basic[*a].cmp(&basic[*b]))
            });
            let Some(row) = row else { return f64::INFINITY };
            let pivot = table[row][column];
            let line: Vec<f64> = table[row]
                .iter()
                .enumerate()
                .map(|(c, a)| if c == column { 1.0 / pivot } else { a / pivot })
                .collect();
            let reduce = |other: &mut Vec<f64>| {
                let factor = other[column];
                if factor == 0.0 {
                    return;
                }
                for (c, a) in other.iter_mut().enumerate() {
                    *a = if c == column { -factor * line[c] } else { *a - factor * line[c] };
                }
            };
            for (r, other) in table.iter_mut().enumerate() {
                if r != row {
                    reduce(other);
                }
            }
            reduce(&mut last);
            table[row] = line;
            std::mem::swap(&mut out[column], &mut basic[row]);
            if -last[wide] > FAR {
                return f64::INFINITY;
            }
            assert!(round < 20_000, "the simplex method does not end");
        }
        -last[wide]
    }
}

/// Directions that change none of the rows' sums.
fn null_space(mut rows: Vec<Vec<f64>>, n: usize) -> Vec<Vec<f64>> {
    let mut pivots: Vec<usize> = Vec::new();
    for column in 0..n {
        let rank = pivots.len();
        let Some(best) = (rank..rows.len())
            .max_by(|a, b| rows[*a][column].abs().total_cmp(&rows[*b][column].abs()))
            .filter(|r| rows[*r][column].abs() > 1e-9)
        else {
            continue;
        };
        rows.swap(rank, best);
        let factor = rows[rank][column];
        rows[rank].iter_mut().for_each(|a| *a /= factor);
        let line = rows[rank].clone();
        for (r, row) in rows.iter_mut().enumerate() {
            let factor = row[column];
            if r != rank && factor != 0.0 {
                row.iter_mut().zip(&line).for_each(|(a, b)| *a -= factor * b);
            }
        }
        pivots.push(column);
    }
    (0..n)
        .filter(|column| !pivots.contains(column))
        .map(|column| {
            let mut direction = vec![0.0; n];
            direction[column] = 1.0;
            for (rank, pivot) in pivots.iter().enumerate() {
                direction[*pivot] = -rows[rank][column];
            }
            direction
        })
        .collect()
}

#[test]
#[expect(clippy::float_cmp, reason = "bounds that are given, not worked out")]
fn ranges_are_what_paper_and_pencil_give() {
    let fact = |terms: &[(usize, f64)], low: f64, high: f64| Known { terms: terms.to_vec(), low, high };
    // a + b = 8, a from 1 to 4: a is 3 here.
    let known =
        Knowledge::new(&[3.0, 5.0], &[fact(&[(0, 1.0), (1, 1.0)], 8.0, 8.0), fact(&[(0, 1.0)], 1.0, 4.0)]);
    assert_eq!(known.range(&[(0, 1.0)]), (1.0, 2.0));
    assert_eq!(known.range(&[(1, 1.0)]), (2.0, 1.0));
    assert_eq!(known.range(&[(0, 1.0), (1, 1.0)]), (0.0, 0.0));
    // A square of four whose rows and columns are known: one goes up where its neighbour goes down.
    let sums: Vec<Known> = [(0, 1), (2, 3), (0, 2), (1, 3)]
        .iter()
        .map(|(a, b)| {
            let x = [2.0, 7.0, 1.0, 9.0];
            fact(&[(*a, 1.0), (*b, 1.0)], x[*a] + x[*b], x[*a] + x[*b])
        })
        .collect();
    let known = Knowledge::new(&[2.0, 7.0, 1.0, 9.0], &sums);
    assert_eq!(known.range(&[(0, 1.0)]), (1.0, 2.0));
    assert_eq!(Knowledge::new(&[2.0], &[]).range(&[(0, 1.0)]).1, 2.0);
    assert_eq!(Knowledge::new(&[2.0], &[]).range(&[(0, 1.0)]).0, f64::INFINITY);
}

//! Natural breaks: the classes within which values differ least. Owns that search and breaks that read well between two
//! values.

use super::classes::tidy;

/// Breaks of sorted values into at most so many classes: one more than there are classes, the ends included.
///
/// W. D. Fisher, "On Grouping for Maximum Homogeneity", JASA 53 (1958): the least sum of squared distances from the
/// means of the classes, found exactly; G. F. Jenks (1967) brought it to maps.
#[must_use]
pub(super) fn natural(sorted: &[f64], most: usize, finest: f64) -> Vec<f64> {
    let (Some(low), Some(high)) = (sorted.first().copied(), sorted.last().copied()) else {
        return Vec::new();
    };
    let starts = starts(sorted, most);
    let mut breaks = vec![tidy((low / finest + 1e-9).floor() * finest, finest)];
    for start in starts {
        let (Some(below), Some(above)) = (sorted.get(start.wrapping_sub(1)), sorted.get(start)) else {
            continue;
        };
        let between = readable_between(*below, *above);
        if breaks.last().is_some_and(|last| between > *last) {
            breaks.push(between);
        }
    }
    let end = tidy((high / finest - 1e-9).ceil() * finest, finest);
    if breaks.last().is_some_and(|last| *last < end) {
        breaks.push(end);
    } else {
        breaks.push(high + finest);
    }
    breaks
}

/// Where each class but the first begins.
fn starts(sorted: &[f64], most: usize) -> Vec<usize> {
    let n = sorted.len();
    let mut different = sorted.to_vec();
    different.dedup();
    let classes = most.min(different.len());
    // Sums from the front: the squared distances of any stretch are then one subtraction. Taken from the middle, so that
    // large values that lie close together keep their digits.
    let middle = sorted.get(n / 2).copied().unwrap_or(0.0);
    let mut sums = vec![(0.0, 0.0)];
    for value in sorted {
        let (sum, squares) = sums.last().copied().unwrap_or_default();
        let v = value - middle;
        sums.push((sum + v, squares + v * v));
    }
    let spread = |from: usize, to: usize| -> f64 {
        let (Some((s0, q0)), Some((s1, q1))) = (sums.get(from), sums.get(to)) else { return f64::INFINITY };
        let count = to.saturating_sub(from).max(1) as f64;
        ((q1 - q0) - (s1 - s0) * (s1 - s0) / count).max(0.0)
    };
    // best[to]: least spread of the first `to` values in the classes so far; from[class][to]: where the last one begins.
    let mut best: Vec<f64> = (0..=n).map(|to| spread(0, to)).collect();
    let mut from: Vec<Vec<usize>> = vec![vec![0; n + 1]];
    for class in 1..classes {
        let mut next = vec![f64::INFINITY; n + 1];
        let mut begins = vec![0; n + 1];
        for to in class + 1..=n {
            for start in class..to {
                let found = best.get(start).copied().unwrap_or(f64::INFINITY) + spread(start, to);
                if let (Some(place), Some(begin)) = (next.get_mut(to), begins.get_mut(to))
                    && found < *place
                {
                    *place = found;
                    *begin = start;
                }
            }
        }
        best = next;
        from.push(begins);
    }
    let mut out = Vec::new();
    let mut to = n;
    for begins in from.iter().skip(1).rev() {
        let Some(start) = begins.get(to).copied().filter(|s| *s > 0) else { break };
        out.push(start);
        to = start;
    }
    out.reverse();
    out
}

/// The number with the fewest digits that lies above one value and not above the next.
fn readable_between(below: f64, above: f64) -> f64 {
    let mut step = 10.0_f64.powf((above - below).abs().max(1e-12).log10().ceil());
    for _ in 0..4 {
        for part in [1.0, 0.5, 0.2] {
            let fine = step * part;
            let found = (above / fine + 1e-9).floor() * fine;
            if found > below && found <= above {
                return tidy(found, fine);
            }
        }
        step /= 10.0;
    }
    above
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn within(sorted: &[f64], starts: &[usize]) -> f64 {
        let mut ends = vec![0];
        ends.extend(starts);
        ends.push(sorted.len());
        ends.windows(2)
            .map(|w| {
                let class = &sorted[w[0]..w[1]];
                let mean = class.iter().sum::<f64>() / class.len() as f64;
                class.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>()
            })
            .sum()
    }

    #[test]
    fn heaps_are_told_apart() {
        let values = [1.0, 2.0, 2.5, 11.0, 12.0, 40.0, 41.0, 42.0];
        assert_eq!(starts(&values, 3), vec![3, 5]);
        assert_eq!(natural(&values, 3, 1.0), vec![1.0, 10.0, 40.0, 42.0]);
        assert_eq!(natural(&[3.0, 3.0, 4.0], 5, 1.0), vec![3.0, 4.0, 5.0]);
    }

    #[test]
    fn breaks_between_values_read_well() {
        for (below, above, wanted) in
            [(2.5, 11.0, 10.0), (98.41, 98.62, 98.5), (0.0, 0.004, 0.004), (97.2, 98.9, 98.0)]
        {
            let found = readable_between(below, above);
            assert!((found - wanted).abs() < 1e-9, "{below} {above}: {found}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// No other way to cut the values into as many classes leaves them closer together.
        #[test]
        fn it_is_the_best_of_all_ways(mut values in proptest::collection::vec(0_u8..50, 3..9), most in 2_usize..4) {
            values.sort_unstable();
            let sorted: Vec<f64> = values.iter().map(|v| f64::from(*v)).collect();
            let found = within(&sorted, &starts(&sorted, most));
            let n = sorted.len();
            for a in 1..n {
                prop_assert!(found <= within(&sorted, &[a]) + 1e-6);
                if most == 3 {
                    for b in a + 1..n {
                        prop_assert!(found <= within(&sorted, &[a, b]) + 1e-6);
                    }
                }
            }
        }
    }
}

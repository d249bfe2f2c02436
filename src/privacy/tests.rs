//! Protection set beside published practice: the worked tables of Statistics Norway's GaussSuppression package (vignette
//! "Small count frequency table suppression", Langsrud and Lupp; MIT licence), and tables small enough to be done by hand.

use super::cells::{Column, State, Tree};
use super::network::{Need, Network, Sheet};

/// Total, EU, nonEU, Portugal, Spain, Iceland.
fn geo() -> Tree {
    Tree {
        parent: vec![None, Some(0), Some(0), Some(1), Some(1), Some(2)],
        children: vec![vec![1, 2], vec![3, 4], vec![5], vec![], vec![], vec![]],
        level: vec![0, 1, 1, 2, 2, 2],
    }
}

/// The same countries without groups: Total, Portugal, Spain, Iceland.
fn flat() -> Tree {
    Tree {
        parent: vec![None, Some(0), Some(0), Some(0)],
        children: vec![vec![1, 2, 3], vec![], vec![], vec![]],
        level: vec![0, 1, 1, 1],
    }
}

/// A column from the counts of its leaves; zeros are small too where `with_zeros`.
fn column(tree: &Tree, leaves: &[f64], most: f64, with_zeros: bool) -> Column {
    let mut values = vec![0.0; tree.len()];
    let ends = (0..tree.len()).filter(|a| tree.children[*a].is_empty());
    for (area, count) in ends.zip(leaves) {
        let mut next = Some(area);
        while let Some(area) = next {
            values[area] += count;
            next = tree.parent[area];
        }
    }
    let is_small = |v: &f64| *v <= most && (with_zeros || *v > 0.0);
    Column {
        states: values.iter().map(|v| if is_small(v) { State::Blank } else { State::Open }).collect(),
        must_hide: values.iter().map(is_small).collect(),
        values: values.into_iter().map(Some).collect(),
        below: most + 1.0,
        level: 2,
        is_top_known: false,
        is_given: false,
    }
}

/// Young, old and their total after protection.
fn protect(tree: &Tree, leaves: [&[f64]; 2], most: f64, with_zeros: bool, need: Need) -> [Column; 3] {
    let both: Vec<f64> = leaves[0].iter().zip(leaves[1]).map(|(a, b)| a + b).collect();
    let mut made = [leaves[0], leaves[1], both.as_slice()].map(|l| column(tree, l, most, with_zeros));
    let columns: Vec<&mut Column> = made.iter_mut().collect();
    let network = Network::new(tree, &columns, Some(2), need);
    network.protect(&mut Sheet { columns, mirrors: Vec::new() });
    made
}

fn hidden(columns: &[Column; 3]) -> usize {
    columns.iter().flat_map(|c| &c.states).filter(|s| **s != State::Open).count()
}

/// Every table of counts that agrees with what is shown: the values that each small cell takes in them.
fn values_of_small_cells(tree: &Tree, columns: &[Column; 3]) -> Vec<(usize, usize, Vec<u32>)> {
    let ends: Vec<usize> = (0..tree.len()).filter(|a| tree.children[*a].is_empty()).collect();
    let cells = 2 * ends.len();
    let whole = columns[2].value(0) as u32;
    let mut seen: Vec<(usize, usize, Vec<u32>)> = Vec::new();
    for (c, column) in columns.iter().enumerate() {
        for area in (0..tree.len()).filter(|area| column.is_small(*area)) {
            seen.push((c, area, Vec::new()));
        }
    }
    let mut guess = vec![0u32; cells];
    fill(0, whole, &mut guess, &mut |guess| {
        let mut sums = vec![[0u32; 3]; tree.len()];
        for (place, count) in guess.iter().enumerate() {
            let mut next = Some(ends[place / 2]);
            while let Some(area) = next {
                sums[area][place % 2] += count;
                sums[area][2] += count;
                next = tree.parent[area];
            }
        }
        let agrees = columns.iter().enumerate().all(|(c, column)| {
            (0..tree.len())
                .all(|area| column.state(area) != State::Open || column.value(area) as u32 == sums[area][c])
        });
        if agrees {
            for (c, area, values) in &mut seen {
                if !values.contains(&sums[*area][*c]) {
                    values.push(sums[*area][*c]);
                }
            }
        }
    });
    seen
}

/// All ways to spread a whole over cells.
fn fill(place: usize, left: u32, guess: &mut Vec<u32>, done: &mut dyn FnMut(&[u32])) {
    if place + 1 == guess.len() {
        guess[place] = left;
        done(guess);
        return;
    }
    for count in 0..=left {
        guess[place] = count;
        fill(place + 1, left - count, guess, done);
    }
}

#[test]
fn no_more_cells_are_hidden_than_in_the_published_tables() {
    // Countries in the order Portugal, Spain, Iceland; young, then old.
    let (a, b): ([&[f64]; 2], [&[f64]; 2]) =
        ([&[0.0, 5.0, 2.0], &[4.0, 6.0, 3.0]], [&[0.0, 5.0, 0.0], &[4.0, 6.0, 3.0]]);
    for (name, tree, leaves, most, with_zeros, theirs) in [
        ("table 1", flat(), a, 1.0, true, 4),
        ("table 2", geo(), a, 2.0, true, 8),
        ("table 4", geo(), a, 4.0, false, 10),
        ("table 5", geo(), a, 3.0, false, 8),
        ("table 7", geo(), b, 2.0, true, 10),
    ] {
        let made = protect(&tree, leaves, most, with_zeros, Need::NotExact);
        let ours = hidden(&made);
        assert!(ours <= theirs, "{name}: {ours} cells hidden, published {theirs}");
        for (c, area, values) in values_of_small_cells(&tree, &made) {
            assert!(values.len() > 1, "{name}: column {c}, area {area} can only be {values:?}");
        }
    }
}

#[test]
fn a_mark_says_all_that_is_known() {
    // Small counts from 1 to 4. By our own rule each must be free to be any of them: 3 + 5 = 8 is not enough, since then
    // the five, which is not small, could only be hidden as 4 to 7.
    let tree = flat();
    let leaves: [&[f64]; 2] = [&[3.0, 12.0, 30.0], &[20.0, 25.0, 40.0]];
    let made = protect(&tree, leaves, 4.0, false, Need::WholeRange);
    assert_eq!(made[0].state(1), State::Blank, "the small one itself");
    // A square of four: the small one, a partner in its row and its column, and the fourth corner.
    assert_eq!(hidden(&made), 4);
    assert_eq!((made[0].state(2), made[0].state(3)), (State::Blank, State::Open), "the smaller partner");
}

#[test]
fn nothing_is_hidden_where_nothing_is_small() {
    let made = protect(&geo(), [&[10.0, 5.0, 12.0], &[40.0, 6.0, 30.0]], 4.0, false, Need::WholeRange);
    assert_eq!(hidden(&made), 0);
}

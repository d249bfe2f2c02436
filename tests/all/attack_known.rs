//! The attacker who also asks what was known earlier: the same as in `attack`, on tables whose rows arrived at several
//! times. Sets the figures of one day as they are known now beside those of the same day as they were known before, and
//! works out how many arrived in between.

use crate::attack::{attack, attack_all};

/// Rows of every second table arrived at two times, of the others at three.
fn late(seed: u64) -> (usize, Vec<String>) {
    attack(seed, 2 + (seed % 2) as usize)
}

#[test]
fn no_late_arrival_is_worked_out_in_40_tables() {
    attack_all(0..40, 300, late);
}

#[test]
#[ignore = "minutes: part of the full suite"]
fn no_late_arrival_is_worked_out_in_1_000_tables() {
    attack_all(40..1040, 300, late);
}

//! How soon one picture may follow another. Owns the pace; makes no picture.

use std::time::Duration;

/// Shortest time between two snapshots: faster changes cannot be read.
pub(super) const SNAPSHOT_GAP: Duration = Duration::from_millis(200);
/// The same for real sources while changes keep coming; the first change after a pause is shown at once.
const LIVE_GAP: Duration = Duration::from_millis(25);

/// Shortest time between two pictures of real sources, of which the last took some time to make.
pub(super) fn live_gap(took: Duration, behind: bool) -> Duration {
    (took * if behind { 3 } else { 1 }).clamp(LIVE_GAP, SNAPSHOT_GAP)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pictures take at most half of the engine's time, a quarter while changes wait, as long as they are quick.
    #[test]
    fn pictures_leave_the_engine_time_for_changes() {
        let millis = Duration::from_millis;
        for (took, behind, gap) in [
            (0, false, 25),
            (0, true, 25),
            (20, false, 25),
            (20, true, 60),
            (80, false, 80),
            (80, true, 200),
            (900, false, 200),
        ] {
            assert_eq!(live_gap(millis(took), behind), millis(gap), "{took} {behind}");
        }
    }
}

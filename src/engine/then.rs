//! What was known at an instant, of files and of what came live together. Owns how the two are joined: a table that
//! cannot say it of both is left out as a whole.

use std::sync::Arc;

use crate::site::Site;
use crate::site::problem::Problem;
use crate::snapshot::EpochSecs;

use super::build::{build_known_screen, present_day};
use super::{Batch, Engine};

/// Gives rows in their order, batch by batch.
pub type Rows = Box<dyn FnOnce(&mut dyn FnMut(Batch)) -> Result<(), Vec<Problem>> + Send>;

/// What had arrived live by an instant.
pub struct Arrived {
    /// Tables of which that cannot be said any more, and why.
    pub untold: Vec<(String, Problem)>,
    /// The rows of the others.
    pub rows: Rows,
}

impl std::fmt::Debug for Arrived {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Arrived").field("untold", &self.untold).finish_non_exhaustive()
    }
}

/// Rows that came live and had arrived by an instant: what the files do not hold.
pub type LateRows = Arc<dyn Fn(EpochSecs) -> Result<Arrived, Vec<Problem>> + Send + Sync>;

/// The engine as of what was known at an instant, with events and rows: of the files, and of what came live.
///
/// # Errors
/// The problems of the catalogue, or of reading what came live; problems of data come back inside the engine.
pub fn build_then(
    site: Arc<Site>,
    instant: EpochSecs,
    late_rows: Option<&LateRows>,
) -> Result<Engine, Vec<Problem>> {
    let arrived = late_rows.map(|rows| rows(instant)).transpose()?;
    let untold = arrived.as_ref().map_or(&[][..], |arrived| &arrived.untold);
    let mut engine = build_known_screen(site, instant, untold)?;
    let known_day = engine.site.zone.day_of(instant);
    if let Some(arrived) = arrived {
        engine.take_in(arrived)?;
        engine.present_day = engine.present_day.min(known_day);
    }
    Ok(engine)
}

impl Engine {
    /// Takes in what had arrived live. A table that is left out, since a file of it does not say when its rows arrived,
    /// stays so: a part of it would look like the whole.
    ///
    /// # Errors
    /// The rows cannot be read.
    pub fn take_in(&mut self, arrived: Arrived) -> Result<(), Vec<Problem>> {
        let silent: Vec<String> =
            self.tables.iter().filter(|t| t.is_silent(&self.problems)).map(|t| t.table.id.clone()).collect();
        (arrived.rows)(&mut |batch| {
            if !silent.contains(&batch.table) {
                let problems = self.apply(&batch);
                self.problems.extend(problems);
            }
        })?;
        self.present_day = present_day(&self.site, &self.tables);
        Ok(())
    }
}

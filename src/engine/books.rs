//! Whether declared stocks go on by their flows in the data. Owns that comparison; tells how often it fails and never by
//! how much.

use crate::indicators::cube::{At, Step};
use crate::indicators::measure::{Measure, MeasureUse};
use crate::indicators::sides;
use crate::indicators::window::Window;
use crate::site::problem::Problem;
use crate::site::text::Message;

use super::Engine;

const FILE: &str = "datasets.toml";

impl Engine {
    /// A warning for each stock of the catalogue that is not, on some day or month of some area of its table's finest
    /// level, what it was before, more by what came in and less by what went out.
    #[must_use]
    pub fn unbalanced(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (stock, measure) in self.plan.measures.iter().enumerate() {
            let Some(flows) = sides::flows_of(&self.site, &self.plan, measure) else { continue };
            let place = |flow: &Measure| self.plan.measures.iter().position(|other| other == flow);
            let [Some(inflow), Some(outflow)] = flows.each_ref().map(place) else { continue };
            let (broken, all) = self.compare(stock, inflow, outflow);
            let name = sides::column_of(measure);
            if broken > 0
                && let (Some(table), Some(name)) = (self.plan.tables.get(measure.table), name)
            {
                let message = Message::new("problem.unbalanced")
                    .with("table", table)
                    .with("column", name)
                    .with("broken", broken)
                    .with("all", all);
                problems.push(Problem::warning(FILE, message));
            }
        }
        problems
    }

    /// How many stamps of an area break the rule, of how many.
    fn compare(&self, stock: usize, inflow: usize, outflow: usize) -> (usize, usize) {
        let table = self.plan.measures.get(stock).and_then(|measure| self.tables.get(measure.table));
        let Some(table) = table else { return (0, 0) };
        let (step, oldest) = (table.presence.step(), table.presence.oldest());
        let newest = table.presence.newest(step.place(self.present_day));
        let (Some(oldest), Some(newest)) = (oldest, newest) else { return (0, 0) };
        let finest = self.site.level_index(&table.table.finest_area);
        let areas = self.site.areas.iter().take(self.sum_up.len());
        let is_finest: Vec<bool> = areas.map(|(_, area)| Some(area.level) == finest).collect();
        let window = if step == Step::Day { Window::Day } else { Window::Month };
        let counts = |measure: usize, stamp: i32| {
            let day = step.last_day(stamp);
            let at = At { secs: self.site.zone.end_of(day), day };
            self.raw(MeasureUse { measure, window }, at).counts
        };
        let (mut broken, mut all) = (0, 0);
        let mut before = counts(stock, oldest);
        for stamp in oldest + 1..=newest {
            let now = counts(stock, stamp);
            let (came, went) = (counts(inflow, stamp), counts(outflow, stamp));
            for (area, _) in is_finest.iter().enumerate().filter(|(_, is)| **is) {
                let of = |counts: &[Option<f64>]| counts.get(area).copied().flatten();
                if let (Some(before), Some(now), Some(came), Some(went)) =
                    (of(&before), of(&now), of(&came), of(&went))
                {
                    all += 1;
                    broken += usize::from((before + came - went - now).abs() > 0.5);
                }
            }
            before = now;
        }
        (broken, all)
    }
}

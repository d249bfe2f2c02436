//! A ring that opens once when an event arrives, and then rests. Owns which arrivals were already seen; nothing here
//! repeats, so nothing can blink.

use egui::{Painter, Shape, Stroke};

use super::lens::{World, world};
use super::sheet::Sheet;
use super::symbol;
use crate::snapshot::{EpochSecs, EventPhase};

/// How long a ring opens, in seconds of the frame clock.
const PULSE_SECS: f64 = 1.5;
/// Arrivals within this many seconds of data time (at speed 1) are new.
const ARRIVED_SECS: i64 = 6;
/// More rings at once would be noise.
const MOST: usize = 12;

#[derive(Debug, Clone, Copy)]
struct Ring {
    at: World,
    severity: u8,
    began: f64,
}

/// The layer.
#[derive(Debug, Default)]
pub(super) struct Pulses {
    rings: Vec<Ring>,
    revision: Option<u64>,
    newest: EpochSecs,
}

impl Pulses {
    /// Notices arrivals and paints the rings that are still opening. Returns whether something moves.
    pub(super) fn paint(&mut self, painter: &Painter, sheet: &Sheet<'_>, time: f64, animate: bool) -> bool {
        self.notice(sheet, time, animate);
        self.rings.retain(|r| time - r.began < PULSE_SECS);
        let theme = sheet.theme();
        for ring in &self.rings {
            #[expect(clippy::cast_possible_truncation, reason = "a share between 0 and 1")]
            let t = ((time - ring.began) / PULSE_SECS).clamp(0.0, 1.0) as f32;
            let eased = 1.0 - (1.0 - t).powi(3);
            let r = symbol::radius(theme, ring.severity) * (1.0 + 5.0 * eased);
            let color = theme.severity(ring.severity).gamma_multiply((1.0 - t) * 0.9);
            let stroke = Stroke::new(theme.sizes.hairline * (1.0 + 2.0 * (1.0 - t)), color);
            painter.add(Shape::circle_stroke(sheet.lens.to_screen(ring.at), r, stroke));
        }
        !self.rings.is_empty()
    }

    fn notice(&mut self, sheet: &Sheet<'_>, time: f64, animate: bool) {
        let snapshot = sheet.view.snapshot;
        // What is there once events are read did not just arrive.
        if self.revision == Some(snapshot.revision) || !snapshot.is_whole {
            return;
        }
        let first = self.revision.is_none();
        self.revision = Some(snapshot.revision);
        // At a fast replay six seconds of data pass in a blink of the wall's own time.
        let window = ARRIVED_SECS * i64::from(sheet.view.state.speed.max(1));
        let since = self.newest;
        let recent = &snapshot.events.recent;
        self.newest = recent.iter().map(|e| e.changed_secs).max().unwrap_or(0).max(since);
        if !animate || first {
            return;
        }
        let arrived = recent.iter().filter(|e| {
            e.phase == EventPhase::Open
                && !e.exercise
                && e.changed_secs > since
                && snapshot.now_secs - e.changed_secs <= window
        });
        for event in arrived {
            if self.rings.len() >= MOST {
                break;
            }
            let at = event.place.map(world).or_else(|| sheet.geometry.area(event.area).map(|a| a.label));
            if let Some(at) = at {
                self.rings.push(Ring { at, severity: event.severity.clamp(1, 4), began: time });
            }
        }
    }
}

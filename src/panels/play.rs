//! The time cursor while it moves by itself. Owns its pace: a step is taken when its time has come and the picture
//! before it is on the screen, so that the cursor never runs ahead of what is shown.

use std::time::Duration;

use crate::command::Command;
use crate::panels::{Commands, View};

/// When the last step was taken, in seconds of the frame clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlayClock {
    stepped_at: f64,
}

impl PlayClock {
    /// Takes the time of a frame; asks for the next step when it is due. Returns how long until then.
    pub fn tick(&mut self, time: f64, view: &View<'_>, commands: &mut Commands) -> Option<Duration> {
        if !view.state.time.playing {
            self.stepped_at = time;
            return None;
        }
        if view.is_waiting() {
            // The picture wakes the window when it is there.
            return None;
        }
        let pace = 1.0 / f64::from(view.state.time.speed.max(1));
        let left = self.stepped_at + pace - time;
        if left > 0.0 {
            return Some(Duration::from_secs_f64(left));
        }
        self.stepped_at = time;
        commands.push(match view.time_step(1) {
            Command::LookAt(at) => Command::PlayFrom(at),
            other => other,
        });
        Some(Duration::ZERO)
    }
}

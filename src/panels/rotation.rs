//! Where the rotation of scenes stands, and the replay. Owns the countdown of the present scene; `state` owns whether
//! scenes rotate at all.

use egui::{Align2, Rect, Stroke, vec2};

use crate::command::Command;
use crate::panels::pen::{Pen, cut_right, cut_top};
use crate::panels::{Commands, View, format, marks};

/// Speeds that a replay offers.
pub const SPEEDS: [u32; 3] = [1, 10, 60];

/// How long the present scene has been on screen.
#[derive(Debug, Clone, Copy, Default)]
pub struct RotationClock {
    scene: usize,
    /// Seconds on screen, without the time that rotation stood still.
    stayed_secs: f64,
    seen_at: f64,
}

impl RotationClock {
    /// Takes the time of a frame; asks for the next scene when the present one has had its time.
    pub fn tick(&mut self, time: f64, view: &View<'_>, commands: &mut Commands) {
        let gone = (time - self.seen_at).clamp(0.0, 5.0);
        self.seen_at = time;
        if self.scene != view.state.scene {
            self.scene = view.state.scene;
            self.stayed_secs = 0.0;
            return;
        }
        if !runs(view) {
            return;
        }
        self.stayed_secs += gone;
        if self.left_secs(view) <= 0.0 {
            self.stayed_secs = 0.0;
            commands.push(Command::RotateScene);
        }
    }

    /// Seconds until the next scene.
    #[must_use]
    pub fn left_secs(&self, view: &View<'_>) -> f64 {
        scene_secs(view) - self.stayed_secs
    }

    fn share(&self, view: &View<'_>) -> f32 {
        crate::panels::pen::share(self.stayed_secs, scene_secs(view))
    }
}

fn scene_secs(view: &View<'_>) -> f64 {
    view.site.scenes.get(view.state.scene).map_or(30.0, |s| f64::from(s.seconds.max(1)))
}

/// Whether scenes move on by themselves right now: never under an open overlay that someone reads.
#[must_use]
pub const fn runs(view: &View<'_>) -> bool {
    let s = view.state;
    let is_read = s.help_open || s.palette_open || s.details_open || s.funnel_open || s.event.is_some();
    s.rotating && s.mode.is_wall() && !is_read
}

/// Paints the rotation and, below it, the replay.
pub fn rotation_ui(
    pen: Pen<'_>,
    rect: Rect,
    view: &View<'_>,
    clock: &RotationClock,
    commands: &mut Commands,
) {
    let step = pen.step();
    let Some(scene) = view.site.scenes.get(view.state.scene) else {
        return;
    };
    let place = (view.state.scene + 1).to_string();
    let all = view.site.scenes.len().to_string();
    let words = view
        .text
        .fill("panel.rotation.place", &[("n", &place), ("all", &all), ("name", view.say(&scene.name))]);
    let (line, rest) = cut_top(rect, pen.row(pen.body()));
    let response = pen.press(line, "rotation", &words);
    pen.text(line, Align2::LEFT_CENTER, &words, pen.body());
    if response.clicked() {
        commands.push(Command::StepScene(1));
    }
    let (bar, rest) = cut_top(rest.with_min_y(rest.top() + step * 0.5), step * 0.5);
    pen.painter().rect_filled(bar, step * 0.25, pen.theme.line);
    let done = bar.with_max_x(bar.left() + bar.width() * clock.share(view));
    let color = if runs(view) { pen.theme.accent } else { pen.theme.muted };
    pen.painter().rect_filled(done, step * 0.25, color);
    let (line, rest) = cut_top(rest.with_min_y(rest.top() + step * 0.5), pen.row(pen.note()));
    let key = if view.state.rotating { "panel.rotation.any_key" } else { "panel.rotation.paused" };
    pen.named_text(line, Align2::LEFT_CENTER, view.text.get(key), pen.note());
    if view.state.rotating {
        #[expect(clippy::cast_possible_truncation, reason = "seconds of a countdown")]
        let left = clock.left_secs(view).ceil().max(0.0) as i64;
        let left = view.text.fill("panel.rotation.left", &[("n", &left.to_string())]);
        pen.text(line, Align2::RIGHT_CENTER, &left, pen.note());
    }
    replay_ui(pen, rest.with_min_y(rest.top() + step), view, commands);
}

fn replay_ui(pen: Pen<'_>, rect: Rect, view: &View<'_>, commands: &mut Commands) {
    let step = pen.step();
    let (line, rest) = cut_top(rect, pen.row(pen.note()) + step * 0.5);
    if line.height() < pen.row(pen.note()) {
        return;
    }
    if view.site.meta.sample.is_none() {
        let latency = format!("{:.0}", view.snapshot.live.latency_millis);
        let key = if view.snapshot.live.running { "panel.replay.live" } else { "panel.replay.still" };
        pen.named_text(line, Align2::LEFT_CENTER, &view.text.fill(key, &[("ms", &latency)]), pen.note());
        return;
    }
    let paused = view.state.paused;
    let mut place = line;
    let pause = view.text.get(if paused { "panel.replay.go_on" } else { "panel.replay.pause" });
    let speeds = SPEEDS.into_iter().rev().map(|speed| (Some(speed), format!("×{speed}")));
    for (key, words) in std::iter::once((None, pause.to_owned())).chain(speeds) {
        let (rest, chip) = cut_right(place, pen.width(&words, pen.note()) + step * 2.0);
        place = rest.with_max_x(rest.right() - step);
        let chosen = key.map_or(paused, |speed| speed == view.state.speed && !paused);
        let response = chip_ui(pen, chip, &words, chosen);
        if response.clicked() {
            commands.push(key.map_or(Command::TogglePause, Command::SetSpeed));
        }
    }
    let key = if paused { "panel.replay.paused" } else { "panel.replay.title" };
    pen.named_text(place, Align2::LEFT_CENTER, view.text.get(key), pen.note().color(pen.theme.warn));
    let note = rest.with_min_y(rest.top() + step * 0.5);
    if view.snapshot.is_whole && note.height() >= pen.row(pen.note()) {
        let changes = format::count(view.snapshot.live.changes);
        let words = view.text.fill("panel.replay.changes", &[("n", &changes)]);
        let (line, _) = cut_top(note, pen.row(pen.note()));
        pen.text(line, Align2::LEFT_CENTER, &words, pen.note());
    }
}

/// A chip that can be pressed; the chosen one stands out.
pub fn chip_ui(pen: Pen<'_>, chip: Rect, words: &str, chosen: bool) -> egui::Response {
    let response = pen.press(chip, ("chip", words), words);
    let color = if chosen { pen.theme.accent } else { pen.theme.line };
    if chosen {
        pen.painter().rect_filled(chip, pen.step() * 0.5, pen.theme.accent.gamma_multiply(0.18));
    }
    marks::outline(pen.painter(), chip, pen.step() * 0.5, Stroke::new(pen.theme.sizes.hairline, color));
    let ink = if chosen { pen.note().color(pen.theme.accent).bold() } else { pen.note() };
    pen.text(chip.shrink2(vec2(1.0, 0.0)), Align2::CENTER_CENTER, words, ink);
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panels::fixture::Stage;
    use crate::site::text::Lang;
    use crate::state::{AppState, Mode};

    #[test]
    fn scenes_wait_while_something_is_read() {
        type Open = fn(&mut AppState);
        let read: [Open; 6] = [
            |_| {},
            |state| state.help_open = true,
            |state| state.palette_open = true,
            |state| state.details_open = true,
            |state| state.funnel_open = true,
            |state| state.event = Some("E0001".into()),
        ];
        for (number, open) in read.into_iter().enumerate() {
            let mut stage = Stage::new(Mode::Wall, Lang::Zh, 1920.0, 1080.0);
            open(&mut stage.state);
            let (mut clock, mut commands) = (RotationClock::default(), Vec::new());
            (0..600).for_each(|second| clock.tick(f64::from(second), &stage.view(), &mut commands));
            assert_eq!(commands.is_empty(), number > 0, "{number}");
        }
    }
}

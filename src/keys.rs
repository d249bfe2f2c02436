//! Every key, once: the table is what the handler runs on and what the help lists, so that neither can lie about the
//! other. Owns which key means what; never changes a choice itself.

use egui::{Context, Event, Key, Modifiers};

use crate::command::Command;
use crate::density::EventFilter;
use crate::panels::event_filter as filter;
use crate::panels::rotation::SPEEDS;
use crate::panels::{Commands, View};
use crate::state::Tool;

/// One key and what it asks for.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// The key.
    pub key: Key,
    /// Whether Ctrl is held.
    pub ctrl: bool,
    /// Message that says what it does; keys with the same message share a line of the help.
    pub words: &'static str,
    /// What it asks for in this view; nothing where it does not apply.
    pub command: fn(&View<'_>) -> Option<Command>,
}

const fn bind(key: Key, words: &'static str, command: fn(&View<'_>) -> Option<Command>) -> Binding {
    Binding { key, ctrl: false, words, command }
}

const fn bind_ctrl(key: Key, words: &'static str, command: fn(&View<'_>) -> Option<Command>) -> Binding {
    Binding { key, ctrl: true, words, command }
}

/// Share of the map that one press of an arrow moves.
const PAN: f32 = 0.15;

/// Levels that one press zooms.
const ZOOM: f64 = 0.5;

/// All keys.
pub const BINDINGS: &[Binding] = &[
    bind(Key::ArrowLeft, "key.pan", |_| Some(Command::PanMap(-PAN, 0.0))),
    bind(Key::ArrowUp, "key.pan", |_| Some(Command::PanMap(0.0, -PAN))),
    bind(Key::ArrowRight, "key.pan", |_| Some(Command::PanMap(PAN, 0.0))),
    bind(Key::ArrowDown, "key.pan", |_| Some(Command::PanMap(0.0, PAN))),
    bind(Key::Plus, "key.zoom", |_| Some(Command::ZoomMap(ZOOM))),
    bind(Key::Equals, "key.zoom", |_| Some(Command::ZoomMap(ZOOM))),
    bind(Key::Minus, "key.zoom", |_| Some(Command::ZoomMap(-ZOOM))),
    bind(Key::Num0, "key.fit", |_| Some(Command::FitMap)),
    bind(Key::Home, "key.fit", |_| Some(Command::FitMap)),
    // While a shape is drawn, it takes back its last corner.
    bind(Key::Backspace, "key.parent", |v| (v.state.tool == Tool::Hand).then_some(Command::SelectParentArea)),
    bind(Key::OpenBracket, "key.indicator", |_| Some(Command::StepIndicator(-1))),
    bind(Key::CloseBracket, "key.indicator", |_| Some(Command::StepIndicator(1))),
    bind(Key::PageUp, "key.scene_step", |_| Some(Command::StepScene(-1))),
    bind(Key::PageDown, "key.scene_step", |_| Some(Command::StepScene(1))),
    bind(Key::Num1, "key.scene", |v| scene(v, 0)),
    bind(Key::Num2, "key.scene", |v| scene(v, 1)),
    bind(Key::Num3, "key.scene", |v| scene(v, 2)),
    bind(Key::Num4, "key.scene", |v| scene(v, 3)),
    bind(Key::Num5, "key.scene", |v| scene(v, 4)),
    bind(Key::Num6, "key.scene", |v| scene(v, 5)),
    bind(Key::Num7, "key.scene", |v| scene(v, 6)),
    bind(Key::Num8, "key.scene", |v| scene(v, 7)),
    bind(Key::Num9, "key.scene", |v| scene(v, 8)),
    bind(Key::R, "key.rotation", |_| Some(Command::ToggleRotation)),
    bind(Key::Space, "key.pause", |_| Some(Command::TogglePause)),
    bind(Key::S, "key.speed", |v| Some(Command::SetSpeed(next_speed(v.state.speed)))),
    bind(Key::E, "key.event_kind", |v| Some(Command::FilterEvents(filter::next_kind(v)))),
    bind(Key::V, "key.event_severity", |v| Some(Command::FilterEvents(filter::next_severity(v)))),
    bind(Key::O, "key.event_phases", |v| Some(Command::FilterEvents(filter::next_phases(v)))),
    bind(Key::A, "key.event_age", |v| Some(Command::FilterEvents(filter::next_age(v)))),
    bind(Key::X, "key.event_clear", |_| Some(Command::FilterEvents(EventFilter::default()))),
    bind(Key::Comma, "key.time_step", |v| Some(v.time_step(-1))),
    bind(Key::Period, "key.time_step", |v| Some(v.time_step(1))),
    bind(Key::P, "key.time_play", |v| Some(v.time_play())),
    bind(Key::End, "key.time_live", |_| Some(Command::ReturnToLive)),
    bind(Key::K, "key.time_known", |_| Some(Command::ToggleKnown)),
    bind(Key::W, "key.time_width", |v| Some(Command::SetTimeWidth(v.state.time.next_width_secs()))),
    bind(Key::T, "key.time_stack", |_| Some(Command::StackTime)),
    bind(Key::Z, "key.time_zoom", |_| Some(Command::ZoomTime(1))),
    bind(Key::H, "key.silence", |_| Some(Command::ToggleSilences)),
    bind(Key::I, "key.details", |_| Some(Command::ToggleDetails)),
    bind(Key::F, "key.funnel", |_| Some(Command::ToggleFunnel)),
    bind_ctrl(Key::K, "key.palette", |_| Some(Command::TogglePalette)),
    bind(Key::D, "key.lasso", |_| Some(Command::UseTool(Tool::Lasso))),
    bind(Key::C, "key.radius", |_| Some(Command::UseTool(Tool::Radius))),
    bind(Key::G, "key.measure", |_| Some(Command::UseTool(Tool::Measure))),
    bind(Key::U, "key.datum", |_| Some(Command::StepDatum)),
    // The map answers: it knows where the pointer is.
    bind_ctrl(Key::C, "key.copy_place", |_| None),
    bind(Key::J, "key.classing", |_| Some(Command::StepClassing)),
    bind(Key::Y, "key.legend", |_| Some(Command::ToggleLegend)),
    bind(Key::L, "key.language", |v| Some(Command::SetLang(v.lang().other()))),
    bind(Key::M, "key.mode", |_| Some(Command::ToggleMode)),
    bind(Key::Escape, "key.dismiss", |_| Some(Command::Dismiss)),
    bind(Key::Tab, "key.focus", |_| None),
    bind(Key::Questionmark, "key.help", |_| Some(Command::ToggleHelp)),
    bind(Key::F1, "key.help", |_| Some(Command::ToggleHelp)),
    bind(Key::F11, "key.fullscreen", |_| Some(Command::ToggleFullscreen)),
    bind(Key::F12, "key.health", |_| Some(Command::ToggleHealth)),
    bind_ctrl(Key::Q, "key.quit", |_| Some(Command::Quit)),
];

fn scene(view: &View<'_>, index: usize) -> Option<Command> {
    (index < view.site.scenes.len()).then_some(Command::SelectScene(index))
}

fn next_speed(speed: u32) -> u32 {
    let at = SPEEDS.iter().position(|s| *s == speed).unwrap_or(0);
    SPEEDS.get((at + 1) % SPEEDS.len()).copied().unwrap_or(1)
}

impl Binding {
    /// The key as it is printed.
    #[must_use]
    pub fn name(&self) -> String {
        let key = match self.key {
            Key::ArrowLeft => "←",
            Key::ArrowUp => "↑",
            Key::ArrowRight => "→",
            Key::ArrowDown => "↓",
            Key::Plus => "+",
            Key::Equals => "=",
            Key::Minus => "-",
            Key::OpenBracket => "[",
            Key::CloseBracket => "]",
            Key::Questionmark => "?",
            Key::Comma => ",",
            Key::Period => ".",
            Key::Escape => "Esc",
            other => other.name(),
        };
        if self.ctrl { format!("Ctrl+{key}") } else { key.to_owned() }
    }
}

/// The lines of the help: keys that do the same, and the message that says what.
#[must_use]
pub fn help_lines() -> Vec<(String, &'static str)> {
    let mut lines: Vec<(String, &'static str)> = Vec::new();
    for binding in BINDINGS {
        match lines.iter_mut().find(|(_, words)| *words == binding.words) {
            // Nine scenes are told as a range by the message itself.
            Some(_) if binding.words == "key.scene" => {}
            Some((names, _)) => {
                names.push(' ');
                names.push_str(&binding.name());
            }
            None => lines.push((binding.name(), binding.words)),
        }
    }
    for (names, words) in &mut lines {
        if *words == "key.scene" {
            "1–9".clone_into(names);
        }
    }
    // Held with a click on the map: no key of the table.
    lines.push(("Shift Ctrl".to_owned(), "key.pick"));
    lines
}

/// Turns the keys of this frame into commands.
pub fn handle(ctx: &Context, view: &View<'_>, commands: &mut Commands) {
    let pressed: Vec<(Key, Modifiers)> = ctx.input(|input| {
        input
            .events
            .iter()
            .filter_map(|event| match event {
                Event::Key { key, pressed: true, modifiers, .. } => Some((*key, *modifiers)),
                _ => None,
            })
            .collect()
    });
    if pressed.is_empty() {
        return;
    }
    let typing = ctx.text_edit_focused() || view.state.palette_open;
    let focused = ctx.memory(|m| m.focused().is_some());
    for (key, modifiers) in pressed {
        if typing && !works_while_typing(key, modifiers) {
            continue;
        }
        // On a focused button, Space presses it and arrows move on; they are not ours then.
        if focused
            && matches!(
                key,
                Key::Space | Key::Enter | Key::ArrowLeft | Key::ArrowUp | Key::ArrowRight | Key::ArrowDown
            )
        {
            continue;
        }
        let binding = BINDINGS.iter().find(|b| b.key == key && b.ctrl == modifiers.command && !modifiers.alt);
        let command = binding.and_then(|b| (b.command)(view));
        if pauses(command.as_ref()) && view.state.rotating && view.state.mode.is_wall() {
            commands.push(Command::ToggleRotation);
        }
        commands.extend(command);
    }
}

fn works_while_typing(key: Key, modifiers: Modifiers) -> bool {
    modifiers.command || matches!(key, Key::Escape | Key::F1 | Key::F11 | Key::F12)
}

/// Whether a key stops the rotation of the wall: any key does, except those that are about the rotation itself or
/// change nothing of what is looked at.
const fn pauses(command: Option<&Command>) -> bool {
    !matches!(
        command,
        Some(
            Command::ToggleRotation
                | Command::SelectScene(_)
                | Command::StepScene(_)
                | Command::SetLang(_)
                | Command::SetSpeed(_)
                | Command::TogglePause
                | Command::ToggleFullscreen
                | Command::ToggleHealth
                | Command::ToggleMode
                | Command::Quit
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::text::{Lang, Messages};

    #[test]
    fn no_key_means_two_things() {
        for (i, a) in BINDINGS.iter().enumerate() {
            for b in &BINDINGS[i + 1..] {
                assert!(a.key != b.key || a.ctrl != b.ctrl, "{} stands twice", a.name());
            }
        }
    }

    #[test]
    fn every_key_is_explained_in_both_languages() {
        for lang in [Lang::Zh, Lang::En] {
            let text = Messages::built_in(lang);
            for (names, words) in help_lines() {
                assert!(text.find(words).is_some(), "{names}: no message {words} in {}", lang.code());
            }
        }
    }

    #[test]
    fn help_tells_every_key() {
        let told: String = help_lines().into_iter().map(|(names, _)| format!(" {names} ")).collect();
        for binding in BINDINGS.iter().filter(|b| b.words != "key.scene") {
            assert!(told.contains(&format!(" {} ", binding.name())), "{} is not told", binding.name());
        }
    }

    #[test]
    fn speeds_go_round() {
        assert_eq!([next_speed(1), next_speed(10), next_speed(60), next_speed(7)], [10, 60, 1, 10]);
    }
}

//! The search palette (Ctrl+K): areas, indicators, scenes and views by any part of their name in either language. Owns the
//! search and the choice; what a choice does is a command.

use egui::{Align2, Id, Key, Modal, Modifiers, Sense, TextEdit, vec2};

use crate::command::Command;
use crate::panels::help::margin;
use crate::panels::pen::{Pen, cut_right};
use crate::panels::{Commands, View, words};
use crate::site::text::Bilingual;

/// Most results on screen.
const MOST: usize = 12;

/// What the palette remembers while it is open.
#[derive(Debug, Default)]
pub struct Palette {
    query: String,
    at: usize,
    was_open: bool,
}

/// One thing that can be found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Its name.
    pub name: String,
    /// What kind of thing it is, and where it belongs.
    pub note: String,
    /// What choosing it asks for.
    pub command: Command,
}

/// Views and layers that can be opened: messages of the name and of what it is, and what opens it.
const VIEWS: [(&str, &str, Command); 3] = [
    ("panel.silence.title", "panel.palette.layer", Command::ToggleSilences),
    ("derived.plot.name", "panel.palette.view", Command::ToggleFunnel),
    ("panel.details.title", "panel.palette.view", Command::ToggleDetails),
];

/// Everything that matches a query, scenes first, then areas, then indicators, then views; names that begin with it come
/// first.
#[must_use]
pub fn find(view: &View<'_>, query: &str) -> Vec<Found> {
    let wanted = query.trim().to_lowercase();
    let rank = |name: &Bilingual| {
        let (zh, en) = (name.zh.to_lowercase(), name.en.to_lowercase());
        if zh.starts_with(&wanted) || en.starts_with(&wanted) {
            Some(0)
        } else {
            (zh.contains(&wanted) || en.contains(&wanted)).then_some(1)
        }
    };
    let site = view.site;
    let mut found: Vec<(u8, Found)> = Vec::new();
    for (i, scene) in site.scenes.iter().enumerate() {
        if let Some(rank) = rank(&scene.name) {
            let note = view.text.get("panel.palette.scene").to_owned();
            let name = view.say(&scene.name).to_owned();
            found.push((rank, Found { name, note, command: Command::SelectScene(i) }));
        }
    }
    for (id, area) in site.areas.iter() {
        if let Some(rank) = rank(&area.name) {
            let level = site.meta.levels.get(area.level).map_or("", |l| view.say(&l.name));
            let above = area.parent.map(|p| words::area_path(view, p)).unwrap_or_default();
            let note = format!("{level}  {above}");
            let name = view.say(&area.name).to_owned();
            found.push((rank, Found { name, note, command: Command::SelectArea(id) }));
        }
    }
    for (i, indicator) in site.indicators.iter().enumerate() {
        let best = rank(&indicator.name).into_iter().chain(indicator.short.as_ref().and_then(rank)).min();
        if let Some(rank) = best {
            let domain =
                site.domains.iter().find(|d| d.id == indicator.domain).map_or("", |d| view.say(&d.name));
            let name = view.say(&indicator.name).to_owned();
            found.push((rank, Found { name, note: domain.to_owned(), command: Command::SelectIndicator(i) }));
        }
    }
    for (key, note, command) in VIEWS {
        let name =
            Bilingual { zh: site.messages_zh.get(key).to_owned(), en: site.messages_en.get(key).to_owned() };
        if let Some(rank) = rank(&name) {
            let note = view.text.get(note).to_owned();
            found.push((rank, Found { name: view.say(&name).to_owned(), note, command }));
        }
    }
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, f)| f).collect()
}

impl Palette {
    /// Forgets the last search once it is closed.
    pub const fn closed(&mut self) {
        self.was_open = false;
    }

    /// Shows the palette over everything else.
    pub fn ui(&mut self, ctx: &egui::Context, view: &View<'_>, commands: &mut Commands) {
        if !self.was_open {
            self.query.clear();
            self.at = 0;
            self.was_open = true;
        }
        let found = find(view, &self.query);
        let shown = found.len().min(MOST);
        let (down, up, enter) = ctx.input_mut(|i| {
            (
                i.consume_key(Modifiers::NONE, Key::ArrowDown),
                i.consume_key(Modifiers::NONE, Key::ArrowUp),
                i.consume_key(Modifiers::NONE, Key::Enter),
            )
        });
        self.at = (self.at + usize::from(down)).saturating_sub(usize::from(up)).min(shown.saturating_sub(1));
        let theme = view.theme;
        let step = theme.sizes.step;
        let frame = egui::Frame::new()
            .fill(theme.surface)
            .stroke(egui::Stroke::new(theme.sizes.hairline, theme.line))
            .inner_margin(margin(step * 2.0))
            .corner_radius(step);
        let mut chosen = enter.then_some(self.at);
        let response = Modal::new(Id::unique("palette")).frame(frame).show(ctx, |ui| {
            ui.set_width((theme.sizes.body * 38.0).min(ctx.content_rect().width() * 0.8));
            self.field_ui(ui, view);
            let row = (theme.sizes.body * 2.0).ceil();
            // The palette keeps its height while results come and go.
            let (list, _) = ui.allocate_exact_size(
                vec2(ui.available_width(), row * crate::panels::pen::whole(MOST)),
                Sense::hover(),
            );
            let pen = Pen::new(ui, theme);
            if found.is_empty() {
                pen.named_text(list, Align2::LEFT_TOP, view.text.get("panel.palette.nothing"), pen.note());
            }
            for (i, item) in found.iter().take(shown).enumerate() {
                let top = list.top() + row * crate::panels::pen::whole(i);
                let line = egui::Rect::from_min_size(egui::pos2(list.left(), top), vec2(list.width(), row));
                if row_ui(pen, line, item, i == self.at) {
                    chosen = Some(i);
                }
            }
        });
        if let Some(item) = chosen.and_then(|i| found.get(i)) {
            commands.push(item.command.clone());
            commands.push(Command::TogglePalette);
        } else if response.backdrop_response.clicked() {
            commands.push(Command::TogglePalette);
        }
    }

    fn field_ui(&mut self, ui: &mut egui::Ui, view: &View<'_>) {
        let field = TextEdit::singleline(&mut self.query)
            .id(Id::unique("palette query"))
            .hint_text(view.text.get("panel.palette.hint").to_owned())
            .desired_width(f32::INFINITY);
        let response = ui.add(field).accessible_name(view.text.get("panel.palette.hint"));
        if response.changed() {
            self.at = 0;
        }
        response.request_focus();
    }
}

fn row_ui(pen: Pen<'_>, line: egui::Rect, item: &Found, chosen: bool) -> bool {
    let step = pen.step();
    if chosen {
        pen.painter().rect_filled(line, step * 0.5, pen.theme.accent.gamma_multiply(0.18));
    }
    let response = pen.press(line, ("found", &item.name, &item.note), &item.name);
    pen.hover_ground(line, &response);
    let inner = line.shrink2(vec2(step, 0.0));
    let (name, note) = cut_right(inner, pen.width(&item.note, pen.note()).min(inner.width() * 0.5) + step);
    let ink = if chosen { pen.body().bold() } else { pen.body() };
    pen.text(name, Align2::LEFT_CENTER, &item.name, ink);
    pen.text(note, Align2::RIGHT_CENTER, &item.note, pen.note());
    response.clicked()
}

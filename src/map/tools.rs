//! The tools of the map: a row of words under the path, and the radius as a number that can be typed. Owns their
//! places, each tall and wide enough for a finger; what a tool does is the pencil's.

use egui::{Align2, Rect, Stroke, StrokeKind, Ui, UiBuilder, pos2, vec2};

use super::sheet::Sheet;
use crate::command::Command;
use crate::drawn::{Drawn, RADIUS_METERS};
use crate::panels::Commands;
use crate::panels::pen::{Pen, TOUCH};
use crate::state::Tool;
use crate::theme::Theme;

const TOOLS: [(Tool, &str, &str); 3] = [
    (Tool::Lasso, "map.tool.lasso", "map.tool.lasso_how"),
    (Tool::Radius, "map.tool.radius", "map.tool.radius_how"),
    (Tool::Measure, "map.tool.measure", "map.tool.measure_how"),
];

/// Paints the tools below a place; returns what they cover. On the wall only while one is used: whoever stands six
/// metres away has no pointer.
pub(super) fn tools_ui(
    ui: &mut Ui,
    sheet: &Sheet<'_>,
    top_left: egui::Pos2,
    commands: &mut Commands,
) -> Rect {
    let view = sheet.view;
    let state = view.state;
    if state.mode.is_wall() && state.tool == Tool::Hand {
        return Rect::from_min_size(top_left, vec2(0.0, 0.0));
    }
    let theme = sheet.theme();
    let step = theme.sizes.step;
    let mut x = top_left.x;
    let height = (theme.sizes.small * 1.9).max(TOUCH);
    {
        let pen = Pen::new(ui, theme);
        for (tool, key, how) in TOOLS {
            let words = view.text.get(key);
            let is_used = state.tool == tool;
            let ink =
                if is_used { pen.note().bold().color(theme.accent) } else { pen.note().color(theme.text) };
            let rect = Rect::from_min_size(
                pos2(x, top_left.y),
                vec2((pen.width(words, ink.bold()) + step * 2.0).max(TOUCH), height),
            );
            let response = pen.press(rect, ("tool", key), words);
            // The chip is as tall as its words ask for: what is pressed is taller than what is seen.
            let chip = Rect::from_center_size(rect.center(), vec2(rect.width(), theme.sizes.small * 1.9));
            let rim = if is_used { theme.accent } else { theme.line };
            pen.painter().rect_filled(chip, step * 0.5, Theme::plate(theme.surface));
            pen.painter().rect_stroke(
                chip,
                step * 0.5,
                Stroke::new(theme.sizes.hairline, rim),
                StrokeKind::Inside,
            );
            pen.hover_ground(chip, &response);
            pen.text(chip, Align2::CENTER_CENTER, words, ink);
            pen.tip(rect, ("tool tip", key), || view.text.get(how).to_owned());
            if response.clicked() {
                commands.push(Command::UseTool(tool));
                // Enter sets corners from now on.
                response.surrender_focus();
            }
            x = rect.right() + step * 0.75;
        }
    }
    let is_circle = matches!(state.drawn.as_deref(), Some(Drawn::Circle { .. }));
    if state.tool == Tool::Radius || is_circle {
        x = radius_ui(ui, sheet, pos2(x, top_left.y), height, commands);
    }
    let used = TOOLS.iter().find(|(tool, _, _)| *tool == state.tool);
    let mut bottom = top_left.y + height;
    if let Some((_, _, how)) = used {
        let pen = Pen::new(ui, theme);
        let words = view.text.get(how);
        let width = pen.width(words, pen.note()).min(sheet.clear.width() * 0.7);
        let place =
            Rect::from_min_size(pos2(top_left.x, bottom + step * 0.5), vec2(width, pen.row(pen.note())));
        pen.painter().rect_filled(place.expand(step * 0.5), step * 0.5, Theme::plate(theme.surface));
        pen.named_text(place, Align2::LEFT_CENTER, words, pen.note().color(theme.text));
        bottom = place.bottom();
        x = x.max(place.right());
    }
    Rect::from_min_max(top_left, pos2(x, bottom))
}

fn radius_ui(ui: &mut Ui, sheet: &Sheet<'_>, at: egui::Pos2, height: f32, commands: &mut Commands) -> f32 {
    let view = sheet.view;
    let theme = sheet.theme();
    let rect = Rect::from_min_size(at, vec2((theme.sizes.small * 7.0).max(TOUCH), height));
    let mut meters = view.state.radius_meters.round();
    let suffix = view.text.fill("map.meters", &[("n", "")]);
    let (least, most) = RADIUS_METERS;
    let mut child = ui.new_child(UiBuilder::new().id_salt("radius").max_rect(rect));
    let value = egui::DragValue::new(&mut meters).range(least..=most).speed(10.0).suffix(suffix);
    let response = child.put(rect, value);
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::SpinButton, true, view.text.get("map.tool.radius_meters"))
    });
    if response.changed() {
        commands.push(Command::SetRadius(meters));
    }
    rect.right()
}

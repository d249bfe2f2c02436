//! The strip that tells how the program itself is doing (F12). Owns its wording; measures nothing.

use egui::{Align2, Rect, vec2};

use crate::panels::pen::Pen;
use crate::panels::{View, format, words};

/// Paints the strip along the bottom of a rectangle.
pub fn health_strip_ui(pen: Pen<'_>, screen: Rect, view: &View<'_>) {
    let health = view.health;
    let words = view.text.fill(
        "panel.health.line",
        &[
            ("frame", &format!("{:.1}", health.frame_millis)),
            ("memory", &format!("{:.0}", health.memory_mib)),
            ("changes", &format::count(health.changes)),
            ("latency", &format!("{:.0}", health.latency_millis)),
            ("queue", &health.queue.to_string()),
            ("revision", &view.snapshot.revision.to_string()),
        ],
    );
    let words = words::held(view).into_iter().fold(words, |all, held| format!("{all} · {held}"));
    let height = pen.row(pen.note());
    let width = pen.width(&words, pen.note()) + pen.step() * 2.0;
    let place = Rect::from_min_size(
        screen.left_bottom() - vec2(0.0, height),
        vec2(width.min(screen.width()), height),
    );
    pen.painter().rect_filled(place, 0.0, pen.theme.surface);
    pen.named_text(place.shrink2(vec2(pen.step(), 0.0)), Align2::LEFT_CENTER, &words, pen.note());
}

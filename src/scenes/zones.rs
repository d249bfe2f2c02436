//! The fixed zones of the wall. Owns where each panel stands for a size of screen; zones depend on the screen, the type
//! and the language only, so that nothing jumps when figures change.

use egui::{Rect, pos2};

use crate::panels::cards::CardShape;
use crate::panels::pen::Pen;
use crate::panels::{View, legend, time_bar};
use crate::scenes::snapped;

/// Where the panels of the wall stand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WallZones {
    /// Title, alarm strip, clock.
    pub top: Rect,
    /// Ranking and pictures.
    pub left: Rect,
    /// Event stream.
    pub stream: Rect,
    /// Legend, below the stream.
    pub legend: Rect,
    /// Time bar, under the map.
    pub time: Rect,
    /// Headline cards.
    pub cards: Rect,
    /// Words of the trend, below the left column.
    pub trend_words: Rect,
    /// Chart of the trend.
    pub trend: Rect,
    /// Rotation and replay, below the right column.
    pub rotation: Rect,
    /// Attribution, along the bottom.
    pub footer: Rect,
    /// What no panel covers: the map puts the district here.
    pub clear: Rect,
}

impl WallZones {
    /// The zones of a screen.
    #[must_use]
    pub fn of(pen: Pen<'_>, screen: Rect, view: &View<'_>) -> Self {
        let step = pen.step();
        let sizes = pen.theme.sizes;
        let margin = step * 4.0;
        let gap = step * 4.0;
        let column = (step * 46.0).max(sizes.body * 22.0).min(screen.width() * 0.27);
        let top_height = (step * 8.0).max(sizes.title * 1.9);
        let footer_height = pen.row(pen.note()) + step * 0.5;
        let trend_height = (step * 19.0).max(pen.row(pen.note()) * 7.2);
        let top = screen.with_max_y(screen.top() + top_height);
        let footer = Rect::from_min_max(
            pos2(screen.left() + margin, screen.bottom() - footer_height - step * 0.5),
            pos2(screen.right() - margin, screen.bottom() - step * 0.5),
        );
        let trend_bottom = footer.top() - step;
        let trend_top = trend_bottom - trend_height;
        let left_edge = screen.left() + margin;
        let right_edge = screen.right() - margin;
        let center = (left_edge + column + gap)..=(right_edge - column - gap);
        let shape = CardShape::of(pen, view, center.end() - center.start());
        let cards_bottom = trend_top - step * 1.5;
        let cards_top = cards_bottom - shape.height;
        let time_bottom = cards_top - step;
        let time_top = time_bottom - time_bar::compact_height(pen, view);
        let body_top = top.bottom() + step * 2.5;
        let body_bottom = trend_top - step * 2.0;
        let legend_top = body_bottom - legend::height(pen);
        let right = right_edge - column..=right_edge;
        let left = left_edge..=left_edge + column;
        let zone = |x: std::ops::RangeInclusive<f32>, top: f32, bottom: f32| {
            snapped(Rect::from_x_y_ranges(x, top..=bottom.max(top)))
        };
        // Axis values stand left of the chart, inside the gap and a little more.
        let chart_left = center.start() + step * 6.0;
        let chart_right = *center.end();
        Self {
            top: snapped(top),
            left: zone(left.clone(), body_top, body_bottom),
            stream: zone(right.clone(), body_top, legend_top - step * 2.0),
            legend: zone(right.clone(), legend_top, body_bottom),
            time: zone(center.clone(), time_top, time_bottom),
            cards: zone(center.clone(), cards_top, cards_bottom),
            trend_words: zone(left, trend_top, trend_bottom),
            trend: zone(chart_left..=chart_right, trend_top, trend_bottom),
            rotation: zone(right, trend_top, trend_bottom),
            footer: snapped(footer),
            clear: zone(center.clone(), top.bottom() + step, time_top - step * 0.5),
        }
    }
}

//! Every colour, spacing and type size. Owns the tokens; no other file names a colour.

use egui::Color32;

use crate::site::meta::RoomMeta;

/// All tokens of one theme.
#[derive(Debug, Clone)]
pub struct Theme {
    /// Whether the ground is dark.
    pub dark: bool,
    /// Behind everything.
    pub ground: Color32,
    /// Panels.
    pub surface: Color32,
    /// Panels over the map.
    pub surface_translucent: Color32,
    /// Hairlines.
    pub line: Color32,
    /// Text.
    pub text: Color32,
    /// Secondary text; still at least 4.5:1 on ground and surface.
    pub muted: Color32,
    /// The one accent.
    pub accent: Color32,
    /// Target met.
    pub good: Color32,
    /// Late, below target, demo mark.
    pub warn: Color32,
    /// Areas that fall silent; they also have lines, an outline and a word.
    pub silence: Color32,
    /// Sequential ramp for areas, low to high.
    pub ramp: [Color32; 7],
    /// Severity 1 to 4; each also has its own shape.
    pub severity: [Color32; 4],
    /// Domains in catalogue order; further ones repeat.
    pub domains: [Color32; 5],
    /// Areas around the district.
    pub surroundings: Color32,
    /// Border between areas.
    pub border: Color32,
    /// Outline of the district and its glow.
    pub outline: Color32,
    /// Fabric of buildings.
    pub texture: Color32,
    /// Area without a value.
    pub no_data: Color32,
    /// Roads, water and green of a base map.
    pub base: BaseInk,
    /// Type sizes and spacing, in points.
    pub sizes: Sizes,
}

/// Inks of a base map. All are translucent: they lie over the colours of areas without hiding or shifting them much, so
/// that the figures stay what one sees first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BaseInk {
    /// Woods, parks, hills.
    pub green: Color32,
    /// Lines of equal height.
    pub contour: Color32,
    /// Built-up land.
    pub built: Color32,
    /// Lakes, sea.
    pub water: Color32,
    /// Rivers drawn as lines.
    pub waterway: Color32,
    /// Houses.
    pub building: Color32,
    /// Borders.
    pub boundary: Color32,
    /// Roads, from motorways to ways on foot.
    pub roads: [Color32; 5],
    /// Railways and metro lines.
    pub rail: Color32,
    /// Names of places.
    pub place: Color32,
    /// Names of waters and hills.
    pub nature: Color32,
    /// What a picture tile is multiplied with, so that it recedes.
    pub picture: Color32,
    /// How much of the areas' colour lies over a picture.
    pub fill_over_picture: f32,
}

/// Type sizes and spacing, in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sizes {
    /// Smallest text: notes, ages, axis labels.
    pub small: f32,
    /// Running text and rows.
    pub body: f32,
    /// Headings of panels.
    pub heading: f32,
    /// Title and clock.
    pub title: f32,
    /// Figures on cards.
    pub figure: f32,
    /// One grid step; all spacing is a multiple.
    pub step: f32,
    /// Hairline width.
    pub hairline: f32,
}

impl Sizes {
    /// Sizes for a wall of this width (in points), never below what the room can read.
    ///
    /// A text is legible when its characters subtend at least 16 arc minutes at the farthest reader (ISO 11064-4,
    /// NUREG-0700); a Chinese character fills about 0.92 of its type size.
    #[must_use]
    pub fn for_wall(width_points: f32, height_points: f32, pixels_per_point: f32, room: RoomMeta) -> Self {
        const ARC_MINUTES: f32 = 16.0;
        const CHARACTER_HEIGHT: f32 = 0.92;
        let angle = (ARC_MINUTES / 60.0).to_radians();
        let least_mm = room.viewing_distance_meters * 1000.0 * angle.tan();
        let least_points =
            least_mm / room.pixel_pitch_millimeters / CHARACTER_HEIGHT / pixels_per_point.max(0.1);
        // The layout is drawn for 1920 points; a wall of another size scales it.
        let scale = (width_points / 1920.0).min(height_points / 1080.0).max(0.25);
        let small = (14.0 * scale).max(least_points.min(18.0 * scale));
        Self::from_small(small, scale)
    }

    /// Sizes for a desk.
    #[must_use]
    pub fn for_desk() -> Self {
        Self::from_small(12.5, 0.86)
    }

    fn from_small(small: f32, scale: f32) -> Self {
        Self {
            small,
            body: (17.0 * scale).max(small * 1.14),
            heading: (20.0 * scale).max(small * 1.3),
            title: (30.0 * scale).max(small * 1.9),
            figure: (44.0 * scale).max(small * 2.7),
            step: 8.0 * scale,
            hairline: (1.0 * scale).max(1.0),
        }
    }
}

/// A colour with an opacity from 0 to 255, premultiplied.
const fn rgba(hex: u32, opacity: u8) -> Color32 {
    const fn part(channel: u32, opacity: u8) -> u8 {
        ((channel & 0xff) * opacity as u32 / 255) as u8
    }
    Color32::from_rgba_premultiplied(
        part(hex >> 16, opacity),
        part(hex >> 8, opacity),
        part(hex, opacity),
        opacity,
    )
}

/// The base map under the wall's theme.
const BASE_DARK: BaseInk = BaseInk {
    green: rgba(0x002e_7a58, 0x34),
    contour: rgba(0x00a8_d8c4, 0x24),
    built: rgba(0x00b8_c8d4, 0x09),
    water: rgba(0x0012_4463, 0xb4),
    waterway: rgba(0x0030_78a6, 0xb0),
    building: rgba(0x00c8_d8e4, 0x16),
    boundary: rgba(0x0093_a4b2, 0x60),
    roads: [
        rgba(0x00e2_eaf0, 0x66),
        rgba(0x00d6_e2ea, 0x5a),
        rgba(0x00c8_d8e2, 0x44),
        rgba(0x00c0_d0dc, 0x2a),
        rgba(0x00c0_d0dc, 0x18),
    ],
    rail: rgba(0x00a8_b8c6, 0x50),
    place: rgb(0x0093_a4b2),
    nature: rgb(0x0078_a8bc),
    picture: rgb(0x0058_6068),
    fill_over_picture: 0.8,
};

/// The base map under the desk's theme.
const BASE_LIGHT: BaseInk = BaseInk {
    green: rgba(0x0070_a884, 0x38),
    contour: rgba(0x0040_7860, 0x38),
    built: rgba(0x0060_6c78, 0x0c),
    water: rgba(0x0094_c0dc, 0xc0),
    waterway: rgba(0x0074_acd0, 0xd0),
    building: rgba(0x0058_6672, 0x1e),
    boundary: rgba(0x006c_7c88, 0x70),
    roads: [
        rgba(0x00ff_ffff, 0xe8),
        rgba(0x00ff_ffff, 0xd0),
        rgba(0x00ff_ffff, 0xb4),
        rgba(0x00ff_ffff, 0x80),
        rgba(0x00ff_ffff, 0x50),
    ],
    rail: rgba(0x0070_808c, 0x80),
    place: rgb(0x004c_5c68),
    nature: rgb(0x0022_6084),
    picture: rgb(0x00ff_ffff),
    fill_over_picture: 0.72,
};

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

impl Theme {
    /// The wall's theme.
    #[must_use]
    pub const fn dark(sizes: Sizes) -> Self {
        Self {
            dark: true,
            ground: rgb(0x000b_1117),
            surface: rgb(0x0011_1a22),
            surface_translucent: Color32::from_rgba_premultiplied(0x0f, 0x17, 0x1e, 0xe8),
            line: rgb(0x0022_303c),
            text: rgb(0x00e6_edf3),
            muted: rgb(0x0093_a4b2),
            accent: rgb(0x004f_b3d9),
            good: rgb(0x007f_d1a8),
            warn: rgb(0x00ff_b545),
            silence: rgb(0x00d9_b8ff),
            ramp: [
                rgb(0x0016_303d),
                rgb(0x001b_4150),
                rgb(0x0023_5362),
                rgb(0x002d_6775),
                rgb(0x003b_7d87),
                rgb(0x004f_989c),
                rgb(0x0068_b3b3),
            ],
            severity: [rgb(0x008c_c8ff), rgb(0x00ff_b545), rgb(0x00ff_6b5e), rgb(0x00ff_6b5e)],
            domains: [
                rgb(0x007f_b0ff),
                rgb(0x00f0_ab67),
                rgb(0x0062_cdb6),
                rgb(0x00bb_a4f5),
                rgb(0x00ea_9abb),
            ],
            surroundings: rgb(0x000f_171e),
            border: Color32::from_rgba_premultiplied(0x05, 0x0b, 0x10, 0xc0),
            outline: rgb(0x0088_d2f0),
            texture: Color32::from_rgba_premultiplied(0x50, 0x5c, 0x60, 0x58),
            no_data: rgb(0x0017_2129),
            base: BASE_DARK,
            sizes,
        }
    }

    /// The desk's theme in daylight.
    #[must_use]
    pub const fn light(sizes: Sizes) -> Self {
        Self {
            dark: false,
            ground: rgb(0x00ee_f2f5),
            surface: rgb(0x00ff_ffff),
            surface_translucent: Color32::from_rgba_premultiplied(0xf0, 0xf0, 0xf0, 0xf0),
            line: rgb(0x00cf_d8df),
            text: rgb(0x0016_222c),
            muted: rgb(0x004c_5c68),
            accent: rgb(0x0013_6a92),
            good: rgb(0x0017_6b47),
            warn: rgb(0x008a_5200),
            silence: rgb(0x0069_2aa8),
            ramp: [
                rgb(0x00e3_f0f0),
                rgb(0x00c8_e2e2),
                rgb(0x00a6_d0d1),
                rgb(0x0080_babd),
                rgb(0x0059_a0a6),
                rgb(0x0037_838c),
                rgb(0x001b_6570),
            ],
            severity: [rgb(0x0021_66b0), rgb(0x00a3_5f00), rgb(0x00c2_2f22), rgb(0x00c2_2f22)],
            domains: [
                rgb(0x002a_5fc4),
                rgb(0x00a3_5a10),
                rgb(0x0010_7a63),
                rgb(0x006b_48c8),
                rgb(0x00b0_3a6c),
            ],
            surroundings: rgb(0x00e2_e8ec),
            border: Color32::from_rgba_premultiplied(0xff, 0xff, 0xff, 0xff),
            outline: rgb(0x0013_6a92),
            texture: Color32::from_rgba_premultiplied(0x20, 0x28, 0x2c, 0x50),
            no_data: rgb(0x00dd_e3e8),
            base: BASE_LIGHT,
            sizes,
        }
    }

    /// A plate of one of the grounds under words on the map: they are read whatever lies below it, a dark picture or a light
    /// one.
    #[must_use]
    pub fn plate(ground: Color32) -> Color32 {
        ground.gamma_multiply(0.9)
    }

    /// Text on a fill of the ramp: a token where one is told apart well enough, else white or black.
    #[must_use]
    pub fn on(&self, fill: Color32) -> Color32 {
        let inks = [self.text, self.ground, Color32::WHITE, Color32::BLACK];
        inks.into_iter().find(|ink| contrast(*ink, fill) >= 4.5).unwrap_or(self.text)
    }

    /// Ground or text: what is seen better on a fill.
    #[must_use]
    pub fn apart_from(&self, fill: Color32) -> Color32 {
        if contrast(self.ground, fill) >= contrast(self.muted, fill) { self.ground } else { self.muted }
    }

    /// Colour of a domain by its place in the catalogue.
    #[must_use]
    pub fn domain(&self, index: usize) -> Color32 {
        self.domains.get(index % self.domains.len()).copied().unwrap_or(self.accent)
    }

    /// Colour of a CAP severity, 1 to 4.
    #[must_use]
    pub fn severity(&self, severity: u8) -> Color32 {
        let index = usize::from(severity.clamp(1, 4)) - 1;
        self.severity.get(index).copied().unwrap_or(self.accent)
    }

    /// Colour of a class of the sequential ramp: `class` of `classes`, low to high.
    #[must_use]
    pub fn class_color(&self, class: usize, classes: usize) -> Color32 {
        let last = self.ramp.len() - 1;
        let index = if classes < 2 { last / 2 } else { class * last / (classes - 1) };
        self.ramp.get(index.min(last)).copied().unwrap_or(self.no_data)
    }
}

/// Contrast of two opaque colours, 1 to 21 (WCAG 2.2, 1.4.3).
#[must_use]
pub fn contrast(a: Color32, b: Color32) -> f32 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance(color: Color32) -> f32 {
    let linear = |channel: u8| {
        let c = f32::from(channel) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
}

/// Everything egui draws by itself (fields, tooltips, scroll bars), in these tokens.
#[must_use]
pub fn egui_style(theme: &Theme) -> egui::Style {
    use egui::{FontFamily, FontId, Stroke, TextStyle};
    let mut style = egui::Style::default();
    let sizes = theme.sizes;
    style.text_styles = [
        (TextStyle::Small, sizes.small),
        (TextStyle::Body, sizes.body),
        (TextStyle::Button, sizes.body),
        (TextStyle::Monospace, sizes.small),
        (TextStyle::Heading, sizes.heading),
    ]
    .into_iter()
    .map(|(name, size)| (name, FontId::new(size, FontFamily::Proportional)))
    .collect();
    let mut visuals = if theme.dark { egui::Visuals::dark() } else { egui::Visuals::light() };
    visuals.override_text_color = Some(theme.text);
    visuals.weak_text_color = Some(theme.muted);
    visuals.panel_fill = theme.ground;
    visuals.window_fill = theme.surface;
    visuals.window_stroke = Stroke::new(sizes.hairline, theme.line);
    visuals.extreme_bg_color = theme.ground;
    visuals.faint_bg_color = theme.ground;
    visuals.selection.bg_fill = theme.accent.gamma_multiply(0.3);
    visuals.selection.stroke = Stroke::new(sizes.hairline, theme.accent);
    visuals.hyperlink_color = theme.accent;
    visuals.popup_shadow = egui::Shadow::NONE;
    visuals.window_shadow = egui::Shadow::NONE;
    for widget in [
        &mut visuals.widgets.noninteractive,
        &mut visuals.widgets.inactive,
        &mut visuals.widgets.hovered,
        &mut visuals.widgets.active,
        &mut visuals.widgets.open,
    ] {
        widget.fg_stroke.color = theme.text;
        widget.bg_stroke = Stroke::new(sizes.hairline, theme.line);
        widget.bg_fill = theme.line;
        widget.weak_bg_fill = theme.surface;
    }
    style.visuals = visuals;
    style.spacing.item_spacing = egui::vec2(sizes.step, sizes.step * 0.5);
    style.spacing.button_padding = egui::vec2(sizes.step, sizes.step * 0.5);
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.3;
    style.animation_time = 0.15;
    style
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_on_plates_are_read_over_any_picture() {
        for theme in [Theme::dark(Sizes::for_desk()), Theme::light(Sizes::for_desk())] {
            for ground in [theme.ground, theme.surface] {
                for below in [Color32::BLACK, Color32::WHITE] {
                    let seen = below.blend(Theme::plate(ground));
                    for ink in [theme.text, theme.muted] {
                        let found = contrast(ink, seen);
                        assert!(found >= 4.5, "dark {}: {ink:?} on {seen:?}: {found:.2}", theme.dark);
                    }
                }
            }
        }
    }

    /// Text tokens on the grounds they stand on; 4.5:1 is the least of WCAG 2.2 (1.4.3).
    #[test]
    fn texts_are_told_from_their_grounds() {
        let sizes = Sizes::for_desk();
        for theme in [Theme::dark(sizes), Theme::light(sizes)] {
            for (ground_name, ground) in [("ground", theme.ground), ("surface", theme.surface)] {
                let inks = [
                    ("text", theme.text),
                    ("muted", theme.muted),
                    ("accent", theme.accent),
                    ("good", theme.good),
                    ("warn", theme.warn),
                    ("silence", theme.silence),
                    ("place", theme.base.place),
                    ("nature", theme.base.nature),
                ];
                for (name, ink) in inks {
                    let found = contrast(ink, ground);
                    assert!(found >= 4.5, "{name} on {ground_name}, dark {}: {found:.2}", theme.dark);
                }
            }
        }
    }

    /// Marks carry a shape and a word as well; 3:1 is the least for them (1.4.11).
    #[test]
    fn marks_are_told_from_their_grounds() {
        let sizes = Sizes::for_desk();
        for theme in [Theme::dark(sizes), Theme::light(sizes)] {
            for ink in theme.severity.iter().chain(&theme.domains) {
                for ground in [theme.ground, theme.surface] {
                    assert!(contrast(*ink, ground) >= 3.0, "{ink:?} on {ground:?}");
                }
            }
        }
    }

    #[test]
    fn numbers_are_told_from_every_class_of_the_ramp() {
        for theme in [Theme::dark(Sizes::for_desk()), Theme::light(Sizes::for_desk())] {
            for fill in theme.ramp {
                let found = contrast(theme.on(fill), fill);
                assert!(found >= 4.5, "{fill:?}: {found:.2}");
            }
        }
    }
}

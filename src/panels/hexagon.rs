//! How a hexagon that stands for events looks: how large, how strong, where its corners are. Owns that scale, for the map
//! and for its legend; counts nothing.

use egui::{Color32, Pos2, vec2};

use crate::theme::Theme;

/// Into how many steps fullness is told: more than the eye tells apart, and few enough that each is drawn only once.
pub const STEPS: u8 = 16;

/// How full a hexagon is, in steps: counts differ by magnitudes, and the middle ones are to be told apart.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a size on the screen"
)]
pub fn step(count: u64, most: u64) -> u8 {
    ((count as f64 / most.max(1) as f64).clamp(0.0, 1.0).powf(0.4) * f64::from(STEPS)).round() as u8
}

/// How full it is, from 0 to 1.
#[must_use]
pub fn fullness(count: u64, most: u64) -> f32 {
    fullness_of(step(count, most))
}

/// How full it is at a step, from 0 to 1.
#[must_use]
pub fn fullness_of(step: u8) -> f32 {
    f32::from(step) / f32::from(STEPS)
}

/// How much of its place it takes.
#[must_use]
pub fn share(fullness: f32) -> f32 {
    0.6 + 0.36 * fullness
}

/// Ground of its number: never so strong that the number could not be read.
#[must_use]
pub fn fill(theme: &Theme, color: Color32, fullness: f32) -> Color32 {
    theme.ground.lerp_to_gamma(color, 0.12 + 0.28 * fullness)
}

/// Width of its edge, in hairlines.
#[must_use]
pub fn edge(fullness: f32) -> f32 {
    1.0 + 1.5 * fullness
}

/// Its corners around a middle.
#[must_use]
pub fn corners(center: Pos2, radius: f32) -> Vec<Pos2> {
    (0_u8..6)
        .map(|i| {
            let angle = std::f32::consts::FRAC_PI_3 * f32::from(i) + std::f32::consts::FRAC_PI_6;
            center + vec2(radius * angle.cos(), radius * angle.sin())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::Sizes;

    #[test]
    fn numbers_are_read_on_every_cell() {
        for theme in [Theme::dark(Sizes::for_desk()), Theme::light(Sizes::for_desk())] {
            for color in theme.severity.iter().chain([&theme.muted]) {
                for full in [0.0, 0.5, 1.0] {
                    let found = crate::theme::contrast(theme.text, fill(&theme, *color, full));
                    assert!(found >= 4.5, "{color:?} at {full}, dark {}: {found:.2}", theme.dark);
                }
            }
        }
    }

    #[test]
    fn fuller_cells_are_larger() {
        assert!(fullness(1, 1000) < fullness(10, 1000) && fullness(10, 1000) < fullness(1000, 1000));
        assert!((fullness(1000, 1000) - 1.0).abs() < 1e-6 && fullness(0, 0).abs() < 1e-6);
    }
}

//! The fonts inside the program. Owns which families there are; never falls back on a font of the machine, so that
//! every wall shows the same and a missing glyph is a bug that a test finds.

use std::sync::{Arc, LazyLock};

use egui::{FontData, FontDefinitions, FontFamily, FontId};

const REGULAR: &[u8] = include_bytes!("../assets/fonts/onemap-sans-regular.otf");
const BOLD: &[u8] = include_bytes!("../assets/fonts/onemap-sans-bold.otf");

/// The bold family. A family name is shared text, so it is made once.
static BOLD_FAMILY: LazyLock<FontFamily> = LazyLock::new(|| FontFamily::Name(Arc::from("bold")));

/// Gives a context the embedded fonts.
pub fn install(ctx: &egui::Context) {
    let mut fonts = FontDefinitions::empty();
    for (name, data, families) in [
        ("regular", REGULAR, vec![FontFamily::Proportional, FontFamily::Monospace]),
        ("bold", BOLD, vec![BOLD_FAMILY.clone()]),
    ] {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(data)));
        for family in families {
            fonts.families.insert(family, vec![name.to_owned()]);
        }
    }
    ctx.set_fonts(fonts);
}

/// A regular font of a size.
#[must_use]
pub const fn regular(size: f32) -> FontId {
    FontId { size, family: FontFamily::Proportional }
}

/// A bold font of a size.
#[must_use]
pub fn bold(size: f32) -> FontId {
    FontId { size, family: BOLD_FAMILY.clone() }
}

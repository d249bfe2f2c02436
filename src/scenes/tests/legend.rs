//! The legend over the desk's map: short where the whole would cover the areas, and never over them.

use super::*;
use crate::site::areas::AreaId;

const SMALL: Vec2 = vec2(1366.0, 768.0);
const LARGE: Vec2 = vec2(1920.0, 1080.0);

fn has(harness: &Harness<'static, World>, lang: Lang, key: &str) -> bool {
    let words = harness.state().stage.site.messages(lang).get(key).to_owned();
    harness.query_all_by_label(&words).next().is_some()
}

#[test]
fn the_legend_is_short_on_a_small_desk_and_goes_on_by_key_and_press() {
    for lang in [Lang::Zh, Lang::En] {
        for (size, usual, other) in [
            (SMALL, "panel.legend.whole", "panel.legend.shorter"),
            (LARGE, "panel.legend.shorter", "panel.legend.whole"),
        ] {
            let mut harness = harness_of(size, Mode::Desk, lang, |_| {});
            assert!(has(&harness, lang, usual) && !has(&harness, lang, other), "{size:?} {lang:?}");
            press(&mut harness, Key::Y, Modifiers::NONE);
            assert!(has(&harness, lang, other) && !has(&harness, lang, usual), "{size:?} {lang:?}");
            let words = harness.state().stage.site.messages(lang).get(other).to_owned();
            harness.get_by_label(&words).click();
            harness.run_steps(2);
            assert!(has(&harness, lang, usual), "{size:?} {lang:?}");
        }
    }
}

#[test]
fn the_areas_stand_beside_the_legend() {
    for (size, turned) in [(SMALL, false), (SMALL, true), (LARGE, false), (vec2(3840.0, 2160.0), true)] {
        let harness = harness_of(size, Mode::Desk, Lang::En, |stage| stage.state.legend_turned = turned);
        let world = harness.state();
        let legend = world.screen.as_ref().map(|screen| screen.map.aside).expect("a legend");
        assert!(legend.is_positive() && legend.width() < size.x * 0.3, "{legend:?}");
        let areas = world.stage.site.areas.iter().map(|(id, _)| id).filter(|id| *id != AreaId::ROOT);
        let names: Vec<String> =
            areas.map(|id| world.stage.view().say(&world.stage.site.areas.get(id).name).to_owned()).collect();
        let mut seen = 0;
        for name in names {
            for node in harness.query_all_by_label_contains(&name).filter(|node| node.rect().width() < 2.0) {
                seen += 1;
                assert!(
                    !legend.contains(node.rect().center()),
                    "{size:?}, {turned}: {name} lies below the legend"
                );
            }
        }
        assert!(seen > 0);
    }
}

//! What stands out, what areas add to a change, the funnel plot and how an event ended, as found on wall and desk.

use super::*;
use crate::derived::words as derived_words;
use crate::panels::series_cache::SeriesCache;
use crate::panels::{funnel_plot, ranking};
use crate::site::areas::AreaId;

fn told(harness: &Harness<'static, World>, words: &str) -> bool {
    harness.query_all_by_label_contains(words).next().is_some()
}

#[test]
fn the_details_tell_what_each_area_adds() {
    for (mode, lang) in [(Mode::Wall, Lang::En), (Mode::Wall, Lang::Zh), (Mode::Desk, Lang::En)] {
        let mut harness = harness(mode, lang, |stage| {
            stage.state.details_open = true;
            // A count: what areas add is the difference of their own.
            stage.state.indicator = 1;
        });
        let stage = &harness.state().stage;
        let shares = stage.snapshot.origin(&stage.site).shares(1, AreaId::ROOT).unwrap();
        let found = shares.contribution.unwrap();
        assert!(found.parts.len() > 2 && found.rest != 0.0, "{found:?}");
        let view = stage.view();
        let way = |v: f64| if v > 0.0 { "panel.change.up" } else { "panel.change.down" };
        for part in &found.parts {
            let size = format::bound(part.total().abs(), 0);
            let told_part = view.text.fill(way(part.total()), &[("size", &size)]);
            let words = format!("{} {told_part}", words::short_name(&view, part.area));
            assert!(told(&harness, &words), "{mode:?} {lang:?} does not tell: {words}");
        }
        assert!(told(&harness, &derived_words::rest(view.text, &found)));
        // A median does not add up: no bars.
        harness.state_mut().stage.state.indicator = 3;
        harness.run_steps(2);
        let title = harness.state().stage.site.messages(lang).get("derived.bars.title").to_owned();
        let begin = title.split('{').next().unwrap();
        assert!(begin.is_empty() || !told(&harness, begin), "{begin}");
    }
}

#[test]
fn areas_that_stand_out_say_so_and_the_others_too() {
    for (mode, lang) in [(Mode::Wall, Lang::Zh), (Mode::Desk, Lang::En), (Mode::Wall, Lang::En)] {
        let harness = harness(mode, lang, |stage| {
            stage.state.indicator = 0;
            // One area far below the others.
            let worst = stage.snapshot.reading(0, AreaId(2));
            let mut figures = (*stage.snapshot.figures).clone();
            figures.readings[0][2] =
                Reading { value: Shown::Value(40.0), numerator: Shown::Value(480.0), ..worst };
            stage.snapshot.figures = Arc::new(figures);
        });
        let stage = &harness.state().stage;
        let view = stage.view();
        let rows = ranking::rows(&view, &stage.site.indicators[0], &mut SeriesCache::default());
        let outside: Vec<AreaId> =
            rows.iter().filter(|r| r.standing.outside().is_some()).map(|r| r.area).collect();
        assert!(outside.contains(&AreaId(2)), "{rows:?}");
        for row in rows.iter().filter(|row| row.standing.is_judged()) {
            let stands = derived_words::standing(view.text, &row.standing).unwrap();
            assert!(told(&harness, &stands), "{mode:?} does not say {stands}");
        }
        assert!(told(&harness, view.text.get("derived.standing.outside_998")), "no legend on {mode:?}");
    }
}

#[test]
fn nothing_more_than_usual_is_said_as_such() {
    let harness = harness(Mode::Wall, Lang::En, |stage| {
        stage.state.indicator = 0;
        let mut figures = (*stage.snapshot.figures).clone();
        for reading in &mut figures.readings[0] {
            let (value, numerator) = (Shown::Value(85.0), Shown::Value(1020.0));
            *reading = Reading { value, numerator, denominator: Shown::Value(1200.0), ..*reading };
        }
        stage.snapshot.figures = Arc::new(figures);
    });
    let stage = &harness.state().stage;
    let rows = ranking::rows(&stage.view(), &stage.site.indicators[0], &mut SeriesCache::default());
    let usual = !rows.iter().any(|row| row.standing.stands_out());
    assert_eq!(told(&harness, "all as usual"), usual, "{rows:?}");
    assert!(rows.iter().all(|row| row.standing.outside().is_none()));
}

#[test]
fn figures_of_areas_that_are_of_an_earlier_day_say_of_which() {
    for (mode, lang) in [(Mode::Wall, Lang::Zh), (Mode::Desk, Lang::En)] {
        let earlier = |stage: &mut Stage, areas: std::ops::Range<usize>| {
            stage.state.indicator = 0;
            let mut figures = (*stage.snapshot.figures).clone();
            for reading in &mut figures.readings[0][areas] {
                reading.oldest_input = reading.oldest_input.map(|at| at - 24 * 86_400);
            }
            stage.snapshot.figures = Arc::new(figures);
        };
        let said = |harness: &Harness<'static, World>| words::areas_as_of(&harness.state().stage.view());
        let all = harness(mode, lang, |stage| earlier(stage, 0..stage.site.areas.len()));
        assert_eq!(said(&all), None);
        let inside = harness(mode, lang, |stage| earlier(stage, 1..stage.site.areas.len()));
        let words = said(&inside).unwrap();
        assert!(words.contains("10-30"), "{words}");
        let places = inside.query_all_by_label_contains(&words).count();
        assert!(
            places >= 2,
            "{mode:?} says {words} at {places} places, not beside the areas and in the legend"
        );
    }
}

#[test]
fn a_picture_of_an_earlier_day_says_of_which() {
    for lang in [Lang::Zh, Lang::En] {
        let count = |earlier: bool| {
            let told = |stage: &Stage| stage.snapshot.now_secs - 24 * 86_400;
            let harness = harness(Mode::Wall, lang, |stage| {
                let mut figures = (*stage.snapshot.figures).clone();
                let told = earlier.then(|| told(stage));
                figures.slices.iter_mut().flatten().flatten().for_each(|slice| slice.told_secs = told);
                stage.snapshot.figures = Arc::new(figures);
            });
            let stage = &harness.state().stage;
            let view = stage.view();
            let day = words::short_day(&view, told(stage));
            let words = view.text.fill("panel.picture.as_of", &[("day", &day)]);
            harness.query_all_by_label_contains(&words).count()
        };
        assert_eq!((count(false), count(true)), (0, 1), "{lang:?}");
    }
}

#[test]
fn the_funnel_opens_is_told_and_takes_one_to_an_area() {
    for (mode, lang) in [(Mode::Wall, Lang::En), (Mode::Desk, Lang::Zh)] {
        let mut harness = harness(mode, lang, |stage| stage.state.indicator = 0);
        press(&mut harness, Key::F, Modifiers::NONE);
        assert!(harness.state().stage.state.funnel_open);
        harness.run_steps(2);
        let spots: Vec<(AreaId, String)> = {
            let stage = &harness.state().stage;
            let view = stage.view();
            let row = &stage.site.indicators[0];
            let area = funnel_plot::compared_in(&view, row);
            let funnel = stage.snapshot.origin(&stage.site).funnel(0, area).unwrap();
            let joint = view.text.get("derived.complete.joint");
            let spoken = |spot: &crate::derived::funnel::Spot| {
                let value = format::shown(Shown::Value(spot.value), row.decimals, &row.unit, view.text);
                let base = view.text.fill("derived.plot.base", &[("base", "1,200")]);
                [words::short_name(&view, spot.area), &value, &base].join(joint)
            };
            funnel.spots.iter().map(|spot| (spot.area, spoken(spot))).collect()
        };
        assert!(spots.len() > 2);
        for (area, spoken) in &spots {
            let point = harness.query_all_by_label_contains(spoken).next();
            let point = point.unwrap_or_else(|| panic!("no point says {spoken} on {mode:?}"));
            if *area == spots[1].0 {
                // By keyboard: focus, then Space.
                point.focus();
            }
        }
        harness.run_steps(1);
        press(&mut harness, Key::Space, Modifiers::NONE);
        assert!(harness.state().commands.contains(&Command::SelectArea(spots[1].0)), "{mode:?}");
        // The first Escape leaves the point, the plot goes with the key that opened it.
        press(&mut harness, Key::F, Modifiers::NONE);
        assert!(!harness.state().stage.state.funnel_open);
    }
}

#[test]
fn a_figure_without_a_funnel_says_why() {
    for lang in [Lang::Zh, Lang::En] {
        let harness = harness(Mode::Wall, lang, |stage| {
            stage.state.indicator = 1;
            stage.state.funnel_open = true;
        });
        let text = harness.state().stage.site.messages(lang);
        assert!(told(&harness, text.get("derived.plot.no_funnel")));
    }
}

#[test]
fn the_palette_opens_the_funnel() {
    let stage = Stage::new(Mode::Desk, Lang::En, 1920.0, 1080.0);
    for query in ["funnel", "漏斗"] {
        let found = palette::find(&stage.view(), query);
        assert!(found.iter().any(|f| f.command == Command::ToggleFunnel), "{query}");
    }
}

#[test]
fn an_event_that_ended_while_it_is_looked_at_says_when() {
    for mode in [Mode::Wall, Mode::Desk] {
        let mut harness = harness(mode, Lang::En, |_| {});
        let done = {
            let events = &harness.state().stage.snapshot.events;
            events.recent.iter().find(|event| event.closed_secs.is_some()).unwrap().clone()
        };
        let state = harness.state_mut();
        state.stage.state.apply(&Command::SelectEvent(Some(done.id.clone())), &state.stage.site);
        harness.run_steps(3);
        let moment = format::moment(&harness.state().stage.site.zone, done.closed_secs.unwrap());
        assert!(told(&harness, &format!("Closed {moment}")), "{mode:?}: the card says when it closed");
        // Newer changes push it off the lists.
        let events = &mut harness.state_mut().stage.snapshot.events;
        (events.recent, events.open) = (Arc::from([]), crate::snapshot::OpenList::default());
        harness.run_steps(3);
        assert!(told(&harness, &format!("Closed {moment}")), "{mode:?}: it no longer says when it closed");
        assert!(told(&harness, "no longer listed"));
        // Looking back to before its end, nothing of the end is told.
        harness.state_mut().stage.state.event = Some(Arc::from("never seen"));
        harness.run_steps(2);
        assert!(told(&harness, "This event is no longer listed") && !told(&harness, &moment));
    }
}

/// A table whose rows take less than half of its room leaves the rest to the funnel plot, where that has a use for it.
#[test]
fn a_short_table_leaves_its_room_to_the_funnel() {
    let large = vec2(3840.0, 2160.0);
    for (size, has_plot) in [(large, true), (large, false), (vec2(1920.0, 1080.0), true)] {
        let harness = harness_of(size, Mode::Desk, Lang::Zh, |stage| {
            let found = (0..stage.site.indicators.len()).find(|ix| {
                stage.state.indicator = *ix;
                funnel_plot::has_plot(&stage.view(), &mut SeriesCache::default()) == has_plot
            });
            assert!(found.is_some());
        });
        let stage = &harness.state().stage;
        let text = stage.site.messages(Lang::Zh);
        let name = stage.view().say(stage.site.indicators[stage.state.indicator].card_name());
        let title = text.fill("derived.plot.title", &[("name", name)]);
        let is_below = has_plot && size == large;
        assert_eq!(harness.query_by_label(&title).is_some(), is_below, "{size:?}, {has_plot}");
        // It was not opened, so there is nothing to close.
        assert!(harness.query_by_label(text.get("derived.plot.close")).is_none());
    }
}

/// On a large desk the funnel plot is a pane of its own below the map; on a small one it lies over it.
#[test]
fn a_large_desk_has_room_for_the_funnel_beside_the_map() {
    for (size, is_beside) in [(vec2(3840.0, 2160.0), true), (vec2(1920.0, 1080.0), false)] {
        let mut harness = harness_of(size, Mode::Desk, Lang::En, |stage| {
            stage.state.funnel_open = true;
        });
        let text = harness.state().stage.site.messages(Lang::En).clone();
        let rect = |label: &str| harness.query_all_by_label(label).next().unwrap().rect();
        let (close, bar) = (rect(text.get("derived.plot.close")), rect(text.get("panel.time.bar")));
        assert_eq!(close.top() > bar.bottom(), is_beside, "{size:?}: {close:?} {bar:?}");
        let (trend, table) = (rect(text.get("panel.trend.title")), rect(text.get("panel.table.title")));
        if is_beside {
            assert!(trend.right() < close.left() && close.right() < table.left(), "between trend and table");
        }
        harness.get_by_label(text.get("derived.plot.close")).click();
        harness.run_steps(2);
        assert!(!harness.state().stage.state.funnel_open);
    }
}

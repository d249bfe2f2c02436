//! The first picture of a start from a kept cube: what is being read is said to be, and is neither none nor 0.

use super::*;
use crate::site::areas::AreaId;
use crate::snapshot::Events;

/// The chosen indicator and all events are not read yet.
fn unread(stage: &mut Stage) {
    let indicator = stage.state.indicator;
    let mut figures = (*stage.snapshot.figures).clone();
    figures.readings[indicator].iter_mut().for_each(|reading| *reading = Reading::UNREAD);
    stage.snapshot.figures = Arc::new(figures);
    stage.snapshot.events = Events::default();
    stage.snapshot.is_whole = false;
}

#[test]
fn what_is_being_read_is_neither_none_nor_zero() {
    for (mode, lang) in
        [(Mode::Wall, Lang::Zh), (Mode::Wall, Lang::En), (Mode::Desk, Lang::Zh), (Mode::Desk, Lang::En)]
    {
        let mut harness = harness(mode, lang, unread);
        let text = harness.state().stage.site.messages(lang).clone();
        let holds = |harness: &Harness<'static, World>, words: &str| {
            harness.query_all_by_label_contains(words).next().is_some()
        };
        let reading = ["panel.alarm.reading", "panel.events.reading", "panel.shown.why_unread"];
        for key in reading {
            assert!(holds(&harness, text.get(key)), "{mode:?} {lang:?}: {key} is not said");
        }
        let stage = &harness.state().stage;
        let row = &stage.site.indicators[stage.state.indicator];
        let figure = format::shown(Shown::Unread, row.decimals, &row.unit, &text);
        let name = words::area_name(&stage.view(), AreaId(1)).to_owned();
        assert!(holds(&harness, &figure) && holds(&harness, &name), "{mode:?} {lang:?}: {figure}");
        let open = format::count(0);
        let counts = text.fill("panel.events.counts", &[("today", &open), ("open", &open)]);
        let calm = text.fill("panel.alarm.calm", &[("open", &open), ("n", "1")]);
        let late = text.fill("panel.alarm.calm_late", &[("open", &open), ("n", "1")]);
        for words in [&counts, &calm, &late] {
            assert!(!holds(&harness, words), "{mode:?} {lang:?}: says {words}");
        }
        for key in
            ["panel.events.none", "panel.legend.all_shown", "panel.legend.single", "panel.shown.missing"]
        {
            assert!(!holds(&harness, text.get(key)), "{mode:?} {lang:?}: says {key}");
        }
        // Once they are read, none is none.
        harness.state_mut().stage.snapshot.is_whole = true;
        harness.state_mut().stage.snapshot.revision += 1;
        harness.run_steps(2);
        assert!(
            holds(&harness, &counts) && holds(&harness, text.get("panel.events.none")),
            "{mode:?} {lang:?}"
        );
        for key in &reading[..2] {
            assert!(!holds(&harness, text.get(key)), "{mode:?} {lang:?}: still says {key}");
        }
    }
}

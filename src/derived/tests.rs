//! Charts and funnels against published examples and numbers of other programs, and what must hold of any.

use proptest::prelude::*;

use super::control::{Chart, LEAST_POINTS, Method, NoChart, Rule, Signal};
use super::funnel::{Funnel, Level, Place};
use super::kind::{Kind, Nature};
use crate::privacy::shown::{Shown, Told, Why};
use crate::site::areas::AreaId;
use crate::site::calendar::{Calendar, DayKind, DaySpan};
use crate::site::text::Bilingual;
use crate::snapshot::{Day, SeriesPoint, Sides};

const HIDDEN: Shown = Shown::Suppressed { below: 5, why: Why::Primary };

fn nature(kind: Kind) -> Nature {
    Nature { kind, stride: Some(1), days: 1, adds_up: true }
}

fn sides(count: f64, base: Option<f64>, scale: f64) -> Sides {
    Sides {
        value: Shown::Value(scale * count / base.unwrap_or(1.0)),
        numerator: Shown::Value(count),
        denominator: base.map_or(Shown::Missing, Shown::Value),
    }
}

/// A series of counts and bases, a day apart.
fn points(rows: &[(f64, Option<f64>)], scale: f64) -> Vec<SeriesPoint> {
    rows.iter()
        .zip(0..)
        .map(|((count, base), day)| {
            let Sides { value, numerator, denominator } = sides(*count, *base, scale);
            SeriesPoint { day, value, numerator, denominator }
        })
        .collect()
}

fn counts(values: &[f64]) -> Vec<SeriesPoint> {
    points(&values.iter().map(|v| (*v, None)).collect::<Vec<_>>(), 1.0)
}

fn shares(counts: &[f64], bases: &[f64]) -> Vec<SeriesPoint> {
    points(&counts.iter().zip(bases).map(|(n, d)| (*n, Some(*d))).collect::<Vec<_>>(), 100.0)
}

fn near(got: (f64, f64), expected: (f64, f64), what: &str) {
    let off = (got.0 - expected.0).abs().max((got.1 - expected.1).abs());
    assert!(off < 1e-6 * (1.0 + expected.1.abs()), "{what}: {got:?}, not {expected:?}");
}

/// About a hundred a day, twenty on a holiday of four days.
fn with_holiday(first: Day, until: Day) -> (Vec<SeriesPoint>, Calendar) {
    let usual = [100.0, 94.0, 108.0, 99.0, 103.0, 91.0, 106.0];
    let of = |day: Day| {
        if (first..first + 4).contains(&day) { 20.0 } else { usual[usize::try_from(day % 7).unwrap()] }
    };
    let span = DaySpan {
        kind: DayKind::Holiday,
        name: Bilingual::default(),
        first,
        last: first + 3,
        source: Bilingual::default(),
    };
    (counts(&(0..until).map(of).collect::<Vec<f64>>()), Calendar::new(vec![span], [false; 7]))
}

#[test]
fn a_holiday_is_neither_judged_nor_learnt_from() {
    let count = nature(Kind::Count);
    let chart = |first, until| {
        let (points, calendar) = with_holiday(first, until);
        Chart::beside_holidays(count, 1.0, &points, &calendar).unwrap()
    };
    let (points, _) = with_holiday(20, 24);
    assert_eq!(Chart::new(count, 1.0, &points).unwrap().present().map(|s| s.rule), Some(Rule::Beyond));
    let last = chart(20, 24);
    assert_eq!((last.present(), last.last_limits(), last.is_holiday), (None, None, true));
    assert_eq!(last.learnt_from, 20, "the days before, and no holiday");
    let after = chart(10, 24);
    assert_eq!((after.signals.as_slice(), after.is_holiday, after.learnt_from), (&[][..], false, 19));
    assert!(after.center > 98.0 && after.last_limits().is_some(), "{}", after.center);
    assert!(after.limits[9].is_some() && after.limits[14].is_some());
    assert!(after.limits[10..14].iter().all(Option::is_none));
    // A week that holds a day of it, and a share of whatever there is.
    let (points, calendar) = with_holiday(17, 30);
    let week = Nature { days: 7, ..count };
    let over = |nature| Chart::beside_holidays(nature, 1.0, &points, &calendar).unwrap();
    let none: Vec<usize> = (0..30).filter(|at| over(week).limits[*at].is_none()).collect();
    assert_eq!(none, (17..27).collect::<Vec<usize>>());
    assert!(over(nature(Kind::Share)).limits.iter().all(Option::is_some));
    // A month is set beside months.
    assert!(over(Nature { days: 0, ..count }).limits.iter().all(Option::is_some));
}

/// NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2, individuals control charts: batch flow rates.
#[test]
fn an_individuals_chart_is_that_of_the_handbook() {
    let mut flow = vec![49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1];
    // The last one is judged by the others.
    flow.push(55.9);
    let chart = Chart::new(nature(Kind::Amount), 1.0, &counts(&flow)).unwrap();
    assert_eq!((chart.method, chart.learnt_from), (Method::Individuals, 10));
    assert!((chart.center - 50.81).abs() < 1e-9);
    near(chart.last_limits().unwrap(), (45.8159, 55.8041), "limits");
    assert_eq!(chart.present().map(|s| (s.rule, s.up)), Some((Rule::Beyond, true)));
}

/// Montgomery, Introduction to Statistical Quality Control: orange juice cans (table 7.1, n = 50) and printed circuit
/// boards (table 7.7). Both vary more than chance, so the limits are Laney's; numbers worked out with numpy and scipy 1.17.
#[test]
fn counts_that_vary_more_than_chance_have_wider_limits() {
    let juice = [
        12.0, 15.0, 8.0, 10.0, 4.0, 7.0, 16.0, 9.0, 14.0, 10.0, 5.0, 6.0, 17.0, 12.0, 22.0, 8.0, 10.0, 5.0,
        13.0, 11.0, 20.0, 18.0, 24.0, 15.0, 9.0, 12.0, 7.0, 13.0, 9.0, 6.0, 11.0,
    ];
    let chart = Chart::new(nature(Kind::Share), 100.0, &shares(&juice, &[50.0; 31])).unwrap();
    assert_eq!(chart.method, Method::LaneyP);
    assert!((chart.center - 23.133_333_333).abs() < 1e-6);
    assert!((chart.dispersion - 1.660_866_719_7).abs() < 1e-9);
    near(chart.last_limits().unwrap(), (0.0, 52.847_199_8), "juice");
    let boards = [
        21.0, 24.0, 16.0, 12.0, 15.0, 5.0, 28.0, 20.0, 31.0, 25.0, 20.0, 24.0, 16.0, 19.0, 10.0, 17.0, 13.0,
        22.0, 18.0, 39.0, 30.0, 24.0, 16.0, 19.0, 17.0, 15.0, 20.0,
    ];
    let chart = Chart::new(nature(Kind::Count), 1.0, &counts(&boards)).unwrap();
    assert_eq!(chart.method, Method::LaneyU);
    near(chart.last_limits().unwrap(), (0.697_217_676, 38.995_090_016), "boards");
    // The 20th sample is out of control in the book too, and here only just.
    assert!(chart.signals.iter().any(|s| s.rule == Rule::Beyond && s.from == 19 && s.up));
}

/// Limits by scipy 1.17: `poisson.ppf` and `binom.ppf` at 0.00135 and 0.99865.
#[test]
fn counts_that_vary_by_chance_have_exact_limits() {
    let calm = [21.0, 24.0, 16.0, 22.0, 15.0, 25.0, 18.0, 20.0, 23.0, 17.0, 20.0, 24.0, 16.0, 19.0, 20.0];
    let chart = Chart::new(nature(Kind::Count), 1.0, &counts(&calm)).unwrap();
    assert_eq!((chart.method, chart.dispersion), (Method::C, 1.0));
    near(chart.last_limits().unwrap(), (8.0, 35.0), "calm");
    let (ok, all) = (
        [96.0, 97.0, 94.0, 95.0, 98.0, 93.0, 97.0, 95.0, 96.0, 88.0],
        [100.0, 102.0, 98.0, 100.0, 103.0, 97.0, 101.0, 99.0, 100.0, 100.0],
    );
    let chart = Chart::new(nature(Kind::Share), 100.0, &shares(&ok, &all)).unwrap();
    assert_eq!(chart.method, Method::P);
    near(chart.last_limits().unwrap(), (89.0, 100.0), "share");
    assert_eq!(chart.present().map(|s| (s.rule, s.up)), Some((Rule::Beyond, false)));
    let rates = [
        (30.0, 10.0),
        (42.0, 14.0),
        (25.0, 9.0),
        (38.0, 12.0),
        (29.0, 10.0),
        (33.0, 11.0),
        (41.0, 13.0),
        (27.0, 9.0),
        (36.0, 12.0),
        (31.0, 10.0),
        (30.0, 10.0),
    ];
    let rows: Vec<(f64, Option<f64>)> = rates.iter().map(|(n, d)| (*n, Some(*d))).collect();
    let chart = Chart::new(nature(Kind::Rate), 1.0, &points(&rows, 1.0)).unwrap();
    assert_eq!(chart.method, Method::U);
    near(chart.last_limits().unwrap(), (1.5, 4.8), "rate");
    assert_eq!(chart.present(), None);
}

/// Large bases with more than chance between them: p′ limits by numpy.
#[test]
fn large_bases_do_not_make_every_point_a_sign() {
    let n = [9601.0, 9712.0, 9480.0, 9655.0, 9822.0, 9390.0, 9711.0, 9599.0, 9812.0, 9450.0, 9450.0];
    let d = [10000.0, 10100.0, 9900.0, 10050.0, 10200.0, 9800.0, 10100.0, 10000.0, 10150.0, 9900.0, 9900.0];
    let chart = Chart::new(nature(Kind::Share), 100.0, &shares(&n, &d)).unwrap();
    assert_eq!(chart.method, Method::LaneyP);
    assert!((chart.dispersion - 1.998_208_876_1).abs() < 1e-9);
    near(chart.limits[0].unwrap(), (94.870_851_536, 97.208_988_783), "first");
    near(chart.last_limits().unwrap(), (94.864_961_985, 97.214_878_335), "last");
}

#[test]
fn there_are_reasons_for_no_chart() {
    let amount = nature(Kind::Amount);
    let none = |nature, points: &[SeriesPoint]| Chart::new(nature, 1.0, points).unwrap_err();
    let wavy: Vec<f64> = (0..25).map(|i| f64::from(i % 3)).collect();
    assert_eq!(none(amount, &counts(&wavy[..LEAST_POINTS])), NoChart::FewPoints);
    assert_eq!(none(amount, &[]), NoChart::FewPoints);
    assert_eq!(none(Nature { stride: None, ..amount }, &counts(&wavy)), NoChart::Overlap);
    assert_eq!(none(Nature { stride: Some(12), ..amount }, &counts(&wavy)), NoChart::Overlap);
    assert_eq!(none(amount, &counts(&[7.0; 12])), NoChart::Constant);
    assert_eq!(none(nature(Kind::Count), &counts(&[0.0; 12])), NoChart::Constant);
    let mut coarse = counts(&wavy);
    coarse[3].value = Shown::Coarse { value: 5.0, step: 5.0, told: Told::AtLeast };
    assert_eq!(none(amount, &coarse), NoChart::Coarse);
    // What is hidden is a gap, and its neighbours are no neighbours.
    let mut hidden = counts(&wavy);
    hidden[3].value = HIDDEN;
    let chart = Chart::new(amount, 1.0, &hidden).unwrap();
    assert_eq!((chart.limits[3], chart.learnt_from), (None, 23));
    // A count that may not be seen leaves the value, and so an individuals chart.
    let mut partly = shares(&[90.0, 93.0, 91.0, 95.0, 90.0, 92.0, 94.0, 91.0, 92.0, 93.0], &[100.0; 10]);
    partly[2].numerator = HIDDEN;
    assert_eq!(Chart::new(nature(Kind::Share), 100.0, &partly).unwrap().method, Method::Individuals);
}

#[test]
fn windows_that_overlap_are_left_out_of_the_limits() {
    let values: Vec<f64> = (0..25).map(|i| if i % 3 == 0 { f64::from(10 + i % 2) } else { 99.0 }).collect();
    let three = Nature { kind: Kind::Amount, stride: Some(3), days: 3, adds_up: true };
    let chart = Chart::new(three, 1.0, &counts(&values)).unwrap();
    assert_eq!((chart.center, chart.learnt_from), (10.5, 8));
    assert_eq!(chart.limits.iter().flatten().count(), 9);
}

#[test]
fn runs_are_told() {
    let flat = [1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0];
    let run = |tail: &[f64]| {
        let values: Vec<f64> = flat.iter().chain(tail).copied().collect();
        let chart = Chart::new(nature(Kind::Amount), 1.0, &counts(&values)).unwrap();
        chart.present().copied()
    };
    assert_eq!(run(&[0.5]), None);
    // Seven on one side are chance, eight are not; the mean moves with them and stays below.
    let high = [1.5, 1.4, 1.5, 1.4, 1.5, 1.4, 1.5, 1.4];
    assert_eq!(run(&high[..7]), None);
    assert_eq!(run(&high), Some(Signal { rule: Rule::OneSide, from: 10, to: 17, run: 8, up: true }));
    // Six points that rise are five steps, beginning with the lowest.
    let rising = [-1.2, -0.9, -0.6, -0.1, 0.3, 0.7];
    assert_eq!(run(&rising[..5]), None);
    assert_eq!(run(&rising), Some(Signal { rule: Rule::Drift, from: 10, to: 15, run: 6, up: true }));
    let falling: Vec<f64> = rising.iter().map(|v| -v).collect();
    let found = run(&falling).unwrap();
    assert_eq!((found.rule, found.up), (Rule::Drift, false));
    // A gap ends a run.
    let values: Vec<f64> = flat.iter().chain(&high).copied().collect();
    let mut points = counts(&values);
    points[14].value = Shown::Missing;
    assert_eq!(Chart::new(nature(Kind::Amount), 1.0, &points).unwrap().present(), None);
}

fn areas(rows: &[(f64, f64)], scale: f64) -> Vec<(AreaId, Sides)> {
    rows.iter().zip(1..).map(|((n, d), id)| (AreaId(id), sides(*n, Some(*d), scale))).collect()
}

fn whole(rows: &[(f64, f64)], scale: f64) -> Sides {
    let (n, d) = rows.iter().fold((0.0, 0.0), |(n, d), (a, b)| (n + a, d + b));
    sides(n, Some(d), scale)
}

/// Interpolated limits (Spiegelhalter 2005, A.1.1) worked out with `binom` and `poisson` of scipy 1.17.
#[test]
fn funnel_limits_are_those_of_another_program() {
    let rows = [(93.0, 100.0), (93.0, 100.0), (93.0, 100.0)];
    let shares = Funnel::new(nature(Kind::Share), 100.0, whole(&rows, 100.0), &areas(&rows, 100.0)).unwrap();
    for (base, warning, action) in [
        (20.0, (76.961_942_28, 99.466_356_72), (67.173_753_21, 99.978_654_27)),
        (100.0, (87.105_846_27, 97.039_874_4), (83.432_103_99, 98.944_453_17)),
        (1000.0, (91.327_274_55, 94.489_946_58), (90.335_816_54, 95.316_563_56)),
    ] {
        near(shares.limits(base, Level::Warning), warning, "95 %");
        near(shares.limits(base, Level::Action), action, "99.8 %");
    }
    let rows = [(32.0, 10.0), (32.0, 10.0), (32.0, 10.0)];
    let rates = Funnel::new(nature(Kind::Rate), 1000.0, whole(&rows, 1000.0), &areas(&rows, 1000.0)).unwrap();
    for (base, warning, action) in [
        (2.0, (686.672_996_75, 5_673.876_341_66), (0.0, 7_497.326_802_23)),
        (10.0, (2_090.099_666_85, 4_304.040_171_22), (1_546.474_508_82, 5_038.251_377_32)),
        (50.0, (2_703.649_478_18, 3_695.336_617_1), (2_437.269_005_54, 3_999.584_317_69)),
    ] {
        near(rates.limits(base, Level::Warning), warning, "95 %");
        near(rates.limits(base, Level::Action), action, "99.8 %");
    }
}

/// Twelve areas that differ by more than chance; numbers by numpy.
#[test]
fn a_funnel_widens_where_all_areas_differ() {
    let rows = [
        (95.0, 100.0),
        (128.0, 150.0),
        (190.0, 200.0),
        (262.0, 300.0),
        (372.0, 400.0),
        (441.0, 500.0),
        (618.0, 650.0),
        (700.0, 800.0),
        (940.0, 1000.0),
        (1050.0, 1200.0),
        (1440.0, 1500.0),
        (1760.0, 2000.0),
    ];
    let funnel = Funnel::new(nature(Kind::Share), 100.0, whole(&rows, 100.0), &areas(&rows, 100.0)).unwrap();
    assert!((funnel.center - 90.863_636_363_6).abs() < 1e-9);
    assert!((funnel.dispersion - 8.828_741_293_7).abs() < 1e-9);
    near(funnel.limits(2000.0, Level::Warning), (87.111_624_234_7, 94.615_648_492_6), "95 %");
    near(funnel.limits(100.0, Level::Action), (64.407_752_898_7, 100.0), "99.8 %");
    // Of twelve only the largest but one stands out: z = 2.32 after the adjustment.
    let outside: Vec<(f64, Place)> =
        funnel.spots.iter().filter(|s| s.place != Place::Inside).map(|s| (s.base, s.place)).collect();
    assert_eq!(outside, [(1500.0, Place::Outside95 { up: true })]);
}

#[test]
fn a_funnel_leaves_out_what_may_not_be_seen() {
    let rows = [(93.0, 100.0), (60.0, 100.0), (190.0, 200.0), (470.0, 500.0)];
    let mut all = areas(&rows, 100.0);
    all.push((AreaId(9), Sides { value: HIDDEN, numerator: HIDDEN, denominator: HIDDEN }));
    let funnel = Funnel::new(nature(Kind::Share), 100.0, whole(&rows, 100.0), &all).unwrap();
    assert_eq!((funnel.left_out, funnel.place_of(AreaId(9)), funnel.outside()), (1, None, 3));
    assert_eq!(funnel.place_of(AreaId(2)), Some(Place::Outside998 { up: false }));
    let few = all.get(..2).unwrap();
    assert_eq!(Funnel::new(nature(Kind::Share), 100.0, whole(&rows, 100.0), few), None);
    assert_eq!(Funnel::new(nature(Kind::Amount), 100.0, whole(&rows, 100.0), &all), None);
    // All of all: nothing can vary.
    let full = [(10.0, 10.0), (20.0, 20.0), (30.0, 30.0)];
    assert_eq!(Funnel::new(nature(Kind::Share), 100.0, whole(&full, 100.0), &areas(&full, 100.0)), None);
}

/// All of a few is what one expects where nearly all is usual; none of a few likewise where little is.
#[test]
fn all_of_a_few_is_not_outside() {
    let rows = [(5.0, 5.0), (6.0, 6.0), (4.0, 4.0), (980.0, 1000.0)];
    let funnel = Funnel::new(nature(Kind::Share), 100.0, whole(&rows, 100.0), &areas(&rows, 100.0)).unwrap();
    assert_eq!((funnel.dispersion, funnel.outside()), (1.0, 0), "{funnel:?}");
    let rows = [(0.0, 50.0), (0.0, 60.0), (0.0, 40.0), (20.0, 1000.0)];
    let funnel = Funnel::new(nature(Kind::Rate), 1.0, whole(&rows, 1.0), &areas(&rows, 1.0)).unwrap();
    assert_eq!(funnel.outside(), 0, "{funnel:?}");
    // A hundred of a hundred where 90 % is usual is: the chance is below a thousandth.
    let rows = [(100.0, 100.0), (450.0, 500.0), (350.0, 400.0)];
    let funnel = Funnel::new(nature(Kind::Share), 100.0, whole(&rows, 100.0), &areas(&rows, 100.0)).unwrap();
    assert_eq!(funnel.place_of(AreaId(1)), Some(Place::Outside998 { up: true }), "{funnel:?}");
}

/// Areas that are told roughly are drawn and not judged; the line is then that of what holds them all.
#[test]
fn a_funnel_of_rough_areas_judges_none() {
    let coarse = |value, step, told| Shown::Coarse { value, step, told };
    let rough = Sides {
        value: coarse(96.0, 1.0, Told::About),
        numerator: coarse(95.0, 5.0, Told::AtLeast),
        denominator: Shown::Value(100.0),
    };
    let all: Vec<(AreaId, Sides)> = (1..=3).map(|id| (AreaId(id), rough)).collect();
    let known = sides(270.0, Some(300.0), 100.0);
    let funnel = Funnel::new(nature(Kind::Share), 100.0, known, &all).unwrap();
    assert_eq!((funnel.center, funnel.spots.len(), funnel.rough.len(), funnel.left_out), (90.0, 0, 3, 3));
    assert!(funnel.curve(50.0, 400.0, 8).windows(2).all(|w| w[0].base < w[1].base));
    // Where the whole is told roughly too there is nothing to compare with.
    assert_eq!(Funnel::new(nature(Kind::Share), 100.0, rough, &all), None);
}

proptest! {
    /// A larger area is held to narrower limits.
    #[test]
    fn funnel_limits_close_with_size(
        share in 0.05..0.95_f64, base in 20..3000_u32, more in 1..3000_u32, poisson in any::<bool>(),
    ) {
        let kind = if poisson { Kind::Rate } else { Kind::Share };
        let rows = [(1000.0 * share, 1000.0); 3];
        let funnel = Funnel::new(nature(kind), 1.0, whole(&rows, 1.0), &areas(&rows, 1.0)).unwrap();
        // Between neighbouring sizes the interpolated limits may stay for a moment: compare sizes well apart.
        let (small, large) = (f64::from(base), f64::from(base) * 1.5 + f64::from(more));
        for level in [Level::Warning, Level::Action] {
            let (low, high) = funnel.limits(small, level);
            let (inner_low, inner_high) = funnel.limits(large, level);
            prop_assert!(low <= inner_low + 1e-9 && inner_high <= high + 1e-9);
            prop_assert!(low <= share && share <= high);
        }
        let (warning, action) = (funnel.limits(small, Level::Warning), funnel.limits(small, Level::Action));
        prop_assert!(action.0 <= warning.0 && warning.1 <= action.1);
    }

    /// Limits of a chart hold its mean, and a point with a larger base has narrower ones.
    #[test]
    fn chart_limits_hold_the_mean(
        rows in prop::collection::vec((0.0..=1.0_f64, 1..2000_u32), 10..25), share in any::<bool>(),
    ) {
        let kind = if share { Kind::Share } else { Kind::Rate };
        let rows: Vec<(f64, Option<f64>)> =
            rows.iter().map(|(p, d)| ((p * f64::from(*d)).round(), Some(f64::from(*d)))).collect();
        let Ok(chart) = Chart::new(nature(kind), 100.0, &points(&rows, 100.0)) else { return Ok(()) };
        for (low, high) in chart.limits.iter().flatten() {
            prop_assert!(*low <= chart.center + 1e-9 && chart.center <= *high + 100.0);
            prop_assert!(low <= high && *low >= 0.0);
            prop_assert!(!share || *high <= 100.0 + 1e-9);
        }
        if chart.dispersion > 1.0 {
            let mut wide: Vec<(f64, f64)> = rows
                .iter()
                .zip(&chart.limits)
                .filter_map(|((_, base), limits)| limits.map(|(low, high)| (base.unwrap_or(0.0), high - low)))
                .collect();
            wide.sort_by(|a, b| a.0.total_cmp(&b.0));
            prop_assert!(wide.windows(2).all(|w| w[1].1 <= w[0].1 + 1e-9));
        }
    }
}

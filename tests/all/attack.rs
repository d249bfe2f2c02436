//! The attacker: reads every figure that the program gives of a made-up site - all areas, days, breakdowns, rates and
//! comparisons - writes them down as one system of equations, and works out how far each small number is still unknown.

use std::fmt::Write as _;
use std::sync::Arc;

use onemap::engine::{self, Depth, Engine};
use onemap::privacy::shown::{Shown, Told, Why};
use onemap::site::areas::AreaId;
use onemap::site::civil::date_of;
use onemap::snapshot::{Day, Figures, Snapshot};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng as _, SeedableRng as _};

use crate::common::{AREAS, Declared, Line, Made, Recipe, day, figures, seen};
use crate::simplex::{Knowledge, Known};

const KINDS: [&str; 3] = ["a", "b", "c"];
/// Areas that rows are of: the blocks.
pub(crate) const BLOCKS: std::ops::Range<usize> = 5..11;

pub(crate) struct Dice(pub(crate) Xoshiro256PlusPlus);

impl Dice {
    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.0.next_u64() % most
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}

/// Which rows a figure's side counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Form {
    /// Column: 0 is `n`, 1 is `d` where there is one, the last is `q` or `l` where there is one.
    pub(crate) column: usize,
    /// Column that is taken from it.
    pub(crate) minus: Option<usize>,
    /// One kind, or all.
    pub(crate) kind: Option<usize>,
    pub(crate) span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Span {
    Latest,
    All,
    Last(usize),
}

pub(crate) struct Figure {
    pub(crate) line: Line,
    pub(crate) numerator: Form,
    pub(crate) denominator: Option<Form>,
    pub(crate) scale: f64,
    pub(crate) split: bool,
    pub(crate) published: bool,
}

pub(crate) struct Case {
    pub(crate) engine: Engine,
    pub(crate) days: Vec<Day>,
    pub(crate) kinds: usize,
    pub(crate) columns: usize,
    /// `n <= d` row by row.
    pub(crate) is_share: bool,
    /// Per unknown, in the order of [`Case::place`].
    pub(crate) truth: Vec<f64>,
    /// Column of amounts, such as days over all cases.
    pub(crate) amounts: Option<usize>,
    pub(crate) figures: Vec<Figure>,
    pub(crate) below: u32,
    pub(crate) text: String,
}

impl Case {
    fn place(&self, block: usize, stamp: usize, kind: usize, column: usize) -> usize {
        ((block * self.days.len() + stamp) * self.kinds + kind) * self.columns + column
    }

    pub(crate) fn terms(&self, form: Form, area: AreaId, at: usize) -> Vec<(usize, f64)> {
        let stamps = match form.span {
            Span::Latest => at..at + 1,
            Span::All => 0..at + 1,
            Span::Last(n) => (at + 1).saturating_sub(n)..at + 1,
        };
        let under = |block: usize| {
            let code = AREAS[BLOCKS.start + block];
            code.starts_with(AREAS[area.index()])
        };
        let mut terms = Vec::new();
        for block in (0..BLOCKS.len()).filter(|b| under(*b)) {
            for stamp in stamps.clone() {
                for kind in (0..self.kinds).filter(|k| form.kind.is_none_or(|only| only == *k)) {
                    terms.push((self.place(block, stamp, kind, form.column), 1.0));
                    terms.extend(form.minus.map(|c| (self.place(block, stamp, kind, c), -1.0)));
                }
            }
        }
        terms
    }

    /// Whether everyone knows that few are left of the whole: count and base are both published, and their difference
    /// is small itself.
    pub(crate) fn is_nearly_all(&self, form: Form, at: usize) -> bool {
        let whole =
            |column: usize| self.value(&self.terms(Form { column, kind: None, ..form }, AreaId::ROOT, at));
        let is_published = self.figures.iter().any(|f| f.published && f.denominator.is_some());
        self.is_share && is_published && whole(1) - whole(0) < f64::from(self.below)
    }

    pub(crate) fn value(&self, terms: &[(usize, f64)]) -> f64 {
        terms.iter().map(|(place, factor)| self.truth[*place] * factor).sum()
    }
}

pub(crate) fn figure(
    id: &str,
    expr: &str,
    below: &str,
    window: &str,
    form: Form,
    published: bool,
    extra: &str,
) -> Figure {
    let line = Line {
        extra: format!("people = \"aggregate\"\n{below}published_total = {published}\n{extra}"),
        ..Line::new(id, "t", expr, "", window)
    };
    Figure { line, numerator: form, denominator: None, scale: 1.0, split: false, published }
}

/// A made-up site with small numbers everywhere, and everything that is shown of it.
fn case(seed: u64) -> Case {
    let mut dice = Dice(Xoshiro256PlusPlus::seed_from_u64(seed));
    let below = dice.pick(&[5u32, 10]);
    let by_day = dice.chance(50);
    let (window, span) = match (by_day, dice.below(3)) {
        (_, 0) => (if by_day { "latest day" } else { "latest month" }, Span::Latest),
        (true, _) => ("cumulative", Span::All),
        (false, 1) => ("trailing 2 months", Span::Last(2)),
        (false, _) => ("cumulative", Span::All),
    };
    let stamps = if span == Span::Latest { 1 + dice.below(2) } else { 2 + dice.below(2) } as usize;
    let days: Vec<Day> = (0..stamps)
        .map(|s| if by_day { day("2026-10-01") + s as Day } else { day(&format!("2026-{:02}-01", 8 + s)) })
        .collect();
    let is_share = dice.chance(50);
    let has_split = dice.chance(60);
    let kinds = if has_split { 2 + dice.below(2) as usize } else { 1 };
    // What stands beside the counts comes from dice of its own.
    let mut more = Dice(Xoshiro256PlusPlus::seed_from_u64(!seed));
    let (has_amounts, has_last_year) = [(false, false), (true, false), (false, true)][more.below(3) as usize];
    let extra_column = 1 + usize::from(is_share);
    let columns = extra_column + usize::from(has_amounts || has_last_year);
    let published = dice.chance(40);
    let threshold = format!("suppress_below = {below}\n");
    let form = |column: usize, kind: Option<usize>, span: Span| Form { column, minus: None, kind, span };
    let mut made_of = vec![figure("count", "sum(n)", &threshold, window, form(0, None, span), published, "")];
    if is_share {
        let mut rate = figure("rate", "sum(n)", &threshold, window, form(0, None, span), published, "");
        rate.line.denominator = Some(("t".to_owned(), "sum(d)".to_owned(), String::new()));
        rate.line.scale = 100.0;
        rate.scale = 100.0;
        rate.denominator = Some(form(1, None, span));
        made_of.push(rate);
        if dice.chance(60) {
            made_of.push(figure("base", "sum(d)", &threshold, window, form(1, None, span), published, ""));
        }
    }
    if !by_day && span != Span::Latest && dice.chance(50) {
        made_of.push(figure("month", "sum(n)", &threshold, "month", form(0, None, Span::Latest), false, ""));
    }
    if has_amounts || has_last_year {
        let (expr, below) = if has_amounts { ("sum(q)", "sum(n)") } else { ("sum(n)-sum(l)", "sum(l)") };
        let own = Form { column: if has_amounts { extra_column } else { 0 }, ..form(0, None, span) };
        let own = Form { minus: has_last_year.then_some(extra_column), ..own };
        let is_published = published && has_amounts && more.chance(30);
        let mut mean = figure("mean", expr, &threshold, window, own, is_published, "");
        mean.line.denominator = Some(("t".to_owned(), below.to_owned(), String::new()));
        mean.denominator = Some(form(if has_amounts { 0 } else { extra_column }, None, span));
        made_of.push(mean);
    }
    if has_split {
        let mut split =
            figure("split", "sum(n)", &threshold, window, form(0, None, span), false, "by = [\"kind\"]\n");
        split.split = true;
        made_of.push(split);
    }
    let finest = dice.pick(&["ward", "block"]);
    let extra = format!("suppress_below = {below}");
    let table = Declared {
        id: "t",
        refresh: "monthly",
        time_column: "m",
        rollup: "sum",
        absent_row: "zero",
        extra: &extra,
        columns: &[
            "id:text",
            "area:area",
            if by_day { "m:date" } else { "m:month" },
            "kind:text:kind",
            "n:int",
            "d:int",
            "q:float",
            "l:int",
        ],
    };
    let lines: String = made_of
        .iter()
        .map(|f| {
            let text =
                f.line.toml().replace("finest_area = \"ward\"", &format!("finest_area = \"{finest}\""));
            if f.split { text.replace("[[indicator]]", "[[breakdown]]") } else { text }
        })
        .collect();
    let made = Made::new(&Recipe {
        zone: "Asia/Shanghai",
        datasets: &table.toml(),
        indicators: &lines,
        home: "count",
        events: false,
    });
    let mut text = "id,area,m,kind,n,d,q,l\n".to_owned();
    let mut truth = Vec::new();
    let small = 30 + dice.below(50);
    for block in BLOCKS {
        for stamp in &days {
            for kind in KINDS.iter().take(kinds) {
                let mut count = || {
                    if dice.chance(35) {
                        0
                    } else if dice.chance(small) {
                        1 + dice.below(u64::from(below) + 1)
                    } else {
                        dice.below(60)
                    }
                };
                let (n, rest) = (count(), count());
                let d = n + rest;
                truth.push(n as f64);
                if is_share {
                    truth.push(d as f64);
                }
                // Each case took from 1 to 60 days.
                let q: u64 = (0..n).map(|_| 1 + more.below(60)).sum();
                let l = more.below(2) * more.below(12);
                if has_amounts || has_last_year {
                    truth.push(if has_amounts { q } else { l } as f64);
                }
                let date = date_of(*stamp);
                let _ = writeln!(
                    text,
                    "{}{date}{kind},{},{date},{kind},{n},{d},{q},{l}",
                    AREAS[block], AREAS[block]
                );
            }
        }
    }
    made.write("data/t.csv", &text);
    let site = made.load().unwrap_or_else(|p| panic!("{p:?}"));
    let engine = engine::build(Arc::clone(&site), Depth::Needed, &|_, _| {}).unwrap();
    assert!(engine.problems.is_empty(), "{:?}", engine.problems);
    let amounts = has_amounts.then_some(extra_column);
    Case { engine, days, kinds, columns, is_share, truth, amounts, figures: made_of, below, text }
}

/// What one figure tells of a count. Whoever knows the program knows that "at least 55" in steps of five ends at 59; of
/// a day as it was known earlier it says nothing more than "at least".
fn told(shown: Shown, is_now: bool) -> Option<(f64, f64)> {
    match shown {
        Shown::Value(v) => Some((v, v)),
        Shown::Coarse { value, step, told: Told::AtLeast } => {
            Some((value, if is_now { value + step - 1.0 } else { f64::INFINITY }))
        }
        Shown::Coarse { value, step, told: Told::About } => Some((value - step / 2.0, value + step / 2.0)),
        Shown::Suppressed { below, why: Why::Primary } => Some((1.0, f64::from(below) - 1.0)),
        Shown::Suppressed { why: Why::Secondary, .. } | Shown::Missing | Shown::TooFine => None,
    }
}

/// What a rate tells: its value times the base is the count, within the step it is told in.
fn told_by_rate(case: &Case, figure: &Figure, area: AreaId, at: usize, shown: Shown) -> Vec<Known> {
    let Some(denominator) = figure.denominator else { return Vec::new() };
    // A coarse rate is worked out from the coarse count and base, so it says nothing that they do not say.
    let Shown::Value(rate) = shown else { return Vec::new() };
    let count = case.terms(figure.numerator, area, at);
    let base = case.terms(denominator, area, at);
    let scaled = count.iter().map(|(p, f)| (*p, f * figure.scale));
    let terms = scaled.chain(base.iter().map(|(p, f)| (*p, -f * rate))).collect();
    vec![Known { terms, low: 0.0, high: 0.0 }]
}

/// A coarse rate must be one that can be worked out from what stands beside it.
fn check_coarse_rate(figure: &Figure, numerator: Shown, base: Shown, rate: Shown) {
    let Shown::Coarse { value, step, .. } = rate else { return };
    let middle = |shown: Shown| match shown {
        Shown::Coarse { value, step, told: Told::AtLeast } => value + step / 2.0,
        other => seen(other).unwrap(),
    };
    let expected = figure.scale * middle(numerator) / middle(base);
    assert!(
        (value - expected).abs() <= step / 2.0 + 1e-9,
        "{value} is not worked out from its sides: {expected}"
    );
}

/// A difference must be one that can be worked out from its two sides, so it says nothing that they do not say.
fn check_difference([more, less]: [Shown; 2], difference: Shown) {
    let middle = |shown: Shown| match shown {
        Shown::Coarse { value, step, told: Told::AtLeast } => Some(value + step / 2.0),
        other => seen(other),
    };
    let (Some(value), Some(more), Some(less)) = (seen(difference), middle(more), middle(less)) else {
        assert!(seen(difference).is_none(), "{difference:?} of {more:?} and {less:?}");
        return;
    };
    let step = if let Shown::Coarse { step, .. } = difference { step } else { 0.0 };
    assert!((value - (more - less)).abs() <= step / 2.0 + 1e-9, "{difference:?} is not {more} - {less}");
}

/// What an attacker has read.
#[derive(Default)]
pub(crate) struct Read {
    pub(crate) seen: Vec<Known>,
    /// What of it was known before.
    pub(crate) before: Vec<Known>,
    pub(crate) marked: Vec<(Form, AreaId, usize)>,
}

impl Read {
    /// A count is never more than its base, row by row. `from`: place of the first unknown.
    pub(crate) fn share(&mut self, case: &Case, from: usize) {
        for place in (from..from + case.truth.len()).step_by(case.columns).filter(|_| case.is_share) {
            let terms = vec![(place + 1, 1.0), (place, -1.0)];
            self.before.push(Known { terms, low: 0.0, high: f64::INFINITY });
        }
    }

    /// Everything that is shown on one day. `from`: place of the first unknown.
    pub(crate) fn look(
        &mut self,
        case: &Case,
        at: usize,
        shown: &Figures,
        slices: Option<&Snapshot>,
        from: usize,
        is_now: bool,
    ) {
        let place = |terms: Vec<(usize, f64)>| -> Vec<(usize, f64)> {
            terms.into_iter().map(|(place, factor)| (from + place, factor)).collect()
        };
        let mut indicator = 0;
        for figure in &case.figures {
            for (area, _) in case.engine.site().areas.iter() {
                let mut cells = Vec::new();
                if figure.split {
                    let slices = slices.map_or(&[][..], |snapshot| snapshot.slices(0, area));
                    for (kind, slice) in slices.iter().enumerate().take(case.kinds) {
                        cells.push((Form { kind: Some(kind), ..figure.numerator }, slice.value));
                    }
                } else {
                    let reading = shown.reading(indicator, area);
                    cells.push((figure.numerator, reading.numerator));
                    if let Some(denominator) = figure.denominator {
                        cells.push((denominator, reading.denominator));
                        for fact in told_by_rate(case, figure, area, at, reading.value) {
                            self.seen.push(Known { terms: place(fact.terms), ..fact });
                        }
                        check_coarse_rate(figure, reading.numerator, reading.denominator, reading.value);
                    } else {
                        assert_eq!(reading.value, reading.numerator, "scale is one");
                    }
                }
                for (form, value) in cells {
                    if form.minus.is_some() {
                        let sides =
                            [shown.reading(0, area).numerator, shown.reading(indicator, area).denominator];
                        check_difference(sides, value);
                        continue;
                    }
                    if let Some((low, high)) = told(value, is_now) {
                        let fact = Known { terms: place(case.terms(form, area, at)), low, high };
                        // Known anyway: published totals, and zeros, which the rule says are shown.
                        let is_published = figure.published && area == AreaId::ROOT;
                        if matches!(value, Shown::Value(v) if is_published || v == 0.0) {
                            self.before.push(fact.clone());
                        }
                        self.seen.push(fact);
                    }
                    if matches!(value, Shown::Suppressed { why: Why::Primary, .. }) {
                        assert!(Some(form.column) != case.amounts, "no mark fits");
                        self.marked.push((form, area, at));
                    }
                }
            }
            indicator += usize::from(!figure.split);
        }
    }

    /// All that is known, and all that was known before, around the truth.
    pub(crate) fn knowledge(&self, truth: &[f64]) -> (Knowledge, Knowledge) {
        let all: Vec<Known> = self.seen.iter().chain(&self.before).cloned().collect();
        (Knowledge::new(truth, &all), Knowledge::new(truth, &self.before))
    }
}

fn look(case: &Case) -> Read {
    let mut read = Read::default();
    read.share(case, 0);
    for (at, stamp) in case.days.iter().enumerate() {
        let snapshot = crate::privacy::snapshot(&case.engine, *stamp);
        read.look(case, at, &figures(&case.engine, *stamp), Some(&snapshot), 0, true);
    }
    read
}

/// Every count that could be small: what figures show, and every part of it by day and kind.
pub(crate) fn targets(case: &Case) -> Vec<(Form, AreaId, usize)> {
    let site = case.engine.site();
    let mut all = Vec::new();
    for figure in &case.figures {
        let counts = |form: &Form| form.minus.is_none() && Some(form.column) != case.amounts;
        for form in [Some(figure.numerator), figure.denominator].into_iter().flatten().filter(counts) {
            for span in [form.span, Span::Latest] {
                let kinds: Vec<Option<usize>> =
                    if figure.split { (0..case.kinds).map(Some).collect() } else { vec![None] };
                for kind in kinds {
                    for (area, _) in site.areas.iter() {
                        for at in 0..case.days.len() {
                            let target = (Form { kind, span, ..form }, area, at);
                            if !all.contains(&target) {
                                all.push(target);
                            }
                        }
                    }
                }
            }
        }
    }
    all
}

/// Amounts behind few cases: each must stay open by as much as a small count does, in cases of the usual length, or
/// over the whole of a sum around it that may be shown because enough cases stand behind that.
fn amounts_of_few(case: &Case) -> Vec<(Form, AreaId, usize, f64)> {
    let Some(column) = case.amounts else { return Vec::new() };
    let mut all = Vec::new();
    for (form, area, at) in targets(case).into_iter().filter(|(form, ..)| form.column == 0) {
        let count = case.value(&case.terms(form, area, at));
        let top = |form: Form| case.value(&case.terms(Form { kind: None, ..form }, AreaId::ROOT, at));
        let own = Form { column, ..form };
        if count > 0.0 && count < f64::from(case.below) {
            let usual = (f64::from(case.below) - 2.0) * top(own) / top(form);
            all.push((own, area, at, usual.min(least_around(case, form, own, area, at))));
        }
    }
    all
}

/// The least amount over areas and codes around a place behind which enough cases stand.
fn least_around(case: &Case, count: Form, own: Form, area: AreaId, at: usize) -> f64 {
    let code = AREAS[area.index()];
    let around = |form: Form, outer: AreaId, kind| case.value(&case.terms(Form { kind, ..form }, outer, at));
    let areas = case.engine.site().areas.iter().map(|(id, _)| id);
    areas
        .filter(|outer| code.starts_with(AREAS[outer.index()]))
        .flat_map(|outer| [own.kind, None].map(|kind| (outer, kind)))
        .filter(|(outer, kind)| around(count, *outer, *kind) >= f64::from(case.below))
        .map(|(outer, kind)| around(own, outer, kind))
        .fold(f64::INFINITY, f64::min)
}

/// What was worked out, if anything was; and how many small numbers were looked at.
fn attack(seed: u64) -> (usize, Vec<String>) {
    let case = case(seed);
    let read = look(&case);
    let (now, earlier) = read.knowledge(&case.truth);
    let (mut looked, mut found) = (0, Vec::new());
    let below = f64::from(case.below);
    for (form, area, at) in targets(&case) {
        let terms = case.terms(form, area, at);
        let value = case.value(&terms);
        if value <= 0.0 || value >= below {
            continue;
        }
        let (up_before, down_before) = earlier.range(&terms);
        if up_before + value < below {
            // Everyone knows already that it is small: the published total is.
            continue;
        }
        if case.is_nearly_all(form, at) {
            continue;
        }
        looked += 1;
        let (up, down) = now.range(&terms);
        let is_marked = read.marked.contains(&(form, area, at));
        let fine = if is_marked {
            up >= (below - 1.0 - value).min(up_before) - 1e-5 && down >= (value - 1.0).min(down_before) - 1e-5
        } else {
            up + down >= (below - 2.0).min(up_before + down_before) - 1e-5
        };
        if !fine {
            let code = AREAS[area.index()];
            found.push(format!(
                "seed {seed}: {form:?} at {code} on stamp {at}: {value} is known to be from {} to {} (before: {} to {}), marked {is_marked}",
                value - down,
                value + up,
                value - down_before,
                value + up_before
            ));
        }
    }
    for (form, area, at, width) in amounts_of_few(&case) {
        let terms = case.terms(form, area, at);
        let (up_before, down_before) = earlier.range(&terms);
        let (up, down) = now.range(&terms);
        looked += 1;
        if up + down < width.min(up_before + down_before) - 1e-5 {
            let (value, code) = (case.value(&terms), AREAS[area.index()]);
            found.push(format!(
                "seed {seed}: amount {form:?} at {code} on stamp {at}: {value} is known to be from {} to {}",
                value - down,
                value + up
            ));
        }
    }
    (looked, found)
}

/// Attacks one table a seed; at least so many small numbers must have been looked at.
pub(crate) fn attack_all(
    seeds: std::ops::Range<u64>,
    least: usize,
    attack: impl Fn(u64) -> (usize, Vec<String>),
) {
    let (mut looked, mut found) = (0, Vec::new());
    for seed in seeds {
        let (more, worked_out) = attack(seed);
        looked += more;
        found.extend(worked_out);
    }
    println!("{looked} small numbers looked at");
    assert!(looked > least, "only {looked} small numbers were looked at");
    assert!(found.is_empty(), "{} of {looked} small numbers worked out:\n{}", found.len(), found.join("\n"));
}

#[test]
fn no_small_number_is_worked_out_in_500_tables() {
    attack_all(0..500, 1000, attack);
}

#[test]
#[ignore = "minutes: part of the full suite"]
fn no_small_number_is_worked_out_in_10_000_tables() {
    attack_all(500..10_500, 1000, attack);
}

/// To look at one table by hand: `ONEMAP_SEED=7 cargo test one_table -- --ignored --nocapture`.
#[test]
#[ignore = "prints one table"]
fn one_table() {
    let seed = std::env::var("ONEMAP_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(0);
    let made = case(seed);
    println!("below {}\n{}", made.below, made.text);
    for figure in &made.figures {
        println!(
            "{:?} {:?} / {:?} published {}",
            figure.line.id, figure.numerator, figure.denominator, figure.published
        );
    }
    for (at, stamp) in made.days.iter().enumerate() {
        let shown = figures(&made.engine, *stamp);
        let snapshot = crate::privacy::snapshot(&made.engine, *stamp);
        for (area, _) in made.engine.site().areas.iter() {
            println!("stamp {at} {}", AREAS[area.index()]);
            for i in 0..made.engine.site().indicators.len() {
                let r = shown.reading(i, area);
                println!(
                    "   {} {:?} = {:?} / {:?}",
                    made.engine.site().indicators[i].id,
                    r.value,
                    r.numerator,
                    r.denominator
                );
            }
            for slice in snapshot.slices(0, area) {
                println!("   {:?} {:?}", slice.codes, slice.value);
            }
        }
    }
    for line in attack(seed).1 {
        println!("{line}");
    }
}

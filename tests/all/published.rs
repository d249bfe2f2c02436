//! Every published figure that has a band, against the sample site. Each fact is either computed or handled in words;
//! a fact that is in neither list fails the test.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;

use onemap::site::areas::AreaId;
use onemap::site::datasets::DatasetKind;
use onemap::site::text::Lang;
use onemap::snapshot::SeriesSource as _;
use polars::prelude::*;

use crate::common::{day, figures, root, sample, sample_dir, seen, shown};

struct Fact {
    id: String,
    low: f64,
    high: f64,
}

fn facts() -> BTreeMap<String, Fact> {
    let text = std::fs::read_to_string(root().join("tests/published_figures.csv")).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("fact_id,indicator,accept_min,accept_max,term_zh,value"));
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            assert_eq!(fields.len(), 6, "{line}");
            let number = |i: usize| fields[i].parse().unwrap_or_else(|_| panic!("{line}"));
            (fields[0].to_owned(), Fact { id: fields[0].to_owned(), low: number(2), high: number(3) })
        })
        .collect()
}

/// Facts whose figure the catalogue computes, with the indicator that carries it.
const COMPUTED: &[(&str, &str)] = &[
    ("F007", "gov_prelit_accepted_cnt"),
    ("F008", "gov_prelit_success_rate"),
    ("F009", "gov_labour_mediation_success_rate"),
    ("F016", "gov_dispute_screened_cnt"),
    ("F020", "gov_neighbour_policing_absorb_rate"),
    ("F023", "gov_people_mediation_accepted_cnt"),
    ("F024", "gov_people_mediation_success_rate"),
    ("F026", "saf_patrol_mode_cnt"),
    ("F027", "saf_defence_team_cnt"),
    ("F028", "saf_emergency_unit_cnt"),
    ("F034", "saf_antifraud_view_cnt"),
    ("F038", "saf_unfit_driver_mechanism_cnt"),
    ("F041", "saf_psych_online_cnt"),
    ("F042", "saf_psych_offline_cnt"),
    ("F043", "saf_psych_crisis_cnt"),
    ("F044", "saf_psych_crisis_success_rate"),
    ("F046", "saf_psych_outreach_session_cnt"),
    ("F048", "saf_psych_outreach_person_times"),
    ("F049", "saf_psych_media_view_cnt"),
    ("F050", "saf_orgcrime_mechanism_cnt"),
    ("F051", "saf_orgcrime_group_cnt"),
    ("F052", "saf_orgcrime_case_cnt"),
    ("F054", "saf_theme_park_cnt"),
    ("F055", "saf_led_screen_cnt"),
    ("F062", "dat_key_element_record_cnt"),
    ("F063", "dat_base_record_cnt"),
    ("F066", "dat_integrated_system_cnt"),
    ("F067", "dat_topic_library_cnt"),
    ("F068", "dat_topic_record_cnt"),
    ("F073", "dat_rental_building_cnt"),
    ("F074", "dat_rental_room_cnt"),
    ("F076", "dat_rental_graded_rate"),
    ("F078", "dat_psych_group_cnt"),
    ("F079", "dat_psych_dept_cnt"),
    ("F080", "dat_psych_institution_cnt"),
    ("F081", "dat_psych_service_person_times"),
    ("F096", "enf_case_sampled_cnt"),
    ("F100", "enf_legal_aid_flow_cnt"),
    ("F104", "svc_biz_measure_cnt"),
    ("F122", "svc_scan_visit_rate"),
    ("F124", "svc_theme_session_cnt"),
    ("F125", "svc_theme_entity_cnt"),
];

type Counted = fn() -> usize;

/// Facts about the site's structure: counted from its definitions or rows, with what is counted.
const STRUCTURE: &[(&str, &str, Counted)] = &[
    ("F003", "five domains: the catalogue's domains that any indicator uses", || {
        let used: BTreeSet<&str> = sample().site().indicators.iter().map(|i| i.domain.as_str()).collect();
        assert_eq!(used.len(), sample().site().domains.len());
        used.len()
    }),
    ("F014", "three levels of centres: rows of gov_centre at district, subdistrict and community", || {
        distinct("gov_centre", "level_code", &["node"]).len()
    }),
    (
        "F031",
        "five years running: year ends whose yearly change is a two-digit fall",
        years_of_two_digit_fall,
    ),
    ("F035", "three levels of responsibility: levels at which service-group figures are published", || {
        distinct("service_group_month", "area_code", &[])
            .iter()
            .map(String::len)
            .collect::<BTreeSet<_>>()
            .len()
    }),
    ("F047", "five venues: the outreach code list without media, all of them with sessions", || {
        let venues = distinct("psych_outreach_month", "venue", &["media"]);
        assert_eq!(venues, listed("outreach_venue", &["media"]));
        venues.len()
    }),
    ("F072", "three criteria: the scores of a rental building", || {
        columns_ending("rental_building", "_score")
    }),
    ("F082", "five base libraries: datasets of kind base", || datasets(DatasetKind::Base)),
    ("F083", "nine thematic libraries: datasets of kind topic", || datasets(DatasetKind::Topic)),
    ("F084", "five systems: datasets of kind system", || datasets(DatasetKind::System)),
    ("F085", "101 indicators: rows of the catalogue", || sample().site().indicators.len()),
    (
        "F087",
        "people, events and areas live: the event stream, the aggregate groups, and the area tree are there",
        || {
            let site = sample().site();
            let people = site.indicator_index("saf_service_group_person_cnt").is_some();
            let events = site.meta.events.is_some();
            let areas = site.areas.len() > 1;
            [people, events, areas].into_iter().filter(|there| *there).count()
        },
    ),
    ("F102", "the measures of 2025: the year in the title of the one document of that name", || {
        let titles = titles("法治化营商环境的若干举措");
        assert_eq!(titles.len(), 1);
        titles
            .iter()
            .flat_map(|t| t.split(|c: char| !c.is_ascii_digit()))
            .find(|d| d.len() == 4)
            .unwrap()
            .parse()
            .unwrap()
    }),
    ("F103", "three aspects: the measures' code list, each with measures", || {
        let aspects = distinct("ent_measure", "aspect", &[]);
        assert_eq!(aspects, listed("measure_aspect", &[]));
        aspects.len()
    }),
    ("F112", "the biopharma compliance guide: documents with that title", || {
        titles("生物医药企业刑事合规工作指引").len()
    }),
    ("F116", "the trade-secret guide: documents with that title", || {
        titles("商业秘密法律风险防范指引").len()
    }),
    ("F119", "the urban-management enforcement guide: documents with that title", || {
        titles("城管领域执法指南").len()
    }),
    ("F123", "the going-abroad guide: documents with that title", || {
        titles("企业出海常见法律风险及防范建议").len()
    }),
    ("F129", "counting since 2020: the dated window of the indicator", || {
        since("gov_people_mediation_accepted_cnt")
    }),
    ("F130", "counting since 2021: the dated window of the indicator", || since("enf_case_sampled_cnt")),
];

/// Facts that no district's data can give, with the reason; the wall shows none of them as a computed figure.
const CITED: &[(&str, &str)] = &[
    ("F001", "the occasion of the article, an anniversary of the city: context, no metric"),
    ("F025", "edition number of an award: text of an honours list"),
    (
        "F032",
        "rank among the city's districts: one district's data cannot show it; the rate itself is computed",
    ),
    (
        "F036",
        "rank among the city's districts: one district's data cannot show it; the rate itself is computed",
    ),
    ("F053", "a working method in four points: text"),
    ("F091", "edition number of an award: text of an honours list"),
    ("F094", "three methods of a complaint survey: text; the on-time rate itself is computed"),
    ("F106", "first fast-trial court of the province: a claim about other places; its cases are computed"),
    ("F107", "three roles of a court mechanism: text; its cases are computed at district level"),
    ("F113", "first mechanism of its kind in the province: a claim about other places; its rate is computed"),
    ("F118", "place among a national hundred: an award"),
    ("F131", "first of the city: a claim about other places; the platform's cases are computed"),
    ("F132", "first of the country: a claim about other places; the guide is counted under F112"),
];

fn rows(table: &str) -> DataFrame {
    let path = sample_dir().join(format!("data/{table}.parquet"));
    ParquetReader::new(File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
        .finish()
        .unwrap()
}

fn texts(table: &str, column: &str) -> Vec<String> {
    let frame = rows(table);
    frame.column(column).unwrap().str().unwrap().iter().flatten().map(ToOwned::to_owned).collect()
}

fn distinct(table: &str, column: &str, without: &[&str]) -> BTreeSet<String> {
    texts(table, column).into_iter().filter(|v| !without.contains(&v.as_str())).collect()
}

fn listed(list: &str, without: &[&str]) -> BTreeSet<String> {
    sample().site().codes(list).iter().filter(|c| !without.contains(&c.as_str())).cloned().collect()
}

fn titles(part: &str) -> Vec<String> {
    texts("legal_product", "title_zh").into_iter().filter(|t| t.contains(part)).collect()
}

fn columns_ending(table: &str, end: &str) -> usize {
    sample().site().table(table).unwrap().columns.iter().filter(|c| c.id.ends_with(end)).count()
}

fn datasets(kind: DatasetKind) -> usize {
    sample().site().datasets.iter().filter(|d| d.kind == kind).count()
}

fn since(id: &str) -> usize {
    let site = sample().site();
    let window = &site.indicators[site.indicator_index(id).unwrap()].window;
    let date = window.strip_prefix("cumulative since ").unwrap_or_else(|| panic!("{id}: {window}"));
    assert!(date.ends_with("-01-01"), "{window}");
    date.get(..4).unwrap().parse().unwrap()
}

/// Consecutive full years, back from the last one, in which the yearly figure fell by a tenth or more — as printed.
fn years_of_two_digit_fall() -> usize {
    let mut years = 0;
    for year in (2015..2026).rev() {
        let figures = figures(sample(), day(&format!("{year}-12-31")));
        let Some(change) = seen(shown(sample(), &figures, "saf_crime_order_yoy", AreaId::ROOT)) else {
            break;
        };
        if change > -10.0 {
            break;
        }
        years += 1;
    }
    years
}

#[test]
fn every_banded_fact_is_handled_once() {
    let facts = facts();
    assert_eq!(facts.len(), 74);
    let mut handled = BTreeSet::new();
    let all =
        COMPUTED.iter().map(|f| f.0).chain(STRUCTURE.iter().map(|f| f.0)).chain(CITED.iter().map(|f| f.0));
    for id in all {
        assert!(facts.contains_key(id), "{id} is no banded fact");
        assert!(handled.insert(id.to_owned()), "{id} is handled twice");
    }
    let forgotten: Vec<&Fact> = facts.values().filter(|f| !handled.contains(&f.id)).collect();
    assert!(forgotten.is_empty(), "not handled: {:?}", forgotten.iter().map(|f| &f.id).collect::<Vec<_>>());
    assert!(
        STRUCTURE.iter().all(|f| f.1.len() > 20) && CITED.iter().all(|f| f.1.len() > 20),
        "every handling has its reason"
    );
}

#[test]
fn computed_figures_are_in_their_bands() {
    let (facts, engine) = (facts(), sample());
    let figures = figures(engine, engine.present_day());
    let mut wrong = Vec::new();
    for (id, indicator) in COMPUTED {
        let fact = &facts[*id];
        let value = shown(engine, &figures, indicator, AreaId::ROOT);
        let fits = seen(value).is_some_and(|v| (fact.low..=fact.high).contains(&v));
        if !fits {
            wrong.push(format!("{id} {indicator}: {value:?} not in {}..={}", fact.low, fact.high));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn computed_facts_are_the_ones_the_catalogue_cites() {
    let site = sample().site();
    for (id, indicator) in COMPUTED {
        let row = &site.indicators[site.indicator_index(indicator).unwrap()];
        assert!(row.facts.iter().any(|f| f == id), "{indicator} does not cite {id}");
    }
}

#[test]
fn structural_facts_hold() {
    let facts = facts();
    let mut wrong = Vec::new();
    for (id, what, count) in STRUCTURE {
        let fact = &facts[*id];
        let counted = count() as f64;
        if !(fact.low..=fact.high).contains(&counted) {
            wrong.push(format!("{id} ({what}): {counted} not in {}..={}", fact.low, fact.high));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_of_the_five_years_is_told_by_the_series_too() {
    let site = sample().site();
    let index = site.indicator_index("saf_crime_order_yoy").unwrap();
    let until = sample().end_of(day("2025-12-31"));
    // Points of a year-to-date figure are a month apart: 60 of them reach back over five year ends.
    let series = sample().series(index, &[AreaId::ROOT], until.secs, 60).remove(0);
    let ends: Vec<f64> = series
        .points
        .iter()
        .filter(|p| onemap::site::civil::date_of(p.day).month() == 12)
        .filter_map(|p| seen(p.value))
        .collect();
    assert_eq!(ends.len(), 5, "{ends:?}");
    assert!(ends.iter().all(|v| *v <= -10.0 + 1e-9), "{ends:?}");
}

#[test]
fn nine_groups_have_names_in_both_languages() {
    let site = sample().site();
    let groups = site.codes("service_group");
    assert_eq!(groups.len(), 9);
    for group in groups {
        for lang in [Lang::Zh, Lang::En] {
            assert_ne!(site.messages(lang).code_name("service_group", group), group, "{group} has no name");
        }
    }
}

//! Checks of a whole generated site: its figures are the published ones, and its bytes repeat.

use std::path::{Path, PathBuf};

use polars::prelude::*;

use super::tests_areas::{areas_of, check_areas};
use super::*;

fn template_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data/pingshan")
}

/// Writes a site to look at: `ONEMAP_GEN_OUT`, `ONEMAP_GEN_SCALE`, `ONEMAP_GEN_SEED`.
#[test]
#[ignore = "writes files where the environment says"]
fn write_site() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<f64>().ok());
    let scale = number("ONEMAP_GEN_SCALE").map_or(Scale::Sample, Scale::Times);
    let options = Options {
        scale,
        seed: number("ONEMAP_GEN_SEED").map_or(Options::default().seed, |seed| seed as u64),
    };
    let out = std::env::var("ONEMAP_GEN_OUT").expect("ONEMAP_GEN_OUT");
    generate(&template_dir(), Path::new(&out), &options, &mut |_| ())
        .unwrap_or_else(|error| panic!("{error}"));
}

/// The rows of a table, corrections applied.
fn frame(dir: &Path, name: &str, key: &[&str]) -> DataFrame {
    let file = dir.join(format!("data/{name}.parquet"));
    let read =
        |path: &Path| ParquetReader::new(std::fs::File::open(path).expect("file")).finish().expect("table");
    if file.exists() {
        return read(&file);
    }
    let mut parts: Vec<PathBuf> = std::fs::read_dir(dir.join("data").join(name))
        .expect(name)
        .map(|entry| entry.expect("entry").path())
        .collect();
    parts.sort();
    let frames: Vec<LazyFrame> = parts.iter().map(|path| read(path).lazy()).collect();
    let rows = concat(frames, UnionArgs::default()).expect("parts");
    let key: Vec<Expr> = key.iter().map(|column| col(*column)).collect();
    rows.group_by_stable(key).agg([all().as_expr().last()]).collect().expect("rows")
}

fn whole(dir: &Path, name: &str, key: &[&str], filter: Expr, value: Expr) -> f64 {
    let out = frame(dir, name, key)
        .lazy()
        .filter(filter)
        .select([value.cast(DataType::Float64).alias("value")])
        .collect()
        .expect("value");
    out.column("value").expect("column").f64().expect("number").get(0).unwrap_or(f64::NAN)
}

/// Every published figure that is a sum of rows, in the sample; and the same bytes twice.
#[test]
fn the_sample_holds_its_figures() {
    let (one, two) = (tempfile::tempdir().expect("folder"), tempfile::tempdir().expect("folder"));
    let options = Options::default();
    let dir = one.path();
    let summary =
        generate(&template_dir(), dir, &options, &mut |_| ()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(summary.tables.len(), 37);
    check_areas(
        &areas_of(&std::fs::read_to_string(dir.join("areas.geojson")).expect("areas")),
        &[6, 9, 12, 15],
    );

    let key = ["stat_date", "area_code", "channel", "dispute_type"];
    let dispute = |filter: Expr, value: Expr| whole(dir, "dispute_day", &key, filter, value);
    let sum = |column: &str| col(column).sum();
    let is = |column: &str, code: &str| col(column).eq(lit(code));
    let share = |top: &str, bottom: &str| sum(top).cast(DataType::Float64) / sum(bottom) * lit(100.0);
    let any = || lit(true);
    let within = |what: &str, value: f64, low: f64, high: f64| {
        assert!((low..=high).contains(&value), "{what}: {value} is not in {low}..{high}");
    };
    within("F016", dispute(any(), sum("screened_cnt")), 50_000.0, 59_999.0);
    within("F007", dispute(is("channel", "pre_litigation"), sum("accepted_cnt")), 15_000.0, 15_999.0);
    within("F008", dispute(is("channel", "pre_litigation"), share("success_cnt", "closed_cnt")), 95.5, 96.5);
    within("F009", dispute(is("dispute_type", "labour"), share("success_cnt", "closed_cnt")), 95.0, 96.0);
    within("F023", dispute(is("channel", "people_mediation"), sum("accepted_cnt")), 18_000.0, 18_999.0);
    within(
        "F024",
        dispute(is("channel", "people_mediation"), share("success_cnt", "closed_cnt")),
        95.5,
        96.5,
    );
    let all = dispute(any(), sum("accepted_cnt"));
    within(
        "F020",
        dispute(is("channel", "neighbour_policing"), sum("accepted_cnt")) / all * 100.0,
        30.0,
        39.99,
    );
    let plain = |name: &str, filter: Expr, value: Expr| whole(dir, name, &[], filter, value);
    let last = || col("stat_month").eq(col("stat_month").max());
    within(
        "F027",
        plain("force_stock", last().and(is("force_type", "defence_team")), sum("unit_cnt")),
        151.0,
        151.0,
    );
    within(
        "F028",
        plain("force_stock", last().and(is("force_type", "emergency_unit")), sum("unit_cnt")),
        572.0,
        572.0,
    );
    let crime = || is("incident_class", "criminal").or(is("incident_class", "public_order"));
    for year in 2021..=2026 {
        let this = || crime().and(col("stat_month").dt().year().eq(lit(year)));
        let (now, before) = (
            plain("incident_month", this(), sum("incident_cnt")),
            plain("incident_month", this(), sum("incident_cnt_ly")),
        );
        within("F031", (now / before - 1.0) * 100.0, -20.0, -10.0);
    }
    let snap = |program: &str, kind: &str, code: &str| {
        let filter = last()
            .and(is("program", program))
            .and(is("dim_kind", kind))
            .and(is("dim_code", code))
            .and(is("area_code", "440310"));
        plain("psych_service_snap", filter, sum("person_times_cum"))
    };
    within("F041", snap("social", "service", "online"), 2600.0, 2699.0);
    within("F042", snap("social", "service", "offline"), 1200.0, 1299.0);
    within("F043", snap("social", "service", "crisis"), 60.0, 69.0);
    within("F081", snap("system", "total", "all"), 13_000.0, 13_999.0);
    within("F080", plain("psych_provider_month", last(), sum("institution_cnt")), 166.0, 166.0);
    within("F079", plain("psych_provider_month", last(), col("dept_code").n_unique()), 16.0, 16.0);
    within(
        "F046",
        plain("psych_outreach_month", is("venue", "media").not(), sum("session_cnt")),
        480.0,
        500.0,
    );
    within(
        "F048",
        plain("psych_outreach_month", is("venue", "media").not(), sum("person_times")),
        370_000.0,
        379_999.0,
    );
    for (fact, kind, low, high) in [
        ("F062", "element", 800_000.0, 899_999.0),
        ("F063", "base", 1_690_000.0, 1_699_999.0),
        ("F068", "topic", 1_300_000.0, 1_399_999.0),
    ] {
        within(
            fact,
            plain("coll_stock_month", last().and(is("library_kind", kind)), sum("record_cnt")),
            low,
            high,
        );
    }
    within("F066", plain("coll_form", any(), col("system_id").n_unique()), 17.0, 17.0);
    within("F073", plain("rental_building", any(), len()), 16_000.0, 16_999.0);
    within("F074", plain("rental_building", any(), sum("room_cnt")), 210_000.0, 219_999.0);
    within(
        "F076",
        plain("building", any(), sum("is_rental")) - plain("rental_building", any(), col("grade").count()),
        0.0,
        0.0,
    );
    within("F096", plain("case_review_month", any(), sum("sampled_cnt")), 190.0, 190.0);
    within("F100", plain("case_flow_day", is("stage", "legal_aid"), sum("case_cnt")), 4600.0, 4699.0);
    let visits = ["stat_date", "area_code", "dept_code", "visit_type"];
    let recent = col("stat_date").cast(DataType::Int32).gt(lit(20_780 - 30));
    within(
        "F122",
        whole(dir, "enf_visit_day", &visits, recent, share("scanned_cnt", "visit_cnt")),
        91.85,
        91.95,
    );

    generate(&template_dir(), two.path(), &options, &mut |_| ()).unwrap_or_else(|error| panic!("{error}"));
    let files = files_under(dir);
    assert!(files.len() > 50);
    for file in files {
        let name = file.strip_prefix(dir).expect("inside");
        assert!(
            std::fs::read(&file).ok() == std::fs::read(two.path().join(name)).ok(),
            "{} differs",
            name.display()
        );
    }
}

fn files_under(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).expect("folder") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            files.extend(files_under(&path));
        } else {
            files.push(path);
        }
    }
    files
}

//! Coordinates of tables: which columns they are in, and the way to the one datum inside. Owns the conversion on
//! reading; what datum a table has is declared in its site's files and nowhere guessed.

use polars::prelude::{Column, DataFrame, DataType, NamedFrom as _, Series};

use crate::site::Site;
use crate::site::areas::LonLat;
use crate::site::datasets::Table;
use crate::site::datum::Datum;

/// Names of columns that hold a longitude and a latitude, where the site names no others.
const PAIRS: [(&str, &str); 3] = [("lng", "lat"), ("lon", "lat"), ("longitude", "latitude")];

/// The columns of longitude and latitude of a table, if it has any.
#[must_use]
pub fn columns<'a>(site: &'a Site, table: &Table) -> Option<(&'a str, &'a str)> {
    let of_events = site.meta.events.as_ref().filter(|e| e.table == table.id);
    let named = of_events.map(|e| (e.longitude.as_str(), e.latitude.as_str()));
    let usual = || PAIRS.into_iter().find(|(lon, lat)| [lon, lat].iter().all(|c| table.column(c).is_some()));
    named.or_else(usual)
}

/// The datum of a table: its own, else the site's.
#[must_use]
pub fn datum(site: &Site, table: &Table) -> Datum {
    table.datum.unwrap_or(site.meta.datum)
}

/// Brings the coordinates of a table to the datum inside.
#[must_use]
pub(super) fn to_inside(site: &Site, table: &Table, mut frame: DataFrame) -> DataFrame {
    let datum = datum(site, table);
    let Some((lon, lat)) = columns(site, table).filter(|_| datum.is_shifted()) else {
        return frame;
    };
    let places = places(&frame, lon, lat);
    if places.is_empty() {
        return frame;
    }
    let inside: Vec<Option<LonLat>> = places.into_iter().map(|p| p.map(|p| datum.to_inside(p))).collect();
    let column = |name: &str, axis: usize| -> Column {
        let values: Vec<Option<f64>> = inside.iter().map(|p| p.and_then(|p| p.get(axis).copied())).collect();
        Series::new(name.into(), values).into()
    };
    for (name, axis) in [(lon, 0), (lat, 1)] {
        if let Err(err) = frame.with_column(column(name, axis)) {
            log::error!("{}: {name}: {err}", table.id);
        }
    }
    frame
}

/// The places of a frame's rows; empty where one of the columns is not there.
#[must_use]
pub(super) fn places(frame: &DataFrame, lon: &str, lat: &str) -> Vec<Option<LonLat>> {
    let column = |name: &str| frame.column(name).and_then(|c| c.cast(&DataType::Float64)).ok();
    let (Some(lon), Some(lat)) = (column(lon), column(lat)) else {
        return Vec::new();
    };
    match (lon.f64(), lat.f64()) {
        (Ok(lon), Ok(lat)) => lon.iter().zip(lat.iter()).map(|(x, y)| Some([x?, y?])).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_table_of_another_datum_is_converted_and_empty_places_stay_empty() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data/pingshan");
        let (site, _) = crate::site::load(&dir).unwrap();
        let real = [114.35, 22.7];
        for datum in Datum::DIFFERENT {
            let mut table = site.table("event").unwrap().clone();
            table.datum = Some(datum);
            let [lon, lat] = datum.from_inside(real);
            let column = |name: &str, value: f64| Series::new(name.into(), vec![Some(value), None]).into();
            let frame = DataFrame::new(2, vec![column("lng", lon), column("lat", lat)]).unwrap();
            let read = places(&to_inside(&site, &table, frame), "lng", "lat");
            assert_eq!(read.len(), 2);
            assert!(
                read[0].is_some_and(|p| crate::site::datum::meters_between(p, real) < 0.001),
                "{datum:?}"
            );
            assert_eq!(read[1], None);
        }
        // One of the two columns alone is left as it is.
        let mut table = site.table("event").unwrap().clone();
        table.datum = Some(Datum::Bd09);
        let alone = DataFrame::new(1, vec![Series::new("lng".into(), vec![Some(114.0)]).into()]).unwrap();
        assert!(to_inside(&site, &table, alone.clone()).equals(&alone));
    }

    #[test]
    fn a_base_map_without_a_datum_is_refused() {
        let told = "id = \"a\"\nkind = \"pmtiles\"\npath = \"a.pmtiles\"\n";
        let read = toml::from_str::<crate::site::meta::BaseMapMeta>;
        assert!(read(told).unwrap_err().message().contains("datum"));
        assert!(read(&format!("{told}datum = \"GCJ02\"\n")).is_ok());
    }
}

//! Records of residents' appeals in two common shapes as rows of a site's table. Owns which columns of such a file are
//! read at all: what is not on the program's list is dropped, and so are kinds of appeals that never come in.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::cells::{self, Cells};
use super::sheet::Rows;
use crate::site::Site;
use crate::site::areas::{AreaId, LonLat};
use crate::site::datasets::Table;
use crate::site::feeds::AppealsMeta;

const LIST: &str = include_str!("../../assets/appeals.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    excluded: Vec<String>,
    roles: BTreeMap<String, Vec<String>>,
}

/// What came of the rows of a file.
#[derive(Debug, Default)]
pub(super) struct Mapped {
    pub(super) rows: Rows,
    /// Rows of kinds that never come in.
    pub(super) excluded: u64,
    /// Cells with something in them that were dropped.
    pub(super) dropped: u64,
}

/// Reads such records for one table.
#[derive(Debug)]
pub(super) struct Appeals<'a> {
    site: &'a Site,
    table: &'a Table,
    meta: &'a AppealsMeta,
    list: List,
    cells: Cells<'a>,
}

const DAY_SECS: i64 = 86_400;

/// Cells of one record by role.
struct Record<'a> {
    cells: &'a [Option<String>],
    places: &'a BTreeMap<&'a str, Vec<usize>>,
}

impl Record<'_> {
    fn all(&self, role: &str) -> impl Iterator<Item = &str> {
        let places = self.places.get(role).map_or(&[][..], Vec::as_slice);
        places.iter().filter_map(|p| self.cells.get(*p)?.as_deref()).map(str::trim).filter(|t| !t.is_empty())
    }

    fn first(&self, role: &str) -> Option<&str> {
        self.all(role).next()
    }
}

impl<'a> Appeals<'a> {
    pub(super) fn new(site: &'a Site, table: &'a Table, meta: &'a AppealsMeta) -> Option<Self> {
        // The list is part of the program; a test reads it.
        let list = toml::from_str(LIST).ok()?;
        Some(Self { site, table, meta, list, cells: Cells::new(site, table) })
    }

    /// The declared columns of the records; everything else is left behind here.
    pub(super) fn map(&self, rows: &Rows) -> Mapped {
        let mut used = vec![false; rows.headers.len()];
        let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (role, names) in &self.list.roles {
            let found = names
                .iter()
                .filter_map(|name| rows.headers.iter().position(|h| h.trim().eq_ignore_ascii_case(name)));
            let found: Vec<usize> = found.collect();
            for place in &found {
                if let Some(flag) = used.get_mut(*place) {
                    *flag = true;
                }
            }
            places.insert(role, found);
        }
        let columns: Vec<(&str, &str)> =
            self.meta.columns.iter().map(|(role, column)| (role.as_str(), column.as_str())).collect();
        let mut out = Mapped::default();
        out.rows.headers = columns.iter().map(|(_, column)| (*column).to_owned()).collect();
        out.rows.headers.extend(self.meta.fixed.keys().cloned());
        out.rows.bad.clone_from(&rows.bad);
        for (cells, line) in rows.cells.iter().zip(&rows.lines) {
            let dropped = cells.iter().zip(&used).filter(|(c, used)| c.is_some() && !**used).count();
            out.dropped += dropped as u64;
            let record = Record { cells, places: &places };
            if record.all("kinds").any(|kind| self.list.excluded.iter().any(|e| e == kind)) {
                out.excluded += 1;
                continue;
            }
            let mut row: Vec<Option<String>> =
                columns.iter().map(|(role, _)| self.value(role, &record)).collect();
            row.extend(self.meta.fixed.values().map(|v| Some(v.clone())));
            out.rows.cells.push(row);
            out.rows.lines.push(*line);
        }
        out
    }

    fn value(&self, role: &str, record: &Record<'_>) -> Option<String> {
        match role {
            "area" => self.area(record),
            "status" => Some(self.status(record)),
            "closed" => record.first("closed").map(str::to_owned).or_else(|| {
                // Of the other shape, the last change of a record that is closed.
                let closed = record.first("status")?.eq_ignore_ascii_case("closed");
                record.first("updated").filter(|_| closed).map(str::to_owned)
            }),
            "due" => record.first("due").map(str::to_owned).or_else(|| self.due(record)),
            _ => record.first(role).map(str::to_owned),
        }
    }

    /// The time limit by the site's rule, as seconds since 1970; none where no rule is for such a record.
    fn due(&self, record: &Record<'_>) -> Option<String> {
        let code = |role: &str| {
            let column = self.meta.columns.get(role)?;
            let place = self.table.columns.iter().position(|c| &c.id == column)?;
            self.cells.read(place, record.first(role)?)
        };
        let rule = |code: &str| self.meta.due_days.get(code);
        let days = ["nature", "category"].iter().filter_map(|role| code(role)).find_map(|code| rule(&code));
        let days = days.or_else(|| rule("*"))?;
        let opened = cells::instant(&self.site.zone, record.first("opened")?)?;
        Some((opened + i64::from(*days) * DAY_SECS).to_string())
    }

    fn status(&self, record: &Record<'_>) -> String {
        if let Some(status) = record.first("status") {
            return if status.eq_ignore_ascii_case("closed") {
                self.meta.closed_status.clone()
            } else if status.eq_ignore_ascii_case("open") {
                self.meta.open_status.clone()
            } else {
                status.to_owned()
            };
        }
        let is_set = |role: &str| record.all(role).any(|v| v == "1" || v == "1.0");
        if is_set("done") || record.first("closed").is_some() {
            return self.meta.closed_status.clone();
        }
        self.meta.open_status.clone()
    }

    /// The area: a code that the site knows, a name that one area has, or the area around a point, at the finest level
    /// that the table allows. The point itself goes no further. A name that contradicts the code gives none.
    fn area(&self, record: &Record<'_>) -> Option<String> {
        let areas = &self.site.areas;
        let finest = self.site.level_index(&self.table.finest_area).unwrap_or(0);
        let named = record.first("area_name").and_then(|name| {
            let mut same = areas.iter().filter(|(_, a)| a.name.zh == name || a.name.en == name);
            let only = same.next().map(|(id, _)| id);
            only.filter(|_| same.next().is_none())
        });
        let coded = record.all("area_code").find_map(|code| areas.find(code));
        let id = match (coded, named) {
            (Some(code), Some(name))
                if code != name && !self.is_within(code, name) && !self.is_within(name, code) =>
            {
                return None;
            }
            (Some(code), _) => code,
            (None, Some(name)) => name,
            (None, None) => {
                let point =
                    [record.first("longitude")?.parse().ok()?, record.first("latitude")?.parse().ok()?];
                self.around(point, finest)?
            }
        };
        Some(areas.get(id).code.clone())
    }

    fn is_within(&self, inner: AreaId, outer: AreaId) -> bool {
        let mut at = Some(inner);
        while let Some(id) = at {
            if id == outer {
                return true;
            }
            at = self.site.areas.get(id).parent;
        }
        false
    }

    fn around(&self, point: LonLat, finest: usize) -> Option<AreaId> {
        self.site
            .areas
            .iter()
            .filter(|(_, area)| area.level <= finest)
            .filter(|(_, area)| area.polygons.iter().any(|polygon| is_inside(polygon, point)))
            .max_by_key(|(_, area)| area.level)
            .map(|(id, _)| id)
    }
}

/// Whether a point is inside of rings, by the number of edges to its right.
fn is_inside(rings: &[Vec<LonLat>], [x, y]: LonLat) -> bool {
    let mut inside = false;
    for ring in rings {
        for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            let ([ax, ay], [bx, by]) = (*a, *b);
            if (ay > y) != (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax {
                inside = !inside;
            }
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::{Column, DataFrame};
    use std::path::Path;

    /// A record without a time limit gets the one of the site's rule; without a rule it has none and comes in.
    #[test]
    fn a_record_without_a_time_limit_gets_the_rule_or_none() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let site = crate::site::load(&root.join("sample-data/pingshan")).unwrap().0;
        let table = site.table("appeal_order").unwrap();
        let area = site.areas.iter().find(|(_, a)| a.level == 2).unwrap().1.code.clone();
        // 2026-11-23T10:31+08:00.
        let opened = 1_795_401_060_i64;
        let headers = [
            "REC_ID",
            "CREATE_TIME",
            "COMMUNITY_ID",
            "EVENT_TYPE_NAME",
            "EVENT_PROPERTY_NAME",
            "EVENT_SRC_NAME",
        ];
        let category =
            site.messages_zh.code_name("appeal_category", &site.codes("appeal_category")[0]).to_owned();
        let channel =
            site.messages_zh.code_name("appeal_channel", &site.codes("appeal_channel")[0]).to_owned();
        let row = |nature: &str| {
            ["r1", "2026/11/23 10:31", &area, &category, nature, &channel]
                .map(|t| Some(t.to_owned()))
                .to_vec()
        };
        let rows = Rows {
            headers: headers.map(str::to_owned).to_vec(),
            cells: vec![row("\u{6295}\u{8bc9}"), row("consult"), row("\u{611f}\u{8c22}")],
            lines: vec![2, 3, 4],
            ..Rows::default()
        };
        let columns = [
            ("id", "order_id"),
            ("area", "area_code"),
            ("category", "category_code"),
            ("nature", "nature"),
            ("channel", "channel"),
            ("opened", "opened_ts"),
            ("due", "due_ts"),
            ("closed", "closed_ts"),
            ("status", "status"),
        ];
        let meta = |rules: &[(&str, u32)]| AppealsMeta {
            columns: columns.map(|(role, column)| (role.to_owned(), column.to_owned())).into(),
            fixed: [("redo_cnt", "0"), ("mediation_flag", "0")]
                .map(|(c, v)| (c.to_owned(), v.to_owned()))
                .into(),
            due_days: rules.iter().map(|(code, days)| ((*code).to_owned(), *days)).collect(),
            closed_status: "closed".to_owned(),
            open_status: "open".to_owned(),
        };
        for (rules, days) in [
            (&[("complaint", 15), ("consult", 5)][..], [Some(15), Some(5), None]),
            (&[("complaint", 15), ("*", 10)], [Some(15), Some(10), Some(10)]),
            (&[], [None, None, None]),
        ] {
            let meta = meta(rules);
            let mapped = Appeals::new(&site, table, &meta).unwrap().map(&rows).rows;
            let due = mapped.headers.iter().position(|h| h == "due_ts").unwrap();
            let found: Vec<Option<i64>> =
                mapped.cells.iter().map(|c| c[due].as_ref().map(|t| t.parse().unwrap())).collect();
            assert_eq!(found, days.map(|d| d.map(|d: i64| opened + d * DAY_SECS)));
            // All of them pass the door: what has no limit is a gap.
            let cells = Cells::new(&site, table);
            let columns = table.columns.iter().enumerate().map(|(place, column)| {
                let at = mapped.headers.iter().position(|h| *h == column.id);
                let value = |row: &Vec<Option<String>>| cells.read(place, row.get(at?)?.as_deref()?);
                Column::new(column.id.as_str().into(), mapped.cells.iter().map(value).collect::<Vec<_>>())
            });
            let frame = DataFrame::new(3, columns.collect()).unwrap();
            let passed = crate::sources::admit::texts(&site, table, frame, Path::new("t"));
            assert_eq!(passed.kept, [true; 3], "{:?}", passed.problems);
        }
    }

    #[test]
    fn the_list_is_read_and_names_no_text() {
        let list: List = toml::from_str(LIST).unwrap();
        assert_eq!(list.excluded.len(), 5);
        let names: Vec<&String> = list.roles.values().flatten().collect();
        for text in
            ["description", "address", "OCCUR_PLACE", "ADDRESS", "first_name", "phone", "email", "media_url"]
        {
            assert!(!names.iter().any(|n| n.eq_ignore_ascii_case(text)), "{text}");
        }
    }
}

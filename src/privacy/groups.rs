//! The closed list of service-population groups and the floors of area. Owns which groups may be counted at all; no
//! site can add one.

use std::sync::OnceLock;

use polars::prelude::{BooleanChunked, DataFrame};
use serde::Deserialize;

use crate::site::Site;
use crate::site::datasets::Table;
use crate::site::text::Message;
use crate::store::column::Chunk;

/// Name of the code list that is closed.
pub const GROUP_LIST: &str = "service_group";

const CLOSED_LIST: &str = include_str!("../../assets/service_groups.toml");

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClosedList {
    #[serde(rename = "group")]
    groups: Vec<Group>,
}

/// One group.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    code: String,
    #[serde(default)]
    deepest_level: Option<usize>,
}

fn groups() -> &'static [Group] {
    static LIST: OnceLock<ClosedList> = OnceLock::new();
    &LIST
        .get_or_init(|| {
            toml::from_str(CLOSED_LIST).unwrap_or_else(|err| {
                // An unreadable list allows nothing.
                log::error!("list of service groups: {err}");
                ClosedList::default()
            })
        })
        .groups
}

/// Finest area level of a sensitive group, counted from the top; none for other groups and other codes.
#[must_use]
pub fn deepest_level(code: &str) -> Option<usize> {
    groups().iter().find(|g| g.code == code)?.deepest_level
}

/// Codes of a site's list that are not on the closed list.
pub fn unknown(site: &Site) -> impl Iterator<Item = &str> {
    site.codes(GROUP_LIST).iter().map(String::as_str).filter(|code| groups().iter().all(|g| g.code != *code))
}

/// All codes of the closed list.
pub fn known() -> impl Iterator<Item = &'static str> {
    groups().iter().map(|g| g.code.as_str())
}

/// Which rows come in at an area finer than their table or their group allows; none where all are fine.
#[must_use]
pub fn below_floor(site: &Site, table: &Table, frame: &DataFrame) -> Option<(BooleanChunked, Message)> {
    let group_column = table.columns.iter().find(|c| c.codes.as_deref() == Some(GROUP_LIST));
    if table.suppress_below == 0 && group_column.is_none() {
        return None;
    }
    let areas = frame.column(&table.area_column()?.id).ok()?.str().ok()?.clone();
    let groups_of_rows =
        group_column.and_then(|c| frame.column(&c.id).ok()).and_then(|c| c.str().ok().cloned());
    let table_floor = site.level_index(&table.finest_area).unwrap_or(0);
    let below: Vec<bool> = areas
        .iter()
        .enumerate()
        .map(|(row, code)| {
            let level = code.and_then(|code| site.areas.find(code)).map(|id| site.areas.get(id).level);
            let group = groups_of_rows.as_ref().and_then(|g| g.get(row));
            let group_floor = group.and_then(deepest_level);
            level.is_some_and(|level| level > group_floor.map_or(table_floor, |floor| floor.min(table_floor)))
        })
        .collect();
    below.contains(&true).then(|| {
        let keep = below.iter().map(|b| Some(!*b)).collect();
        (keep, Message::new("problem.below_floor").with("table", &table.id))
    })
}

/// Whether any row comes in at an area finer than its table or its group allows.
pub(crate) fn has_below_floor(site: &Site, table: &Table, chunk: &Chunk) -> bool {
    let group_column = table.columns.iter().find(|c| c.codes.as_deref() == Some(GROUP_LIST));
    if table.suppress_below == 0 && group_column.is_none() {
        return false;
    }
    let areas = table.area_column().and_then(|c| chunk.column(&c.id)).and_then(|c| c.texts());
    let Some(areas) = areas else { return false };
    let level = |code: &str| site.areas.find(code).map(|id| site.areas.get(id).level);
    let levels: Vec<Option<usize>> = areas.values().map(level).collect();
    let floor = site.level_index(&table.finest_area).unwrap_or(0);
    let groups = group_column.and_then(|c| chunk.column(&c.id)).and_then(|c| c.texts());
    let Some(groups) = groups else {
        return levels.iter().flatten().any(|level| *level > floor);
    };
    let floors: Vec<usize> =
        groups.values().map(|code| deepest_level(code).map_or(floor, |deepest| deepest.min(floor))).collect();
    areas.codes.iter().zip(&groups.codes).any(|(area, group)| {
        let level = levels.get(*area as usize).copied().flatten();
        level.is_some_and(|level| level > floors.get(*group as usize).copied().unwrap_or(floor))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_groups_two_of_them_sensitive() {
        assert_eq!(groups().len(), 9);
        let sensitive: Vec<&str> =
            groups().iter().filter(|g| g.deepest_level == Some(1)).map(|g| g.code.as_str()).collect();
        assert_eq!(sensitive, ["mental_health", "resettlement"]);
    }
}

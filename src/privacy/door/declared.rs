//! What a site may declare at all: names of columns, free text about people, code lists. Owns those rules; reads no
//! data.

use crate::privacy::groups;
use crate::site::Site;
use crate::site::catalogue::People;
use crate::site::datasets::{Column, ColumnPeople, ColumnType, Refresh, Rollup, Table};
use crate::site::problem::Problem;
use crate::site::text::{Lang, Message};

use super::{Rule, broken_rules, categories};

/// Parts of column names that speak of a person, an identity or a category that is never collected.
const FORBIDDEN_PARTS: &[&str] = &[
    "person_name",
    "real_name",
    "full_name",
    "contact_name",
    "contact_person",
    "surname",
    "given_name",
    "xingming",
    "lianxiren",
    "dangshiren",
    "id_card",
    "idcard",
    "id_no",
    "sfzh",
    "shenfenzheng",
    "passport",
    "phone",
    "mobile",
    "landline",
    "shouji",
    "dianhua",
    "wechat_id",
    "weixin",
    "wxid",
    "openid",
    "email",
    "e_mail",
    "plate_no",
    "plate_number",
    "car_no",
    "chepai",
    "licence_plate",
    "license_plate",
    "birth",
    "home_address",
    "reporter",
    "appellant",
    "complainant",
    "petition",
    "xinfang",
    "religion",
    "religious",
    "ethnic",
    "minzu",
    "nationality",
    "political",
    "party_member",
    "face_",
    "biometric",
    "fingerprint",
    "track_",
    "trajectory",
    "risk_score",
    "person_score",
    "watch_list",
    "watchlist",
    "blacklist",
    "key_person",
    "suspect",
    "offender",
    "patient",
    "diagnosis",
    "姓名",
    "身份证",
    "手机",
    "电话",
    "座机",
    "微信号",
    "邮箱",
    "车牌",
    "住址",
    "出生",
    "民族",
    "宗教",
    "党员",
    "政治面貌",
    "信访",
    "上访",
    "维稳",
    "轨迹",
    "人脸",
    "诉求人",
    "投诉人",
    "举报人",
    "当事人",
    "联系人",
];

/// Whole names of columns that say the same.
const FORBIDDEN_NAMES: &[&str] = &["name", "xm", "sfz", "tel", "telephone", "wx", "vx", "qq"];

/// Words of a column's name that place a row exactly.
const PLACE_WORDS: &[&str] = &[
    "lng",
    "lon",
    "longitude",
    "lat",
    "latitude",
    "coord",
    "coords",
    "coordinate",
    "coordinates",
    "gps",
    "geom",
    "geometry",
    "wkt",
    "geohash",
    "经度",
    "纬度",
    "坐标",
];

/// A text longer than this is no code: it could hold a sentence.
const LONGEST_CODE: usize = 32;

/// Threshold from which a table counts persons rather than cases.
const PERSONS_BELOW: u32 = 10;

/// Whether a table concerns persons or cases: it has a threshold, or a figure that does counts its rows.
#[must_use]
pub fn is_people_table(site: &Site, table: &Table) -> bool {
    table.suppress_below > 0
        || site
            .indicators
            .iter()
            .chain(&site.breakdowns)
            .any(|row| row.people != People::None && row.numerator.table == table.id)
}

/// Whether a declared column may never come in: it speaks of a person, or gives a people table exact coordinates.
#[must_use]
pub fn forbidden_column(site: &Site, id: &str, table: &Table) -> bool {
    let lower = id.to_lowercase();
    let speaks_of_a_person =
        FORBIDDEN_NAMES.contains(&lower.as_str()) || FORBIDDEN_PARTS.iter().any(|part| lower.contains(part));
    let places = || {
        PLACE_WORDS.iter().any(|word| {
            if word.is_ascii() { lower.split('_').any(|part| part == *word) } else { lower.contains(word) }
        })
    };
    // Which events carry a point is checked row by row.
    let is_event_point = site.meta.events.as_ref().is_some_and(|events| {
        table.suppress_below == 0
            && events.table == table.id
            && [&events.longitude, &events.latitude].contains(&&lower)
    });
    speaks_of_a_person || (places() && !is_event_point && is_people_table(site, table))
}

/// Everything in a site's declarations that the door refuses.
#[must_use]
pub fn problems(site: &Site) -> Vec<Problem> {
    let mut out = Vec::new();
    for (dataset, table) in site.tables() {
        let promised = site.datasets.get(dataset).map_or(Refresh::AsNeeded, |d| d.refresh);
        tables(site, table, table.refresh.unwrap_or(promised), &mut out);
    }
    code_lists(site, &mut out);
    out
}

fn tables(site: &Site, table: &Table, refresh: Refresh, out: &mut Vec<Problem>) {
    let mut refuse = |name: &str, message: Message| {
        out.push(placed(site, "datasets.toml", name, message.with("table", &table.id)));
    };
    let is_events = site.meta.events.as_ref().is_some_and(|events| events.table == table.id);
    let concerns_people = is_people_table(site, table);
    if table.suppress_below > 0 && table.finest_area == "point" {
        refuse(&table.id, Message::new("problem.people_point"));
    }
    if table.suppress_below == 0 && table.column("suppressed").is_some_and(|c| c.kind == ColumnType::Bool) {
        refuse(&table.id, Message::new("problem.suppressed_without_threshold"));
    }
    for column in &table.columns {
        if forbidden_column(site, &column.id, table) {
            refuse(&column.id, Message::new("problem.forbidden_column").with("column", &column.id));
        }
        if let Some(rule) = categories::of(&column.zh).or_else(|| categories::of(&column.en)) {
            refuse(&column.id, rule.message().with("column", &column.id));
        }
        let free =
            column.kind == ColumnType::Text && column.codes.is_none() && !table.key.contains(&column.id);
        if free && (concerns_people || is_events) && column.max_len.is_none_or(|most| most > LONGEST_CODE) {
            let message = Message::new("problem.free_text_column").with("most", LONGEST_CODE);
            refuse(&column.id, message.with("column", &column.id));
        }
        if let Some(message) = people_of(table, column, refresh) {
            refuse(&column.id, message.with("column", &column.id));
        }
    }
}

/// What is wrong with what a column says about groups of persons.
fn people_of(table: &Table, column: &Column, refresh: Refresh) -> Option<Message> {
    let coded = column.kind == ColumnType::Text && column.codes.is_some();
    let counts_groups =
        column.people == Some(ColumnPeople::Groups) || column.codes.as_deref() == Some(groups::GROUP_LIST);
    if column.people.is_some() && !coded {
        return Some(Message::new("problem.people_without_codes"));
    }
    if coded && table.suppress_below >= PERSONS_BELOW && column.people.is_none() && !counts_groups {
        return Some(Message::new("problem.people_undeclared"));
    }
    let monthly = table.column_type(&table.time_column) == Some(ColumnType::Month)
        && !matches!(refresh, Refresh::Live | Refresh::Hourly);
    if counts_groups && !monthly {
        return Some(Message::new("problem.groups_by_month"));
    }
    if counts_groups && (table.suppress_below < PERSONS_BELOW || table.rollup != Rollup::Exact) {
        return Some(Message::new("problem.groups_protected").with("most", PERSONS_BELOW));
    }
    None
}

fn code_lists(site: &Site, out: &mut Vec<Problem>) {
    let is_area = |_: &str| false;
    for lang in [Lang::Zh, Lang::En] {
        let messages = site.messages(lang);
        let file = format!("messages/{}.toml", lang.code());
        let text = std::fs::read_to_string(site.dir.join(&file)).unwrap_or_default();
        let mut lists: Vec<(&str, &[String])> = messages.code_lists().collect();
        lists.sort_unstable();
        for (list, codes) in lists {
            for code in codes {
                let rule: Option<Rule> = [code.as_str(), messages.code_name(list, code)]
                    .iter()
                    .find_map(|text| broken_rules(text, &is_area).first().copied());
                if let Some(rule) = rule {
                    let message = rule.message().with("column", format!("[code.{list}]"));
                    out.push(Problem::error(&file, message).at(row_of_code(&text, list, code), None));
                }
            }
        }
    }
}

/// Row of a code in a message file.
fn row_of_code(text: &str, list: &str, code: &str) -> Option<usize> {
    let heading = format!("[code.{list}]");
    let mut rows = text.lines().enumerate().skip_while(|(_, line)| line.trim() != heading).skip(1);
    rows.find(|(_, line)| {
        line.split_once('=').is_some_and(|(key, _)| key.trim().trim_matches(['"', '\'']) == code)
    })
    .map(|(row, _)| row + 1)
}

/// A problem at the first place of a name in a definition file.
fn placed(site: &Site, file: &str, name: &str, message: Message) -> Problem {
    let text = std::fs::read_to_string(site.dir.join(file)).unwrap_or_default();
    let place = text.find(&format!("\"{name}\"")).map(|at| crate::site::problem::row_and_column(&text, at));
    Problem::error(file, message).at(place.map(|p| p.0), place.map(|p| p.1.to_string()))
}

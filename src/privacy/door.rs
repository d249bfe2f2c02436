//! The door: which columns and contents are refused before anything is stored. Owns the list of what never comes in;
//! no site, option or flag can shorten it.

use crate::site::datasets::{ColumnType, Table};

/// Parts of column names that speak of a person, an identity or a category that is never collected.
const FORBIDDEN_PARTS: &[&str] = &[
    "person_name", "real_name", "id_card", "idcard", "id_no", "passport", "phone", "mobile", "telephone", "wechat_id",
    "weixin", "openid", "email", "plate_no", "licence_plate", "license_plate", "birth", "home_address", "reporter",
    "appellant", "petition", "xinfang", "religion", "ethnic", "nationality", "political", "party_member", "face_",
    "biometric", "fingerprint", "track_", "trajectory", "risk_score", "person_score", "watch_list", "watchlist",
    "blacklist", "key_person", "suspect", "offender", "patient", "diagnosis", "姓名", "身份证", "手机", "电话", "微信号",
    "车牌", "住址", "出生", "民族", "宗教", "党员", "信访", "轨迹", "人脸", "诉求人", "当事人", "联系人",
];

/// Whether a declared column may never come in: it speaks of a person, or gives a people table exact coordinates.
#[must_use]
pub fn forbidden_column(id: &str, table: &Table) -> bool {
    let lower = id.to_lowercase();
    let speaks_of_a_person = FORBIDDEN_PARTS.iter().any(|part| lower.contains(part));
    let counts_people = table.suppress_below > 0;
    let places = matches!(lower.as_str(), "lng" | "lon" | "longitude" | "lat" | "latitude");
    let typed_as_number = table.column_type(id) == Some(ColumnType::Float);
    speaks_of_a_person || (counts_people && places && typed_as_number)
}

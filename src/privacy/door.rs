//! The door: which columns and contents are refused before anything is stored. Owns the list of what never comes in;
//! no site, option or flag can shorten it.

use crate::site::datasets::{ColumnType, Table};
use crate::site::text::Message;

/// Parts of column names that speak of a person, an identity or a category that is never collected.
const FORBIDDEN_PARTS: &[&str] = &[
    "person_name",
    "real_name",
    "id_card",
    "idcard",
    "id_no",
    "passport",
    "phone",
    "mobile",
    "telephone",
    "wechat_id",
    "weixin",
    "openid",
    "email",
    "plate_no",
    "licence_plate",
    "license_plate",
    "birth",
    "home_address",
    "reporter",
    "appellant",
    "petition",
    "xinfang",
    "religion",
    "ethnic",
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
    "微信号",
    "车牌",
    "住址",
    "出生",
    "民族",
    "宗教",
    "党员",
    "信访",
    "轨迹",
    "人脸",
    "诉求人",
    "当事人",
    "联系人",
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

/// Why a text may not come in: it looks like an identity. The message names the rule and never the content.
#[must_use]
pub fn refuse_content(text: &str) -> Option<Message> {
    let key = if is_identity_number(text) {
        "problem.content_identity_number"
    } else if is_mobile_number(text) {
        "problem.content_mobile_number"
    } else if text.contains('@') && text.contains('.') {
        "problem.content_email"
    } else if is_plate(text) {
        "problem.content_plate"
    } else {
        return None;
    };
    Some(Message::new(key))
}

/// An 18-digit citizen identity number with a valid check digit (GB 11643-1999), anywhere in a text.
fn is_identity_number(text: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: &[u8; 11] = b"10X98765432";
    runs(text, |c| c.is_ascii_digit() || c == b'X' || c == b'x').any(|run| {
        let Ok::<&[u8; 18], _>(run) = run.try_into() else {
            return false;
        };
        let Some((last, digits)) = run.split_last() else {
            return false;
        };
        if !digits.iter().all(u8::is_ascii_digit) {
            return false;
        }
        let sum: u32 = digits.iter().zip(WEIGHTS).map(|(d, w)| u32::from(d - b'0') * w).sum();
        CHECKS.get((sum % 11) as usize).is_some_and(|check| last.eq_ignore_ascii_case(check))
    })
}

/// A mainland mobile number: 11 digits from 13 to 19, standing alone.
fn is_mobile_number(text: &str) -> bool {
    runs(text, |c| c.is_ascii_digit()).any(|run| {
        run.len() == 11 && run.first() == Some(&b'1') && run.get(1).is_some_and(|d| (b'3'..=b'9').contains(d))
    })
}

/// A number plate: a province character, a letter, then five or six letters and digits.
fn is_plate(text: &str) -> bool {
    const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";
    // Nearly every text of a table is a code: told apart without looking at its characters one by one.
    if text.is_ascii() {
        return false;
    }
    let chars: Vec<char> = text.chars().filter(|c| !matches!(c, ' ' | '·' | '-')).collect();
    (7..=8).contains(&chars.len())
        && chars.first().is_some_and(|c| PROVINCES.contains(*c))
        && chars.get(1).is_some_and(char::is_ascii_uppercase)
        && chars.iter().skip(2).all(char::is_ascii_alphanumeric)
}

fn runs(text: &str, is_part: impl Fn(u8) -> bool + Copy) -> impl Iterator<Item = &[u8]> {
    text.as_bytes().split(move |c| !is_part(*c)).filter(|run| !run.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_are_refused_and_codes_are_not() {
        // A made-up number with a valid check digit; no such person.
        for text in [
            "11010519491231002X",
            "no. 11010519491231002x!",
            "13800138000",
            "tel:19912345678",
            "a@b.cn",
            "粤B·12345",
            "粤BD12345",
        ] {
            assert!(refuse_content(text).is_some(), "{text}");
        }
        for text in [
            "440310001001001",
            "E26-0123456",
            "110105194912310021",
            "2026-11-23",
            "12345678901",
            "一网通办",
            "440310001001001234",
        ] {
            assert!(refuse_content(text).is_none(), "{text}");
        }
    }
}

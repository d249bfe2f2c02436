//! Texts that each rule of the door refuses, and texts that none does.

use proptest::prelude::*;

use super::*;
use crate::site::areas::Bounds;

fn broken(text: &str) -> Vec<Rule> {
    broken_rules(text, &|run| run.starts_with("440310001"))
}

#[test]
fn each_rule_has_its_texts() {
    // Made-up values that only have the form of an identity; no such persons.
    for (text, rule) in [
        ("11010519491231002X", Rule::IdentityNumber),
        ("no. 11010519491231002x!", Rule::IdentityNumber),
        ("110105 19491231 002X", Rule::IdentityNumber),
        ("110105-1949-1231-002X", Rule::IdentityNumber),
        ("１１０１０５１９４９１２３１００２Ｘ", Rule::IdentityNumber),
        ("身份证110105\u{200b}19491231002X号", Rule::IdentityNumber),
        ("2026-11-23 110105 194912310021 1 11010519491231002X", Rule::IdentityNumber),
        ("110105491231002", Rule::IdentityNumber),
        ("旧证 110105 491231 002", Rule::IdentityNumber),
        ("13800138000", Rule::MobileNumber),
        ("tel:19912345678", Rule::MobileNumber),
        ("+8613800138000", Rule::MobileNumber),
        ("+86 138 0013 8000", Rule::MobileNumber),
        ("0086-138-0013-8000", Rule::MobileNumber),
        ("138-0013-8000转", Rule::MobileNumber),
        ("１３８００１３８０００", Rule::MobileNumber),
        ("1 3 8 0 0 1 3 8 0 0 0", Rule::MobileNumber),
        ("打138.0013.8000", Rule::MobileNumber),
        ("电话：0755-84622222", Rule::Landline),
        ("tel 84622222", Rule::Landline),
        ("座机 8462 2222", Rule::Landline),
        ("联系方式(0755)84622222", Rule::Landline),
        ("a@b.cn", Rule::Email),
        ("发到 wang.xm＠example．com", Rule::Email),
        ("粤B·12345", Rule::Plate),
        ("粤BD12345", Rule::Plate),
        ("粤BF12345 停在路口", Rule::Plate),
        ("车辆粤B12345D占道", Rule::Plate),
        ("一辆京A·12345违停", Rule::Plate),
        ("粤Ｂ１２３４５", Rule::Plate),
        ("粤B1234学", Rule::Plate),
        ("加wxid_abc123def", Rule::Handle),
        ("微信号: lamp_post88", Rule::Handle),
        ("微信abc12345", Rule::Handle),
        ("WeChat: lamp_post88", Rule::Handle),
        ("vx：lamppost88", Rule::Handle),
        ("联系人：王小明", Rule::Name),
        ("姓名 欧阳小明", Rule::Name),
        ("当事人：李某", Rule::Name),
        ("name: Zhang San", Rule::Name),
        ("contact: wang xiaoming", Rule::Name),
        ("属信访件", Rule::Petition),
        ("petition", Rule::Petition),
        ("repeat-petitioner", Rule::Petition),
        ("政治面貌：群众", Rule::Political),
        ("Party_Member", Rule::Political),
        ("宗教场所纠纷", Rule::Religious),
        ("muslim", Rule::Religious),
        ("回族", Rule::Ethnic),
        ("ethnic minority", Rule::Ethnic),
        ("刑满释放人员", Rule::Persons),
        ("key_person", Rule::Persons),
        ("治安维稳", Rule::Stability),
        ("stability_maintenance", Rule::Stability),
        ("党纪政纪", Rule::Discipline),
        ("组织人事", Rule::Personnel),
        ("统一战线", Rule::UnitedFront),
        ("united_front", Rule::UnitedFront),
        ("党建群团", Rule::PartyGroups),
        ("party_building", Rule::PartyGroups),
    ] {
        assert!(broken(text).contains(&rule), "{text}: {:?}", broken(text));
    }
}

#[test]
fn a_name_beside_a_number_is_told_too() {
    assert_eq!(broken("王小明 13800138000"), [Rule::MobileNumber, Rule::Name]);
    assert_eq!(broken("消火栓 13800138000"), [Rule::MobileNumber]);
}

#[test]
fn codes_and_plain_words_come_in() {
    for text in [
        "",
        "440310001001001",
        "4403100010010010001",
        "E26-0123456",
        "110105194912310021",
        "2026-11-23",
        "2026-11-23T10:31:00+08:00",
        "12345678901",
        "一网通办",
        "440310001001001234",
        "123e4567-e89b-12d3-a456-426614174000",
        "9f13912345678acdeadbeef13812345678f0",
        "社区工作站",
        "community",
        "party wall",
        "third party",
        "birthday party room",
        "political-legal committee",
        "区委政法委",
        "党群服务中心",
        "微信联系群",
        "WeChat liaison groups",
        "新能源车B12区",
        "市民中心",
        "project name: Green Street",
        "name: n/a",
        "联系人：无",
        "当事人双方已达成一致",
        "电话接通率",
        "来电 2026-11-23",
        "稳定性监测",
        "slope stability",
        "民族路12号",
        "organisation",
        "川流不息",
        "宁静小区A12栋",
        "苏州",
        "湘A",
        "版本 1.2.3-4",
        "lamp@home",
        "人民调解",
        "员工宿舍",
    ] {
        assert!(broken(text).is_empty(), "{text}: {:?}", broken(text));
    }
}

#[test]
fn coordinates_are_read() {
    for text in [
        "114.3512,22.7091",
        "22.709123 114.351234",
        "（114.3512，22.7091）",
        "POINT(114.35 22.71)",
        "E114.35123 N22.70912",
        "东经114°21′5″ 北纬22°42′",
    ] {
        assert!(reads_as_place(text), "{text}");
    }
    for text in ["", "12.5,13.5", "2026-11-23", "1.234", "440310001001", "114.35", "3.125 kg of 700.250"] {
        assert!(!reads_as_place(text), "{text}");
    }
}

#[test]
fn a_text_that_is_nothing_but_a_name_is_told_from_words() {
    for text in
        ["王小明", "张伟", "欧阳志强", "诸葛亮", " 李 秀 英 ", "Wang Xiaoming", "Xiaoming Wang", "LI NA"]
    {
        assert!(reads_as_name(text), "{text}");
    }
    for text in [
        "",
        "王",
        "马峦街道",
        "石井",
        "田头",
        "龙田",
        "沙壆",
        "碧岭",
        "汤坑",
        "金龟",
        "江岭",
        "高新区",
        "路灯",
        "安全检查",
        "周报",
        "时间",
        "温度",
        "E26-0123456",
        "main road",
        "Street Light",
        "Wang",
        "王小明科技有限公司",
    ] {
        assert!(!reads_as_name(text), "{text}");
    }
}

#[test]
fn a_point_of_the_site_is_told_by_its_bounds() {
    let bounds = Bounds { west: 114.2, south: 22.6, east: 114.5, north: 22.8 };
    for text in ["114.35,22.69", "22.69 114.35", "(114.35，22.69)", "E114.35 N22.69"] {
        assert!(reads_as_point_of(&bounds, text), "{text}");
    }
    for text in ["114.3,22.6", "114.35", "11.35,22.69", "114.35,22.69,3.25", "lot 114.35 of 22.69", "114,22"]
    {
        assert!(!reads_as_point_of(&bounds, text), "{text}");
    }
}

#[test]
fn whole_numbers_are_looked_at() {
    assert_eq!(number_rule(13_800_138_000), Some(Rule::MobileNumber));
    assert_eq!(number_rule(110_105_194_912_310_020), None);
    assert_eq!(number_rule(12_345), None);
    assert_eq!(number_rule(-13_800_138_000), None);
}

#[test]
fn the_lists_are_complete() {
    let lists = lists().unwrap();
    assert_eq!(lists.categories.len(), 10);
    // What is told apart from codes by length alone must be told apart from words of the lists, too.
    for category in &lists.categories {
        assert!(
            category
                .en
                .iter()
                .all(|term| term.trim().split(' ').any(|w| w.len() >= 5) || term.trim().contains(' '))
        );
        for term in &category.en {
            assert!(!broken(&term.trim().replace(' ', "_")).is_empty(), "{term}");
        }
        assert!(category.zh.iter().all(|term| !broken(term).is_empty()));
    }
}

proptest! {
    /// What is told to be a code by its bytes alone is nothing that the rules would have to look at.
    #[test]
    fn a_plain_code_is_no_name_and_no_place(text in "[0-9A-Za-z/. -]{0,24}|[0-9]{2,3}[.][0-9]{1,6}[ /-][0-9]{2}[.][0-9]{1,6}") {
        if is_plain_code(text.as_bytes()) {
            let bounds = Bounds { west: -180.0, south: -90.0, east: 180.0, north: 90.0 };
            prop_assert!(!reads_as_name(&text) && !reads_as_place(&text) && !reads_as_point_of(&bounds, &text));
            prop_assert_eq!(broken(&text), Vec::new());
        }
    }

    /// Sixteen bytes at once say what each byte by itself says.
    #[test]
    fn a_plain_code_is_one_byte_by_byte(text in "[0-9a-zA-Z/.-]{0,20}|[0-9]{8,16}|[a-eX-Z]{1,6}[0-9-]{5,12}|\\PC{0,16}|[!-~]{8,16}") {
        let expected = is_harmless(text.as_bytes()) && !text.contains('.');
        prop_assert_eq!(is_plain_code(text.as_bytes()), expected);
    }

    /// What was told before changes no answer, whatever digits, letters and lengths follow each other.
    #[test]
    fn codes_are_told_one_after_the_other_as_each_by_itself(
        texts in prop::collection::vec("[A-C][0-9]{2}-[0-9]{4,12}|[0-9:/;A-Ca-cé-]{7,17}|[0-9]{10,16}", 1..12),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 0..12),
    ) {
        let mut all: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
        for (text, byte, to) in changes {
            // The same text but for one byte, whatever it is.
            let mut changed = text.get(&all).clone();
            let byte = byte.index(changed.len());
            changed[byte] = to;
            all.push(text.get(&all).clone());
            all.push(changed);
        }
        let mut codes = PlainCodes::default();
        for text in &all {
            prop_assert_eq!(codes.is_plain(text), is_plain_code(text), "{:?}", text);
        }
    }
}

//! JSON that no client sends.

use lite_entries::{
    MAX_PROPOSED_BYTES, Refusal, Rules, accept, key_of_pem, key_of_ssh, search_keys,
};

use crate::upstream::{Case, cases};

fn case(name: &str) -> Case {
    cases().into_iter().find(|case| case.name == name).unwrap()
}

fn verdict(proposed: &str) -> Result<(), Refusal> {
    accept(proposed.as_bytes(), &Rules::default()).map(|_| ())
}

#[track_caller]
fn no_json(from: &str, to: &str) {
    let proposed = case("hashedrekord p256 key").proposed;
    assert_eq!(verdict(&proposed), Ok(()));
    assert!(proposed.contains(from), "{from} is in {proposed}");
    let refusal = verdict(&proposed.replacen(from, to, 1)).unwrap_err();
    assert!(refusal.is_parse_error(), "{to}: {refusal}");
    assert_eq!(refusal.validation(), None);
}

#[test]
fn refuses_what_two_readers_could_read_in_two_ways() {
    no_json(r#""kind": "#, r#""kind": "dsse", "kind": "#);
    no_json(r#""spec": "#, r#""spec": {}, "spec": "#);
    no_json(r#""hash": "#, r#""hash": null, "hash": "#);
    no_json(r#""data": {"#, r#""data": [{"#);
    no_json(r#""kind": "hashedrekord""#, r#""kind": ["hashedrekord"]"#);
    no_json(r#"{"kind""#, r#"[{"kind""#);
    no_json(r#"{"kind""#, r#"{} {"kind""#);
    no_json(r#""content": ""#, r#""content": "\ud800"#);
}

#[test]
fn refuses_a_list_as_an_object_however_its_members_are_ordered() {
    for proposed in
        [r#"["hashedrekord","0.0.1",{}]"#, r#"{"kind":"dsse","apiVersion":"0.0.1","spec":[null]}"#]
    {
        assert!(verdict(proposed).unwrap_err().is_parse_error(), "{proposed}");
    }
}

#[test]
fn depth_costs_no_stack_and_size_has_an_end() {
    let nested =
        |depth: usize| format!(r#""extra": {}{}, "kind": "#, "[".repeat(depth), "]".repeat(depth));
    let proposed = case("hashedrekord p256 key").proposed;
    let with = |depth| proposed.replacen(r#""kind": "#, &nested(depth), 1);
    assert_eq!(verdict(&with(1_000_000)), Ok(()));
    let long = format!("{proposed}{}", " ".repeat(MAX_PROPOSED_BYTES));
    assert_eq!(verdict(&long), Err(Refusal::TooLarge));
}

#[test]
fn members_that_are_not_read_change_nothing() {
    let proposed = case("hashedrekord p256 key").proposed;
    let more = proposed.replacen(r#""kind": "#, r#""Kind": "dsse", "url": "x", "kind": "#, 1);
    let leaf = |proposed: &str| accept(proposed.as_bytes(), &Rules::default()).unwrap().leaf;
    assert_eq!(leaf(&more), leaf(&proposed));
}

#[test]
fn refuses_kinds_and_formats_by_their_names() {
    let entry = |kind: &str, version: &str| {
        verdict(&format!(r#"{{"kind":"{kind}","apiVersion":"{version}","spec":{{}}}}"#))
    };
    for kind in ["alpine", "cose", "helm", "jar", "rpm", "tuf"] {
        assert_eq!(entry(kind, "0.0.1"), Err(Refusal::UnsupportedKind(kind.to_owned())));
    }
    assert_eq!(entry("apk", "0.0.1"), Err(Refusal::UnknownKind("apk".to_owned())));
    assert_eq!(
        entry("dsse", "0.0.2"),
        Err(Refusal::UnsupportedVersion { kind: "dsse".to_owned(), version: "0.0.2".to_owned() })
    );
    let rekord = case("rekord x509").proposed;
    for format in ["pgp", "minisign"] {
        let refusal = verdict(&rekord.replace("x509", format)).unwrap_err();
        assert_eq!(refusal, Refusal::SignatureFormat(format), "{refusal}");
        assert!(refusal.to_string().contains("x509 and ssh"));
    }
}

#[test]
fn codes_of_422_are_upstreams() {
    let code = |proposed: &str| verdict(proposed).unwrap_err().validation().map(|(code, _)| code);
    assert_eq!(code("{}"), Some(602));
    assert_eq!(code(r#"{"kind":"dsse","spec":{}}"#), Some(602));
    assert_eq!(code(r#"{"kind":"dsse","apiVersion":"1","spec":{}}"#), Some(605));
    assert_eq!(code(r#"{"kind":"dsse","apiVersion":"0.0.1"}"#), Some(602));
    assert_eq!(code(r#"{"kind":"x"}"#), Some(422));
    assert_eq!(code(r#"{"kind":"dsse","apiVersion":"0.0.1","spec":{}}"#), None);
}

#[test]
fn leaves_that_are_not_read_give_no_keys() {
    for leaf in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"kind":"dsse","apiVersion":"0.0.1"}"#,
        r#"{"kind":"rekord","apiVersion":"0.0.1","spec":{}}"#,
        r#"{"kind":"rpm","apiVersion":"0.0.1","spec":{}}"#,
        r#"{"kind":"intoto","apiVersion":"0.0.1","spec":{"content":{},"publicKey":"AA=="}}"#,
    ] {
        assert_eq!(search_keys(leaf.as_bytes()), [], "{leaf}");
    }
    assert_eq!(key_of_pem(b"hello"), None);
    assert_eq!(key_of_ssh(b"hello"), None);
}

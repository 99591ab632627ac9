//! Rekor v1: what is refused, and in whose words.

use http::Method;
use serde_json::json;

use crate::support::Stack;
use crate::v1::{V1_ENTRIES, hashedrekord, p256};

/// Upstream's answers, for what is wrong in each way that there is.
#[tokio::test]
#[expect(clippy::too_many_lines, clippy::type_complexity, reason = "a table")]
async fn what_is_wrong_is_answered_as_upstream_does() {
    let stack = Stack::new();
    let entry = hashedrekord(&p256(), b"artifact").to_string();
    let with = |from: &str, to: &str| entry.replacen(from, to, 1);
    let json = Some("application/json");
    let in_path = "entryUUID in path should match '^([0-9a-fA-F]{64}|[0-9a-fA-F]{80})$'";
    let in_body = "entryUUIDs.0 in body should match '^([0-9a-fA-F]{64}|[0-9a-fA-F]{80})$'";
    let cases: Vec<(Method, &str, String, Option<&str>, u16, u32, &str)> = vec![
        (Method::POST, V1_ENTRIES, "{".into(), json, 400, 400, "parsing proposedEntry body"),
        (
            Method::POST,
            V1_ENTRIES,
            String::new(),
            json,
            422,
            602,
            "proposedEntry in body is required",
        ),
        (Method::POST, V1_ENTRIES, entry.clone(), None, 415, 415, "unsupported media type"),
        (
            Method::POST,
            V1_ENTRIES,
            entry.clone(),
            Some("text/plain"),
            415,
            415,
            "unsupported media type \"text/plain\"",
        ),
        (
            Method::POST,
            V1_ENTRIES,
            with("\"0.0.1\"", "\"0.0.9\""),
            json,
            400,
            400,
            "error processing entry: ",
        ),
        (
            Method::POST,
            V1_ENTRIES,
            with("\"hashedrekord\"", "\"rpm\""),
            json,
            400,
            400,
            "error processing entry: ",
        ),
        (
            Method::POST,
            V1_ENTRIES,
            with("\"value\":\"", "\"value\":\"0"),
            json,
            400,
            400,
            "error processing entry: ",
        ),
        (
            Method::PUT,
            V1_ENTRIES,
            String::new(),
            json,
            405,
            405,
            "method PUT is not allowed, but [GET,POST] are",
        ),
        (
            Method::POST,
            "/api/v1/log",
            String::new(),
            json,
            405,
            405,
            "method POST is not allowed, but [GET] are",
        ),
        (Method::GET, V1_ENTRIES, String::new(), None, 422, 602, "logIndex in query is required"),
        (
            Method::GET,
            "/api/v1/log/entries?logIndex=-1",
            String::new(),
            None,
            422,
            609,
            "logIndex in query should be greater than or equal to 0",
        ),
        (
            Method::GET,
            "/api/v1/log/entries?logIndex=x",
            String::new(),
            None,
            422,
            601,
            "logIndex in query must be of type int64: \"x\"",
        ),
        (Method::GET, "/api/v1/log/entries/zz", String::new(), None, 422, 605, in_path),
        (
            Method::GET,
            "/api/v1/log/proof",
            String::new(),
            None,
            422,
            602,
            "lastSize in query is required",
        ),
        (
            Method::GET,
            "/api/v1/log/proof?firstSize=0&lastSize=1",
            String::new(),
            None,
            422,
            609,
            "firstSize in query",
        ),
        (
            Method::GET,
            "/api/v1/log/proof?firstSize=2&lastSize=1",
            String::new(),
            None,
            400,
            400,
            "firstSize(2) must be less than lastSize(1)",
        ),
        (
            Method::GET,
            "/api/v1/log/proof?lastSize=9",
            String::new(),
            None,
            400,
            400,
            "the tree size requested(9) was greater than what is currently observable(1)",
        ),
        (
            Method::GET,
            "/api/v1/log/proof?lastSize=1&treeID=7",
            String::new(),
            None,
            400,
            400,
            "invalid tree ID specified: 7",
        ),
        (
            Method::GET,
            "/api/v1/log/publicKey?treeID=x",
            String::new(),
            None,
            422,
            605,
            "treeID in query should match",
        ),
        (
            Method::GET,
            "/api/v1/log/nothing",
            String::new(),
            None,
            404,
            404,
            "path /api/v1/log/nothing was not found",
        ),
        (
            Method::POST,
            "/api/v1/log/entries/retrieve",
            r#"{"logIndexes":[]}"#.into(),
            json,
            422,
            612,
            "logIndexes in body should have at least 1 items",
        ),
        (
            Method::POST,
            "/api/v1/log/entries/retrieve",
            r#"{"logIndexes":[0,1,2,3,4,5,6,7,8,9,10]}"#.into(),
            json,
            422,
            611,
            "logIndexes in body should have at most 10 items",
        ),
        (
            Method::POST,
            "/api/v1/log/entries/retrieve",
            r#"{"logIndexes":[-1]}"#.into(),
            json,
            422,
            609,
            "logIndexes.0 in body",
        ),
        (
            Method::POST,
            "/api/v1/log/entries/retrieve",
            r#"{"logIndexes":"1"}"#.into(),
            json,
            400,
            400,
            "parsing entry body",
        ),
        (
            Method::POST,
            "/api/v1/log/entries/retrieve",
            r#"{"entryUUIDs":["x"]}"#.into(),
            json,
            422,
            605,
            in_body,
        ),
        (
            Method::POST,
            "/api/v1/index/retrieve",
            r#"{"hash":"x"}"#.into(),
            json,
            422,
            605,
            "hash in body should match",
        ),
        (
            Method::POST,
            "/api/v1/index/retrieve",
            r#"{"email":"x"}"#.into(),
            json,
            422,
            601,
            "email in body must be of type email: \"x\"",
        ),
        (
            Method::POST,
            "/api/v1/index/retrieve",
            r#"{"operator":"xor"}"#.into(),
            json,
            422,
            606,
            "operator in body should be one of [and or]",
        ),
        (
            Method::POST,
            "/api/v1/index/retrieve",
            r#"{"publicKey":{}}"#.into(),
            json,
            422,
            602,
            "publicKey.format in body is required",
        ),
        (
            Method::POST,
            "/api/v1/index/retrieve",
            r#"{"publicKey":{"format":"x509","content":"AA=="}}"#.into(),
            json,
            400,
            400,
            "public key provided could not be parsed",
        ),
    ];
    for (method, path, body, content_type, status, code, message) in cases {
        let answer = stack.send_v1(method.clone(), path, &body, content_type).await;
        let what = format!("{method} {path} {body:.60}: {}", answer.text());
        assert_eq!(answer.status, status, "{what}");
        let json = answer.json();
        assert_eq!(json["code"], code, "{what}");
        assert!(json["message"].as_str().unwrap().contains(message), "{what}");
        assert_eq!(json.as_object().unwrap().len(), 2, "{what}");
    }
    let many = json!({ "logIndexes": [0, 1, 2, 3, 4, 5], "entryUUIDs": vec!["0".repeat(64); 5] });
    let answer = stack.post_v1("/api/v1/log/entries/retrieve", &many).await;
    let expected = json!({ "code": 422, "message": "more than max allowed 10 entries in request" });
    assert_eq!((answer.status.as_u16(), answer.json()), (422, expected));
    assert_eq!(stack.server.v1_log().unwrap().checkpoint().size, 1, "nothing of it is in the log");
}

/// rekor-cli and cosign tell a missing entry by the emptiness of the answer.
#[tokio::test]
async fn an_entry_that_is_not_there_is_an_empty_404() {
    let stack = Stack::new();
    for name in
        ["?logIndex=1".to_owned(), format!("/{}", "0".repeat(64)), format!("/{}", "7".repeat(80))]
    {
        let answer = stack.get(&format!("{V1_ENTRIES}{name}")).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (404, ""), "{name}");
        assert!(!answer.headers.contains_key("content-type"));
    }
}

#[tokio::test]
async fn a_log_that_is_closed_to_writers_still_answers() {
    let stack = Stack::new();
    let (id, _) = stack.put(&hashedrekord(&p256(), b"artifact")).await;
    let clock = stack.clock.clone();
    let (server, dir) = stack.reopen(|config| config.read_only = true);
    let stack = Stack { server: server.unwrap(), dir, clock };
    let answer = stack.post_v1(V1_ENTRIES, &hashedrekord(&p256(), b"artifact")).await;
    let expected =
        json!({ "code": 501, "message": "Create Entry API not enabled in this Rekor instance" });
    assert_eq!((answer.status.as_u16(), answer.json()), (501, expected));
    assert_eq!(stack.get(&format!("{V1_ENTRIES}/{id}")).await.status, 200);
}

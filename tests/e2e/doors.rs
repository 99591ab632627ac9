//! Bad input at the assembled address: every refusal in the words that clients know, and nothing
//! of it in either log.

mod certificates;
mod entries;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_tests::{Stack, http};
use serde_json::{Value, json};

const SIGNING_CERT: &str = "/api/v2/signingCert";
const LEGACY: &str = "/api/v1/signingCert";
const ENTRIES: &str = "/api/v2/log/entries";
const TIMESTAMP: &str = "/api/v1/timestamp";

const NOT_FOUND: &str = "Not Found";
const METHOD: &str = "Method Not Allowed";

/// RSA with 1024 bits, which no key generator of ours makes.
const WEAK: &str = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC8X3IViAuJ8mFKJAXdrfdxQrNo
7G39MtX+jqGE80WOuUfLgI1zS34q90US1z9dO3uJ7tMRqCiNfoKb8MWb+SHwgE6j
+NWUdKNAwtgTGL+UAIp2YzzSFmOi1lqnYbDjzHq7GkTAsZ4dF3vNCgpxCAr+atJt
nlcWhy++njZK2VopIwIDAQAB
-----END PUBLIC KEY-----
";

/// The stack's address without a client between: no path is tidied up on its way.
struct Wire<'a>(&'a Stack);

impl Wire<'_> {
    #[track_caller]
    fn ask(&self, method: &str, target: &str, headers: &str, body: &[u8]) -> (u16, String) {
        let host = self.0.url().strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
             content-length: {}\r\n{headers}\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        // Whoever refuses a body may stop reading it.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| {
            panic!("{method} {target} has no answer: {answer}");
        });
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, body.to_owned())
    }

    /// An answer in gRPC's shape (rpcStatus): its code and the start of its message.
    #[track_caller]
    fn refuses(&self, name: &str, asked: (&str, &str, &[u8]), want: (u16, u64, &str)) {
        let (method, target, body) = asked;
        let (status, code, message) = want;
        let (found, answer) = self.ask(method, target, "content-type: application/json\r\n", body);
        assert_eq!(found, status, "{name}: {answer}");
        let answer = object(name, &answer);
        assert_eq!(answer["code"], code, "{name}: {answer}");
        let said = answer["message"].as_str().unwrap();
        assert!(said.starts_with(message), "{name}: {answer}");
        assert!(said.len() < 1000, "{name}: an answer is not an echo");
        assert_eq!(answer["details"], json!([]), "{name}: {answer}");
    }

    /// An answer with this status, whatever its shape.
    #[track_caller]
    fn says(&self, name: &str, asked: (&str, &str, &str, &[u8]), status: u16) {
        let (method, target, headers, body) = asked;
        let (found, answer) = self.ask(method, target, headers, body);
        assert_eq!(found, status, "{name}: {answer}");
    }
}

/// The JSON object of an answer that may be chunked.
#[track_caller]
fn object(name: &str, answer: &str) -> Value {
    let text = answer.find('{').zip(answer.rfind('}')).map(|(from, to)| &answer[from..=to]);
    serde_json::from_str(text.unwrap_or_default()).unwrap_or_else(|_| panic!("{name}: {answer}"))
}

/// Sizes of the signature log and of the CT log.
fn sizes(stack: &Stack) -> [u64; 2] {
    ["checkpoint", "ct/checkpoint"].map(|path| {
        let answer = http().get(format!("{}/{path}", stack.url())).send().unwrap();
        answer.text().unwrap().lines().nth(1).unwrap().parse().unwrap()
    })
}

/// After `bad`, both logs are as they were, the stack is well, and it still signs.
#[track_caller]
fn unharmed(stack: &Stack, bad: impl FnOnce(&Wire)) {
    let _ = stack.sign(&stack.file("before.txt", "signed before\n"));
    let before = sizes(stack);
    let wire = Wire(stack);
    bad(&wire);
    assert_eq!(sizes(stack), before);
    wire.says("readyz", ("GET", "/readyz", "", b""), 200);
    let _ = stack.sign(&stack.file("after.txt", "signed after\n"));
    assert_eq!(sizes(stack), before.map(|size| size + 1));
    assert!(!stack.said().contains("panicked"), "{}", stack.said());
}

#[test]
fn methods_paths_and_sizes_are_refused_as_clients_know_it() {
    let stack = Stack::start();
    unharmed(&stack, |wire| {
        let known = [
            ("GET", SIGNING_CERT),
            ("PUT", SIGNING_CERT),
            ("GET", LEGACY),
            ("POST", "/api/v2/trustBundle"),
            ("POST", "/api/v2/configuration"),
            ("POST", "/api/v1/rootCert"),
            ("GET", ENTRIES),
            ("DELETE", ENTRIES),
            ("POST", "/checkpoint"),
            ("POST", "/api/v2/checkpoint"),
            ("PUT", "/tile/0/000.p/1"),
        ];
        for (method, target) in known {
            wire.refuses(target, (method, target, b""), (501, 12, METHOD));
        }
        for target in ["/nowhere", "/api/v2", "/api/v2/log/entries/", "/api/v3/log/entries", "/ct"]
        {
            wire.refuses(target, ("GET", target, b""), (404, 5, NOT_FOUND));
        }
        for (method, target) in [
            ("GET", "/ct/ct/v1/add-chain"),
            ("GET", "/ct/ct/v1/add-pre-chain"),
            ("POST", "/ct/ct/v1/get-sth"),
            ("GET", "/oidc/token"),
            ("GET", TIMESTAMP),
            ("POST", "/trusted_root.json"),
        ] {
            wire.says(target, (method, target, "", b""), 405);
        }
        // Upstream's gateway answers 400 to what is over its 4 MiB.
        let large = vec![b' '; (4 << 20) + 1];
        for target in [SIGNING_CERT, LEGACY, ENTRIES] {
            wire.refuses(target, ("POST", target, &large), (400, 3, ""));
        }
        for (target, kind) in [
            ("/ct/ct/v1/add-pre-chain", "application/json"),
            ("/ct/ct/v1/add-chain", "application/json"),
            (TIMESTAMP, "application/timestamp-query"),
        ] {
            let kind = format!("content-type: {kind}\r\n");
            wire.says(target, ("POST", target, &kind, &large), 413);
        }
    });
}

#[test]
fn bad_chains_queries_and_timestamp_requests_are_refused() {
    let stack = Stack::start();
    unharmed(&stack, |wire| {
        let json_type = "content-type: application/json\r\n";
        let noise = json!({ "chain": [STANDARD.encode([0x30, 3, 1, 1, 0])] }).to_string();
        for door in ["/ct/ct/v1/add-chain", "/ct/ct/v1/add-pre-chain"] {
            for body in ["", "{", "{}", "[]", r#"{"chain":[]}"#, r#"{"chain":["!"]}"#, &noise] {
                wire.says(body, ("POST", door, json_type, body.as_bytes()), 400);
            }
        }
        for query in [
            "get-sth-consistency",
            "get-sth-consistency?first=2&second=1",
            "get-sth-consistency?first=1&second=999999",
            "get-sth-consistency?first=-1&second=1",
            "get-entries?start=1&end=0",
            "get-entries?start=999999&end=999999",
            "get-entries?start=a&end=b",
            "get-proof-by-hash?hash=AAAA&tree_size=1",
            "get-entry-and-proof?leaf_index=9&tree_size=1",
        ] {
            wire.says(query, ("GET", &format!("/ct/ct/v1/{query}"), "", b""), 400);
        }
        let der = "content-type: application/timestamp-query\r\n";
        for (name, kind, body, status) in [
            ("no type", "", &b""[..], 415),
            ("another type", "content-type: text/plain\r\n", b"", 415),
            ("nothing", der, b"", 400),
            ("noise", der, b"\x30\x03\x01\x01\x00", 400),
            ("half an object", json_type, b"{", 400),
            ("SHA-1", json_type, br#"{"artifactHash":"AAAA","hashAlgorithm":"sha1"}"#, 400),
            (
                "a short digest",
                json_type,
                br#"{"artifactHash":"AAAA","hashAlgorithm":"sha256"}"#,
                400,
            ),
        ] {
            wire.says(name, ("POST", TIMESTAMP, kind, body), status);
        }
        let form = "content-type: application/x-www-form-urlencoded\r\n";
        for body in [
            "",
            "grant_type=password&client_id=sigstore&username=alice@example.org&password=wrong",
            "grant_type=authorization_code&client_id=sigstore&code=made-up",
            "grant_type=client_credentials&client_id=sigstore&client_secret=made-up",
        ] {
            let (status, answer) = wire.ask("POST", "/oidc/token", form, body.as_bytes());
            assert!(matches!(status, 400 | 401), "{body}: {answer}");
            assert!(object(body, &answer)["error"].is_string(), "{body}: {answer}");
        }
    });
}

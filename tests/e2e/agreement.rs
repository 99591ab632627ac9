//! Our verdicts beside those of sigstore-go and sigstore-python, on every case of the conformance
//! suite, on our own stack's bundles and on mutants of both. Where they differ, the difference is
//! in the table below and argued in docs/verdicts.md.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_tests::{Tool, binary, client_program, run};
use serde_json::{Value, json};

use crate::conformance::folders;

const BEACON: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const BEACON_ISSUER: &str = "https://token.actions.githubusercontent.com";

/// One bundle to judge.
struct Case {
    name: String,
    bundle: PathBuf,
    artifact: PathBuf,
    root: PathBuf,
    key: Option<PathBuf>,
    identity: String,
    issuer: String,
}

/// Who says what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judge {
    Go,
    Python,
}

/// Cases on which one of them says something else than we do: who, which, and what we say.
/// docs/verdicts.md has the reasons.
const DIFFERENCES: &[(Judge, &str, bool)] = &[
    (Judge::Python, "intoto-with-custom-trust-root", true),
    (Judge::Python, "trust-root-tsa-validity-end-inclusive", true),
    (Judge::Go, "rekor2-happy-path tlogEntries.0.kindVersion.version flipped", false),
    (Judge::Go, "rekor2-happy-path tlogEntries.0.kindVersion.version deleted", false),
    (Judge::Go, "rekor2-happy-path tlogEntries.0.inclusionProof.logIndex flipped", false),
    (Judge::Go, "rekor2-happy-path tlogEntries.0.inclusionProof.logIndex deleted", false),
    (Judge::Go, "rekor2-happy-path tlogEntries.0.inclusionProof.rootHash flipped", false),
    (Judge::Go, "rekor2-happy-path tlogEntries.0.inclusionProof.rootHash deleted", false),
    (Judge::Go, "rekor2-happy-path tlogEntries.0.inclusionProof.treeSize flipped", false),
    (Judge::Go, "rekor2-happy-path tlogEntries.0.inclusionProof.treeSize deleted", false),
    (Judge::Go, "rekor2-happy-path rfc3161Timestamps doubled", false),
    (Judge::Python, "rekor2-happy-path tlogEntries.0.logIndex flipped", false),
    (Judge::Python, "rekor2-happy-path tlogEntries.0.logId.keyId flipped", false),
    (Judge::Go, "happy-path-v0.1 tlogEntries.0.kindVersion.kind flipped", false),
    (Judge::Go, "happy-path-v0.1 tlogEntries.0.kindVersion.kind deleted", false),
    (Judge::Go, "rekor2-dsse-happy-path rfc3161Timestamps doubled", false),
];

/// The members that are changed, by the case that lends the bundle. Those without a path are below
/// `verificationMaterial`.
const MEMBERS: &[(&str, &[&str])] = &[
    (
        "rekor2-happy-path",
        &[
            "certificate.rawBytes",
            "tlogEntries.0.logIndex",
            "tlogEntries.0.logId.keyId",
            "tlogEntries.0.kindVersion.version",
            "tlogEntries.0.inclusionProof.logIndex",
            "tlogEntries.0.inclusionProof.rootHash",
            "tlogEntries.0.inclusionProof.treeSize",
            "tlogEntries.0.inclusionProof.hashes.0",
            "tlogEntries.0.inclusionProof.checkpoint.envelope",
            "tlogEntries.0.canonicalizedBody",
            "timestampVerificationData.rfc3161Timestamps.0.signedTimestamp",
            "/messageSignature.messageDigest.digest",
            "/messageSignature.signature",
        ],
    ),
    (
        "happy-path-v0.1",
        &[
            "tlogEntries.0.logIndex",
            "tlogEntries.0.logId.keyId",
            "tlogEntries.0.kindVersion.kind",
            "tlogEntries.0.integratedTime",
            "tlogEntries.0.inclusionPromise.signedEntryTimestamp",
            "tlogEntries.0.canonicalizedBody",
        ],
    ),
    (
        "rekor2-dsse-happy-path",
        &["/dsseEnvelope.payload", "/dsseEnvelope.payloadType", "/dsseEnvelope.signatures.0.sig"],
    ),
];

#[test]
fn go_and_python_agree_or_the_difference_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let cases: Vec<Case> =
        cases().into_iter().flat_map(|case| with_mutants(case, folder.path())).collect();
    assert!(cases.len() > 50, "{}", cases.len());
    let ours: Vec<bool> = cases.iter().map(|case| siglite(case, folder.path())).collect();
    let mut found = Vec::new();
    let mut compared = 0;
    for (judge, verdicts) in
        [(Judge::Go, go(&cases, folder.path())), (Judge::Python, python(&cases))]
    {
        for ((case, ours), theirs) in cases.iter().zip(&ours).zip(verdicts) {
            let Some((theirs, why)) = theirs else { continue };
            compared += 1;
            if theirs != *ours {
                println!("{judge:?} on {}: we {ours}, they {theirs} {why}", case.name);
                found.push((judge, case.name.clone(), *ours));
            }
        }
    }
    println!("{compared} verdicts compared, {} differ", found.len());
    let listed = |(judge, name, ours): &(Judge, String, bool)| {
        DIFFERENCES.iter().any(|known| known == &(*judge, name.as_str(), *ours))
    };
    found.retain(|difference| !listed(difference));
    assert!(found.is_empty(), "differences that nobody has argued: {found:#?}");
}

fn first(candidates: &[PathBuf]) -> Option<PathBuf> {
    candidates.iter().find(|path| path.is_file()).cloned()
}

/// Every case of the suite, or those few that live with us, and our own stack's.
fn cases() -> Vec<Case> {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/verifier/tests/vectors");
    let mut suites = vec![vectors.clone(), vectors.join("own")];
    suites.extend(std::env::var_os("SIGLITE_CONFORMANCE_DIR").map(PathBuf::from));
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for suite in suites {
        for folder in folders(&suite) {
            let name = folder.file_name().unwrap().to_string_lossy().into_owned();
            let own = |name: &str| first(&[folder.join(name), suite.join(name)]);
            let text = |name: &str, otherwise: &str| {
                own(name).map_or_else(
                    || otherwise.to_owned(),
                    |path| std::fs::read_to_string(path).unwrap().trim().to_owned(),
                )
            };
            if !seen.insert(name.clone()) {
                continue;
            }
            all.push(Case {
                name,
                bundle: folder.join("bundle.sigstore.json"),
                artifact: first(&[folder.join("artifact"), suite.join("a.txt")]).unwrap(),
                root: own("trusted_root.json")
                    .unwrap_or_else(|| suite.join("public-good-trusted_root.json")),
                key: first(&[folder.join("key.pub")]),
                identity: text("identity", BEACON),
                issuer: text("issuer", BEACON_ISSUER),
            });
        }
    }
    all
}

/// The case, and mutants of its bundle where [`MEMBERS`] names it.
fn with_mutants(case: Case, folder: &Path) -> Vec<Case> {
    let Some((_, members)) = MEMBERS.iter().find(|(name, _)| *name == case.name) else {
        return vec![case];
    };
    let bundle: Value = serde_json::from_slice(&std::fs::read(&case.bundle).unwrap()).unwrap();
    let mut mutants = Vec::new();
    for member in *members {
        let pointer = match member.strip_prefix('/') {
            Some(top) => format!("/{}", top.replace('.', "/")),
            None => format!("/verificationMaterial/{}", member.replace('.', "/")),
        };
        let name = member.trim_start_matches('/');
        let mut flipped = bundle.clone();
        let value = flipped.pointer_mut(&pointer).unwrap_or_else(|| panic!("{pointer}"));
        *value = json!(flip(value.as_str().unwrap()));
        mutants.push((format!("{} {name} flipped", case.name), flipped));
        let (above, last) = pointer.rsplit_once('/').unwrap();
        let mut deleted = bundle.clone();
        match deleted.pointer_mut(above).unwrap() {
            Value::Object(members) => drop(members.remove(last)),
            Value::Array(items) => drop(items.remove(last.parse().unwrap())),
            other => panic!("{other}"),
        }
        mutants.push((format!("{} {name} deleted", case.name), deleted));
    }
    for list in ["tlogEntries", "timestampVerificationData/rfc3161Timestamps"] {
        let mut doubled = bundle.clone();
        let items = doubled.pointer_mut(&format!("/verificationMaterial/{list}"));
        if let Some(items) = items.and_then(Value::as_array_mut).filter(|items| !items.is_empty()) {
            items.push(items[0].clone());
            let last = list.rsplit('/').next().unwrap();
            mutants.push((format!("{} {last} doubled", case.name), doubled));
        }
    }
    let mut all = Vec::new();
    for (index, (name, bundle)) in mutants.into_iter().enumerate() {
        let path = folder.join(format!("{}-{index}.json", case.name));
        serde_json::to_writer(File::create(&path).unwrap(), &bundle).unwrap();
        all.push(Case {
            name,
            bundle: path,
            artifact: case.artifact.clone(),
            root: case.root.clone(),
            key: case.key.clone(),
            identity: case.identity.clone(),
            issuer: case.issuer.clone(),
        });
    }
    all.push(case);
    all
}

/// Another number, the last bit of other bytes, another first letter.
fn flip(text: &str) -> String {
    if let Ok(number) = text.parse::<u64>() {
        return (number + 1).to_string();
    }
    match STANDARD.decode(text) {
        Ok(mut bytes) if bytes.len() > 2 => {
            *bytes.last_mut().unwrap() ^= 1;
            STANDARD.encode(bytes)
        }
        _ => format!("{}{}", if text.starts_with('A') { 'B' } else { 'A' }, &text[1..]),
    }
}

/// Our command line, without an instance.
fn siglite(case: &Case, home: &Path) -> bool {
    // As the others are asked: whatever the content is, and whatever a statement says.
    let mut command = Command::new(binary("siglite"));
    command.env_clear().env("HOME", home).arg("verify-bundle");
    command.arg("--bundle").arg(&case.bundle).arg("--trusted-root").arg(&case.root);
    if let Some(key) = &case.key {
        command.arg("--key").arg(key);
    } else {
        command.args(["--certificate-identity", &case.identity]);
        command.args(["--certificate-oidc-issuer", &case.issuer]);
    }
    run(command.arg(&case.artifact)).code == Some(0)
}

/// Verdicts with what was said; `None` where the judge has no such function, or is not here.
type Verdicts = Vec<Option<(bool, String)>>;

fn go(cases: &[Case], home: &Path) -> Verdicts {
    let Some(program) = Tool::SigstoreGoVerification.find() else {
        return cases.iter().map(|_| None).collect();
    };
    let verdict = |case: &Case| {
        let mut command = Command::new(&program);
        command.env_clear().env("HOME", home).arg("-artifact").arg(&case.artifact);
        command.arg("-trustedrootJSONpath").arg(&case.root);
        match &case.key {
            Some(key) => drop(command.arg("-requireCTlog=false").arg("-publicKey").arg(key)),
            None => {
                command.args(["-expectedSAN", &case.identity, "-expectedIssuer", &case.issuer]);
            }
        }
        let ran = run(command.arg(&case.bundle));
        (ran.code == Some(0), ran.stderr.lines().last().unwrap_or_default().to_owned())
    };
    cases.iter().map(|case| Some(verdict(case))).collect()
}

/// It verifies certificates alone.
fn python(cases: &[Case]) -> Verdicts {
    let nothing = || cases.iter().map(|_| None).collect();
    let Some(program) = Tool::Python.find() else { return nothing() };
    let mut child = Command::new(program)
        .arg(client_program("python/verdicts.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut jobs = String::new();
    for case in cases.iter().filter(|case| case.key.is_none()) {
        let job = json!({
            "bundle": case.bundle, "artifact": case.artifact, "root": case.root,
            "identity": case.identity, "issuer": case.issuer,
        });
        jobs.push_str(&job.to_string());
        jobs.push('\n');
    }
    // On a thread, or both sides wait for each other when the pipes are full.
    let writer = std::thread::spawn(move || input.write_all(jobs.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let mut answers = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let verdict = |case: &Case| {
        if case.key.is_some() {
            return None;
        }
        let answer = answers.next().unwrap_or_else(|| panic!("no verdict on {}", case.name));
        let why = answer["why"].as_str().unwrap_or_default().to_owned();
        Some((answer["accepted"] == true, why))
    };
    cases.iter().map(verdict).collect()
}

//! What is put together from flags is what cosign puts together from the same flags: trusted
//! roots, signing configs, bundles of older pieces; and trust comes from any mirror.

use std::path::Path;
use std::process::Command;

use lite_tests::{Stack, Tool, binary, run};
use serde_json::{Value, json};

use crate::keys::{Folder, ok};

const START: &str = "start-time=2024-01-01T00:00:00Z";

/// The same, without lists that are empty: in proto-JSON they and their absence are one value.
fn normal(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| (name, normal(value)));
            members.filter(|(_, value)| *value != Value::Array(Vec::new())).collect()
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(normal).collect();
            // cosign keeps logs in a map, and writes them in any order.
            items.sort_by_key(ToString::to_string);
            Value::Array(items)
        }
        other => other,
    }
}

/// Both programs, the same arguments, the same document.
#[track_caller]
fn same(folder: &Folder, cosign: &Path, args: &[&str]) -> Value {
    let document = |mut command: Command| {
        let text = ok(&mut command, args).stdout;
        normal(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}")))
    };
    let ours = document(folder.siglite());
    let theirs = document(folder.command(cosign));
    assert_eq!(ours, theirs, "{args:?}");
    ours
}

/// Both programs refuse.
#[track_caller]
fn refused_by_both(folder: &Folder, cosign: &Path, args: &[&str]) {
    for mut command in [folder.siglite(), folder.command(cosign)] {
        let _ = run(command.args(args)).refused();
    }
}

/// A certificate chain of openssl's: an authority, and below it one that timestamps.
#[track_caller]
fn certificates(folder: &Folder, openssl: &Path) {
    folder.file("ext", "extendedKeyUsage=critical,timeStamping\nbasicConstraints=CA:FALSE\n");
    let p256 = ["-pkeyopt", "ec_paramgen_curve:P-256"];
    let mut root = folder.command(openssl);
    root.args(["req", "-x509", "-newkey", "ec"]).args(p256).args(["-nodes", "-days", "9"]);
    ok(&mut root, &["-keyout", "ca.key", "-out", "ca.pem", "-subj", "/O=example.org/CN=root"]);
    let mut request = folder.command(openssl);
    request.args(["req", "-newkey", "ec"]).args(p256).args(["-nodes", "-subj", "/CN=tsa"]);
    ok(&mut request, &["-keyout", "tsa.key", "-out", "tsa.csr"]);
    let mut leaf = folder.command(openssl);
    leaf.args(["x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key"]);
    ok(&mut leaf, &["-days", "8", "-extfile", "ext", "-out", "tsa-leaf.pem"]);
    let read = |name| std::fs::read_to_string(folder.path(name)).unwrap();
    folder.file("tsa.pem", &(read("tsa-leaf.pem") + &read("ca.pem")));
}

#[track_caller]
fn public_keys(folder: &Folder, openssl: &Path) -> Vec<String> {
    let kinds: [(&str, &[&str]); 6] = [
        ("p256", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
        ("p384", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
        ("p521", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"]),
        ("ed25519", &["-algorithm", "ED25519"]),
        ("rsa2048", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
        ("rsa3072", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"]),
    ];
    let make = |(name, kind): (&str, &[&str])| {
        ok(folder.command(openssl).arg("genpkey").args(kind), &["-out", name]);
        let public = format!("{name}.pub");
        ok(&mut folder.command(openssl), &["pkey", "-in", name, "-pubout", "-out", &public]);
        public
    };
    kinds.into_iter().map(make).collect()
}

#[test]
fn a_trusted_root_from_flags_is_cosigns() {
    let (Some(cosign), Some(openssl)) = (Tool::Cosign.find(), Tool::OpenSsl.find()) else { return };
    let folder = Folder::new();
    certificates(&folder, &openssl);
    let create = ["trusted-root", "create"];
    same(&folder, &cosign, &create);
    for key in public_keys(&folder, &openssl) {
        let log = format!("url=http://h:1/,public-key={key},{START}");
        let with_origin = format!("{log},origin=h,end-time=2030-01-01T00:00:00+02:00");
        for flag in ["--rekor", "--ctfe"] {
            same(&folder, &cosign, &[&create[..], &[flag, &log]].concat());
        }
        same(&folder, &cosign, &[&create[..], &["--rekor", &with_origin]].concat());
    }
    let fulcio = "url=http://ca,certificate-chain=ca.pem";
    let ended =
        format!("url=http://ca,certificate-chain=ca.pem,{START},end-time=2030-01-01T00:00:00Z");
    let tsa = "url=http://tsa/api/v1/timestamp,certificate-chain=tsa.pem";
    let rekor = format!("url=http://h,public-key=p256.pub,{START}");
    let whole = ["--fulcio", fulcio, "--fulcio", &ended, "--tsa", tsa, "--rekor", &rekor];
    let root = same(&folder, &cosign, &[&create[..], &whole].concat());
    assert_eq!(root["certificateAuthorities"].as_array().map(Vec::len), Some(2), "{root:#}");

    let no_start = "url=http://h,public-key=p256.pub";
    let no_leaf = "url=http://tsa,certificate-chain=ca.pem";
    let no_key = format!("url=http://h,public-key=ca.pem,{START}");
    for wrong in [["--rekor", no_start], ["--tsa", no_leaf], ["--ctfe", &no_key]] {
        refused_by_both(&folder, &cosign, &[&create[..], &wrong].concat());
    }
}

#[test]
fn a_signing_config_from_flags_is_cosigns() {
    let Some(cosign) = Tool::Cosign.find() else { return };
    let folder = Folder::new();
    let create = ["signing-config", "create"];
    same(&folder, &cosign, &create);
    let service = |url: &str| format!("url={url},api-version=1,{START},operator=example.org");
    let (ca, oidc, tsa) = (service("http://ca/"), service("http://oidc"), service("http://tsa/x"));
    let log = format!("{},end-time=2030-01-01T00:00:00Z", service("http://log"));
    for (rekor_config, tsa_config) in [("ANY", "EXACT:1"), ("all", "any"), ("exact:2", "ALL")] {
        let whole = [
            "--fulcio",
            &ca,
            "--oidc-provider",
            &oidc,
            "--rekor",
            &log,
            "--rekor",
            &log,
            "--rekor-config",
            rekor_config,
            "--tsa",
            &tsa,
            "--tsa-config",
            tsa_config,
        ];
        same(&folder, &cosign, &[&create[..], &whole].concat());
    }
    let no_operator = "url=http://ca,api-version=1,start-time=2024-01-01T00:00:00Z";
    let wrong: [&[&str]; 4] = [
        &["--rekor", &log],
        &["--rekor", &log, "--rekor-config", "EXACT"],
        &["--fulcio", no_operator],
        &["--tsa", &tsa, "--tsa-config", "ANY:1"],
    ];
    for wrong in wrong {
        refused_by_both(&folder, &cosign, &[&create[..], wrong].concat());
    }
}

/// The documents of an instance with one list exchanged, and a signature made and verified with
/// the result.
#[test]
fn documents_begin_with_the_instances_where_told() {
    let stack = Stack::start();
    let file = stack.file("a.txt", "hello");
    let create = |args: &[&str]| {
        let mut command = stack.siglite();
        serde_json::from_str::<Value>(&ok(&mut command, args).stdout).unwrap()
    };
    let root: Value =
        serde_json::from_slice(&std::fs::read(stack.client("trusted_root.json")).unwrap()).unwrap();
    let defaults = ["trusted-root", "create", "--with-default-services"];
    assert_eq!(create(&defaults), root);
    let no_tsa = create(&[&defaults[..], &["--no-default-tsa"]].concat());
    assert_eq!(no_tsa["timestampAuthorities"], serde_json::json!([]));
    assert_eq!(no_tsa["tlogs"], root["tlogs"]);

    // A config without a log and without timestamps: a key signs, and says so.
    let mut config = stack.siglite();
    config.args(["signing-config", "create", "--with-default-services", "--out", "none.json"]);
    ok(&mut config, &["--no-default-rekor", "--no-default-tsa"]);
    let mut keys = stack.siglite();
    ok(keys.env("COSIGN_PASSWORD", ""), &["generate-key-pair"]);
    let mut sign = stack.siglite();
    sign.env("COSIGN_PASSWORD", "").args(["sign-blob", "--key", "cosign.key"]).arg(&file);
    let signed = ok(&mut sign, &["--signing-config", "none.json", "--bundle", "b"]);
    assert!(signed.stderr.contains("no log will know"), "{signed}");
    let bundle: Value =
        serde_json::from_slice(&std::fs::read(stack.home().join("b")).unwrap()).unwrap();
    assert!(bundle["verificationMaterial"]["tlogEntries"].is_null(), "{bundle:#}");
}

#[test]
fn a_bundle_of_cosigns_old_pieces_is_one_that_cosign_verifies() {
    let (Some(cosign), Some(old)) = (Tool::Cosign.find(), Tool::Cosign2.find()) else { return };
    let folder = Folder::new();
    let file = folder.file("a.txt", "hello");
    let file = file.to_str().unwrap();
    let mut command = folder.command(&old);
    ok(&mut command, &["generate-key-pair"]);
    let mut sign = folder.command(&old);
    sign.args(["sign-blob", "--key", "cosign.key", "--tlog-upload=false", "-y", file]);
    ok(&mut sign, &["--output-signature", "a.sig", "--bundle", "a.bundle"]);

    let created = |pieces: &[&str], out: &str| {
        let mut create = folder.siglite();
        create.args(["bundle", "create", "--artifact", file, "--key", "cosign.pub"]).args(pieces);
        ok(&mut create, &["--ignore-tlog", "--out", out]);
    };
    created(&["--signature", "a.sig"], "of-signature");
    created(&["--bundle", "a.bundle"], "of-bundle");
    for bundle in ["of-signature", "of-bundle"] {
        for program in [&cosign, &binary("siglite")] {
            let mut verify = folder.command(program);
            verify.args(["verify-blob", "--key", "cosign.pub", "--bundle", bundle, file]);
            ok(&mut verify, &["--insecure-ignore-tlog"]);
        }
    }

    // Another file's signature makes no bundle.
    let other = folder.file("b.txt", "HELLO");
    let mut create = folder.siglite();
    create.args(["bundle", "create", "--key", "cosign.pub", "--signature", "a.sig"]);
    create.arg("--artifact").arg(other).args(["--ignore-tlog", "--out", "none"]);
    let refused = run(&mut create).refused();
    assert!(refused.contains("not of this key over this artifact"), "{refused}");
    assert!(!folder.path("none").exists());
}

#[test]
fn inspecting_a_bundle_shows_who_signed_and_where_it_is_logged() {
    let stack = Stack::start();
    let file = stack.file("a.txt", "hello");
    let bundle = stack.sign(&file);
    let bundle = bundle.to_str().unwrap();
    let mut command = stack.siglite();
    let said = ok(&mut command, &["inspect", bundle]);
    for piece in [
        "e-mail: alice@example.org",
        &format!("issuer-v2: {}", stack.issuer()),
        "kind: hashedrekord 0.0.2",
        "origin: localhost",
        "signed certificate timestamps",
        "status: granted",
    ] {
        assert!(said.stdout.contains(piece), "{piece} in {said}");
    }
    assert!(said.stderr.contains("Nothing of this is verified"), "{said}");
    let mut command = stack.siglite();
    assert_eq!(ok(&mut command, &["bundle", "inspect", bundle]).stdout, said.stdout);
    let mut command = stack.siglite();
    let json = ok(&mut command, &["inspect", bundle, "--output", "json"]).stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    let text = std::fs::read_to_string(bundle).unwrap();
    let parsed: Value = serde_json::from_str(&text).unwrap();
    let entry = &parsed["verificationMaterial"]["tlogEntries"][0];
    assert_eq!(labelled(&json, "log index"), Some(&entry["logIndex"]));
    assert_eq!(labelled(&json, "e-mail"), Some(&json!("alice@example.org")));
}

/// The first value of this label in a tree.
fn labelled<'a>(tree: &'a Value, label: &str) -> Option<&'a Value> {
    if tree["label"] == label {
        return tree.get("value");
    }
    tree["children"].as_array()?.iter().find_map(|child| labelled(child, label))
}

#[test]
fn trust_is_initialized_from_any_mirror_and_a_folder() {
    let stack = Stack::start();
    let file = stack.file("a.txt", "hello");
    let bundle = stack.sign(&file);
    let root = stack.client("root.json");
    let mirror = format!("{}/tuf", stack.url());
    let checksum = {
        let mut show = stack.siglite();
        let said: Value =
            serde_json::from_str(&ok(&mut show, &["use", "--output", "json"]).stdout).unwrap();
        said["fingerprint"].as_str().unwrap().to_owned()
    };

    let initialize = |user: &Folder, mirror: &str, root: &Path, more: &[&str]| {
        let mut command = user.siglite();
        command.args(["initialize", "--mirror", mirror, "--root"]).arg(root).args(more);
        command
    };

    let user = Folder::new();
    let wrong = "0".repeat(64);
    let refused = run(&mut initialize(&user, &mirror, &root, &["--root-checksum", &wrong]));
    assert!(refused.refused().contains("another root than the one you trust"));
    ok(&mut initialize(&user, &mirror, &root, &["--root-checksum", &checksum]), &[]);
    verifies(&user, &stack, &file, &bundle);
    // Again, with what is known.
    let mut again = user.siglite();
    ok(&mut again, &["initialize", "--mirror", &mirror]);

    let served = format!("{}/root.json", stack.url());
    let user = Folder::new();
    let unchecked = run(&mut initialize(&user, &mirror, Path::new(&served), &[])).refused();
    assert!(unchecked.contains("needs --root-checksum"), "{unchecked}");
    let checked = ["--root-checksum", checksum.as_str()];
    ok(&mut initialize(&user, &mirror, Path::new(&served), &checked), &[]);
    verifies(&user, &stack, &file, &bundle);

    // The repository in a folder, as it crosses an air gap.
    let user = Folder::new();
    let folder = format!("file://{}", stack.data().join("trust/repository").display());
    ok(&mut initialize(&user, &folder, &root, &[]), &[]);
    verifies(&user, &stack, &file, &bundle);
}

/// A user of another machine verifies with what was fetched.
#[track_caller]
fn verifies(user: &Folder, stack: &Stack, file: &Path, bundle: &Path) {
    let mut verify = user.siglite();
    verify.arg("verify-blob").arg(file).arg("--bundle").arg(bundle);
    verify.args(["--certificate-identity", lite_tests::ALICE]);
    ok(verify.args(["--certificate-oidc-issuer", &stack.issuer()]), &[]);
}

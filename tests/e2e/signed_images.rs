//! Images are signed and verified: by siglite and by stock cosign of two generations, each judging
//! the other; and what an attacker can do to a registry is found and explained.

use std::path::{Path, PathBuf};

use lite_tests::{ALICE, Ran, Stack, Tool, run};
use serde_json::Value;

/// A stack with a key pair, whose password is `pw`, in its home.
struct Site {
    stack: Stack,
}

impl Site {
    #[track_caller]
    fn new() -> Self {
        let site = Self { stack: Stack::start() };
        let _ = site.siglite(&["generate-key-pair"]).ok();
        site
    }

    /// `HOST:PORT/NAME:TAG`.
    fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.stack.url().trim_start_matches("http://"))
    }

    #[track_caller]
    fn siglite(&self, arguments: &[&str]) -> Ran {
        let mut command = self.stack.siglite();
        run(command.args(arguments).env("COSIGN_PASSWORD", "pw"))
    }

    /// A stock client that trusts this stack's TUF repository.
    #[track_caller]
    fn stock(&self, program: &Path, arguments: &[&str]) -> Ran {
        let mut command = self.stack.command(program);
        command.args(arguments).env("COSIGN_PASSWORD", "pw");
        command.env("TUF_MIRROR", format!("{}/tuf", self.stack.url()));
        command.env("TUF_ROOT_JSON", self.stack.client("root.json"));
        run(command.env("TUF_ROOT", self.stack.home().join("tuf-cache")))
    }

    /// Makes an image of its own; returns its name.
    #[track_caller]
    fn make(&self, name: &str, message: &str) -> String {
        let image = self.image(name);
        let _ = self.siglite(&["image", "make", &image, "--message", message]).ok();
        image
    }

    /// The name that does not move.
    #[track_caller]
    fn by_digest(&self, image: &str) -> String {
        self.siglite(&["triangulate", "--type", "digest", image]).ok().trim().to_owned()
    }

    /// Whom a verifier expects where nobody had a key.
    fn identity(&self) -> [String; 4] {
        let flags = ["--certificate-identity", ALICE, "--certificate-oidc-issuer"];
        let [name, who, issuer] = flags.map(str::to_owned);
        [name, who, issuer, self.stack.issuer()]
    }

    #[track_caller]
    fn verifies(&self, arguments: &[&str]) -> String {
        let mut all = vec!["verify"];
        all.extend(arguments);
        self.siglite(&all).ok()
    }

    #[track_caller]
    fn refuses(&self, code: i32, words: &[&str], arguments: &[&str]) {
        let ran = self.siglite(arguments);
        assert_eq!(ran.code, Some(code), "{ran}");
        for word in words {
            assert!(ran.stderr.contains(word), "`{word}` is not said: {ran}");
        }
    }
}

#[test]
fn siglite_and_cosign_3_verify_each_others_images() {
    let Some(cosign) = Tool::Cosign.find() else { return };
    let site = Site::new();
    let token = site.stack.token();
    let identity = site.identity();
    let identity: Vec<&str> = identity.iter().map(String::as_str).collect();
    let by_key = ["--key", "cosign.pub"];
    for signer in ["siglite", "cosign"] {
        let image = site.make(&format!("from-{signer}:1"), signer);
        let sign = |arguments: &[&str]| match signer {
            "siglite" => site.siglite(arguments),
            _ => site.stock(&cosign, arguments),
        };
        let _ = sign(&["sign", "--yes", "--key", "cosign.key", "-a", "by=key", &image]).ok();
        let _ = sign(&["sign", "--yes", "--identity-token", &token, &image]).ok();
        for who in [by_key.as_slice(), &identity] {
            let arguments = [&["verify"], who, &[image.as_str()]].concat();
            let ours: Value = serde_json::from_str(&site.siglite(&arguments).ok()).unwrap();
            let theirs: Value =
                serde_json::from_str(&site.stock(&cosign, &arguments).ok()).unwrap();
            assert_eq!(ours[0]["critical"], theirs[0]["critical"], "{signer} {who:?}");
        }
        let annotated = ["verify", "--key", "cosign.pub", "-a", "by=key", &image];
        let _ = site.siglite(&annotated).ok();
        let _ = site.stock(&cosign, &annotated).ok();
        site.refuses(
            12,
            &["by=other"],
            &["verify", "--key", "cosign.pub", "-a", "by=other", &image],
        );
    }
}

#[test]
fn both_formats_are_read_and_written() {
    let (Some(cosign), Some(cosign_2)) = (Tool::Cosign.find(), Tool::Cosign2.find()) else {
        return;
    };
    let site = Site::new();
    let ours = site.make("legacy-ours:1", "ours");
    let _ = site.siglite(&["sign", "--key", "cosign.key", "--format", "both", &ours]).ok();
    let unlogged = ["verify", "--key", "cosign.pub", "--insecure-ignore-tlog", &ours];
    let _ = site.stock(&cosign_2, &unlogged).ok();
    let older = [unlogged.as_slice(), &["--new-bundle-format=false"]].concat();
    let _ = site.stock(&cosign, &older).ok();
    let _ = site.siglite(&older).ok();
    let _ = site.verifies(&["--key", "cosign.pub", &ours]);

    let theirs = site.make("legacy-theirs:1", "theirs");
    let sign = ["sign", "--yes", "--tlog-upload=false", "--key", "cosign.key", &theirs];
    let _ = site.stock(&cosign_2, &sign).ok();
    let _ = site.verifies(&["--key", "cosign.pub", "--insecure-ignore-tlog", &theirs]);
    // A signature that no log holds is not accepted unasked.
    site.refuses(
        12,
        &["--insecure-ignore-tlog accepts"],
        &["verify", "--key", "cosign.pub", &theirs],
    );
}

#[test]
fn attestations_pass_between_siglite_and_cosign() {
    let Some(cosign) = Tool::Cosign.find() else { return };
    let site = Site::new();
    let predicate = site.stack.file("predicate.json", r#"{"scanner":{"uri":"x"}}"#);
    let predicate = predicate.to_str().unwrap();
    for (signer, kind) in [("siglite", "cyclonedx"), ("cosign", "vuln"), ("siglite", "openvex")] {
        let image = site.make(&format!("attested-{kind}:1"), kind);
        let attest = [
            "attest",
            "--yes",
            "--key",
            "cosign.key",
            "--type",
            kind,
            "--predicate",
            predicate,
            &image,
        ];
        let _ = match signer {
            "siglite" => site.siglite(&attest).ok(),
            _ => site.stock(&cosign, &attest).ok(),
        };
        let verify = ["verify-attestation", "--key", "cosign.pub", "--type", kind, &image];
        let ours: Value = serde_json::from_str(site.siglite(&verify).ok().trim()).unwrap();
        let theirs: Value = serde_json::from_str(site.stock(&cosign, &verify).ok().trim()).unwrap();
        assert_eq!(ours["payload"], theirs["payload"]);
        // Another type was not said, and a statement is no signature.
        site.refuses(
            10,
            &["no matching attestations", kind],
            &["verify-attestation", "--key", "cosign.pub", "--type", "link", &image],
        );
        site.refuses(
            10,
            &["no matching signatures found", "which is not looked for"],
            &["verify", "--key", "cosign.pub", &image],
        );
    }
}

#[test]
fn a_policy_judges_what_an_attestation_says() {
    let site = Site::new();
    let image = site.make("judged:1", "judged");
    let predicate = site.stack.file("scan.json", r#"{"findings":0}"#);
    let _ = site
        .siglite(&[
            "attest",
            "--key",
            "cosign.key",
            "--type",
            "https://example.org/scan/v1",
            "--predicate",
            predicate.to_str().unwrap(),
            &image,
        ])
        .ok();
    let policy = |name: &str, count: u32| -> PathBuf {
        let text = format!(
            "package signature\nimport rego.v1\ndefault allow := false\nallow if input.predicate.findings == {count}\n"
        );
        site.stack.file(name, &text)
    };
    let verify = |policy: &Path| {
        site.siglite(&[
            "verify-attestation",
            "--key",
            "cosign.pub",
            "--type",
            "https://example.org/scan/v1",
            "--policy",
            policy.to_str().unwrap(),
            &image,
        ])
    };
    let _ = verify(&policy("none.rego", 0)).ok();
    let ran = verify(&policy("some.rego", 3));
    assert_eq!(ran.code, Some(12), "{ran}");
}

#[test]
fn one_login_signs_every_platform_and_several_images() {
    let site = Site::new();
    let image = site.image("multi:1");
    let _ = site
        .siglite(&[
            "image",
            "make",
            &image,
            "--message",
            "x",
            "--platform",
            "linux/amd64",
            "--platform",
            "linux/arm64",
        ])
        .ok();
    let other = site.make("other:1", "other");
    let token = site.stack.token();
    let sign = ["sign", "--recursive", "--identity-token", &token, "-o", "json", &image, &other];
    let signed: Value = serde_json::from_str(&site.siglite(&sign).ok()).unwrap();
    let signed = signed.as_array().unwrap();
    assert_eq!(signed.len(), 4, "an index, two platforms, and another image");
    let identity = site.identity();
    for one in signed {
        let image = one["image"].as_str().unwrap();
        let mut arguments: Vec<&str> = identity.iter().map(String::as_str).collect();
        arguments.push(image);
        let _ = site.verifies(&arguments);
    }
}

/// sigstore-go's program for images reads the older format with a promise of a v1 log only, so it
/// is its program for bundles that judges what is attached.
#[test]
fn sigstore_go_verifies_what_is_attached() {
    let Some(program) = Tool::SigstoreGoVerification.find() else { return };
    let site = Site::new();
    let image = site.make("for-go:1", "go");
    let _ = site.siglite(&["sign", "--identity-token", &site.stack.token(), &image]).ok();
    let bundle = site.siglite(&["download", "signature", &image]).ok();
    let bundle = site.stack.file("for-go.sigstore.json", bundle.trim());
    let digest = site.by_digest(&image);
    let hex = digest.rsplit(':').next().unwrap();
    let root = site.stack.client("trusted_root.json");
    let judge = |hex: &str| {
        site.stock(
            &program,
            &[
                "-artifact-digest",
                hex,
                "-trustedrootJSONpath",
                root.to_str().unwrap(),
                "-expectedIssuer",
                &site.stack.issuer(),
                "-expectedSAN",
                ALICE,
                bundle.to_str().unwrap(),
            ],
        )
    };
    let _ = judge(hex).ok();
    let _ = judge(&"0".repeat(64)).refused();
}

#[test]
fn a_tag_that_moved_is_told_with_what_was_signed_before() {
    let site = Site::new();
    let image = site.make("moved:1", "the real one");
    let real = site.by_digest(&image);
    let _ = site.siglite(&["sign", "--key", "cosign.key", &image]).ok();
    let _ = site.make("moved:1", "a fake");
    let digest = real.rsplit('@').next().unwrap();
    site.refuses(
        10,
        &[
            "Error: no matching signatures found",
            "this tag names",
            "signed is",
            digest,
            "signed by",
        ],
        &["verify", "--key", "cosign.pub", &image],
    );
    let _ = site.verifies(&["--key", "cosign.pub", &real]);
}

#[test]
fn what_an_attacker_does_to_a_registry_is_found_and_explained() {
    let site = Site::new();
    let real = site.make("real:1", "the real one");
    let fake = site.make("fake:1", "a fake");
    let _ = site.siglite(&["sign", "--key", "cosign.key", &real]).ok();
    let _ = site.siglite(&["sign", "--key", "cosign.key", "--format", "legacy", &real]).ok();

    // The signature of another image, copied over, in both formats.
    let bundle = site.siglite(&["download", "signature", &real]).ok();
    let line = bundle.lines().find(|line| line.contains("dsseEnvelope")).unwrap();
    let stolen = site.stack.file("stolen.json", line);
    let _ = site
        .siglite(&["attach", "attestation", "--attestation", stolen.to_str().unwrap(), &fake])
        .ok();
    site.refuses(
        12,
        &["the attestation is about other artifacts"],
        &["verify", "--key", "cosign.pub", &fake],
    );
    if let Some(crane) = Tool::Cosign.find().map(|cosign| cosign.with_file_name("crane")) {
        let hex = |image: &str| site.by_digest(image).rsplit(':').next().unwrap().to_owned();
        let tag = |hex: String, name: &str| site.image(&format!("{name}:sha256-{hex}.sig"));
        let (from, to) = (tag(hex(&real), "real"), tag(hex(&fake), "fake"));
        let _ = site.stock(&crane, &["copy", &from, &to]).ok();
        site.refuses(
            12,
            &["the signature is about another image"],
            &[
                "verify",
                "--key",
                "cosign.pub",
                "--insecure-ignore-tlog",
                "--new-bundle-format=false",
                &fake,
            ],
        );
    }

    // Signatures deleted.
    let _ = site.siglite(&["clean", "--force", "--type", "all", &real]).ok();
    site.refuses(
        10,
        &["no matching signatures found", "no signatures for this digest"],
        &["verify", "--key", "cosign.pub", &real],
    );
}

#[test]
fn a_layer_that_was_changed_in_the_registry_is_found() {
    let site = Site::new();
    let image = site.make("layer:1", "the real one");
    let _ = site.siglite(&["sign", "--key", "cosign.key", &image]).ok();
    // Whoever holds the registry's disk changes the largest blob, byte for byte.
    let blobs = site.stack.data().join("registry");
    let mut files = Vec::new();
    files_below(&blobs, &mut files);
    let gzip = |path: &&PathBuf| std::fs::read(path).is_ok_and(|b| b.starts_with(&[0x1f, 0x8b]));
    let layer = files.iter().find(gzip).expect("the image has a layer");
    let mut bytes = std::fs::read(layer).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    overwrite(layer, &bytes);
    let target = site.stack.home().join("pulled");
    let target = format!("oci:{}", target.display());
    let ran = site.siglite(&["image", "pull", &image, &target]);
    assert_ne!(ran.code, Some(0), "{ran}");
    assert!(ran.stderr.contains("digest"), "{ran}");
}

#[test]
fn every_refusal_has_its_own_sentence_and_code() {
    let site = Site::new();
    let image = site.make("app:1", "app");
    let missing = site.image("nowhere:1");
    let key = ["verify", "--key", "cosign.pub"];
    let with = |image: &str| -> Vec<String> {
        key.iter().map(|word| (*word).to_owned()).chain([image.to_owned()]).collect()
    };
    let check = |code: i32, words: &[&str], arguments: Vec<String>| {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        site.refuses(code, words, &arguments);
    };
    check(10, &["no matching signatures found", "no signatures for this digest"], with(&image));
    check(11, &["does not exist", "hint:"], with(&missing));
    check(11, &["does not exist", "tags there", "1"], with(&site.image("app:2")));
    check(2, &["does not name an image", "hint:"], with("http://x/y"));
    check(3, &["does not answer", "hint:"], with("localhost:1/app:1"));
    let _ = site.siglite(&["sign", "--key", "cosign.key", &image]).ok();
    let identity = site.identity();
    let mut as_identity = vec!["verify".to_owned()];
    as_identity.extend(identity);
    as_identity.push(image.clone());
    check(13, &["a key signed"], as_identity);
    let ran = {
        let mut command = site.stack.siglite();
        let arguments = ["sign", "--key", "cosign.key", &image];
        run(command.args(arguments).env("COSIGN_PASSWORD", "wrong"))
    };
    assert_eq!(ran.code, Some(2), "{ran}");
    assert!(ran.stderr.contains("password"), "{ran}");
}

fn files_below(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "an attacker does not care about crashes")]
fn overwrite(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
}

//! What each stock client reads, by its own sources: variables, commands that are typed once, and
//! how it is used then. `tests/e2e/matrix` runs every client by nothing but what stands here.

use clap::ValueEnum;

use super::place::Place;
use super::shell::quoted;
use crate::local_ca::{JAVA_FLAGS, JAVA_STORE};

/// A client of another maker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Client {
    /// cosign 3, and 2.6 with its signing config
    Cosign3,
    /// cosign 2, and cosign 3 without a signing config
    Cosign2,
    /// rekor-cli
    RekorCli,
    /// gitsign
    Gitsign,
    /// Programs on sigstore-go
    SigstoreGo,
    /// sigstore-python
    SigstorePython,
    /// Programs on sigstore-js
    SigstoreJs,
    /// Programs on sigstore-java
    SigstoreJava,
    /// The policy controller of Sigstore, in a cluster
    PolicyController,
    /// kyverno, in a cluster
    Kyverno,
}

/// What a client needs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sheet {
    /// Names and values.
    pub(super) variables: Vec<(&'static str, String)>,
    /// Commands that are typed once.
    pub(super) once: Vec<String>,
    /// Commands or lines of a configuration that show how it is used then.
    pub(super) then: Vec<String>,
}

impl Client {
    /// What this client needs to find an instance.
    pub(super) fn sheet(self, place: &Place) -> Sheet {
        let mut sheet = match self {
            Self::Cosign3 => cosign_3(place),
            Self::Cosign2 => cosign_2(place),
            Self::RekorCli => rekor_cli(place),
            Self::Gitsign => gitsign(place),
            Self::SigstoreGo => sigstore_go(place),
            Self::SigstorePython => sigstore_python(place),
            Self::SigstoreJs => sigstore_js(place),
            Self::SigstoreJava => sigstore_java(place),
            Self::PolicyController => policy_controller(place),
            Self::Kyverno => kyverno(place),
        };
        sheet.variables.extend(place.instance());
        if place.has_own_authority() {
            self.trust_the_authority(place, &mut sheet);
        }
        sheet
    }

    /// How the client is told to believe the instance on the wire: Go, Python and curl replace the
    /// machine's authorities with those of a file, Node adds to its own, Java reads a store.
    fn trust_the_authority(self, place: &Place, sheet: &mut Sheet) {
        let all = place.authorities();
        match self {
            Self::Cosign3 | Self::Cosign2 | Self::RekorCli | Self::Gitsign | Self::SigstoreGo => {
                sheet.variables.push(("SSL_CERT_FILE", all));
            }
            Self::SigstorePython => sheet
                .variables
                .extend([("REQUESTS_CA_BUNDLE", all.clone()), ("SSL_CERT_FILE", all)]),
            Self::SigstoreJs => sheet.variables.push(("NODE_EXTRA_CA_CERTS", place.authority())),
            Self::SigstoreJava => {
                sheet.once.push(format!("{JAVA_STORE} -file {}", quoted(&place.authority())));
                sheet.then.push(format!("java {JAVA_FLAGS} …"));
            }
            Self::PolicyController | Self::Kyverno => {
                sheet.then.push(format!("and this authority in its pods: {}", place.authority()));
            }
        }
    }
}

/// `pkg/cosign/tuf.go`, `cmd/cosign/cli/initialize/init.go`. Each of its `SIGSTORE_*_FILE`
/// variables would switch its trusted root off.
fn cosign_3(place: &Place) -> Sheet {
    Sheet {
        variables: vec![
            ("TUF_MIRROR", place.tuf()),
            ("TUF_ROOT_JSON", place.root()),
            ("TUF_ROOT", place.tuf_cache()),
        ],
        once: Vec::new(),
        then: vec![
            "cosign sign-blob --yes --bundle FILE.sigstore.json FILE".to_owned(),
            format!(
                "cosign verify-blob --bundle FILE.sigstore.json --certificate-identity EMAIL \
                 --certificate-oidc-issuer {} FILE",
                place.issuer()
            ),
        ],
    }
}

/// `cmd/cosign/cli/options/root.go` makes a variable of every flag; keys and certificates come
/// from the targets that `initialize` caches.
fn cosign_2(place: &Place) -> Sheet {
    Sheet {
        variables: vec![
            ("COSIGN_FULCIO_URL", place.url()),
            ("COSIGN_REKOR_URL", place.url()),
            ("COSIGN_OIDC_ISSUER", place.issuer()),
            ("TUF_ROOT", place.tuf_cache()),
            ("SIGLITE_TRUSTED_ROOT", place.trusted_root()),
        ],
        once: vec![format!(
            "cosign initialize --mirror {} --root {}",
            place.tuf(),
            quoted(&place.root())
        )],
        then: vec![
            "cosign sign --yes IMAGE".to_owned(),
            format!(
                "cosign verify --certificate-identity EMAIL --certificate-oidc-issuer {} IMAGE",
                place.issuer()
            ),
            "bundles of files: cosign verify-blob --new-bundle-format --trusted-root \
             \"$SIGLITE_TRUSTED_ROOT\" …"
                .to_owned(),
            "cosign 3 does the same after: export COSIGN_USE_SIGNING_CONFIG=false".to_owned(),
        ],
    }
}

/// `cmd/rekor-cli/app/root.go`: viper puts `REKOR_` before the name. Without the key it would take
/// the one that the server says.
fn rekor_cli(place: &Place) -> Sheet {
    let mut variables = vec![("REKOR_REKOR_SERVER", place.url())];
    variables.extend(place.keys.rekor.clone().map(|key| ("REKOR_REKOR_SERVER_PUBLIC_KEY", key)));
    Sheet {
        variables,
        once: Vec::new(),
        then: vec!["rekor-cli loginfo".to_owned(), "rekor-cli search --email EMAIL".to_owned()],
    }
}

/// `internal/config/config.go`. Its `initialize` fills a cache that it does not read, so it gets
/// keys as files (`internal/fulcio/fulcioroots`, `pkg/cosign/env` of cosign). In its online mode it
/// logs tags so that it does not find them again (`internal/git/git.go`).
fn gitsign(place: &Place) -> Sheet {
    let mut variables = vec![
        ("GITSIGN_FULCIO_URL", place.url()),
        ("GITSIGN_REKOR_URL", place.url()),
        ("GITSIGN_OIDC_ISSUER", place.issuer()),
        ("GITSIGN_REKOR_MODE", "offline".to_owned()),
        ("TUF_MIRROR", place.tuf()),
        ("TUF_ROOT_JSON", place.root()),
        ("TUF_ROOT", place.tuf_cache()),
    ];
    let there = place.keys.files().into_iter().filter(|(_, _, text)| text.is_some());
    variables.extend(there.map(|(variable, name, _)| (variable, place.key_file(name))));
    Sheet {
        variables,
        once: vec![
            "git config --global gpg.format x509".to_owned(),
            "git config --global gpg.x509.program gitsign".to_owned(),
            "git config --global commit.gpgsign true".to_owned(),
            "git config --global tag.gpgsign true".to_owned(),
        ],
        then: vec![
            "git commit".to_owned(),
            format!(
                "gitsign verify --certificate-identity EMAIL --certificate-oidc-issuer {} HEAD",
                place.issuer()
            ),
        ],
    }
}

/// It reads no variables: its programs take files.
fn sigstore_go(place: &Place) -> Sheet {
    Sheet {
        variables: vec![
            ("SIGLITE_TRUSTED_ROOT", place.trusted_root()),
            ("SIGLITE_SIGNING_CONFIG", place.signing_config()),
            ("SIGLITE_OIDC_ISSUER", place.issuer()),
        ],
        once: Vec::new(),
        then: vec![
            "sigstore-go-signing -tsa -rekor -id-token TOKEN -trusted-root \"$SIGLITE_TRUSTED_ROOT\" \
             -signing-config \"$SIGLITE_SIGNING_CONFIG\" FILE"
                .to_owned(),
            "sigstore-go-verification -trustedrootJSONpath \"$SIGLITE_TRUSTED_ROOT\" -artifact FILE \
             -expectedSAN EMAIL -expectedIssuer \"$SIGLITE_OIDC_ISSUER\" BUNDLE"
                .to_owned(),
        ],
    }
}

/// `sigstore/_cli.py`: one file says all.
fn sigstore_python(place: &Place) -> Sheet {
    Sheet {
        variables: vec![
            ("SIGLITE_TRUST_CONFIG", place.trust_config()),
            ("SIGLITE_OIDC_ISSUER", place.issuer()),
        ],
        once: Vec::new(),
        then: vec![
            "sigstore --trust-config \"$SIGLITE_TRUST_CONFIG\" sign FILE".to_owned(),
            "sigstore --trust-config \"$SIGLITE_TRUST_CONFIG\" verify identity --cert-identity \
             EMAIL --cert-oidc-issuer \"$SIGLITE_OIDC_ISSUER\" FILE"
                .to_owned(),
        ],
    }
}

/// `packages/client/src/config.ts`: it reads no variables but `SIGSTORE_ID_TOKEN`, so these are
/// for the program that uses it.
fn sigstore_js(place: &Place) -> Sheet {
    Sheet {
        variables: vec![
            ("SIGLITE_FULCIO_URL", place.url()),
            ("SIGLITE_REKOR_URL", place.url()),
            ("SIGLITE_TSA_URL", place.url()),
            ("SIGLITE_TUF_MIRROR", place.tuf()),
            ("SIGLITE_TUF_ROOT", place.root()),
            ("SIGLITE_SIGNING_CONFIG", place.signing_config()),
        ],
        once: Vec::new(),
        then: vec![
            "sigstore.sign(data, { fulcioURL: process.env.SIGLITE_FULCIO_URL, rekorURL: \
             process.env.SIGLITE_REKOR_URL, tsaServerURL: process.env.SIGLITE_TSA_URL })"
                .to_owned(),
            "sigstore.verify(bundle, data, { tufMirrorURL: process.env.SIGLITE_TUF_MIRROR, \
             tufRootPath: process.env.SIGLITE_TUF_ROOT })"
                .to_owned(),
        ],
    }
}

/// `KeylessSigner.java`, `KeylessVerifier.java`: both take files.
fn sigstore_java(place: &Place) -> Sheet {
    Sheet {
        variables: vec![
            ("SIGLITE_TRUSTED_ROOT", place.trusted_root()),
            ("SIGLITE_SIGNING_CONFIG", place.signing_config()),
        ],
        once: Vec::new(),
        then: vec![
            "KeylessSigner.builder().trustedRootProvider(TrustedRootProvider.from(Path.of(\
             System.getenv(\"SIGLITE_TRUSTED_ROOT\"))))"
                .to_owned(),
            "    .signingConfigProvider(SigningConfigProvider.from(Path.of(System.getenv(\
             \"SIGLITE_SIGNING_CONFIG\"))))"
                .to_owned(),
        ],
    }
}

/// `cmd/webhook/main.go`, `pkg/apis/policy/v1alpha1/trustroot_types.go`. It takes ECDSA keys of
/// logs only, which is what the other target is for.
fn policy_controller(place: &Place) -> Sheet {
    Sheet {
        variables: Vec::new(),
        once: Vec::new(),
        then: vec![
            "flags of the webhook, with this root in the file:".to_owned(),
            format!("    --tuf-mirror={} --tuf-root=/var/run/tuf/root.json", place.tuf()),
            "or a resource:".to_owned(),
            "    apiVersion: policy.sigstore.dev/v1alpha1".to_owned(),
            "    kind: TrustRoot".to_owned(),
            "    metadata: { name: siglite }".to_owned(),
            "    spec:".to_owned(),
            "      remote:".to_owned(),
            format!("        mirror: {}", place.tuf()),
            "        trustedRootTarget: trusted_root_ecdsa.json".to_owned(),
            format!("        root: {}", place.root_in_base64),
        ],
    }
}

/// `cmd/internal/flag.go`, `charts/kyverno/values.yaml`.
fn kyverno(place: &Place) -> Sheet {
    Sheet {
        variables: Vec::new(),
        once: Vec::new(),
        then: vec![
            "values of the chart:".to_owned(),
            "    features:".to_owned(),
            "      tuf:".to_owned(),
            "        enabled: true".to_owned(),
            format!("        mirror: {}", place.tuf()),
            format!("        rootRaw: {}", place.root_in_base64),
        ],
    }
}

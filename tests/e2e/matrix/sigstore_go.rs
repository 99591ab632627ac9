//! sigstore-go, by the example programs of its makers.

use lite_tests::Tool;

use super::cell::{Cell, Row};
use super::site::Site;

/// Its programs do not say which they are; these are the versions of Debian's packages.
const NEWER: &str = "1.3.0";
const OLDER: &str = "0.7.1";

const NO_QUERY: &str =
    "sigstore-go reads no log: what it verifies it has in the bundle (`pkg/verify/tlog.go`)";
const NO_IMAGES: &str = "sigstore-go has no program that signs images";
const OLD_IMAGES: &str = "its program reads signatures of cosign's older format only, with the \
     promise of a Rekor 1 log (`cmd/oci-image-verification/main.go`)";
const STAGING_ONLY: &str = "its program signs with the staging instance of Sigstore, whose URLs \
     are in it (`examples/sigstore-go-signing/main.go`)";

/// sigstore-go of today.
pub(super) fn newer(site: &Site) -> Option<Row> {
    let signing = Tool::SigstoreGoSigning.find()?;
    let verification = Tool::SigstoreGoVerification.find()?;
    let images = Tool::SigstoreGoImages.find()?;
    let programs = [
        ("sigstore-go-signing", signing.as_path()),
        ("sigstore-go-verification", &verification),
        ("oci-image-verification", &images),
    ];
    let desk = site.desk("sigstore-go-1", "sigstore-go", &programs);
    let signs = |what: &str, bundle: &str| {
        // It prints its key, and then the bundle.
        format!(
            r#"sigstore-go-signing -tsa -rekor -id-token "$SIGSTORE_ID_TOKEN" \
                   -trusted-root "$SIGLITE_TRUSTED_ROOT" -signing-config "$SIGLITE_SIGNING_CONFIG" \
                   {what} > printed
               grep -o '{{".*' printed > {bundle}"#
        )
    };
    Some(Row {
        client: "sigstore-go",
        version: NEWER.to_owned(),
        cells: [
            desk.does(&format!(
                r#"{}
                   ours verify-blob --bundle own.json "$FILE""#,
                signs("\"$FILE\"", "own.json")
            )),
            desk.does(&verifies("own.json $BUNDLE $BUNDLE_1 $ATTESTATION $ATTESTATION_1")),
            desk.does(&format!(
                r#"{}
                   ours verify-blob-attestation --type custom --bundle att.json "$FILE"
                   {}"#,
                signs("-in-toto \"$STATEMENT\"", "att.json"),
                verifies("att.json")
            )),
            Cell::Absent(NO_IMAGES),
            desk.does(VERIFIES_IMAGE).but(OLD_IMAGES),
            Cell::Absent(NO_QUERY),
        ],
    })
}

/// sigstore-go of the generation of cosign 2.
pub(super) fn older(site: &Site) -> Option<Row> {
    let verification = Tool::SigstoreGoVerification2.find()?;
    let images = Tool::SigstoreGoImages2.find()?;
    let programs =
        [("sigstore-go-verification", verification.as_path()), ("oci-image-verification", &images)];
    let desk = site.desk("sigstore-go-0", "sigstore-go", &programs);
    Some(Row {
        client: "sigstore-go",
        version: OLDER.to_owned(),
        cells: [
            Cell::Absent(STAGING_ONLY),
            desk.does(&verifies("$BUNDLE_1 $ATTESTATION_1")),
            Cell::Absent(STAGING_ONLY),
            Cell::Absent(NO_IMAGES),
            desk.does(VERIFIES_IMAGE).but(OLD_IMAGES),
            Cell::Absent(NO_QUERY),
        ],
    })
}

/// siglite's image, and nothing by anybody else.
const VERIFIES_IMAGE: &str = r#"
    set -- -trustedrootJSONpath "$SIGLITE_TRUSTED_ROOT" -expectedIssuer "$SIGLITE_OIDC_ISSUER" \
        -ociImage "$IMAGE_1"
    oci-image-verification "$@" -expectedSAN "$IDENTITY"
    refused oci-image-verification "$@" -expectedSAN mallory@example.org"#;

/// Each of the bundles, and nothing by anybody else.
fn verifies(bundles: &str) -> String {
    format!(
        r#"for bundle in {bundles}; do
               sigstore-go-verification -trustedrootJSONpath "$SIGLITE_TRUSTED_ROOT" \
                   -artifact "$FILE" -expectedSAN "$IDENTITY" \
                   -expectedIssuer "$SIGLITE_OIDC_ISSUER" "$bundle"
               refused sigstore-go-verification -trustedrootJSONpath "$SIGLITE_TRUSTED_ROOT" \
                   -artifact "$FILE" -expectedSAN mallory@example.org \
                   -expectedIssuer "$SIGLITE_OIDC_ISSUER" "$bundle"
           done"#
    )
}

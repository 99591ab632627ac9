//! sigstore-python, with either log.

use lite_tests::Tool;

use super::cell::{Cell, Row};
use super::site::Site;

const NO_IMAGES: &str = "sigstore-python knows files only";
const NO_QUERY: &str =
    "sigstore-python keeps its client of the log to itself (`sigstore/_internal/rekor`)";

/// Its log as people had it.
pub(super) fn with_rekor_1(site: &Site) -> Option<Row> {
    row(site, "sigstore-python, Rekor 1", "1")
}

/// Its log as it is now.
pub(super) fn with_rekor_2(site: &Site) -> Option<Row> {
    row(site, "sigstore-python, Rekor 2", "2")
}

fn row(site: &Site, client: &'static str, log: &str) -> Option<Row> {
    let program = Tool::Python.find()?.with_file_name("sigstore");
    let name = format!("sigstore-python-{log}");
    let desk = site.desk(&name, "sigstore-python", &[("sigstore", &program)]);
    // Without a predicate of a type that it knows it attests nothing.
    let provenance = r#"{"buildDefinition":{"buildType":"https://example.org/make",
        "externalParameters":{}},"runDetails":{"builder":{"id":"https://example.org/us"}}}"#;
    Some(Row {
        client,
        version: desk.says("sigstore --version | sed 's/.* //'"),
        cells: [
            desk.does(&format!(
                r#"sigstore --trust-config "$SIGLITE_TRUST_CONFIG" sign --rekor-version {log} \
                       --identity-token "$SIGSTORE_ID_TOKEN" --bundle own.json "$FILE"
                   ours verify-blob --bundle own.json "$FILE""#
            )),
            desk.does(&verifies("own.json $BUNDLE $BUNDLE_1 $ATTESTATION $ATTESTATION_1")),
            desk.does(&format!(
                r#"printf '%s' '{provenance}' > provenance.json
                   sigstore --trust-config "$SIGLITE_TRUST_CONFIG" attest --rekor-version {log} \
                       --identity-token "$SIGSTORE_ID_TOKEN" --bundle att.json \
                       --predicate provenance.json \
                       --predicate-type https://slsa.dev/provenance/v1 "$FILE"
                   ours verify-blob-attestation --type slsaprovenance1 --bundle att.json "$FILE"
                   {}"#,
                verifies("att.json")
            )),
            Cell::Absent(NO_IMAGES),
            Cell::Absent(NO_IMAGES),
            Cell::Absent(NO_QUERY),
        ],
    })
}

/// Each of the bundles, and nothing by anybody else.
fn verifies(bundles: &str) -> String {
    format!(
        r#"for bundle in {bundles}; do
               sigstore --trust-config "$SIGLITE_TRUST_CONFIG" verify identity \
                   --bundle "$bundle" --cert-identity "$IDENTITY" \
                   --cert-oidc-issuer "$SIGLITE_OIDC_ISSUER" "$FILE"
               refused sigstore --trust-config "$SIGLITE_TRUST_CONFIG" verify identity \
                   --bundle "$bundle" --cert-identity mallory@example.org \
                   --cert-oidc-issuer "$SIGLITE_OIDC_ISSUER" "$FILE"
           done"#
    )
}

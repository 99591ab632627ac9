//! cosign: of today, of today as people used it yesterday, and of yesterday.

use lite_tests::{Tool, stock_version};

use super::cell::{Cell, Row};
use super::desk::Desk;
use super::site::Site;

const NO_QUERY: &str = "cosign asks the log while it signs and verifies, and has no command for it";

/// Debian's builds do not know it.
#[track_caller]
fn version(desk: &Desk<'_>, generation: &str) -> String {
    let own = || desk.says("cosign version 2>&1 | sed -n 's/^GitVersion: *v*//p'");
    stock_version(generation, "cosign").unwrap_or_else(own)
}

/// A file signed into a bundle, in cosign 3 by whichever log it was pointed to.
const SIGN_BLOB: &str = r#"
    cosign sign-blob --yes --bundle own.json "$FILE"
    ours verify-blob --bundle own.json "$FILE""#;

/// Bundles of its own and of siglite's, in either log; and none for another file.
const VERIFY_BLOB: &str = r#"
    for bundle in own.json "$BUNDLE" "$BUNDLE_1"; do
        cosign verify-blob $WHO --bundle "$bundle" "$FILE"
        refused cosign verify-blob $WHO --bundle "$bundle" "$PREDICATE"
    done"#;

/// A statement about the file.
const ATTEST_BLOB: &str = r#"
    cosign attest-blob --yes --type custom --predicate "$PREDICATE" --bundle att.json "$FILE"
    ours verify-blob-attestation --type custom --bundle att.json "$FILE""#;

/// A statement about the image, beside those about files.
const ATTEST_IMAGE: &str = r#"
    cosign attest --yes --type custom --predicate "$PREDICATE" "$OWN"
    cosign verify-attestation $WHO --type custom "$OWN"
    ours verify-attestation --type custom "$OWN""#;

/// cosign 3 with what our TUF repository tells it.
pub(super) fn three(site: &Site) -> Option<Row> {
    let desk = site.desk("cosign-3", "cosign3", &[("cosign", &Tool::Cosign.find()?)]);
    Some(Row {
        client: "cosign",
        version: version(&desk, "v3"),
        cells: [
            desk.does(SIGN_BLOB),
            desk.does(VERIFY_BLOB),
            desk.does(&format!(
                r#"{ATTEST_BLOB}
                   for bundle in att.json "$ATTESTATION" "$ATTESTATION_1"; do
                       cosign verify-blob-attestation $WHO --type custom --bundle "$bundle" "$FILE"
                   done
                   {ATTEST_IMAGE}"#
            )),
            desk.does(
                r#"cosign sign --yes "$OWN"
                   ours verify "$OWN""#,
            ),
            verifies_images(&desk, "$IMAGE $IMAGE_1", ""),
            Cell::Absent(NO_QUERY),
        ],
    })
}

/// cosign 3 as scripts for cosign 2 call it: with URLs, and with signatures of the older format.
pub(super) fn three_without_signing_config(site: &Site) -> Option<Row> {
    let desk = site.desk("cosign-3-urls", "cosign2", &[("cosign", &Tool::Cosign.find()?)]);
    let desk = desk.with("COSIGN_USE_SIGNING_CONFIG", "false");
    Some(Row {
        client: "cosign without a signing config",
        version: version(&desk, "v3"),
        cells: [
            desk.does(SIGN_BLOB),
            desk.does(VERIFY_BLOB),
            desk.does(&[ATTEST_BLOB, ATTEST_IMAGE].concat()),
            desk.does(
                r#"cosign sign --yes "$OWN"
                   ours verify "$OWN"
                   cosign sign --yes --new-bundle-format=false "$OWN"
                   ours verify --new-bundle-format=false "$OWN""#,
            ),
            verifies_images(
                &desk,
                "$IMAGE $IMAGE_1",
                "for image in $OWN $IMAGE_1; do
                     cosign verify $WHO --new-bundle-format=false \"$image\"
                 done",
            ),
            Cell::Absent(NO_QUERY),
        ],
    })
}

/// cosign 2, which knows the log's first API only.
pub(super) fn two(site: &Site) -> Option<Row> {
    let desk = site.desk("cosign-2", "cosign2", &[("cosign", &Tool::Cosign2.find()?)]);
    Some(Row {
        client: "cosign",
        version: version(&desk, "v2"),
        cells: [
            desk.does(
                r#"cosign sign-blob --yes --bundle old.json "$FILE"
                   cosign sign-blob --yes --new-bundle-format --bundle own.json "$FILE"
                   ours verify-blob --bundle own.json "$FILE""#,
            ),
            desk.does(
                r#"cosign verify-blob $WHO --bundle old.json "$FILE"
                   for bundle in own.json "$BUNDLE_1"; do
                       set -- --new-bundle-format --trusted-root "$SIGLITE_TRUSTED_ROOT" \
                           --bundle "$bundle" $WHO
                       cosign verify-blob "$@" "$FILE"
                       refused cosign verify-blob "$@" "$PREDICATE"
                   done"#,
            ),
            desk.does(&format!(
                r#"cosign attest-blob --yes --type custom --predicate "$PREDICATE" \
                       --new-bundle-format --bundle att.json "$FILE"
                   ours verify-blob-attestation --type custom --bundle att.json "$FILE"
                   for bundle in att.json "$ATTESTATION_1"; do
                       cosign verify-blob-attestation $WHO --type custom --new-bundle-format \
                           --trusted-root "$SIGLITE_TRUSTED_ROOT" --bundle "$bundle" "$FILE"
                   done
                   {ATTEST_IMAGE}"#
            )),
            desk.does(
                r#"cosign sign --yes "$OWN"
                   ours verify --new-bundle-format=false "$OWN""#,
            ),
            verifies_images(&desk, "$IMAGE_1", ""),
            Cell::Absent(NO_QUERY),
        ],
    })
}

/// Its own image and siglite's; and nothing by anybody else.
fn verifies_images(desk: &Desk<'_>, images: &str, more: &str) -> Cell {
    desk.does(&format!(
        r#"for image in $OWN {images}; do
               cosign verify $WHO "$image"
               refused cosign verify --certificate-identity=mallory@example.org \
                   --certificate-oidc-issuer="$ISSUER" "$image"
           done
           {more}"#
    ))
}

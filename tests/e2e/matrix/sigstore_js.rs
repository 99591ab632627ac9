//! sigstore-js, by a short program in `tests/clients/js`: for Node 20, and of today.

use lite_tests::{Tool, client_program};

use super::cell::{Cell, Row};
use super::site::Site;

const NO_IMAGES: &str = "sigstore-js reads no registry";
const ATTACHES: &str = "with its package `@sigstore/oci`, which attaches what was signed";
const OLD_ATTESTATIONS: &str = "but for attestations in Rekor 2, which are logged as \
     `hashedrekord`: only newer releases read that (`packages/verify/src/tlog/hashedrekord.ts`)";
const NO_QUERY: &str = "sigstore-js writes to the log and reads nothing there \
     (`packages/sign/src/witness/tlog/client.ts`)";

/// The last one that was made for Node 20.
pub(super) fn older(site: &Site) -> Option<Row> {
    let attestations = r#"node "$CLIENT" verify "$FILE" "$ATTESTATION_1"
                          refused node "$CLIENT" verify "$FILE" "$ATTESTATION""#;
    let mut row = row(site, "4.1.1", attestations)?;
    row.remark(1, OLD_ATTESTATIONS);
    Some(row)
}

/// The newest. It asks for Node 22, and runs on Node 20.
pub(super) fn newer(site: &Site) -> Option<Row> {
    row(site, "5.0.1", r#"node "$CLIENT" verify "$FILE" "$ATTESTATION" "$ATTESTATION_1""#)
}

fn row(site: &Site, version: &str, attestations: &str) -> Option<Row> {
    let node = Tool::Node.find()?;
    let modules = Tool::SigstoreJs.find()?.join(version).join("node_modules");
    let name = format!("sigstore-js-{version}");
    let desk = site.desk(&name, "sigstore-js", &[("node", &node)]);
    let desk = desk.with("NODE_PATH", modules.display().to_string());
    let desk = desk.with("CLIENT", client_program("js/client.cjs").display().to_string());
    Some(Row {
        client: "sigstore-js",
        version: desk.says("node -p 'require(\"sigstore/package.json\").version'"),
        cells: [
            desk.does(
                r#"for log in 1 2; do
                       node "$CLIENT" sign "$FILE" own-$log.json --rekor $log
                       ours verify-blob --bundle own-$log.json "$FILE"
                   done"#,
            ),
            desk.does(&format!(
                r#"node "$CLIENT" verify "$FILE" own-1.json own-2.json "$BUNDLE" "$BUNDLE_1"
                   {attestations}
                   export IDENTITY=mallory@example.org
                   refused node "$CLIENT" verify "$FILE" own-1.json
                   refused node "$CLIENT" verify "$FILE" "$BUNDLE""#
            )),
            desk.does(
                r#"node "$CLIENT" attest "$STATEMENT" att.json --rekor 1
                   ours verify-blob-attestation --type custom --bundle att.json "$FILE"
                   node "$CLIENT" verify "$FILE" att.json"#,
            ),
            desk.does(
                r#"node "$CLIENT" sign-image "$OWN"
                   ours verify "$OWN""#,
            )
            .but(ATTACHES),
            Cell::Absent(NO_IMAGES),
            Cell::Absent(NO_QUERY),
        ],
    })
}

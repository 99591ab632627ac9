//! sigstore-java, by a short program in `tests/clients/java`.

use lite_tests::{Tool, client_program};

use super::cell::{Cell, Row};
use super::site::Site;

const OLD_ATTESTATIONS: &str = "but for attestations in Rekor 2, which are logged as \
     `hashedrekord`: it reads a kind that Rekor 2 has no more (`KeylessVerifier.java`)";
const NO_IMAGES: &str = "sigstore-java knows files only";

/// The newest there is.
pub(super) fn row(site: &Site) -> Option<Row> {
    let java = Tool::Java.find()?;
    let jars = Tool::SigstoreJava.find()?;
    let desk = site.desk("sigstore-java", "sigstore-java", &[("java", &java)]);
    let version = jars.file_name().map(|name| name.to_string_lossy().into_owned());
    let desk = desk.with("CLASSPATH", format!("{}/*", jars.display()));
    let desk = desk.with("CLIENT", client_program("java/Client.java").display().to_string());
    Some(Row {
        client: "sigstore-java",
        version: version.unwrap_or_default(),
        cells: [
            desk.does(
                r#"for log in 1 2; do
                       java "$CLIENT" sign --rekor $log "$FILE" own-$log.json
                       ours verify-blob --bundle own-$log.json "$FILE"
                   done"#,
            ),
            desk.does(
                r#"java "$CLIENT" verify "$FILE" own-1.json own-2.json \
                       "$BUNDLE" "$BUNDLE_1" "$ATTESTATION_1"
                   refused java "$CLIENT" verify "$FILE" "$ATTESTATION"
                   export IDENTITY=mallory@example.org
                   refused java "$CLIENT" verify "$FILE" "$BUNDLE""#,
            )
            .but(OLD_ATTESTATIONS),
            desk.does(
                r#"java "$CLIENT" attest "$STATEMENT" att.json
                   ours verify-blob-attestation --type custom --bundle att.json "$FILE"
                   java "$CLIENT" verify "$FILE" att.json"#,
            ),
            Cell::Absent(NO_IMAGES),
            Cell::Absent(NO_IMAGES),
            desk.does(r#"java "$CLIENT" search "$IDENTITY""#),
        ],
    })
}

//! sigstore-java, by a short program in `tests/clients/java`.

use lite_tests::{Tool, client_program};

use super::cell::{Cell, Row};
use super::site::Site;

const OVER_TLS: &str = "with `siglite up --tls self`: sigstore-java asks the authority by gRPC over \
     TLS only (`FulcioClientGrpc.java`)";
const ATTESTS_OLD: &str = "sigstore-java 2.0 sends attestations in a form that Rekor 2 has no more, \
     and cannot read what the log makes of them (`KeylessSigner.java`)";
const OLD_ATTESTATIONS: &str = "but for attestations in Rekor 2, which are logged as \
     `hashedrekord`: it reads a kind that Rekor 2 has no more (`KeylessVerifier.java`)";
const NO_IMAGES: &str = "sigstore-java knows files only";

/// The newest there is.
pub(super) fn row(site: &Site) -> Option<Row> {
    let java = Tool::Java.find()?;
    let jars = Tool::SigstoreJava.find()?;
    let desk = site.secure().desk("sigstore-java", "sigstore-java", &[("java", &java)]);
    let version = jars.file_name().map(|name| name.to_string_lossy().into_owned());
    let desk = desk.with("CLASSPATH", format!("{}/*", jars.display()));
    // What `siglite env` shows after `java`.
    let flags = desk.says("printf '%s\\n' \"$printed\" | sed -n 's/^#   java \\(.*\\) …$/\\1/p'");
    let desk = desk.with("TLS", flags);
    let desk = desk.with("CLIENT", client_program("java/Client.java").display().to_string());
    Some(Row {
        client: "sigstore-java",
        version: version.unwrap_or_default(),
        cells: [
            desk.does(
                r#"for log in 1 2; do
                       java $TLS "$CLIENT" sign --rekor $log "$FILE" own-$log.json
                       ours verify-blob --bundle own-$log.json "$FILE"
                   done"#,
            )
            .but(OVER_TLS),
            desk.does(
                r#"java $TLS "$CLIENT" verify "$FILE" own-1.json own-2.json \
                       "$BUNDLE" "$BUNDLE_1" "$ATTESTATION_1"
                   refused java $TLS "$CLIENT" verify "$FILE" "$ATTESTATION"
                   export IDENTITY=mallory@example.org
                   refused java $TLS "$CLIENT" verify "$FILE" "$BUNDLE""#,
            )
            .but(OLD_ATTESTATIONS),
            desk.cannot(
                r#"java $TLS "$CLIENT" attest "$STATEMENT" att.json
                   java $TLS "$CLIENT" verify "$FILE" att.json"#,
                "Expecting type dsse:0.0.2, but found hashedrekord:0.0.2",
                ATTESTS_OLD,
            ),
            Cell::Absent(NO_IMAGES),
            Cell::Absent(NO_IMAGES),
            desk.does(r#"java $TLS "$CLIENT" search "$IDENTITY""#),
        ],
    })
}

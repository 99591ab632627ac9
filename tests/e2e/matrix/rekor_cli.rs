//! rekor-cli, of two generations. It signs nothing: OpenSSL does that here, as in its own manual.

use lite_tests::Tool;

use super::cell::{Cell, Row};
use super::site::Site;

const SIGNS_NOTHING: &str = "rekor-cli signs nothing: it uploads, looks up and proves";
const NO_IMAGES: &str = "rekor-cli knows files and entries only";
const UPLOADS: &str = "it proves that what was signed is in the log, after it has uploaded it";

/// rekor-cli of today.
pub(super) fn newer(site: &Site) -> Option<Row> {
    row(site, Tool::RekorCli, "rekor-cli-newer")
}

/// rekor-cli of the generation of cosign 2.
pub(super) fn older(site: &Site) -> Option<Row> {
    row(site, Tool::RekorCli2, "rekor-cli-older")
}

fn row(site: &Site, tool: Tool, name: &str) -> Option<Row> {
    let openssl = Tool::OpenSsl.find()?;
    let programs = [("rekor-cli", tool.find()?)];
    let programs = [("rekor-cli", programs[0].1.as_path()), ("openssl", &openssl)];
    let desk = site.desk(name, "rekor-cli", &programs);
    Some(Row {
        client: "rekor-cli",
        version: desk.says("rekor-cli version 2>&1 | sed -n 's/^GitVersion: *v*//p'"),
        cells: [
            Cell::Absent(SIGNS_NOTHING),
            desk.does(
                r#"openssl ecparam -name prime256v1 -genkey -noout -out key.pem
                   openssl ec -in key.pem -pubout -out pub.pem
                   date +%N > mine.txt
                   openssl dgst -sha256 -sign key.pem -out mine.sig mine.txt
                   set -- --type hashedrekord --pki-format x509 --public-key pub.pem \
                       --signature mine.sig --artifact mine.txt \
                       --artifact-hash "$(sha256sum mine.txt | cut -d ' ' -f 1)"
                   rekor-cli upload "$@"
                   rekor-cli verify "$@"
                   openssl dgst -sha256 -sign key.pem -out mine.sig mine.txt
                   refused rekor-cli verify "$@""#,
            )
            .but(UPLOADS),
            Cell::Absent(SIGNS_NOTHING),
            Cell::Absent(NO_IMAGES),
            Cell::Absent(NO_IMAGES),
            desk.does(
                r#"rekor-cli loginfo
                   rekor-cli search --artifact mine.txt | tail -n 1 > uuid
                   rekor-cli search --public-key pub.pem --pki-format x509 | grep -q "$(cat uuid)"
                   rekor-cli get --uuid "$(cat uuid)" | grep -q HashedRekord
                   rekor-cli get --log-index 0
                   rekor-cli logproof --last-size 2
                   rekor-cli loginfo"#,
            ),
        ],
    })
}

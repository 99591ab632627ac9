//! gitsign: what it signs are commits.

use std::path::Path;

use lite_tests::{Tool, stock_version};

use super::cell::{Cell, Row};
use super::site::Site;

const COMMITS: &str = "what gitsign signs and verifies are commits and tags of git; tags with \
     `GITSIGN_REKOR_MODE=offline`, because online it logs a tag as if it were a commit \
     (`internal/git/git.go`)";
const NO_IMAGES: &str = "gitsign knows git only";
const NO_QUERY: &str = "gitsign asks the log while it verifies, and has no command for it";
const HTTPS: &str = "`gitsign attest` speaks to a log over https only, whatever its URL says \
     (`internal/attest/attest.go`): it needs `siglite up --tls self`";

/// A repository of somebody whose commits are signed.
const REPOSITORY: &str = r#"
    git init --quiet work
    cd work
    git config user.name Alice
    git config user.email "$IDENTITY""#;

/// gitsign of today.
pub(super) fn row(site: &Site) -> Option<Row> {
    let program = Tool::Gitsign.find()?;
    let desk = site.desk("gitsign", "gitsign", &[("gitsign", &program)]);
    Some(Row {
        client: "gitsign",
        version: stock_version("v3", "gitsign").unwrap_or_else(|| "unknown".to_owned()),
        cells: [
            desk.does(&format!(
                r"{REPOSITORY}
                   git commit --quiet --allow-empty --message 'signed here'
                   git cat-file commit HEAD | grep -q 'BEGIN SIGNED MESSAGE'
                   git tag --message 'signed here' v1
                   GITSIGN_REKOR_MODE=online git commit --quiet --allow-empty --message online"
            ))
            .but(COMMITS),
            desk.does(
                r#"cd work
                   for commit in HEAD~1 HEAD; do
                       gitsign verify $WHO $commit
                       git verify-commit $commit
                       refused gitsign verify --certificate-identity=mallory@example.org \
                           --certificate-oidc-issuer="$ISSUER" $commit
                   done
                   gitsign verify-tag $WHO v1"#,
            )
            .but(COMMITS),
            attests(site, &program).but(HTTPS),
            Cell::Absent(NO_IMAGES),
            Cell::Absent(NO_IMAGES),
            Cell::Absent(NO_QUERY),
        ],
    })
}

/// A statement about a commit, which its log takes; the instance must speak TLS.
fn attests(site: &Site, program: &Path) -> Cell {
    let desk = site.secure().desk("gitsign", "gitsign", &[("gitsign", program)]);
    desk.does(&format!(
        r#"{REPOSITORY}
           git commit --quiet --allow-empty --message 'attested here'
           gitsign attest --filepath "$PREDICATE" --type https://example.org/scan/v1
           git ls-tree -r --name-only refs/attestations/commits | grep -q 'predicate.json.sig'"#
    ))
}

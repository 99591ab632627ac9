//! The crates `sigstore-sign` and `sigstore-verify`, called as their makers mean it.

use sigstore_sign::oidc::IdentityToken;
use sigstore_sign::rekor::RekorApiVersion;
use sigstore_sign::trust_root::SigningConfig;
use sigstore_sign::{Signer, SigningContext, SigningServices};
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::Bundle;
use sigstore_verify::{VerificationPolicy, Verifier};

use lite_tests::ALICE;

use super::cell::{Cell, Row};
use super::crates::{Outcome, block_on, locked};
use super::desk::Desk;
use super::site::Site;

const NO_IMAGES: &str = "these crates know files only";
const NO_QUERY: &str =
    "sigstore-sign writes to the log; what sigstore-verify verifies it has in the bundle";

/// The two that belong together.
#[expect(clippy::unnecessary_wraps, reason = "as every row is: other clients may not be here")]
pub(super) fn row(site: &Site) -> Option<Row> {
    // They are libraries and read no environment; the desk is for siglite, which judges them.
    let desk = site.desk("sigstore-sign", "sigstore-go", &[]);
    Some(Row {
        client: "crates sigstore-sign, sigstore-verify",
        version: locked("sigstore-sign"),
        cells: [
            Cell::tried(signs(&desk)).and(|| {
                desk.does(
                    r#"for log in 1 2; do
                           ours verify-blob --bundle own-$log.json "$FILE"
                       done"#,
                )
            }),
            Cell::tried(verifies(&desk)),
            Cell::tried(attests(&desk)).and(|| {
                desk.does(r#"ours verify-blob-attestation --type custom --bundle att.json "$FILE""#)
            }),
            Cell::Absent(NO_IMAGES),
            Cell::Absent(NO_IMAGES),
            Cell::Absent(NO_QUERY),
        ],
    })
}

fn signer(desk: &Desk<'_>, log: RekorApiVersion) -> Outcome<Signer> {
    let stack = desk.site().stack();
    let config = std::fs::read_to_string(stack.client("signing_config.json"))?;
    let config = SigningConfig::from_json(&config)?;
    let services = SigningServices::from_signing_config_with_rekor_version(&config, Some(log))?;
    Ok(SigningContext::new(services).signer(IdentityToken::from_jwt(&stack.token())?))
}

fn signs(desk: &Desk<'_>) -> Outcome {
    let file = std::fs::read(&desk.site().file)?;
    for (log, name) in [(RekorApiVersion::V1, "own-1.json"), (RekorApiVersion::V2, "own-2.json")] {
        let bundle = block_on(signer(desk, log)?.sign(file.as_slice()))?;
        desk.keep(name, &bundle.to_json()?);
    }
    Ok(())
}

fn attests(desk: &Desk<'_>) -> Outcome {
    let statement = std::fs::read(&desk.site().statement)?;
    let signer = signer(desk, RekorApiVersion::V2)?;
    let bundle = block_on(signer.sign_raw_statement(&statement))?;
    desk.keep("att.json", &bundle.to_json()?);
    Ok(())
}

fn verifies(desk: &Desk<'_>) -> Outcome {
    let site = desk.site();
    let root = std::fs::read_to_string(site.stack().client("trusted_root.json"))?;
    let verifier = Verifier::new(&TrustedRoot::from_json(&root)?)?;
    let file = std::fs::read(&site.file)?;
    let own = ["own-1.json", "own-2.json"].map(|name| desk.home().join(name));
    for path in
        own.iter().chain([&site.bundle, &site.bundle_1, &site.attestation, &site.attestation_1])
    {
        let bundle = Bundle::from_json(&std::fs::read_to_string(path)?)?;
        let judge = |who: &str| {
            let policy = VerificationPolicy::new(who, site.stack().issuer());
            verifier.verify(file.as_slice(), &bundle, &policy)
        };
        judge(ALICE)?;
        if judge("mallory@example.org").is_ok() {
            return Err("accepted somebody else".into());
        }
    }
    Ok(())
}

//! The older crate `sigstore`, called as its makers mean it.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lite_tests::ALICE;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sigstore::bundle::verify::Verifier;
use sigstore::bundle::verify::policy::Identity;
use sigstore::cosign::constraint::{Constraint, PrivateKeySigner};
use sigstore::cosign::verification_constraint::cert_subject_email_verifier::StringVerifier;
use sigstore::cosign::verification_constraint::{
    CertSubjectEmailVerifier, VerificationConstraintVec,
};
use sigstore::cosign::{
    Client, ClientBuilder, CosignCapabilities, SignatureLayer, verify_constraints,
};
use sigstore::crypto::SigningScheme;
use sigstore::registry::{Auth, ClientConfig, ClientProtocol};
use sigstore::rekor::apis::configuration::Configuration;
use sigstore::rekor::apis::{entries_api, index_api, tlog_api};
use sigstore::rekor::models::SearchIndex;
use sigstore::trust::ManualTrustRoot;

use super::cell::{Cell, Row};
use super::crates::{Outcome, block_on, locked};
use super::desk::Desk;
use super::site::Site;

const PUBLIC_ONLY: &str = "the crate `sigstore` signs with the public instance only: its \
     `SigningContext::new` wants a `Keyring`, which is private to it (`src/crypto/mod.rs`)";
const NO_ATTESTING: &str = "the crate `sigstore` verifies attestations and signs none";
const WITH_A_KEY: &str = "with a key, in cosign's older format";

/// Its functions one by one: it knows the log's first API only.
#[expect(clippy::unnecessary_wraps, reason = "as every row is: other clients may not be here")]
pub(super) fn row(site: &Site) -> Option<Row> {
    let desk = site.desk("sigstore-rs", "rekor-cli", &[]);
    Some(Row {
        client: "crate sigstore",
        version: locked("sigstore"),
        cells: [
            Cell::Fault(PUBLIC_ONLY),
            Cell::tried(block_on(verifies(&desk))),
            Cell::Absent(NO_ATTESTING),
            Cell::tried(block_on(signs_image(&desk)))
                .and(|| {
                    desk.does(
                        r#"siglite verify --key own.pub --insecure-ignore-tlog \
                               --new-bundle-format=false "$OWN""#,
                    )
                })
                .but(WITH_A_KEY),
            Cell::tried(block_on(verifies_image(&desk))),
            Cell::tried(block_on(queries(&desk))),
        ],
    })
}

fn log(desk: &Desk<'_>) -> Configuration {
    Configuration { base_path: desk.site().stack().url().to_owned(), ..Configuration::default() }
}

/// Keys and certificates, from the trusted root: it has no way to read one by itself but its
/// own TUF client, which knows the public instance only.
fn trust(desk: &Desk<'_>) -> Outcome<ManualTrustRoot<'static>> {
    let root = std::fs::read_to_string(desk.site().stack().client("trusted_root.json"))?;
    let root: Value = serde_json::from_str(&root)?;
    let bytes = |value: &Value| STANDARD.decode(value["rawBytes"].as_str().unwrap_or_default());
    let all = |name: &str| root[name].as_array().cloned().unwrap_or_default();
    let keys = |name: &str| -> Outcome<BTreeMap<String, Vec<u8>>> {
        let mut keys = BTreeMap::new();
        for log in all(name) {
            let key = bytes(&log["publicKey"])?;
            keys.insert(hex::encode(Sha256::digest(&key)), key);
        }
        Ok(keys)
    };
    let mut trust = ManualTrustRoot { ctfe_keys: keys("ctlogs")?, ..Default::default() };
    trust.rekor_keys = keys("tlogs")?;
    for authority in all("certificateAuthorities") {
        for certificate in authority["certChain"]["certificates"].as_array().into_iter().flatten() {
            trust.fulcio_certs.push(bytes(certificate)?.into());
        }
    }
    Ok(trust)
}

async fn verifies(desk: &Desk<'_>) -> Outcome {
    let site = desk.site();
    let verifier = Verifier::new(log(desk), trust(desk)?)?;
    let file = std::fs::read(&site.file)?;
    for path in [&site.bundle_1, &site.attestation_1] {
        let text = std::fs::read_to_string(path)?;
        for (who, accepted) in [(ALICE, true), ("mallory@example.org", false)] {
            let policy = Identity::new(who, site.stack().issuer());
            let bundle = serde_json::from_str(&text)?;
            let verdict = verifier.verify(file.as_slice(), bundle, &policy, true).await;
            match verdict {
                Err(refusal) if accepted => return Err(refusal.into()),
                Ok(()) if !accepted => return Err("accepted somebody else".into()),
                _ => {}
            }
        }
    }
    Ok(())
}

fn registry_client<'a>(trust: Option<&'a ManualTrustRoot<'static>>) -> Outcome<Client> {
    let config = ClientConfig { protocol: ClientProtocol::Http, ..Default::default() };
    let mut builder: ClientBuilder<'a> = ClientBuilder::default().with_oci_client_config(config);
    if let Some(trust) = trust {
        builder = builder.with_trust_repository(trust)?;
    }
    Ok(builder.build()?)
}

async fn signs_image(desk: &Desk<'_>) -> Outcome {
    let mut client = registry_client(None)?;
    let image = desk.own().parse()?;
    let (place, digest) = client.triangulate(&image, &Auth::Anonymous).await?;
    let mut layer = SignatureLayer::new_unsigned(&image, &digest)?;
    let signer = SigningScheme::ECDSA_P256_SHA256_ASN1.create_signer()?;
    desk.keep("own.pub", &signer.to_sigstore_keypair()?.public_key_to_pem()?);
    PrivateKeySigner::new_with_signer(signer).add_constraint(&mut layer)?;
    client.push_signature(None, &Auth::Anonymous, &place, vec![layer]).await?;
    Ok(())
}

async fn verifies_image(desk: &Desk<'_>) -> Outcome {
    let trust = trust(desk)?;
    let mut client = registry_client(Some(&trust))?;
    let image = desk.site().image_1.parse()?;
    let layers = client.trusted_signature_layers(&Auth::Anonymous, &image).await?;
    for (who, accepted) in [(ALICE, true), ("mallory@example.org", false)] {
        let by: VerificationConstraintVec = vec![Box::new(CertSubjectEmailVerifier {
            email: StringVerifier::ExactMatch(who.to_owned()),
            issuer: Some(StringVerifier::ExactMatch(desk.site().stack().issuer())),
        })];
        if verify_constraints(&layers, by.iter()).is_ok() != accepted {
            return Err(format!("{} signatures; {who}: not {accepted}", layers.len()).into());
        }
    }
    Ok(())
}

async fn queries(desk: &Desk<'_>) -> Outcome {
    let log = log(desk);
    let info = tlog_api::get_log_info(&log).await?;
    entries_api::get_log_entry_by_index(&log, 0).await?;
    let mut search = SearchIndex::new();
    search.email = Some(ALICE.to_owned());
    let found = index_api::search_index(&log, search).await?;
    let newest = found.last().ok_or("nothing is found by an e-mail address")?;
    entries_api::get_log_entry_by_uuid(&log, newest).await?;
    if info.tree_size < 1 { Err("an empty log".into()) } else { Ok(()) }
}

//! Who signs: a key from a file, or a new key that a certificate binds to an identity.

use lite_bundle::Signer as BundleSigner;
use lite_bundle::body::EntryVerifier;
use lite_bundle::trust::{TransparencyLog, TrustedRoot};
use lite_keys::{HashAlgorithm, KeyDetails, KeyKind, PublicKey, SigningKey};
use lite_pki::{Certificate, CtEntry, Purpose, SctList, verify_chain};
use lite_verifier::{Identity, Matcher, Policy};

use crate::client::{Web, fulcio};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::keys;
use crate::token::IdToken;

/// A key, and what tells a verifier whose it is.
pub(super) struct Signer {
    key: SigningKey,
    certificate: Option<Certificate>,
    /// What the authority sent above the certificate.
    issuers: Vec<Certificate>,
}

/// The key and hash under which the log knows the key's signatures.
pub(super) fn details(key: &SigningKey) -> Outcome<KeyDetails> {
    key.public().details_for_entries().ok_or_else(|| {
        Failure::usage("the log has no name for a key of this size")
            .hint("use an ECDSA key, or RSA with 2048, 3072 or 4096 bits")
    })
}

impl Signer {
    /// A key that its verifiers have.
    pub(super) const fn bare(key: SigningKey) -> Self {
        Self { key, certificate: None, issuers: Vec::new() }
    }

    /// A key with a certificate that binds it to the token's identity.
    ///
    /// The certificate is verified here, although the bundle will be: one that nobody accepts
    /// must not reach the log.
    pub(super) async fn certified(
        key: SigningKey,
        web: &Web,
        authority: &str,
        token: &IdToken,
        root: &TrustedRoot,
    ) -> Outcome<Self> {
        // Whoever holds the token must hold the key, too.
        let proof =
            key.sign_default(token.principal()?.as_bytes()).map_err(|error| cannot_sign(&error))?;
        let chain =
            fulcio::request_certificate(web, authority, token, key.public(), &proof).await?;
        let issuers = chain.iter().skip(1).cloned().collect();
        let certificate = check(chain, key.public(), token, root)
            .map_err(|failure| failure.note("authority", authority))?;
        Ok(Self { key, certificate: Some(certificate), issuers })
    }

    /// What kind of key signs.
    pub(super) fn kind(&self) -> KeyKind {
        self.key.kind()
    }

    /// What the authority sent above the certificate, the root last.
    pub(super) fn issuers(&self) -> &[Certificate] {
        &self.issuers
    }

    /// The signature over a digest.
    pub(super) fn sign(&self, hash: HashAlgorithm, digest: &[u8]) -> Outcome<Vec<u8>> {
        self.key.sign_digest(hash, digest).map_err(|error| cannot_sign(&error))
    }

    /// Who can verify, as the log records it.
    pub(super) fn entry_verifier(&self) -> EntryVerifier {
        match &self.certificate {
            Some(certificate) => EntryVerifier::Certificate(certificate.der().to_vec()),
            None => EntryVerifier::PublicKey(self.key.public().spki_der().to_vec()),
        }
    }

    /// The same in PEM, as a log of API v1 records it.
    pub(super) fn verifier_pem(&self) -> String {
        match &self.certificate {
            Some(certificate) => certificate.to_pem(),
            None => self.key.public().to_pem(),
        }
    }

    /// Who signed, as a bundle of v0.3 says it.
    pub(super) fn in_bundle(&self) -> BundleSigner {
        match &self.certificate {
            Some(certificate) => BundleSigner::Certificate(certificate.der().to_vec()),
            None => BundleSigner::PublicKey { hint: keys::hint(self.key.public()) },
        }
    }

    /// What a verifier who knows the signer asks for.
    pub(super) fn policy(&self) -> Outcome<Policy> {
        let Some(certificate) = &self.certificate else {
            return Ok(Policy::key(self.key.public().clone()));
        };
        let (name, issuer) = identity(certificate)?;
        Ok(Policy::identity(Identity::new(Matcher::exact(name), Matcher::exact(issuer))))
    }
}

/// The leaf of the authority's answer, if it is for our key and our identity, leads to a trusted
/// authority, and a trusted CT log promised to hold it.
fn check(
    chain: Vec<Certificate>,
    key: &PublicKey,
    token: &IdToken,
    root: &TrustedRoot,
) -> Outcome<Certificate> {
    let mut chain = chain.into_iter();
    let leaf = chain.next().ok_or_else(|| wrong("it is missing"))?;
    let intermediates: Vec<Certificate> = chain.collect();
    if leaf.spki_der() != key.spki_der() {
        return Err(wrong("it is for another key"));
    }
    let (name, _) = identity(&leaf)?;
    if let Some(email) = token.email()
        && email != name
    {
        return Err(wrong("it names somebody else").note("expected", email).note("found", name));
    }
    let path = path(&leaf, &intermediates, root)?;
    check_sct(&leaf, &path, root)?;
    Ok(leaf)
}

/// The path to the first authority of the trusted root that leads somewhere.
fn path(
    leaf: &Certificate,
    intermediates: &[Certificate],
    root: &TrustedRoot,
) -> Outcome<Vec<Certificate>> {
    let at = leaf.not_before();
    root.certificate_authorities
        .iter()
        .filter(|authority| authority.valid_for.as_ref().is_none_or(|window| window.contains(at)))
        .filter_map(|authority| Certificate::from_der(authority.chain().next_back()?).ok())
        .find_map(|anchor| {
            verify_chain(leaf, intermediates, &[anchor], at, Purpose::CodeSigning).ok()
        })
        .ok_or_else(|| {
            Failure::new(Exit::Trust, "the certificate is of an authority that is not trusted")
                .hint("do trusted root and signing config belong to one instance? siglite use URL")
        })
}

/// Every SCT must be of a trusted log: stock clients demand it, too.
fn check_sct(leaf: &Certificate, path: &[Certificate], root: &TrustedRoot) -> Outcome {
    let issuer = path.get(1).ok_or_else(|| wrong("it has no issuer"))?;
    let scts = SctList::of_certificate(leaf)
        .map_err(|error| wrong("its SCT is missing or broken").because(&error))?;
    let entry = CtEntry::of_certificate(leaf, issuer)
        .map_err(|error| wrong("no log can hold it").because(&error))?;
    for sct in &scts.0 {
        let log = |log: &&TransparencyLog| {
            log.log_id.key_id == sct.log_id && log.window().is_some_and(|w| w.contains(sct.time()))
        };
        let log = root.ctlogs.iter().find(log).ok_or_else(|| {
            Failure::new(Exit::Trust, "the certificate was logged by a CT log that is not trusted")
                .hint("siglite use URL fetches the newest trusted root")
        })?;
        let key = PublicKey::from_spki_der(&log.public_key.raw_bytes).map_err(|error| {
            Failure::new(Exit::Trust, "a CT log's key in the trusted root is damaged")
                .because(&error)
        })?;
        sct.verify(&key, &entry)
            .map_err(|error| wrong("its SCT does not verify").because(&error))?;
    }
    Ok(())
}

/// The name and the issuer of a certificate of Fulcio's profile.
pub(crate) fn identity(certificate: &Certificate) -> Outcome<(&str, &str)> {
    let name = certificate.alt_names().first().and_then(|name| name.as_text());
    name.zip(certificate.fulcio().issuer()).ok_or_else(|| wrong("it names nobody"))
}

fn wrong(why: &str) -> Failure {
    Failure::new(
        Exit::Instance,
        format!("the authority's certificate is not what was asked for: {why}"),
    )
}

fn cannot_sign(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::new(Exit::Internal, "the key does not sign").because(error)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lite_bundle::trust::CertificateAuthority;
    use lite_keys::{KeyKind, fill_random};
    use lite_pki::hierarchy::AuthoritySpec;
    use lite_pki::name::AuthorityName;
    use lite_pki::profile::{LeafSpec, Prepared};
    use lite_pki::{AltName, Authority, FulcioExtensions, IssuingCa, Sct, sct};
    use lite_time::Time;
    use serde_json::json;

    use super::*;
    use crate::token::tests::jwt;

    const NOW: Time = Time::from_secs(1_800_000_000);
    const ISSUER: &str = "http://localhost:7070/oidc";

    /// An authority with its CT log, and the trusted root that names both.
    struct Made {
        ca: std::sync::Arc<IssuingCa>,
        ct_log: SigningKey,
        root: TrustedRoot,
    }

    impl Made {
        fn new() -> Self {
            let name = |common| AuthorityName::new("example", common);
            let spec = AuthoritySpec {
                purpose: Purpose::CodeSigning,
                root_name: name("root"),
                name: name("intermediate"),
                key_kind: KeyKind::EcdsaP256,
                not_before: Time::from_secs(1_700_000_000),
                lifetime: Duration::from_secs(400_000_000),
            };
            let authority = Authority::create(&spec).unwrap();
            let chain = authority.chain();
            let ct_log = SigningKey::generate(KeyKind::EcdsaP256);
            let start = spec.not_before;
            let ders = chain.iter().map(|certificate| certificate.der().to_vec()).collect();
            let mut root = TrustedRoot::new();
            root.certificate_authorities =
                vec![CertificateAuthority::new("example", "root", "http://ca", ders, start)];
            let log_id = sct::log_id(ct_log.public());
            root.ctlogs = vec![TransparencyLog::new("http://ct", ct_log.public(), log_id, start)];
            let ca = IssuingCa::new(authority.key, chain, NOW).unwrap();
            Self { ca, ct_log, root }
        }

        /// What this authority answers: leaf, intermediate, root.
        fn issue(&self, key: &PublicKey, email: &str) -> Vec<Certificate> {
            let mut serial = [0; 20];
            fill_random(&mut serial);
            let spec = LeafSpec {
                public_key: key.clone(),
                name: AltName::Email(email.to_owned()),
                extensions: FulcioExtensions::for_issuer(ISSUER),
                serial,
                now: NOW,
            };
            let precertificate =
                Prepared::new(self.ca.clone(), spec).unwrap().precertificate().unwrap();
            let time = u64::try_from(NOW.millis()).unwrap();
            let sct = Sct::sign(&self.ct_log, time, Vec::new(), precertificate.entry()).unwrap();
            precertificate.finish(sct).unwrap().full_chain()
        }
    }

    fn alice() -> IdToken {
        let claims = json!({
            "iss": ISSUER, "sub": "1", "aud": "sigstore", "exp": 2_000_000_000,
            "email": "alice@example.org", "email_verified": true,
        });
        IdToken::parse(&jwt(&claims)).unwrap()
    }

    #[track_caller]
    fn refused(outcome: Outcome<Certificate>, exit: Exit, words: &str) {
        let failure = outcome.unwrap_err();
        assert_eq!(failure.exit, exit, "{failure:?}");
        assert!(failure.sentence.contains(words), "{failure:?}");
    }

    #[test]
    fn a_certificate_for_our_key_and_our_identity_is_taken() {
        let (made, key) = (Made::new(), SigningKey::generate(KeyKind::EcdsaP256));
        let chain = made.issue(key.public(), "alice@example.org");
        let leaf = check(chain, key.public(), &alice(), &made.root).unwrap();
        assert_eq!(identity(&leaf).unwrap(), ("alice@example.org", ISSUER));
    }

    #[test]
    fn a_certificate_for_another_key_or_another_person_is_refused() {
        let (made, key) = (Made::new(), SigningKey::generate(KeyKind::EcdsaP256));
        let other = SigningKey::generate(KeyKind::EcdsaP256);
        let chain = made.issue(other.public(), "alice@example.org");
        let outcome = check(chain, key.public(), &alice(), &made.root);
        refused(outcome, Exit::Instance, "another key");
        let chain = made.issue(key.public(), "mallory@example.org");
        let outcome = check(chain, key.public(), &alice(), &made.root);
        refused(outcome, Exit::Instance, "somebody else");
        let outcome = check(Vec::new(), key.public(), &alice(), &made.root);
        refused(outcome, Exit::Instance, "missing");
    }

    #[test]
    fn an_authority_or_a_ct_log_of_another_instance_is_refused() {
        let (made, key) = (Made::new(), SigningKey::generate(KeyKind::EcdsaP256));
        let chain = || made.issue(key.public(), "alice@example.org");
        let stranger = Made::new().root;
        let outcome = check(chain(), key.public(), &alice(), &stranger);
        refused(outcome, Exit::Trust, "authority that is not trusted");
        let mut other_log = made.root.clone();
        other_log.ctlogs = stranger.ctlogs;
        let outcome = check(chain(), key.public(), &alice(), &other_log);
        refused(outcome, Exit::Trust, "CT log that is not trusted");
    }

    #[test]
    fn an_sct_over_another_certificate_is_refused() {
        let (mut made, key) = (Made::new(), SigningKey::generate(KeyKind::EcdsaP256));
        // The log's ID with another log's key: the signature cannot hold.
        let other = SigningKey::generate(KeyKind::EcdsaP256);
        made.root.ctlogs[0].public_key.raw_bytes = other.public().spki_der().to_vec();
        let chain = made.issue(key.public(), "alice@example.org");
        let outcome = check(chain, key.public(), &alice(), &made.root);
        refused(outcome, Exit::Instance, "SCT does not verify");
    }
}

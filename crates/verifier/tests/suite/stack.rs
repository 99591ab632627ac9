//! A Sigstore of a page: CA, CT log, two signature logs and two timestamp authorities, whose keys
//! we hold. The suite has one kind of key and one entry per bundle; here is everything else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_bundle::body::{EntryVerifier, HashedRekord001, HashedRekord002, V1Signature};
use lite_bundle::trust::{CertificateAuthority, TransparencyLog, TrustedRoot};
use lite_bundle::{
    Bundle, Content, Envelope, InclusionProof, MediaType, MessageSignature, Signer, Statement,
    Subject, TransparencyLogEntry,
};
use lite_keys::{HashAlgorithm, KeyKind, PublicKey, SigningKey};
use lite_pki::hierarchy::AuthoritySpec;
use lite_pki::name::AuthorityName;
use lite_pki::profile::{LeafSpec, Prepared};
use lite_pki::timestamp::{TimestampAuthority, TimestampRequest};
use lite_pki::{
    AltName, Authority, Certificate, FulcioExtension, FulcioExtensions, IssuingCa, Purpose, Sct,
    SctList, oid, sct,
};
use lite_time::Time;
use lite_tlog::{Checkpoint, NoteSigner, SignedNote, leaf_hash, node_hash};
use lite_verifier::{Identity, Trust, Verifier};

pub(crate) const SIGNER: &str = "me@example.com";
pub(crate) const ISSUER: &str = "https://id.example.com";
pub(crate) const REPOSITORY: &str = "https://git.example.com/me/tool";
pub(crate) const PREDICATE: &str = "https://example.com/tested/v1";
pub(crate) const ARTIFACT: &[u8] = b"an artifact";
const HOST: &str = "log.example.com";

/// When everything is signed. Long past: `sigstore-verify` leaves out what is not trusted yet.
pub(crate) const NOW: Time = Time::from_secs(1_780_000_000);

pub(crate) struct Stack {
    ca: std::sync::Arc<IssuingCa>,
    ct: [SigningKey; 2],
    v1: NoteSigner,
    v2: NoteSigner,
    stampers: Vec<TimestampAuthority>,
}

/// Who signs, and what it looks like in bundle and entry.
pub(crate) struct Hand {
    pub(crate) key: SigningKey,
    certificate: Option<Certificate>,
}

/// What a stack is made of.
pub(crate) struct Parts {
    /// The v2 log's key.
    pub(crate) log: KeyKind,
    /// The keys of the authorities.
    pub(crate) authorities: KeyKind,
    /// The first and the last second of the CA's certificates, counted from [`NOW`].
    pub(crate) ca: (i64, i64),
    /// The same of the timestamp authorities.
    pub(crate) tsa: (i64, i64),
}

impl Default for Parts {
    fn default() -> Self {
        let years = (-1000, 99_000);
        Self { log: KeyKind::Ed25519, authorities: KeyKind::EcdsaP256, ca: years, tsa: years }
    }
}

fn later(seconds: i64) -> Time {
    Time::from_secs(NOW.secs() + seconds)
}

fn authority(purpose: Purpose, kind: KeyKind, window: (i64, i64), name: &str) -> Authority {
    Authority::create(&AuthoritySpec {
        purpose,
        root_name: AuthorityName::new("example", &format!("{name} root")),
        name: AuthorityName::new("example", name),
        key_kind: kind,
        not_before: later(window.0),
        lifetime: std::time::Duration::from_secs((window.1 - window.0).unsigned_abs()),
    })
    .unwrap()
}

impl Stack {
    pub(crate) fn new() -> Self {
        Self::of(&Parts::default())
    }

    pub(crate) fn of(parts: &Parts) -> Self {
        let kind = parts.authorities;
        let ca = authority(Purpose::CodeSigning, kind, parts.ca, "ca");
        let chain = ca.chain();
        let stamper = |name: &str| {
            let tsa = authority(Purpose::TimeStamping, kind, parts.tsa, name);
            let chain = tsa.chain();
            TimestampAuthority::new(tsa.key, chain, later(parts.tsa.0)).unwrap()
        };
        let p256 = || SigningKey::generate(KeyKind::EcdsaP256);
        Self {
            ca: IssuingCa::new(ca.key, chain, later(parts.ca.0)).unwrap(),
            ct: [p256(), p256()],
            v1: NoteSigner::new(HOST, p256()).unwrap(),
            v2: NoteSigner::new(HOST, SigningKey::generate(parts.log)).unwrap(),
            stampers: vec![stamper("first"), stamper("second")],
        }
    }

    pub(crate) fn root(&self) -> TrustedRoot {
        let start = later(-1000);
        let url = format!("https://{HOST}");
        let der = |chain: &[Certificate]| chain.iter().map(|c| c.der().to_vec()).collect();
        let log = |key: &PublicKey, id| TransparencyLog::new(&url, key, id, start);
        let mut root = TrustedRoot::new();
        root.tlogs = vec![
            log(self.v1.key().public(), self.v1.log_id().0),
            log(self.v2.key().public(), self.v2.log_id().0),
        ];
        root.ctlogs = self.ct.iter().map(|ct| log(ct.public(), sct::log_id(ct.public()))).collect();
        root.certificate_authorities =
            vec![CertificateAuthority::new("example", "ca", &url, der(self.ca.chain()), start)];
        root.timestamp_authorities = self
            .stampers
            .iter()
            .map(|tsa| CertificateAuthority::new("example", "tsa", &url, der(tsa.chain()), start))
            .collect();
        root
    }

    /// Issuing CA and root.
    pub(crate) fn ca_chain(&self) -> &[Certificate] {
        self.ca.chain()
    }

    pub(crate) fn verifier(&self) -> Verifier {
        Verifier::new(Trust::new(&self.root()))
    }

    /// Somebody with a certificate for a new key.
    pub(crate) fn hand(&self, kind: KeyKind) -> Hand {
        self.hand_with(kind, &[(0, &[])])
    }

    /// The same with an SCT of each of these CT logs, with these extensions.
    pub(crate) fn hand_with(&self, kind: KeyKind, scts: &[(usize, &[u8])]) -> Hand {
        let key = SigningKey::generate(kind);
        let mut extensions = FulcioExtensions::for_issuer(ISSUER);
        extensions.set(FulcioExtension::SourceRepositoryUri, REPOSITORY);
        let spec = LeafSpec {
            public_key: key.public().clone(),
            name: AltName::Email(SIGNER.to_owned()),
            extensions,
            serial: [7; 20],
            now: NOW,
        };
        let precertificate =
            Prepared::new(self.ca.clone(), spec).unwrap().precertificate().unwrap();
        let millis = u64::try_from(NOW.millis()).unwrap();
        let promise = |(ct, extensions): &(usize, &[u8])| {
            Sct::sign(&self.ct[*ct], millis, extensions.to_vec(), precertificate.entry()).unwrap()
        };
        let list = SctList(scts.iter().map(promise).collect());
        let certificate = precertificate.finish_with(&list).unwrap().certificate;
        Hand { key, certificate: Some(certificate) }
    }

    /// A timestamp of the n-th authority.
    pub(crate) fn stamp(&self, n: usize, signature: &[u8], at: Time) -> Vec<u8> {
        self.stamp_with(n, signature, at, false)
    }

    /// The same, with or without the authority's certificate in it.
    pub(crate) fn stamp_with(&self, n: usize, signature: &[u8], at: Time, embed: bool) -> Vec<u8> {
        let mut request = TimestampRequest::of_message(HashAlgorithm::Sha256, signature);
        request.cert_req = embed;
        self.stampers[n].respond(&request, &oid::SIGSTORE_TSA_POLICY, [9; 20], at).unwrap()
    }

    /// A bundle with one v2 entry and one timestamp.
    pub(crate) fn message(&self, hand: &Hand) -> Bundle {
        let hash = hand.hash();
        let digest = hash.digest(ARTIFACT);
        let signature = hand.key.sign_digest(hash, &digest).unwrap();
        let content =
            Content::Message(MessageSignature { digest: Some((hash, digest)), signature });
        self.bundle(hand, content)
    }

    /// The same around a statement.
    pub(crate) fn attestation(&self, hand: &Hand) -> Bundle {
        let mut envelope = envelope();
        let digest = hand.hash().digest(&envelope.pae());
        envelope.signature.sig = hand.key.sign_digest(hand.hash(), &digest).unwrap();
        self.bundle(hand, Content::Dsse(envelope))
    }

    /// As clients of v1 make it: an entry of the v1 log, whose SET is the time, and pure Ed25519.
    pub(crate) fn v1(&self, hand: &Hand, kind: &str) -> Bundle {
        let content = if kind == "hashedrekord" {
            let (hash, digest) = (hand.hash(), hand.hash().digest(ARTIFACT));
            let signature = hand.key.sign_digest(hash, &digest).unwrap();
            Content::Message(MessageSignature { digest: Some((hash, digest)), signature })
        } else {
            let mut envelope = envelope();
            envelope.signature.sig = hand.key.sign(hand.hash(), &envelope.pae()).unwrap();
            Content::Dsse(envelope)
        };
        let entry = match (kind, &content) {
            ("intoto", Content::Dsse(envelope)) => self.intoto_entry(hand, envelope),
            _ => self.v1_entry(hand, &content),
        };
        Bundle {
            media_type: MediaType::V0_3,
            signer: hand.signer(),
            entries: vec![entry],
            timestamps: Vec::new(),
            content,
        }
    }

    fn intoto_entry(&self, hand: &Hand, envelope: &Envelope) -> TransparencyLogEntry {
        let payload = hex::encode(HashAlgorithm::Sha256.digest(&envelope.payload));
        let leaf = serde_json::json!({"apiVersion": "0.0.2", "kind": "intoto", "spec": {"content": {
            "envelope": {"payloadType": envelope.payload_type, "signatures": [{
                "publicKey": STANDARD.encode(hand.verifier_pem()),
                "sig": STANDARD.encode(STANDARD.encode(&envelope.signature.sig)),
            }]},
            "hash": {"algorithm": "sha256", "value": "00".repeat(32)},
            "payloadHash": {"algorithm": "sha256", "value": payload},
        }}});
        self.promised("intoto", "0.0.2", leaf.to_string().into_bytes())
    }

    fn dsse_leaf(hand: &Hand, envelope: &Envelope) -> Vec<u8> {
        let payload = hex::encode(HashAlgorithm::Sha256.digest(&envelope.payload));
        let leaf = serde_json::json!({"apiVersion": "0.0.1", "kind": "dsse", "spec": {
            "envelopeHash": {"algorithm": "sha256", "value": "00".repeat(32)},
            "payloadHash": {"algorithm": "sha256", "value": payload},
            "signatures": [{
                "signature": STANDARD.encode(&envelope.signature.sig),
                "verifier": STANDARD.encode(hand.verifier_pem()),
            }],
        }});
        leaf.to_string().into_bytes()
    }

    fn bundle(&self, hand: &Hand, content: Content) -> Bundle {
        let timestamp = self.stamp(0, content.signature(), NOW);
        let entry = self.v2_entry(hand, &content);
        Bundle {
            media_type: MediaType::V0_3,
            signer: hand.signer(),
            entries: vec![entry],
            timestamps: vec![timestamp],
            content,
        }
    }

    pub(crate) fn v2_entry(&self, hand: &Hand, content: &Content) -> TransparencyLogEntry {
        let digest = match content {
            Content::Message(_) => hand.hash().digest(ARTIFACT),
            Content::Dsse(envelope) => hand.hash().digest(&envelope.pae()),
        };
        let leaf = HashedRekord002 {
            digest,
            signature: content.signature().to_vec(),
            key_details: hand.key.public().details_for_entries().unwrap(),
            verifier: hand.entry_verifier(),
        };
        let mut entry = entry("hashedrekord", "0.0.2", leaf.canonical(), &self.v2, HOST);
        entry.log_id = self.v2.log_id().0.to_vec();
        entry
    }

    /// A v1 entry, with SET and proof.
    pub(crate) fn v1_entry(&self, hand: &Hand, content: &Content) -> TransparencyLogEntry {
        match content {
            Content::Message(_) => {
                let leaf = HashedRekord001 {
                    hash: hand.hash(),
                    digest: hand.hash().digest(ARTIFACT),
                    signature: V1Signature {
                        signature: content.signature().to_vec(),
                        verifier_pem: hand.verifier_pem(),
                    },
                };
                self.promised("hashedrekord", "0.0.1", leaf.canonical())
            }
            Content::Dsse(envelope) => {
                self.promised("dsse", "0.0.1", Self::dsse_leaf(hand, envelope))
            }
        }
    }

    fn promised(&self, kind: &str, version: &str, leaf: Vec<u8>) -> TransparencyLogEntry {
        let origin = format!("{HOST} - 42");
        let mut entry = entry(kind, version, leaf, &self.v1, &origin);
        entry.log_id = self.v1.log_id().0.to_vec();
        entry.log_index = 1001; // Counted over all shards.
        entry.integrated_time = Some(NOW.secs());
        let set = format!(
            r#"{{"body":"{}","integratedTime":{},"logID":"{}","logIndex":1001}}"#,
            STANDARD.encode(&entry.canonicalized_body),
            NOW.secs(),
            hex::encode(&entry.log_id)
        );
        entry.inclusion_promise =
            Some(self.v1.key().sign(HashAlgorithm::Sha256, set.as_bytes()).unwrap());
        entry
    }
}

/// A statement about the artifact, not signed yet.
fn envelope() -> Envelope {
    let digest = HashAlgorithm::Sha256.digest(ARTIFACT);
    let statement = Statement {
        subjects: vec![Subject::new("tool", HashAlgorithm::Sha256, &digest)],
        predicate_type: PREDICATE.to_owned(),
    };
    Envelope::in_toto(statement.to_payload(&serde_json::json!({})), Vec::new())
}

/// The second leaf of a tree of two.
fn entry(
    kind: &str,
    version: &str,
    leaf: Vec<u8>,
    log: &NoteSigner,
    origin: &str,
) -> TransparencyLogEntry {
    let first = leaf_hash(b"the first leaf");
    let root = node_hash(&first, &leaf_hash(&leaf));
    let text = Checkpoint::new(origin, 2, root).to_string();
    let checkpoint = SignedNote::new(&text, log.sign(&text).unwrap()).unwrap().to_string();
    TransparencyLogEntry {
        log_index: 1,
        log_id: Vec::new(),
        kind: kind.to_owned(),
        version: version.to_owned(),
        integrated_time: None,
        inclusion_promise: None,
        inclusion_proof: Some(InclusionProof {
            log_index: 1,
            root_hash: root.to_vec(),
            tree_size: 2,
            hashes: vec![first.to_vec()],
            checkpoint: Some(checkpoint),
        }),
        canonicalized_body: leaf,
    }
}

impl Hand {
    /// Somebody whose key the verifier has.
    pub(crate) fn managed(kind: KeyKind) -> Self {
        Self { key: SigningKey::generate(kind), certificate: None }
    }

    pub(crate) fn hash(&self) -> HashAlgorithm {
        self.key.kind().default_hash()
    }

    pub(crate) fn signer(&self) -> Signer {
        match &self.certificate {
            Some(certificate) => Signer::Certificate(certificate.der().to_vec()),
            None => Signer::PublicKey { hint: "a hint".to_owned() },
        }
    }

    /// Certificate or key as v1 entries hold it.
    fn verifier_pem(&self) -> String {
        match &self.certificate {
            Some(certificate) => certificate.to_pem(),
            None => self.key.public().to_pem(),
        }
    }

    /// The signer as bundles before v0.3 name it.
    pub(crate) fn chain(&self) -> Signer {
        match &self.certificate {
            Some(certificate) => Signer::CertificateChain(vec![certificate.der().to_vec()]),
            None => self.signer(),
        }
    }

    fn entry_verifier(&self) -> EntryVerifier {
        match &self.certificate {
            Some(certificate) => EntryVerifier::Certificate(certificate.der().to_vec()),
            None => EntryVerifier::PublicKey(self.key.public().spki_der().to_vec()),
        }
    }
}

pub(crate) fn me() -> Identity {
    Identity::exact(SIGNER, ISSUER)
}

//! What a document is, by one name each.

use std::fmt;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $id:literal $name:literal,)*) => {
        /// A kind of document.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Kind {
            $($(#[$doc])* $kind,)*
        }

        impl Kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// One word for programs.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$kind => $id,)* }
            }

            /// The name for people.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }
        }
    };
}

kinds! {
    /// A Sigstore bundle, v0.1 to v0.3.
    Bundle "bundle" "Sigstore bundle",
    /// An X.509 certificate.
    Certificate "certificate" "X.509 certificate",
    /// Several PEM blocks: a chain of certificates, or a mixture.
    PemFile "pem" "PEM file",
    /// PKCS#10.
    CertificateRequest "certificate-request" "certificate signing request",
    /// A signed note that is a checkpoint.
    Checkpoint "checkpoint" "checkpoint of a log",
    /// A signed note of another text.
    Note "note" "signed note",
    /// `name+id+key`.
    VerifierKey "verifier-key" "verifier key of a signed note",
    /// A `TimeStampResp` of RFC 3161, or the token alone.
    TimestampResponse "timestamp-response" "RFC 3161 timestamp",
    /// A `TimeStampReq` of RFC 3161.
    TimestampRequest "timestamp-request" "RFC 3161 timestamp request",
    /// Sigstore's trusted root.
    TrustedRoot "trusted-root" "trusted root",
    /// Sigstore's signing config.
    SigningConfig "signing-config" "signing config",
    /// Both in one.
    ClientTrustConfig "client-trust-config" "client trust config",
    /// TUF metadata: who signs.
    TufRoot "tuf-root" "TUF root metadata",
    /// TUF metadata: the files.
    TufTargets "tuf-targets" "TUF targets metadata",
    /// TUF metadata: the versions of the other roles.
    TufSnapshot "tuf-snapshot" "TUF snapshot metadata",
    /// TUF metadata: the newest snapshot.
    TufTimestamp "tuf-timestamp" "TUF timestamp metadata",
    /// A JSON Web Token in its compact form.
    Token "token" "JSON Web Token",
    /// A `TransparencyLogEntry`, as a bundle holds it and Rekor v2 answers it.
    LogEntry "log-entry" "transparency log entry",
    /// What Rekor v1 answers.
    RekorAnswer "rekor-v1-answer" "Rekor v1 log entry",
    /// What was logged: a canonical body.
    EntryBody "entry-body" "body of a log entry",
    /// Up to 256 leaves of a log.
    EntryBundle "entry-bundle" "entry bundle of a log",
    /// An in-toto statement.
    Statement "statement" "in-toto statement",
    /// A DSSE envelope.
    Envelope "envelope" "DSSE envelope",
    /// An image manifest.
    ImageManifest "image-manifest" "OCI image manifest",
    /// An image index.
    ImageIndex "image-index" "OCI image index",
    /// What cosign's older format signs.
    SimpleSigning "simple-signing" "simple signing payload",
    /// What older versions of cosign wrote beside a signature.
    CosignBundle "cosign-bundle" "bundle of an older cosign",
    /// A `SubjectPublicKeyInfo`.
    PublicKey "public-key" "public key",
    /// A private key in the clear.
    PrivateKey "private-key" "private key",
    /// A private key that a password opens.
    SealedKey "sealed-key" "encrypted private key",
    /// A CT log's answer to a submission.
    SctAnswer "sct" "signed certificate timestamp",
    /// Several documents in one file.
    Several "several" "documents, one after the other",
}

impl Kind {
    /// The command that says whether such a document is to be believed, where there is one.
    #[must_use]
    pub const fn verified_by(self) -> Option<&'static str> {
        match self {
            Self::Bundle | Self::CosignBundle | Self::EntryBody => Some("siglite verify-blob"),
            Self::Envelope | Self::Statement => Some("siglite verify-blob-attestation"),
            Self::ImageManifest | Self::ImageIndex | Self::SimpleSigning => Some("siglite verify"),
            Self::LogEntry | Self::RekorAnswer | Self::EntryBundle => Some("siglite log verify"),
            Self::Checkpoint | Self::Note => Some("siglite log audit"),
            Self::TufRoot | Self::TufTargets | Self::TufSnapshot | Self::TufTimestamp => {
                Some("siglite initialize")
            }
            Self::Certificate | Self::TimestampResponse | Self::SctAnswer | Self::PemFile => {
                Some("siglite verify-blob, with the signature it belongs to,")
            }
            _ => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

//! Where cosign and the specification keep what belongs to an image: tags made of its digest, and
//! annotations.
//!
//! Everything is found from the image's digest, so that whoever has the image needs no other
//! directory: either by the referrers API, or, where a registry lacks it, under these tags.

use crate::digest::Digest;
use crate::name::Tag;

/// What is attached to an image in cosign's older formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attached {
    /// Signatures: `sha256-HEX.sig`.
    Signatures,
    /// Attestations: `sha256-HEX.att`.
    Attestations,
    /// A bill of materials that nobody signed: `sha256-HEX.sbom`.
    Sbom,
}

impl Attached {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Signatures, Self::Attestations, Self::Sbom];

    const fn suffix(self) -> &'static str {
        match self {
            Self::Signatures => ".sig",
            Self::Attestations => ".att",
            Self::Sbom => ".sbom",
        }
    }

    /// The tag under which it is kept for the image with this digest.
    #[must_use]
    pub fn tag(self, image: &Digest) -> Tag {
        made_of(image, self.suffix())
    }

    /// Which image a tag of this form belongs to.
    #[must_use]
    pub fn of_tag(tag: &Tag) -> Option<(Digest, Self)> {
        Self::ALL.into_iter().find_map(|attached| {
            let image = tag.as_str().strip_suffix(attached.suffix())?;
            Some((image.replacen('-', ":", 1).parse().ok()?, attached))
        })
    }
}

/// The tag under which clients keep an index of referrers where the registry has no such API.
///
/// OCI distribution specification, "Referrers Tag Schema": the algorithm truncated to 32
/// characters, a hyphen, the encoded part truncated to 64.
#[must_use]
pub fn referrers_tag(image: &Digest) -> Tag {
    made_of(image, "")
}

/// Whether a tag is one of [`referrers_tag`]'s, and for which digest. The longer digests lose a
/// half of theirs there and cannot be told.
#[must_use]
pub fn of_referrers_tag(tag: &Tag) -> Option<Digest> {
    tag.as_str().replacen('-', ":", 1).parse().ok()
}

/// Whether a tag is made of a digest, and so belongs to some other image.
#[must_use]
pub fn is_made_of_a_digest(tag: &Tag) -> bool {
    of_referrers_tag(tag).is_some() || Attached::of_tag(tag).is_some()
}

fn made_of(image: &Digest, suffix: &str) -> Tag {
    let hex = &image.hex()[..64];
    format!("{}-{hex}{suffix}", image.algorithm().as_str())
        .parse()
        .expect("an algorithm, a hyphen and hexadecimal are a tag")
}

/// The signature over the layer, in base64.
pub const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
/// The signer's certificate, PEM.
pub const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
/// The certificates above it, PEM.
pub const CHAIN: &str = "dev.sigstore.cosign/chain";
/// The log's promise (SET) and the entry it is about, JSON.
pub const BUNDLE: &str = "dev.sigstore.cosign/bundle";
/// The RFC 3161 timestamp, JSON.
pub const TIMESTAMP: &str = "dev.sigstore.cosign/rfc3161timestamp";
/// The predicate type of an attestation of the older format, for finding it without reading it.
pub const PREDICATE_TYPE: &str = "predicateType";

/// What a bundle as an artifact holds: `dsse-envelope` or `message-signature`.
pub const BUNDLE_CONTENT: &str = "dev.sigstore.bundle.content";
/// The predicate type of the statement in it.
pub const BUNDLE_PREDICATE_TYPE: &str = "dev.sigstore.bundle.predicateType";
/// When an artifact was made, RFC 3339.
pub const CREATED: &str = "org.opencontainers.image.created";

/// The predicate type of cosign's signatures of images in bundles.
pub const SIGN_PREDICATE_TYPE: &str = "https://sigstore.dev/cosign/sign/v1";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::DigestAlgorithm;

    #[test]
    fn tags_are_made_of_the_digest_and_lead_back_to_it() {
        let image = Digest::sha256(b"abc");
        let tag = Attached::Signatures.tag(&image);
        assert_eq!(tag.as_str(), format!("sha256-{}.sig", image.hex()));
        assert_eq!(Attached::of_tag(&tag), Some((image.clone(), Attached::Signatures)));
        assert_eq!(of_referrers_tag(&referrers_tag(&image)), Some(image));
        assert_eq!(Attached::of_tag(&"latest.sig".parse().unwrap()), None);
        assert_eq!(of_referrers_tag(&"latest".parse().unwrap()), None);
    }

    /// The specification's example: a digest longer than 64 characters is cut.
    #[test]
    fn the_longer_digests_are_cut() {
        let long = Digest::of(DigestAlgorithm::Sha512, b"abc");
        let tag = referrers_tag(&long);
        assert_eq!(tag.as_str(), format!("sha512-{}", &long.hex()[..64]));
        assert_eq!(of_referrers_tag(&tag), None);
    }
}

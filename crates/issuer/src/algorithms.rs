//! Which keys and hashes a client may sign with (`sigstore:pkg/signature/algorithm_registry.go`).

use std::fmt;

use lite_keys::{HashAlgorithm, KeyKind};

/// A key and the hash it is used with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAlgorithm {
    /// The key.
    pub key: KeyKind,
    /// The hash; for Ed25519 the one inside it.
    pub hash: HashAlgorithm,
}

/// The names, as `--client-signing-algorithms` of Fulcio has them. RSA-PSS and Ed25519ph have names too,
/// and no client that could use them: proof of possession knows neither.
const NAMES: [(&str, ClientAlgorithm); 9] = [
    ("ecdsa-sha2-256-nistp256", of(KeyKind::EcdsaP256, HashAlgorithm::Sha256)),
    ("ecdsa-sha2-384-nistp384", of(KeyKind::EcdsaP384, HashAlgorithm::Sha384)),
    ("ecdsa-sha2-512-nistp521", of(KeyKind::EcdsaP521, HashAlgorithm::Sha512)),
    ("rsa-sign-pkcs1-2048-sha256", of(KeyKind::Rsa(2048), HashAlgorithm::Sha256)),
    ("rsa-sign-pkcs1-3072-sha256", of(KeyKind::Rsa(3072), HashAlgorithm::Sha256)),
    ("rsa-sign-pkcs1-4096-sha256", of(KeyKind::Rsa(4096), HashAlgorithm::Sha256)),
    ("ed25519", of(KeyKind::Ed25519, HashAlgorithm::Sha512)),
    ("ecdsa-sha2-256-nistp384", of(KeyKind::EcdsaP384, HashAlgorithm::Sha256)),
    ("ecdsa-sha2-256-nistp521", of(KeyKind::EcdsaP521, HashAlgorithm::Sha256)),
];

/// How many of [`NAMES`] are allowed when nothing is said.
const DEFAULT: usize = 7;

const fn of(key: KeyKind, hash: HashAlgorithm) -> ClientAlgorithm {
    ClientAlgorithm { key, hash }
}

/// The allow-list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientAlgorithms(Vec<ClientAlgorithm>);

/// A name is not in the registry, or cannot be used for a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown client signing algorithm: {0}")]
pub struct UnknownAlgorithm(pub String);

impl ClientAlgorithms {
    /// The algorithms with these names; none means the default list.
    pub fn from_names(names: &[String]) -> Result<Self, UnknownAlgorithm> {
        if names.is_empty() {
            return Ok(Self::default());
        }
        let find = |name: &String| {
            let found = NAMES.iter().find(|(known, _)| known == name);
            found.map(|(_, algorithm)| *algorithm).ok_or_else(|| UnknownAlgorithm(name.clone()))
        };
        names.iter().map(find).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn allow(&self, algorithm: ClientAlgorithm) -> bool {
        self.0.contains(&algorithm)
    }
}

impl Default for ClientAlgorithms {
    fn default() -> Self {
        Self(NAMES[..DEFAULT].iter().map(|(_, algorithm)| *algorithm).collect())
    }
}

/// In Go's words, which is what clients have seen: `*ecdsa.PublicKey, SHA-256`.
impl fmt::Display for ClientAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = match self.key {
            KeyKind::Rsa(_) => "*rsa.PublicKey",
            KeyKind::Ed25519 => "ed25519.PublicKey",
            _ => "*ecdsa.PublicKey",
        };
        write!(f, "{key}, SHA-{}", self.hash.size() * 8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_list_is_each_key_with_its_own_hash() {
        let list = ClientAlgorithms::default();
        assert!(list.allow(of(KeyKind::EcdsaP384, HashAlgorithm::Sha384)));
        assert!(!list.allow(of(KeyKind::EcdsaP384, HashAlgorithm::Sha256)));
        assert!(!list.allow(of(KeyKind::Rsa(2048), HashAlgorithm::Sha512)));
        assert_eq!(ClientAlgorithms::from_names(&[]), Ok(list));
    }

    #[test]
    fn reads_names_and_refuses_others() {
        let names = ["ecdsa-sha2-256-nistp384".to_owned()];
        let list = ClientAlgorithms::from_names(&names).unwrap();
        assert!(list.allow(of(KeyKind::EcdsaP384, HashAlgorithm::Sha256)));
        for name in ["ed25519-ph", "rsa-sign-pss-2048-sha256", "ECDSA", ""] {
            let names = [name.to_owned()];
            assert_eq!(ClientAlgorithms::from_names(&names), Err(UnknownAlgorithm(name.into())));
        }
    }
}

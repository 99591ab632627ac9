//! The four top-level roles, in the words of the TUF specification, section 4.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use lite_time::Time;

use crate::key::{Key, KeyId};

/// Which role a metadata file is of: its `_type`, and its name in root's `roles`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoleName {
    /// Says which keys sign for the four roles.
    Root,
    /// Says which version of targets is current.
    Snapshot,
    /// Says what the target files are.
    Targets,
    /// Says which version of snapshot is current.
    Timestamp,
}

impl RoleName {
    /// The role's name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Snapshot => "snapshot",
            Self::Targets => "targets",
            Self::Timestamp => "timestamp",
        }
    }

    /// The largest file of this role that python-tuf, go-tuf and sigstore-java still read.
    #[must_use]
    pub const fn max_bytes(self) -> usize {
        match self {
            Self::Root => 512_000,
            Self::Snapshot => 2_000_000,
            Self::Targets => 5_000_000,
            Self::Timestamp => 16_384,
        }
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a role says beside the fields that all roles share.
pub trait Role: Clone + Serialize + DeserializeOwned {
    /// The role's `_type`.
    const NAME: RoleName;
}

/// The signed part of a metadata file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata<R> {
    #[serde(rename = "_type")]
    kind: RoleName,
    spec_version: String,
    /// Grows by one with each change.
    pub version: u64,
    /// From this instant on clients refuse the file.
    ///
    /// Whole seconds and `Z`: go-tuf checks signatures over what it writes itself, and it writes
    /// no fraction; python-tuf refuses one.
    #[serde(serialize_with = "write_time", deserialize_with = "read_time")]
    pub expires: Time,
    /// What the role says.
    #[serde(flatten)]
    pub role: R,
}

/// What production Sigstore writes; clients compare the first number only.
const SPEC_VERSION: &str = "1.0";

impl<R: Role> Metadata<R> {
    /// `version` of a role, valid until `expires`.
    #[must_use]
    pub fn new(version: u64, expires: Time, role: R) -> Self {
        Self {
            kind: R::NAME,
            spec_version: SPEC_VERSION.to_owned(),
            version,
            expires: expires.floor_to_second(),
            role,
        }
    }

    /// Whether `_type` is the role's own.
    pub(crate) fn has_own_type(&self) -> bool {
        self.kind == R::NAME
    }
}

/// The root role: which keys sign for which role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// Whether metadata and target names carry versions and hashes; always true here.
    pub consistent_snapshot: bool,
    /// Every key that a role names.
    pub keys: BTreeMap<KeyId, Key>,
    /// The keys of each role.
    pub roles: BTreeMap<RoleName, RoleThreshold>,
}

/// Whose signatures a role needs, and how many of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleThreshold {
    /// The keys that may sign.
    pub keyids: Vec<KeyId>,
    /// How many of them must.
    pub threshold: u32,
}

/// The targets role: the target files and their hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Targets {
    /// The target files by name.
    pub targets: BTreeMap<String, Target>,
}

/// One target file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Its size in bytes.
    pub length: u64,
    /// Its hashes.
    pub hashes: Hashes,
    /// What older Sigstore clients want to know about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom: Option<Custom>,
}

/// SHA-256 alone: of several, python-tuf and tuf-js name files by the first, sigstore-java by the
/// longest and go-tuf by any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hashes {
    /// SHA-256 as hexadecimal digits.
    pub sha256: String,
}

/// `custom` of a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Custom {
    /// Sigstore's part of it.
    pub sigstore: SigstoreCustom,
}

/// What clients older than the trusted root find keys and certificates by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigstoreCustom {
    /// `Fulcio`, `Rekor`, `CTFE` or `TSA`.
    pub usage: String,
    /// `Active` or `Expired`.
    pub status: String,
    /// The server's URL.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uri: String,
}

impl Target {
    /// The target file with these contents.
    #[must_use]
    pub fn of(contents: &[u8], custom: Option<Custom>) -> Self {
        Self {
            length: contents.len() as u64,
            hashes: Hashes { sha256: hex::encode(Sha256::digest(contents)) },
            custom,
        }
    }
}

/// The snapshot role: the version of targets that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// `targets.json` and its version.
    pub meta: BTreeMap<String, MetaFile>,
}

/// The timestamp role: the version of snapshot that is current.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timestamp {
    /// `snapshot.json` and its version.
    pub meta: BTreeMap<String, MetaFile>,
}

/// What snapshot and timestamp say of another metadata file. Version only, as in production.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetaFile {
    /// The file's version.
    pub version: u64,
}

const TARGETS_FILE: &str = "targets.json";
const SNAPSHOT_FILE: &str = "snapshot.json";

impl Snapshot {
    /// The snapshot that names this version of targets.
    #[must_use]
    pub fn of(targets: u64) -> Self {
        Self { meta: BTreeMap::from([(TARGETS_FILE.to_owned(), MetaFile { version: targets })]) }
    }

    /// The version of targets it names.
    #[must_use]
    pub fn targets_version(&self) -> Option<u64> {
        self.meta.get(TARGETS_FILE).map(|meta| meta.version)
    }
}

impl Timestamp {
    /// The timestamp that names this version of snapshot.
    #[must_use]
    pub fn of(snapshot: u64) -> Self {
        Self { meta: BTreeMap::from([(SNAPSHOT_FILE.to_owned(), MetaFile { version: snapshot })]) }
    }

    /// The version of snapshot it names.
    #[must_use]
    pub fn snapshot_version(&self) -> Option<u64> {
        self.meta.get(SNAPSHOT_FILE).map(|meta| meta.version)
    }
}

impl Role for Root {
    const NAME: RoleName = RoleName::Root;
}

impl Role for Targets {
    const NAME: RoleName = RoleName::Targets;
}

impl Role for Snapshot {
    const NAME: RoleName = RoleName::Snapshot;
}

impl Role for Timestamp {
    const NAME: RoleName = RoleName::Timestamp;
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn write_time<S: Serializer>(time: &Time, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&time.to_rfc3339())
}

fn read_time<'de, D: Deserializer<'de>>(from: D) -> Result<Time, D::Error> {
    let text = String::deserialize(from)?;
    Time::parse_rfc3339(&text).map_err(D::Error::custom)
}

//! TUF metadata: what a repository of ours says, how it is signed, and when it is renewed.
//!
//! Read in this order: [`Metadata`] and the four roles ([`Root`], [`Targets`], [`Snapshot`],
//! [`Timestamp`]), then [`Signed`] (canonical form and signatures), then [`RoleKey`], then
//! [`renew()`], which decides what a repository has to write next.
//!
//! In scope: the metadata files of one repository with four top-level roles, written so that
//! go-tuf, python-tuf, tuf-js, sigstore-java and tough all accept it, and read back for renewal.
//! Not here: delegations, files (`trust-lite`), and following somebody else's repository (a
//! client's work, which is borrowed).
//!
//! **Invariant:** a version number never repeats with other contents, and a version grows only
//! when contents, keys or expiry ask for it: renewing what is fresh writes nothing.
//!
//! **Invariant:** a new root is signed by the root key it replaces and by its own.
//!
//! **Invariant:** nothing here knows a file, a socket or the clock: the time is an argument.

mod key;
mod metadata;
mod names;
mod renew;
mod signed;
mod state;

pub use key::{Key, KeyError, KeyId, KeyVal, RoleKey};
pub use metadata::{
    Custom, Hashes, MetaFile, Metadata, Role, RoleName, RoleThreshold, Root, SigstoreCustom,
    Snapshot, Target, Targets, Timestamp,
};
pub use names::{metadata_name, target_name};
pub use renew::{File, Periods, RenewError, Renewal, RepositoryKeys, renew};
pub use signed::{SignError, Signature, Signed, VerifyError, canonical};
pub use state::{Online, ReadError, State};

//! Where images live, and how they travel: registries, OCI layout folders, docker archives.
//!
//! Read in this order: [`Repository`] (what can be asked of a place that holds manifests and
//! blobs), [`Registry`] (a session with registries: connections, tokens), [`layout`] (the same in a
//! folder), [`archive`] (a tar file to and from such a folder), [`copy`] (from one place to another,
//! signatures included), [`Access`] and [`keychain`] (who asks), [`make`] (an image out of nothing).
//!
//! In scope: the client's side of the OCI distribution specification 1.1, the image layout, what
//! `docker save` writes, docker's credential files. Not here: what a signature means
//! (`lite-verifier`), the documents themselves (`lite-oci`), serving images (`registry-lite`).
//!
//! **Invariant:** no manifest or blob is handed on whole, or kept under its digest, before its
//! bytes were found to have that digest.
//!
//! **Invariant:** a credential goes to the registry it belongs to and to the token service that
//! this registry names, over TLS unless the registry itself is spoken to without, and to nobody
//! else: not after a redirect, not to an upload location elsewhere. It is in no error and no log.
//!
//! **Invariant:** whatever a registry, a folder or an archive says about lengths and counts is
//! limited before it is believed.

mod access;
pub mod archive;
mod content;
pub mod copy;
mod error;
pub mod keychain;
pub mod layout;
pub mod make;
mod registry;
mod repository;

pub use access::{Access, Credential, Secret};
pub use content::{Content, OnBytes, silent};
pub use error::{Breach, ImageError, Said};
pub use registry::{Registry, Remote};
pub use repository::{Found, Repository};

//! Whose tokens are believed: the configuration file, and the keys behind it.

pub(crate) mod cluster;
mod fetch;
pub(crate) mod file;
pub(crate) mod keys;

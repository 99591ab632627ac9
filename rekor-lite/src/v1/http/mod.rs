//! The doors of the v1 API.

pub(crate) mod body;
pub(crate) mod entries;
pub(crate) mod error;
pub(crate) mod index;
pub(crate) mod json;
pub(crate) mod log;
pub(crate) mod reads;
pub(crate) mod retrieve;

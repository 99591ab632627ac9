//! The doors: parse, call, render.

pub(crate) mod blobs;
pub(crate) mod content_range;
pub(crate) mod endpoint;
pub(crate) mod error;
pub(crate) mod listing;
pub(crate) mod manifests;
pub(crate) mod page;
pub(crate) mod range;
pub(crate) mod uploads;

//! The doors: parse, call, render.

pub(crate) mod create_entry;
pub(crate) mod error;
pub(crate) mod reads;
pub(crate) mod search;

//! Rekor v1: a tree of its own, behind the API that most clients in the field speak.
//!
//! Read in this order: [`router`] (the table of contents), [`http`] (the doors), [`app`] (what a
//! door may reach), [`entry_id`] (how an entry is named), [`answer`] (how it is rendered),
//! [`promise`] (the signed entry timestamp).
//!
//! What makes an entry acceptable, and its canonical bytes, is `lite-entries`.
//!
//! **Invariant:** the tree has an ECDSA P-256 key and exactly one signature on each checkpoint:
//! stock verifiers refuse everything else.
//!
//! **Invariant:** an entry's integrated time is the one that its leaf was sequenced with, durable,
//! and the same in every answer.

pub(crate) mod answer;
pub(crate) mod app;
pub(crate) mod entry_id;
pub(crate) mod http;
pub(crate) mod promise;
pub(crate) mod router;

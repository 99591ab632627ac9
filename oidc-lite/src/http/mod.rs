//! The doors: parse, call, render. One file per page or endpoint.

pub(crate) mod authorize;
pub(crate) mod device;
pub(crate) mod discovery;
pub(crate) mod login;
pub(crate) mod oauth_error;
pub(crate) mod page;
pub(crate) mod token;
pub(crate) mod userinfo;
pub(crate) mod visitor;

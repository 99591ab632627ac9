//! What tests of several crates share. Never a dependency of the product.
//!
//! One room so far: [`Chromium`], a headless browser with a profile of its own.

#![expect(clippy::missing_panics_doc, reason = "panicking is how a test's tool tells")]
#![expect(clippy::unwrap_used, reason = "panicking is how a test's tool tells")]

mod chromium;

pub use chromium::Chromium;
pub use fantoccini::Locator;

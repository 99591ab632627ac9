//! The life of a verification: a bundle, a trusted root, an artifact and a policy in; evidence
//! for every step out, or a refusal that is a word.
//!
//! Read in this order: [`Verifier::verify`] (the numbered story), [`Policy`] (what is asked for),
//! [`Trust`] (what is believed), [`Report`] (what comes out), [`Reason`] (every word with which a
//! bundle can be refused; beside it [`Help`] and what an attacker could have done), then one module
//! of `steps` after the other. `near` looks for what a refused bundle almost met.
//!
//! The steps carry the numbers of sigstore-python, so that both can be open side by side:
//! (0) times, (1) chain, (2) SCT, (3) identity, (4) inclusion and checkpoint, (5) SET, (6) times
//! within validity, (7) signature, (8) entry equals bundle.
//!
//! Without a bundle, [`Trust::signed_tree`] and [`Trust::logged_entry`] ask the same of a log alone.
//!
//! In scope: bundles v0.1 to v0.3, messages and in-toto attestations, certificates and managed
//! keys, Rekor v1 and v2, RFC 3161 timestamps. Not here: files, sockets, TUF, registries.
//!
//! **Invariant:** a verdict depends on the arguments alone. There is no clock: what counts is when
//! the signature was made, and that is in the bundle, signed.
//!
//! **Invariant:** everything in a bundle that is presented as evidence must verify. One bad entry
//! or timestamp refuses the bundle, whatever the others say.
//!
//! **Invariant:** a check is left out only through an option whose name contains `insecure`.
//!
//! ```
//! use lite_bundle::trust::TrustedRoot;
//! use lite_verifier::{Artifact, Identity, Policy, Reason, Trust, Verifier};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let root = include_bytes!("../tests/vectors/bundle-verify/rekor2-happy-path/trusted_root.json");
//! let bundle = include_bytes!("../tests/vectors/bundle-verify/rekor2-happy-path/bundle.sigstore.json");
//! let artifact = include_bytes!("../tests/vectors/a.txt");
//!
//! let verifier = Verifier::new(Trust::new(&TrustedRoot::parse(root)?));
//! let identity = Identity::exact(
//!     "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon\
//!      /.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main",
//!     "https://token.actions.githubusercontent.com",
//! );
//! let report = verifier.verify_json(bundle, &Artifact::of_bytes(artifact), &Policy::identity(identity));
//! assert!(report.is_accepted());
//!
//! // Somebody else's signature is refused in step (3), and the report says who it was.
//! let me = Identity::exact("me@example.com", "https://accounts.example.com");
//! let report = verifier.verify_json(bundle, &Artifact::of_bytes(artifact), &Policy::identity(me));
//! let refusal = report.refusal().ok_or("refused")?;
//! assert_eq!(refusal.reason, Reason::IdentityMismatch);
//! assert_eq!(refusal.reason.code(), "identity-mismatch");
//! assert!(refusal.found.contains("extremely-dangerous-oidc-beacon"));
//! # Ok(())
//! # }
//! ```

mod artifact;
mod lesson;
mod log;
mod near;
mod policy;
mod reason;
mod report;
mod steps;
mod trust;
mod verifier;

pub use artifact::Artifact;
pub use lesson::Help;
pub use log::{LogVersion, LoggedEntry, SignedTree};
pub use policy::{Claim, Identity, Insecure, Matcher, PatternError, Policy, SignerPolicy};
pub use reason::{Reason, Refusal};
pub use report::{
    Evidence, Finding, Outcome, Report, Step, StepReport, TimeSource, TrustedTime, Verified,
};
pub use trust::Trust;
pub use verifier::Verifier;

//! RFC 3161 timestamps: the question, the answer, and what makes an answer true.
//!
//! ```text
//! TimeStampReq   version 1, MessageImprint { hash, digest }, [policy], [nonce], certReq
//! TimeStampResp  PKIStatusInfo, ContentInfo { SignedData { TSTInfo, [certificate], SignerInfo } }
//! TSTInfo        version 1, policy, MessageImprint, serial, genTime, accuracy, [nonce], tsa
//! ```
//!
//! [`TimestampRequest`] is read by the authority and written by clients; [`TimestampAuthority`]
//! answers; [`TimestampResponse`] is what a verifier reads, and [`TimestampResponse::verify`] its
//! judgement.

mod authority;
mod request;
mod response;
mod signer;
mod verify;

pub use authority::{TimestampAuthority, TimestampAuthorityError};
pub use request::{MAX_NONCE, MAX_REQUEST, TimestampRequest, TimestampRequestError};
pub use response::{MAX_RESPONSE, TimestampResponse, TimestampResponseError};
pub use verify::{TimestampError, TrustedAuthority, VerifiedTimestamp};

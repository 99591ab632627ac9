//! The only place where a refusal meets a status code. The words are upstream's
//! (fulcio:pkg/server/error.go), because clients show them.

use lite_http::rpc::Status;
use lite_issuer::{IssueError, PossessionError};

use crate::app::Failure;

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Busy => Self::unavailable("too many certificates are being issued"),
            Failure::Lost => Self::internal("error communicating with CA backend"),
            Failure::Issue(why) => {
                log(&why);
                status(&why)
            }
        }
    }
}

fn status(why: &IssueError) -> Status {
    match why {
        IssueError::Token(_) => {
            Status::invalid_argument("There was an error processing the identity token")
        }
        IssueError::Possession(why) => Status::invalid_argument(possession(*why)),
        IssueError::Embed(why) => Status::invalid_argument(why.to_string()),
        IssueError::Lint(why) => Status::invalid_argument(why.to_string()),
        IssueError::NotLogged(_) => Status::internal("Error entering certificate in CTL"),
        _ => Status::internal("error communicating with CA backend"),
    }
}

fn possession(why: PossessionError) -> String {
    match why {
        PossessionError::KeyInsecure => "The public key supplied in the request is insecure",
        PossessionError::KeyUnparseable => {
            "The public key supplied in the request could not be parsed"
        }
        PossessionError::RequestUnparseable => {
            "The certificate signing request could not be parsed"
        }
        PossessionError::Signature => "The signature supplied in the request could not be verified",
        other => return other.to_string(),
    }
    .to_owned()
}

/// What the caller is not told, the operator can read: which check it was, and never what was in the token.
fn log(why: &IssueError) {
    let reason = lite_http::standalone::chain(why);
    if why.is_refusal() {
        tracing::info!(kind = why.kind(), reason, "certificate refused");
    } else {
        tracing::error!(kind = why.kind(), reason, "certificate not issued");
    }
}

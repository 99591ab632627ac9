//! What went wrong with a registry, in words and with the command that helps.

use lite_images::ImageError;

use crate::exit::Exit;
use crate::failure::Failure;

/// The failure that a registry's refusal is told as.
pub(crate) fn refused(error: &ImageError) -> Failure {
    let (exit, hint) = match error {
        ImageError::Unreachable { .. } => {
            (Exit::Instance, Some("is it running? siglite up serves a registry on localhost:7070"))
        }
        ImageError::Tls { .. } => (
            Exit::Instance,
            Some("--registry-cacert FILE names its authority, --allow-http-registry allows HTTP"),
        ),
        ImageError::PlainHttp { .. } => {
            (Exit::Instance, Some("--allow-http-registry allows plain HTTP"))
        }
        ImageError::Unauthorized { had_credential: true, .. } => (
            Exit::Identity,
            Some("is the password still right? siglite login REGISTRY keeps a new one"),
        ),
        ImageError::Unauthorized { .. } => {
            (Exit::Identity, Some("siglite login REGISTRY keeps a password for it"))
        }
        ImageError::Denied { .. } => {
            (Exit::Identity, Some("siglite login REGISTRY signs in as somebody else"))
        }
        ImageError::Keychain { .. } => {
            (Exit::Identity, Some("--registry-username and --registry-password go before it"))
        }
        ImageError::NotFound { .. } => {
            (Exit::NoImage, Some("is it pushed? siglite image list REGISTRY shows what there is"))
        }
        ImageError::Unsupported { .. } => {
            (Exit::Instance, Some("is it read-only? COSIGN_REPOSITORY moves signatures elsewhere"))
        }
        ImageError::DigestMismatch { .. } | ImageError::SizeMismatch { .. } => {
            (Exit::Refused, Some("the registry, or somebody on the way, changed it: push it again"))
        }
        ImageError::Layout { .. } | ImageError::Setup { .. } | ImageError::Io { .. } => {
            (Exit::Usage, None)
        }
        _ => (Exit::Instance, None),
    };
    let mut failure = Failure::new(exit, error.to_string());
    if let Some(cause) = std::error::Error::source(error) {
        failure = failure.because(cause);
    }
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

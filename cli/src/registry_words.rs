//! What went wrong with a registry, a layout or an archive, in words and with the command that helps.

use std::error::Error;

use lite_images::ImageError;

use crate::exit::Exit;
use crate::failure::{Failure, Outcome};

/// The other side of `?` for [`ImageError`].
pub(crate) trait Told<T> {
    /// Tells the error in words.
    fn told(self) -> Outcome<T>;
}

impl<T> Told<T> for Result<T, ImageError> {
    fn told(self) -> Outcome<T> {
        self.map_err(|error| refused(&error))
    }
}

/// The failure that an error is told as.
pub(crate) fn refused(error: &ImageError) -> Failure {
    let failure = Failure::new(exit(error), error.to_string());
    let failure = match error.source() {
        Some(source) => failure.because(deepest(source)),
        None => failure,
    };
    match error {
        ImageError::Denied { registry, .. } | ImageError::Unauthorized { registry, .. } => {
            failure.hint(format!("siglite login {registry}"))
        }
        ImageError::DigestMismatch { .. } | ImageError::SizeMismatch { .. } => {
            failure.hint("the registry, or somebody on the way, changed it: push it again")
        }
        ImageError::Keychain { .. } => {
            failure.hint("--registry-username and --registry-password go before it")
        }
        ImageError::Layout { .. } | ImageError::Archive { .. } => {
            failure.hint("a folder is written oci:DIR[:TAG], an archive docker-archive:FILE")
        }
        ImageError::NotFound { .. } => {
            failure.hint("siglite image list REPOSITORY shows what there is")
        }
        ImageError::PlainHttp { .. } => failure.hint("--allow-http-registry allows it"),
        ImageError::Tls { .. } => {
            failure.hint("name the registry's certificate authority with --registry-cacert FILE")
        }
        ImageError::Unreachable { .. } => {
            failure.hint("is the registry running? siglite up has one")
        }
        ImageError::Unsupported { .. } => failure.hint(
            "it is read-only, or deletes nothing; COSIGN_REPOSITORY keeps signatures elsewhere",
        ),
        _ => failure,
    }
}

const fn exit(error: &ImageError) -> Exit {
    match error {
        ImageError::NotFound { .. } => Exit::NoImage,
        ImageError::Denied { .. }
        | ImageError::Keychain { .. }
        | ImageError::Unauthorized { .. } => Exit::Identity,
        ImageError::Archive { .. }
        | ImageError::Io { .. }
        | ImageError::Layout { .. }
        | ImageError::Setup { .. } => Exit::Usage,
        ImageError::DigestMismatch { .. } | ImageError::SizeMismatch { .. } => Exit::Refused,
        _ => Exit::Instance,
    }
}

/// The libraries' layers say little; the last of them says what the system or the registry said.
fn deepest<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    let mut cause = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    cause
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_says_what_helps() {
        let registry = || "r.example".to_owned();
        let missing = refused(&ImageError::NotFound { name: "r.example/a:b".to_owned() });
        assert_eq!(missing.exit, Exit::NoImage);
        assert_eq!(missing.sentence, "r.example/a:b does not exist");
        let plain = refused(&ImageError::PlainHttp { registry: registry() });
        assert!(plain.hint.unwrap().contains("--allow-http-registry"));
        let said = lite_images::Said { code: "DENIED".into(), message: "no".into() };
        let denied = refused(&ImageError::Denied { registry: registry(), source: said });
        assert_eq!(denied.exit, Exit::Identity);
        assert!(denied.notes.contains(&("cause", "DENIED: no".to_owned())));
        assert_eq!(denied.hint.unwrap(), "siglite login r.example");
    }
}

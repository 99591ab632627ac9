//! What goes wrong with images, in the words of whoever can change it.

use std::error::Error;

use lite_images::ImageError;
use lite_images::archive::WriteError;
use lite_images::copy::CopyError;
use lite_images::make::MakeError;

use crate::exit::Exit;
use crate::failure::{Failure, Outcome};

/// An image that could not be read or written.
pub(crate) fn told(error: &ImageError) -> Failure {
    let failure = Failure::new(exit(error), error.to_string());
    let failure = match error.source() {
        Some(source) => failure.because(deepest(source)),
        None => failure,
    };
    match error {
        ImageError::Denied { registry, .. } | ImageError::Unauthorized { registry, .. } => {
            failure.hint(format!("siglite login {registry}"))
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
        ImageError::Unsupported { .. } => {
            failure.hint("the registry is read-only, or deletes nothing")
        }
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

/// A copy that did not come to its end. What has arrived stays; doing it again goes on from there.
pub(crate) fn copy_told(error: &CopyError) -> Failure {
    match error {
        CopyError::Image(error) => told(error),
        CopyError::NoPlatform(_) => Failure::new(Exit::NoImage, error.to_string())
            .hint("siglite image inspect IMAGE shows the platforms"),
        other => Failure::new(Exit::Instance, other.to_string()),
    }
}

/// An image that could not be made.
pub(super) fn make_told(error: &MakeError) -> Failure {
    match error {
        MakeError::Image(error) => told(error),
        MakeError::Program(_) => Failure::usage(error.to_string())
            .hint("give a program for that platform with --from FILE"),
        other => Failure::usage(other.to_string()),
    }
}

/// An archive that could not be written.
pub(super) fn write_told(error: &WriteError) -> Failure {
    match error {
        WriteError::Image(error) => told(error),
        other => Failure::usage(other.to_string())
            .hint("choose one with --platform, as in --platform linux/amd64"),
    }
}

/// The other side of `?` for [`ImageError`].
pub(crate) trait Told<T> {
    /// Tells the error in words.
    fn told(self) -> Outcome<T>;
}

impl<T> Told<T> for Result<T, ImageError> {
    fn told(self) -> Outcome<T> {
        self.map_err(|error| told(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_says_what_helps() {
        let registry = || "r.example".to_owned();
        let missing = told(&ImageError::NotFound { name: "r.example/a:b".to_owned() });
        assert_eq!(missing.exit, Exit::NoImage);
        assert_eq!(missing.sentence, "r.example/a:b does not exist");
        let plain = told(&ImageError::PlainHttp { registry: registry() });
        assert!(plain.hint.unwrap().contains("--allow-http-registry"));
        let said = lite_images::Said { code: "DENIED".into(), message: "no".into() };
        let denied = told(&ImageError::Denied { registry: registry(), source: said });
        assert_eq!(denied.exit, Exit::Identity);
        assert!(denied.notes.contains(&("cause", "DENIED: no".to_owned())));
        assert_eq!(denied.hint.unwrap(), "siglite login r.example");
    }
}

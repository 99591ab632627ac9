//! What goes wrong with images, in the words of whoever can change it.

use lite_images::archive::WriteError;
use lite_images::copy::CopyError;
use lite_images::make::MakeError;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::registry_words::refused;

/// A copy that did not come to its end. What has arrived stays; doing it again goes on from there.
pub(crate) fn copy_told(error: &CopyError) -> Failure {
    match error {
        CopyError::Image(error) => refused(error),
        CopyError::NoPlatform(_) => Failure::new(Exit::NoImage, error.to_string())
            .hint("siglite image inspect IMAGE shows the platforms"),
        other => Failure::new(Exit::Instance, other.to_string()),
    }
}

/// An image that could not be made.
pub(super) fn make_told(error: &MakeError) -> Failure {
    match error {
        MakeError::Image(error) => refused(error),
        MakeError::Program(_) => Failure::usage(error.to_string())
            .hint("give a program for that platform with --from FILE"),
        other => Failure::usage(other.to_string()),
    }
}

/// An archive that could not be written.
pub(super) fn write_told(error: &WriteError) -> Failure {
    match error {
        WriteError::Image(error) => refused(error),
        other => Failure::usage(other.to_string())
            .hint("choose one with --platform, as in --platform linux/amd64"),
    }
}

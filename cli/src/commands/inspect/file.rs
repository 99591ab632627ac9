//! A document in a file.

use std::path::Path;

use lite_inspect::{MAX_BYTES, Tree, Unknown, inspect};

use crate::commands::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files;

/// The document's tree.
pub(super) fn tree(path: &Path, context: &Context) -> Outcome<Tree> {
    let limit = MAX_BYTES as u64;
    let (bytes, name) = if files::is_dash(path) {
        (files::read_stdin(limit)?, "standard input".to_owned())
    } else {
        (files::read(path, limit, Exit::Usage)?, path.display().to_string())
    };
    inspect(&bytes, context.clock().now()).map_err(|error| {
        Failure::new(Exit::Usage, format!("{name} is nothing that siglite knows"))
            .because(&error)
            .hint(format!("it knows: {}", Unknown::known()))
    })
}

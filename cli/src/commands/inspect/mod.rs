//! `siglite inspect`: any document of Sigstore's, and any image, as a labelled tree.
//!
//! Read in this order: [`mod@file`] and [`image`] (where a tree comes from), [`drawing`] (how it is
//! printed). What the documents are made of is in `lite-inspect`.

mod drawing;
mod file;
mod image;

use std::path::Path;

use lite_inspect::Tree;
use lite_oci::Reference;

use crate::commands::{Context, block_on};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files;
use crate::registry_flags::RegistryFlags;
use crate::render::OutputForm;

/// Show what a document or an image says, piece by piece, without verifying it
///
/// A document is a bundle, a certificate or a chain, a signing request, a checkpoint or another
/// signed note, a timestamp or a request for one, a trusted root, a signing config, TUF metadata,
/// an identity token, a log entry as either version of Rekor answers it, an in-toto statement, a
/// DSSE envelope, an image manifest, a simple signing payload, a key, or a signed certificate
/// timestamp; in JSON, PEM, DER, or base64 of one of these. What it is, is found by looking.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite inspect FILE.sigstore.json
  siglite inspect FILE.sigstore.json --depth 2
  siglite inspect localhost:7070/app:1              the image and what is attached to it
  siglite token | siglite inspect -                 the signature of a token is never shown
  siglite inspect cert.pem --output json | jq -r '.. | select(.label? == \"not after\") | .value'

Offsets in the JSON are those of the DER document that the piece stands in. Nothing is verified:
siglite verify, verify-blob and verify-blob-attestation do that.")]
pub(crate) struct Args {
    /// A file, - for standard input, or an image with its registry
    #[arg(value_name = "FILE|IMAGE")]
    what: String,

    /// Show no more than N layers of the tree
    #[arg(long, value_name = "N")]
    depth: Option<usize>,

    /// Show long values whole
    #[arg(long)]
    full: bool,

    /// What to print; JSON has every value whole
    #[arg(long, short, value_name = "FORM", default_value = "text")]
    output: OutputForm,

    #[command(flatten)]
    registry: RegistryFlags,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let tree = match image_named(&args.what)? {
        Some(reference) => block_on(image::tree(&reference, &args.registry, context))?,
        None => file::tree(Path::new(&args.what), context)?,
    };
    let form = Form { depth: args.depth, full: args.full, output: args.output };
    show(tree, &args.what, form, context)
}

/// A file as a whole tree, for commands that know that it is one.
pub(crate) fn of_file(path: &Path, output: OutputForm, context: &Context) -> Outcome {
    let form = Form { depth: None, full: false, output };
    show(file::tree(path, context)?, &path.display().to_string(), form, context)
}

/// How a tree is printed.
#[derive(Clone, Copy)]
struct Form {
    depth: Option<usize>,
    full: bool,
    output: OutputForm,
}

fn show(tree: Tree, name: &str, form: Form, context: &Context) -> Outcome {
    let verified_by = tree.kind.and_then(lite_inspect::Kind::verified_by);
    let tree = match form.depth {
        Some(depth) => cut(tree, depth),
        None => tree,
    };
    match form.output {
        OutputForm::Text => {
            let screen = context.screen();
            screen.drawn(&drawing::lines(&tree, name, form.full, screen.paints_data()))?;
        }
        OutputForm::Json => context.screen().json(&drawing::json(&tree))?,
    }
    context.screen().say(&match verified_by {
        Some(command) => format!("Nothing of this is verified: {command} does that."),
        None => "Nothing of this is verified.".to_owned(),
    });
    Ok(())
}

/// The image that is meant, where one is: what is a file is a file, and what names its registry is
/// an image. Without a registry a mistyped path would be looked for on somebody's server.
fn image_named(what: &str) -> Outcome<Option<Reference>> {
    let path = Path::new(what);
    if files::is_dash(path) || path.exists() || what.starts_with(['/', '.']) {
        return Ok(None);
    }
    let host = what.split_once('/').map(|(host, _)| host);
    let names_registry =
        host.is_some_and(|host| host == "localhost" || host.contains(['.', ':', '[']));
    if what.contains("://") || !names_registry {
        return Err(Failure::new(Exit::Usage, format!("there is no file {what}"))
            .hint("an image is named with its registry: HOST/NAME:TAG"));
    }
    what.parse().map(Some).map_err(|error| {
        Failure::new(Exit::Usage, format!("{what} is neither a file nor an image")).because(&error)
    })
}

/// The first layers of a tree, with a word about what is below.
fn cut(tree: Tree, depth: usize) -> Tree {
    let children = tree.children.len();
    if depth == 0 && children > 0 {
        let below = format!("{children} below");
        let note = tree.note.map_or_else(|| below.clone(), |note| format!("{note}; {below}"));
        return Tree { note: Some(note), children: Vec::new(), ..tree };
    }
    let cut_child = |child| cut(child, depth.saturating_sub(1));
    Tree { children: tree.children.into_iter().map(cut_child).collect(), ..tree }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_names_its_registry_is_an_image() {
        let is_image = |text: &str| image_named(text).map(|found| found.is_some()).ok();
        assert_eq!(is_image("localhost:7070/app:1"), Some(true));
        assert_eq!(is_image("ghcr.io/a/b@sha256:x"), None);
        assert_eq!(is_image("ghcr.io/a/b"), Some(true));
        assert_eq!(is_image("-"), Some(false));
        assert_eq!(is_image("./no-such"), Some(false));
        for neither in ["no-such.json", "dir/no-such.json", "https://ghcr.io/a"] {
            assert_eq!(is_image(neither), None, "{neither}");
        }
    }

    #[test]
    fn what_is_cut_is_counted() {
        let leaf = Tree { label: "leaf".into(), ..Tree::default() };
        let middle =
            Tree { label: "m".into(), children: vec![leaf.clone(), leaf], ..Tree::default() };
        let top = Tree { label: "t".into(), children: vec![middle], ..Tree::default() };
        let shown = cut(top.clone(), 1);
        assert_eq!(shown.children[0].note.as_deref(), Some("2 below"));
        assert!(shown.children[0].children.is_empty());
        assert_eq!(cut(top.clone(), 5), top);
    }
}

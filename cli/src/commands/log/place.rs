//! Which log a command works with, and what it is held to.

use clap::ValueEnum;
use lite_bundle::trust::TrustedRoot;

use super::Args;
use super::reader::{LogReader, MAX_BUNDLE_BYTES};
use crate::client::Web;
use crate::commands::Context;
use crate::failure::{Failure, Outcome};
use crate::flags::{ServiceFlags, TrustFlags};
use crate::render::OutputForm;
use crate::trust::{self, LogService, Services};

/// The two trees of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Tree {
    /// Of API v1: entries have UUIDs, and the log promises a time
    V1,
    /// Of API v2: tiles
    V2,
}

impl Tree {
    const fn number(self) -> u32 {
        match self {
            Self::V1 => 1,
            Self::V2 => 2,
        }
    }
}

/// A log to work with.
pub(super) struct Place {
    pub(super) web: Web,
    pub(super) log: LogService,
    pub(super) root: TrustedRoot,
    pub(super) output: OutputForm,
}

impl Place {
    /// The log that flags, argument and signing config name.
    pub(super) fn of(args: &Args, context: &Context) -> Outcome<Self> {
        let tree = match (args.tree, args.named_tree()) {
            (Some(Tree::V2), Some(Tree::V1)) => {
                return Err(Failure::usage("entries of the v2 tree have no UUID")
                    .hint("leave --tree out, or name the entry by its index"));
            }
            (tree, named) => tree.or(named),
        };
        let services = ServiceFlags {
            rekor_url: args.rekor_url.clone(),
            rekor_version: tree.map(Tree::number),
            signing_config: args.signing_config.clone(),
            ..ServiceFlags::default()
        };
        let trust = TrustFlags { trusted_root: args.trusted_root.clone() };
        Ok(Self {
            web: Web::trusting_with_answers_up_to(MAX_BUNDLE_BYTES, context.instance_ca()?),
            root: trust::trusted_root(&trust, context)?,
            log: Services::log(&services, context)?,
            output: args.output,
        })
    }

    /// Opens the log at its newest checkpoint.
    pub(super) async fn open(&self) -> Outcome<LogReader> {
        LogReader::open(self.web.clone(), self.log.clone(), &self.root).await
    }
}

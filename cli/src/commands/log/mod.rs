//! `siglite log`: the transparency log, read with proofs.
//!
//! A log of API v2 has no proof service: proofs are made here, out of its tiles, and hold only if
//! they lead to the root hash of a checkpoint that a trusted log signed.

mod reader;

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Subcommand;
use lite_tlog::Hash;
use serde_json::{Value, json};

use crate::client::Web;
use crate::commands::{Context, block_on};
use crate::failure::Outcome;
use crate::flags::{ServiceFlags, TrustFlags};
use crate::render::OutputForm;
use crate::trust::{self, Services};
use reader::LogReader;

/// Read the transparency log, with proofs
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The log (API v2) [default: the signing config's]
    #[arg(long, global = true, value_name = "URL")]
    rekor_url: Option<String>,

    /// Where the log is [default: the instance's signing config]
    #[arg(long, global = true, value_name = "FILE")]
    signing_config: Option<PathBuf>,

    /// The keys to start from [default: the instance's trusted root]
    #[arg(long, global = true, value_name = "FILE")]
    trusted_root: Option<PathBuf>,

    /// What to print
    #[arg(long, short, global = true, value_name = "FORM", default_value = "text")]
    output: OutputForm,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Print the log's newest signed checkpoint
    #[command(after_help = "Examples:
  siglite log info
  siglite log info --output json")]
    Info,
    /// Print an entry, after verifying that the log holds it
    #[command(after_help = "Examples:
  siglite log get 7
  siglite log get 7 --output json
  siglite log get 7 | jq .spec")]
    Get {
        /// The index of the entry, from 0
        index: u64,
    },
    /// Print a proof, after verifying it
    Proof {
        #[command(subcommand)]
        proof: Proof,
    },
}

#[derive(Debug, Subcommand)]
enum Proof {
    /// That the log holds an entry
    #[command(after_help = "Examples:
  siglite log proof inclusion 7
  siglite log proof inclusion 7 --tree-size 8 --output json")]
    Inclusion {
        /// The index of the entry, from 0
        index: u64,
        /// In the tree of this many entries [default: the newest]
        #[arg(long, value_name = "N")]
        tree_size: Option<u64>,
    },
    /// That the log has only grown
    #[command(after_help = "Examples:
  siglite log proof consistency 8               from 8 entries to the newest tree
  siglite log proof consistency 8 12 --output json")]
    Consistency {
        /// The size of the older tree
        old: u64,
        /// The size of the newer tree [default: the newest]
        new: Option<u64>,
    },
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    block_on(read(args, context))
}

async fn read(args: &Args, context: &Context) -> Outcome {
    let trust = TrustFlags { trusted_root: args.trusted_root.clone() };
    let root = trust::trusted_root(&trust, context)?;
    let services = ServiceFlags {
        rekor_url: args.rekor_url.clone(),
        signing_config: args.signing_config.clone(),
        ..ServiceFlags::default()
    };
    let log = Services::log(&services, context)?.url;
    let mut reader = LogReader::open(Web::default(), log, &root).await?;
    let (data, words) = match &args.verb {
        Verb::Info => info(&reader),
        Verb::Get { index } => get(&mut reader, *index).await?,
        Verb::Proof { proof: Proof::Inclusion { index, tree_size } } => {
            inclusion(&mut reader, *index, *tree_size).await?
        }
        Verb::Proof { proof: Proof::Consistency { old, new } } => {
            consistency(&mut reader, *old, *new).await?
        }
    };
    match args.output {
        OutputForm::Json => context.screen().json(&data)?,
        OutputForm::Text => context.screen().data(&lines(&data))?,
    }
    context.screen().done("Verified OK:", &words);
    Ok(())
}

fn info(reader: &LogReader) -> (Value, String) {
    let checkpoint = reader.checkpoint();
    let data = json!({
        "origin": checkpoint.origin,
        "treeSize": checkpoint.size,
        "rootHash": STANDARD.encode(checkpoint.root),
        "logId": STANDARD.encode(reader.log_id()),
        "url": reader.url(),
        "checkpoint": reader.note(),
    });
    (data, format!("{} signed a tree of {} entries", checkpoint.origin, checkpoint.size))
}

async fn get(reader: &mut LogReader, index: u64) -> Outcome<(Value, String)> {
    let (leaf, proof) = reader.entry(index).await?;
    let size = reader.checkpoint().size;
    // Every leaf of Rekor is JSON; what is not is shown as bytes.
    let body = serde_json::from_slice(&leaf).unwrap_or_else(|_| json!(STANDARD.encode(&leaf)));
    let data = json!({
        "logIndex": index,
        "leafHash": STANDARD.encode(lite_tlog::leaf_hash(&leaf)),
        "body": body,
        "inclusionProof": proof_json(index, size, &reader.checkpoint().root, &proof),
        "checkpoint": reader.note(),
    });
    let origin = &reader.checkpoint().origin;
    Ok((data, format!("entry {index} is in the tree of {size} that {origin} signed")))
}

async fn inclusion(
    reader: &mut LogReader,
    index: u64,
    tree_size: Option<u64>,
) -> Outcome<(Value, String)> {
    let size = tree_size.unwrap_or(reader.checkpoint().size);
    let (root, proof) = reader.inclusion(index, size).await?;
    let data = proof_json(index, size, &root, &proof);
    let origin = &reader.checkpoint().origin;
    Ok((data, format!("entry {index} is in the tree of {size} of {origin}")))
}

async fn consistency(
    reader: &mut LogReader,
    old: u64,
    new: Option<u64>,
) -> Outcome<(Value, String)> {
    let new = new.unwrap_or(reader.checkpoint().size);
    let (old_root, new_root, proof) = reader.consistency(old, new).await?;
    let data = json!({
        "oldTreeSize": old,
        "oldRootHash": STANDARD.encode(old_root),
        "treeSize": new,
        "rootHash": STANDARD.encode(new_root),
        "hashes": hashes(&proof),
    });
    let origin = &reader.checkpoint().origin;
    Ok((data, format!("the tree of {new} of {origin} begins with its tree of {old}")))
}

fn proof_json(index: u64, size: u64, root: &Hash, proof: &[Hash]) -> Value {
    json!({
        "logIndex": index,
        "treeSize": size,
        "rootHash": STANDARD.encode(root),
        "hashes": hashes(proof),
    })
}

fn hashes(proof: &[Hash]) -> Vec<String> {
    proof.iter().map(|hash| STANDARD.encode(hash)).collect()
}

/// An object as lines for people: one member a line, lists below their name. An entry's body is
/// the entry.
fn lines(data: &Value) -> String {
    let Some(members) = data.as_object() else {
        return data.to_string();
    };
    if let Some(body) = members.get("body") {
        return body.to_string();
    }
    let (mut lines, mut lists) = (Vec::new(), Vec::new());
    for (name, value) in members {
        let name = format!("{name}:");
        match value {
            Value::Array(all) => {
                lists.push(name);
                for one in all {
                    lists.push(format!("  {}", one.as_str().unwrap_or_default()));
                }
            }
            // The note itself is for programs, and in their form of output.
            Value::String(_) if name == "checkpoint:" => {}
            Value::String(value) => lines.push(format!("{name:14}{value}")),
            other => lines.push(format!("{name:14}{other}")),
        }
    }
    lines.append(&mut lists);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_printed_as_it_is_and_a_proof_as_lines() {
        let entry = json!({"logIndex": 7, "body": {"kind": "hashedrekord"}});
        assert_eq!(lines(&entry), r#"{"kind":"hashedrekord"}"#);
        let proof = proof_json(1, 2, &[0; 32], &[[1; 32]]);
        let text = lines(&proof);
        assert!(text.contains("logIndex:     1\n"), "{text}");
        assert!(text.contains("hashes:\n  AQEB"), "{text}");
    }
}

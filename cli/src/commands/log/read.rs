//! `info`, `get` and `proof`: what the log holds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_tlog::Hash;
use serde_json::{Value, json};

use super::Said;
use super::place::Place;
use crate::client::rekor_v1::Name;
use crate::failure::Outcome;
use crate::trust::LogVersion;

/// How an entry is named on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// By its index, from 0.
    Index(u64),
    /// By its UUID: 64 hexadecimal digits of the leaf hash, or 80 with the tree. v1 only.
    Uuid(String),
}

impl std::str::FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hex && matches!(text.len(), 64 | 80) {
            return Ok(Self::Uuid(text.to_ascii_lowercase()));
        }
        text.parse()
            .map(Self::Index)
            .map_err(|_| "neither an index nor a UUID of 64 or 80 hexadecimal digits".to_owned())
    }
}

pub(super) async fn info(place: &Place) -> Outcome<Said> {
    let reader = place.open().await?;
    let (checkpoint, signed) = (reader.checkpoint(), reader.signed());
    let mut data = json!({
        "origin": checkpoint.origin,
        "treeSize": checkpoint.size,
        "rootHash": STANDARD.encode(checkpoint.root),
        "logId": STANDARD.encode(signed.log_id.0),
        "url": reader.service().url,
        "checkpoint": signed.note,
    });
    if let (LogVersion::V1, Some(tree)) = (place.log.version, signed.tree_id()) {
        data["treeId"] = json!(tree);
    }
    let words = format!("{} signed a tree of {} entries", checkpoint.origin, checkpoint.size);
    Ok(Said { text: lines(&data), data, words })
}

pub(super) async fn get(place: &Place, named: &Named) -> Outcome<Said> {
    let mut reader = place.open().await?;
    let entry = match named {
        Named::Index(index) => reader.entry(*index).await?,
        Named::Uuid(uuid) => reader.entry_of_v1(Name::Uuid(uuid)).await?,
    };
    let data = entry.json();
    Ok(Said { text: lines(&data), data, words: entry.sentence() })
}

pub(super) async fn inclusion(place: &Place, index: u64, tree_size: Option<u64>) -> Outcome<Said> {
    let mut reader = place.open().await?;
    let Some(size) = tree_size else {
        let entry = reader.entry(index).await?;
        let data = entry.proof_json();
        return Ok(Said { text: lines(&data), data, words: entry.sentence() });
    };
    let (root, proof) = reader.inclusion(index, size).await?;
    let data = proof_json(index, size, &root, &proof);
    let words = format!("entry {index} is in the tree of {size} of {}", reader.checkpoint().origin);
    Ok(Said { text: lines(&data), data, words })
}

pub(super) async fn consistency(place: &Place, old: u64, new: Option<u64>) -> Outcome<Said> {
    let mut reader = place.open().await?;
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
    let words = format!("the tree of {new} of {origin} begins with its tree of {old}");
    Ok(Said { text: lines(&data), data, words })
}

pub(super) fn proof_json(index: u64, size: u64, root: &Hash, proof: &[Hash]) -> Value {
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
pub(super) fn lines(data: &Value) -> String {
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

    #[test]
    fn an_entry_is_named_by_its_index_or_by_its_uuid() {
        let uuid = "aB".repeat(32);
        assert_eq!(uuid.parse(), Ok(Named::Uuid(uuid.to_lowercase())));
        assert_eq!("7".parse(), Ok(Named::Index(7)));
        // Digits alone, and as long as a UUID: an index is never that long.
        assert_eq!("1".repeat(80).parse(), Ok(Named::Uuid("1".repeat(80))));
        for text in ["", "-1", "ab", &"a".repeat(63), &"g".repeat(64)] {
            assert!(text.parse::<Named>().is_err(), "{text}");
        }
    }
}

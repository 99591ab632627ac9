//! Everything that can be done to one member of a JSON document.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// A step into a JSON value.
#[derive(Clone, Debug)]
pub(crate) enum Key {
    Member(String),
    Item(usize),
}

pub(crate) type Path = Vec<Key>;

/// A document in which one member is not what it was.
pub(crate) struct Mutant {
    /// The member, without indexes: `verificationMaterial.tlogEntries.logIndex`.
    pub(crate) member: String,
    /// What was done to it.
    pub(crate) how: &'static str,
    pub(crate) json: String,
}

/// All mutants of a document, of which `others` lend their members at the same place.
pub(crate) fn mutants(bundle: &Value, others: &[Value]) -> Vec<Mutant> {
    let mut mutants = Vec::new();
    for path in &paths(bundle) {
        let value = get(bundle, path).unwrap();
        let mut add = |how: &'static str, json: String| {
            mutants.push(Mutant { member: name(path), how, json });
        };
        add("deleted", delete(bundle, path).to_string());
        for by in emptied(value) {
            add("emptied", replace(bundle, path, by).to_string());
        }
        for by in changed(value) {
            add("changed", replace(bundle, path, by).to_string());
        }
        for by in retyped(value) {
            add("retyped", replace(bundle, path, by).to_string());
        }
        for by in doubled(value) {
            add("doubled", replace(bundle, path, by).to_string());
        }
        for json in twice(bundle, path, others) {
            add("named twice", json);
        }
        let lent = others.iter().filter_map(|other| get(other, path));
        for by in lent.filter(|other| *other != value) {
            add("swapped", replace(bundle, path, by.clone()).to_string());
        }
    }
    mutants
}

/// The path without indexes.
pub(crate) fn name(path: &Path) -> String {
    let members = path.iter().filter_map(|key| match key {
        Key::Member(name) => Some(name.as_str()),
        Key::Item(_) => None,
    });
    members.collect::<Vec<_>>().join(".")
}

/// The places of all values below the top, members of objects and items of lists.
pub(crate) fn paths(value: &Value) -> Vec<Path> {
    fn walk(value: &Value, at: &Path, found: &mut Vec<Path>) {
        if !at.is_empty() {
            found.push(at.clone());
        }
        let below = |key: Key| [at.as_slice(), &[key]].concat();
        match value {
            Value::Object(members) => {
                for (member, value) in members {
                    walk(value, &below(Key::Member(member.clone())), found);
                }
            }
            Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    walk(value, &below(Key::Item(index)), found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(value, &Vec::new(), &mut found);
    found
}

pub(crate) fn get<'a>(value: &'a Value, path: &[Key]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, key| match key {
        Key::Member(name) => value.get(name),
        Key::Item(index) => value.get(index),
    })
}

pub(crate) fn replace(value: &Value, path: &[Key], by: Value) -> Value {
    let mut changed = value.clone();
    let mut place = &mut changed;
    for key in path {
        place = match key {
            Key::Member(name) => &mut place[name],
            Key::Item(index) => &mut place[index],
        };
    }
    *place = by;
    changed
}

fn delete(value: &Value, path: &[Key]) -> Value {
    let (last, above) = path.split_last().unwrap();
    let mut parent = get(value, above).unwrap().clone();
    match last {
        Key::Member(name) => drop(parent.as_object_mut().unwrap().remove(name)),
        Key::Item(index) => drop(parent.as_array_mut().unwrap().remove(*index)),
    }
    replace(value, above, parent)
}

/// Nothing, in each way in which JSON says so.
fn emptied(value: &Value) -> Vec<Value> {
    let all = [json!(null), json!(""), json!([]), json!({})];
    all.into_iter().filter(|other| other != value).collect()
}

/// The same kind of value with another content: bits flipped, bytes lost and gained, digits changed.
fn changed(value: &Value) -> Vec<Value> {
    match value {
        Value::String(text) => match (STANDARD.decode(text), text.parse::<i64>()) {
            (_, Ok(number)) => [number + 1, number - 1, -1, -number, 0, i64::MAX]
                .into_iter()
                .filter(|other| *other != number)
                .map(|other| json!(other.to_string()))
                .collect(),
            (Ok(bytes), _) if bytes.len() > 2 => {
                let mut all: Vec<Vec<u8>> = spots(bytes.len())
                    .flat_map(|spot| [(spot, 0x01), (spot, 0x80)])
                    .map(|(spot, bit)| flip(&bytes, spot, bit))
                    .collect();
                all.push(bytes[1..].to_vec());
                all.push(bytes[..bytes.len() - 1].to_vec());
                all.push([bytes.as_slice(), &[0]].concat());
                all.into_iter().map(|bytes| Value::String(STANDARD.encode(bytes))).collect()
            }
            _ => spots(text.chars().count())
                .map(|spot| Value::String(other_character(text, spot)))
                .collect(),
        },
        Value::Number(number) => {
            let number = number.as_i64().unwrap_or(0);
            vec![json!(number + 1), json!(number - 1), json!(-1), json!(0.5)]
        }
        _ => vec![],
    }
}

fn flip(bytes: &[u8], spot: usize, bit: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[spot] ^= bit;
    bytes
}

/// The text with another character at one place.
pub(crate) fn other_character(text: &str, spot: usize) -> String {
    let change = |(index, c): (usize, char)| match c {
        c if index != spot => c,
        'A' => 'B',
        _ => 'A',
    };
    text.chars().enumerate().map(change).collect()
}

/// First, last, and some between.
fn spots(length: usize) -> impl Iterator<Item = usize> {
    let step = (length / 3).max(1);
    let last = length.checked_sub(1);
    (0..length).step_by(step).chain(last.filter(move |last| !last.is_multiple_of(step)))
}

/// The same content as another type, and the simplest values of each type.
fn retyped(value: &Value) -> Vec<Value> {
    let mut all = vec![
        json!("0"),
        json!(0),
        json!(true),
        json!("AAAA"),
        json!([value]),
        json!({ "value": value }),
    ];
    match value {
        Value::String(text) => {
            all.extend(text.parse::<i64>().map(Value::from));
            // Bytes as a list of numbers, as some encoders of JSON have them.
            all.extend(STANDARD.decode(text).map(Value::from));
        }
        Value::Number(number) => all.push(json!(number.to_string())),
        // serde reads a list of the members' values as the object.
        Value::Object(members) => all.push(members.values().cloned().collect()),
        Value::Array(items) => {
            all.extend(items.first().cloned());
            let named = items.iter().enumerate();
            all.push(named.map(|(index, item)| (index.to_string(), item.clone())).collect());
        }
        _ => {}
    }
    all.retain(|other| other != value);
    all
}

/// Lists in which an item stands twice, beside the other or at the end.
fn doubled(value: &Value) -> Vec<Value> {
    let Value::Array(items) = value else { return vec![] };
    let double = |index: usize| {
        let item = &items[index..=index];
        [
            json!([&items[..=index], item, &items[index + 1..]].concat()),
            json!([items, item].concat()),
        ]
    };
    let mut all: Vec<Value> = (0..items.len()).flat_map(double).collect();
    all.dedup();
    all
}

/// Documents in which the object around a member has it twice: the same value, an empty one and
/// another bundle's, before and after the right one.
fn twice(bundle: &Value, path: &[Key], others: &[Value]) -> Vec<String> {
    const PLACE: &str = "the place of the object";
    let Some((Key::Member(name), above)) = path.split_last() else { return vec![] };
    let object = get(bundle, above).unwrap();
    let around = replace(bundle, above, json!(PLACE)).to_string();
    let object = object.to_string();
    let second = [get(bundle, path), Some(&Value::Null), others.iter().find_map(|o| get(o, path))];
    second
        .into_iter()
        .flatten()
        .flat_map(|value| {
            let member = format!("{}:{value}", json!(name));
            let inside = &object[1..object.len() - 1];
            [format!("{{{member},{inside}}}"), format!("{{{inside},{member}}}")]
        })
        .map(|object| around.replacen(&json!(PLACE).to_string(), &object, 1))
        .collect()
}

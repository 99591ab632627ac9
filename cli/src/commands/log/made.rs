//! A log of either version in memory, honest until it is told otherwise: its answers by method,
//! path and query, for a client to ask.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::{Router, body};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_bundle::trust::{TransparencyLog, TrustedRoot};
use lite_keys::{HashAlgorithm, KeyKind, SigningKey};
use lite_time::Time;
use lite_tlog::{
    Checkpoint, Edge, EntryBundlePath, MemoryTiles, NoteSigner, SpkiLogId, consistency_proof,
    entry_bundle, inclusion_proof, leaf_hash,
};
use serde_json::{Value, json};

use super::place::Place;
use super::reader::LogReader;
use crate::client::Web;
use crate::failure::Outcome;
use crate::render::OutputForm;
use crate::trust::{LogService, LogVersion};

/// The number of the v1 tree.
pub(super) const TREE_ID: u64 = 0x0123;

/// When the v1 tree took its first entry; another each second.
pub(super) const FIRST_AT: i64 = 1_700_000_000;

/// Answers by `GET path?query`, or `POST path`, each with its status.
type Answers = HashMap<String, (StatusCode, Vec<u8>)>;

/// A log and its key.
#[derive(Clone)]
pub(super) struct MadeLog {
    pub(super) version: LogVersion,
    signer: Arc<NoteSigner>,
    pub(super) root: TrustedRoot,
    pub(super) leaves: Vec<Vec<u8>>,
    pub(super) answers: Answers,
}

/// `size` leaves that are JSON, and nothing that a log would take.
pub(super) fn leaves(size: u64) -> Vec<Vec<u8>> {
    (0..size).map(|n| format!("{{\"n\":{n}}}").into()).collect()
}

impl MadeLog {
    /// A log of v2 with so many leaves.
    pub(super) fn of(size: u64) -> Self {
        Self::with(LogVersion::V2, leaves(size))
    }

    /// A log with these leaves.
    pub(super) fn with(version: LogVersion, leaves: Vec<Vec<u8>>) -> Self {
        let kind = match version {
            LogVersion::V1 => KeyKind::EcdsaP256,
            LogVersion::V2 => KeyKind::Ed25519,
        };
        let signer = NoteSigner::new("localhost", SigningKey::generate(kind)).unwrap();
        let key = signer.verifier().key();
        let log_id = match version {
            LogVersion::V1 => SpkiLogId::of_key(key).0,
            LogVersion::V2 => signer.log_id().0,
        };
        let mut root = TrustedRoot::new();
        root.tlogs =
            vec![TransparencyLog::new("http://localhost:1", key, log_id, Time::from_secs(0))];
        let signer = Arc::new(signer);
        let mut made = Self { version, signer, root, leaves, answers: Answers::new() };
        made.answer();
        made
    }

    /// The same log with other leaves, which an honest log has only at its end.
    pub(super) fn become_of(&self, leaves: Vec<Vec<u8>>) -> Self {
        let mut other = Self { leaves, answers: Answers::new(), ..self.clone() };
        other.answer();
        other
    }

    fn api(&self) -> &'static str {
        match self.version {
            LogVersion::V1 => "api/v1",
            LogVersion::V2 => "api/v2",
        }
    }

    /// The name of a tile, an entry bundle or the checkpoint among the answers.
    pub(super) fn name(&self, path: &str) -> String {
        format!("GET /{}/{path}", self.api())
    }

    pub(super) fn set(&mut self, name: String, answer: &Value) {
        self.answers.insert(name, (StatusCode::OK, answer.to_string().into_bytes()));
    }

    /// Turns over a bit of an answer's last byte.
    pub(super) fn damage(mut self, path: &str) -> Self {
        let name = self.name(path);
        let (_, bytes) = self.answers.get_mut(&name).expect(path);
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        self
    }

    fn answer(&mut self) {
        let size = self.leaves.len() as u64;
        let (mut edge, mut tiles) = (Edge::new(), MemoryTiles::default());
        for leaf in &self.leaves {
            edge.append(leaf, |new| tiles.push(new));
        }
        let put = |answers: &mut Answers, name: String, bytes: Vec<u8>| {
            answers.insert(name, (StatusCode::OK, bytes));
        };
        for (path, bytes) in tiles.iter() {
            let name = self.name(&path.to_string());
            put(&mut self.answers, name, bytes.to_vec());
        }
        for (index, some) in (0..).zip(self.leaves.chunks(256)) {
            let path = EntryBundlePath::in_tree(index, size).unwrap();
            let name = self.name(&path.to_string());
            put(&mut self.answers, name, entry_bundle::encode(some).unwrap());
        }
        let origin = match self.version {
            LogVersion::V1 => format!("localhost - {TREE_ID}"),
            LogVersion::V2 => "localhost".to_owned(),
        };
        let note = Checkpoint::new(origin, size, edge.root()).sign(&self.signer).unwrap();
        let note = note.to_string();
        let name = self.name("checkpoint");
        put(&mut self.answers, name, note.clone().into_bytes());
        if self.version == LogVersion::V1 {
            self.set("GET /api/v1/log".to_owned(), &json!({ "signedTreeHead": note }));
            for old in 1..size.min(700) {
                let hashes = consistency_proof(&tiles, old, size).unwrap();
                let name = format!(
                    "GET /api/v1/log/proof?firstSize={old}&lastSize={size}&treeID={TREE_ID}"
                );
                let hashes: Vec<_> = hashes.iter().map(hex::encode).collect();
                self.set(name, &json!({ "hashes": hashes, "rootHash": hex::encode(edge.root()) }));
            }
            for index in 0..size.min(700) {
                let entry = self.entry_of_v1(index, &tiles, &note, &edge);
                let uuid = self.uuid(index);
                self.set(format!("GET /api/v1/log/entries?logIndex={index}"), &entry);
                self.set(format!("GET /api/v1/log/entries/{}", &uuid[16..]), &entry);
                self.set(format!("GET /api/v1/log/entries/{uuid}"), &entry);
            }
        }
    }

    /// How a log of v1 names an entry.
    pub(super) fn uuid(&self, index: u64) -> String {
        let leaf = &self.leaves[usize::try_from(index).unwrap()];
        format!("{TREE_ID:016x}{}", hex::encode(leaf_hash(leaf)))
    }

    fn entry_of_v1(&self, index: u64, tiles: &MemoryTiles, note: &str, edge: &Edge) -> Value {
        let body = STANDARD.encode(&self.leaves[usize::try_from(index).unwrap()]);
        let at = FIRST_AT + i64::try_from(index).unwrap();
        let log_id = hex::encode(&self.root.tlogs[0].log_id.key_id);
        let payload = format!(
            r#"{{"body":"{body}","integratedTime":{at},"logID":"{log_id}","logIndex":{index}}}"#
        );
        let signature = self.signer.key().sign(HashAlgorithm::Sha256, payload.as_bytes()).unwrap();
        let hashes = inclusion_proof(tiles, index, edge.size()).unwrap();
        json!({ self.uuid(index): {
            "body": body,
            "integratedTime": at,
            "logID": log_id,
            "logIndex": index,
            "verification": {
                "inclusionProof": {
                    "checkpoint": note,
                    "hashes": hashes.iter().map(hex::encode).collect::<Vec<_>>(),
                    "logIndex": index,
                    "rootHash": hex::encode(edge.root()),
                    "treeSize": edge.size(),
                },
                "signedEntryTimestamp": STANDARD.encode(signature),
            },
        }})
    }

    /// Serves the log, and opens it as a stranger.
    pub(super) async fn open(&self) -> Outcome<LogReader> {
        self.serve().await.place.open().await
    }

    /// Serves the log.
    pub(super) async fn serve(&self) -> Served {
        type Told = Arc<Mutex<Answers>>;
        async fn answer(
            State(answers): State<Told>,
            method: Method,
            uri: Uri,
            _: body::Bytes,
        ) -> (StatusCode, Vec<u8>) {
            let name = format!("{method} {}", uri.path_and_query().unwrap());
            let found = answers.lock().unwrap().get(&name).cloned();
            found.unwrap_or((StatusCode::NOT_FOUND, Vec::new()))
        }
        let answers: Told = Arc::new(Mutex::new(self.answers.clone()));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&answers));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, router).into_future());
        let place = Place {
            web: Web::default(),
            log: LogService { url, version: self.version },
            root: self.root.clone(),
            output: OutputForm::Text,
        };
        Served { place, answers }
    }
}

/// A log that is served.
pub(super) struct Served {
    pub(super) place: Place,
    answers: Arc<Mutex<Answers>>,
}

impl Served {
    /// Answers as this log from now on.
    pub(super) fn become_of(&self, log: &MadeLog) {
        (*self.answers.lock().unwrap()).clone_from(&log.answers);
    }
}

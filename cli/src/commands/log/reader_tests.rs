//! The reader against a log that is honest, and against logs that are not.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use lite_bundle::trust::{TransparencyLog, TrustedRoot};
use lite_keys::{KeyKind, SigningKey};
use lite_time::Time;
use lite_tlog::{
    Checkpoint, Edge, EntryBundlePath, MemoryTiles, NoteSigner, entry_bundle, leaf_hash,
};

use super::*;

/// A log in memory: its resources by path, and who signs.
struct MadeLog {
    files: HashMap<String, Vec<u8>>,
    root: TrustedRoot,
    leaves: Vec<Vec<u8>>,
}

impl MadeLog {
    /// An honest log of `size` leaves.
    fn of(size: u64) -> Self {
        let signer = NoteSigner::new("localhost", SigningKey::generate(KeyKind::Ed25519)).unwrap();
        let leaves: Vec<Vec<u8>> = (0..size).map(|n| format!("{{\"n\":{n}}}").into()).collect();
        let (mut edge, mut tiles) = (Edge::new(), MemoryTiles::default());
        for leaf in &leaves {
            edge.append(leaf, |new| tiles.push(new));
        }
        let mut files: HashMap<String, Vec<u8>> =
            tiles.iter().map(|(path, bytes)| (path.to_string(), bytes.to_vec())).collect();
        for (index, some) in (0..).zip(leaves.chunks(256)) {
            let path = EntryBundlePath::in_tree(index, size).unwrap();
            files.insert(path.to_string(), entry_bundle::encode(some).unwrap());
        }
        let checkpoint = Checkpoint::new("localhost", size, edge.root());
        let note = checkpoint.sign(&signer).unwrap().to_string();
        files.insert("checkpoint".to_owned(), note.into_bytes());
        let mut root = TrustedRoot::new();
        let key = signer.verifier().key();
        let start = Time::from_secs(0);
        root.tlogs =
            vec![TransparencyLog::new("http://localhost:1", key, signer.log_id().0, start)];
        Self { files, root, leaves }
    }

    fn damage(mut self, path: &str) -> Self {
        let bytes = self.files.get_mut(path).expect(path);
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        self
    }

    /// Serves the log, and opens it as a stranger.
    async fn open(&self) -> Outcome<LogReader> {
        async fn file(
            State(files): State<Arc<HashMap<String, Vec<u8>>>>,
            Path(path): Path<String>,
        ) -> Result<Vec<u8>, StatusCode> {
            files.get(&path).cloned().ok_or(StatusCode::NOT_FOUND)
        }
        let router = Router::new()
            .route("/api/v2/{*path}", get(file))
            .with_state(Arc::new(self.files.clone()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, router).into_future());
        LogReader::open(Web::default(), url, &self.root).await
    }
}

#[tokio::test]
async fn every_entry_of_an_honest_log_is_proven() {
    for size in [1, 2, 255, 256, 257, 600] {
        let log = MadeLog::of(size);
        let mut reader = log.open().await.unwrap();
        for index in [0, size / 2, size - 1] {
            let (leaf, _) = reader.entry(index).await.unwrap();
            assert_eq!(leaf, log.leaves[usize::try_from(index).unwrap()], "{index} of {size}");
        }
    }
}

#[tokio::test]
async fn older_trees_are_proven_out_of_the_newest_tiles() {
    let log = MadeLog::of(600);
    let mut reader = log.open().await.unwrap();
    for old in [1, 3, 255, 256, 300, 599, 600] {
        let (root, proof) = reader.inclusion(0, old).await.unwrap();
        verify_inclusion(&leaf_hash(&log.leaves[0]), 0, old, &proof, &root).unwrap();
        let (old_root, new_root, proof) = reader.consistency(old, 600).await.unwrap();
        assert_eq!(old_root, root);
        verify_consistency(old, &old_root, 600, &new_root, &proof).unwrap();
    }
}

#[tokio::test]
async fn an_entry_that_was_changed_is_refused() {
    let log = MadeLog::of(3).damage("tile/entries/000.p/3");
    let mut reader = log.open().await.unwrap();
    let failure = reader.entry(2).await.unwrap_err();
    assert_eq!(failure.exit, Exit::Refused);
    assert!(reader.entry(0).await.is_ok());
}

#[tokio::test]
async fn tiles_that_make_another_tree_are_refused() {
    let log = MadeLog::of(3).damage("tile/0/000.p/3");
    let mut reader = log.open().await.unwrap();
    assert_eq!(reader.inclusion(0, 3).await.unwrap_err().exit, Exit::Refused);
    assert_eq!(reader.consistency(2, 3).await.unwrap_err().exit, Exit::Refused);
    assert_eq!(reader.entry(0).await.unwrap_err().exit, Exit::Refused);
}

#[tokio::test]
async fn a_checkpoint_of_a_stranger_is_refused() {
    let mut log = MadeLog::of(3);
    log.root = MadeLog::of(3).root;
    assert_eq!(log.open().await.err().unwrap().exit, Exit::Refused);
}

#[tokio::test]
async fn a_tile_that_is_too_short_ends_the_search() {
    let mut log = MadeLog::of(3);
    log.files.insert("tile/0/000.p/3".to_owned(), vec![0; 32]);
    let mut reader = log.open().await.unwrap();
    assert_eq!(reader.entry(0).await.unwrap_err().exit, Exit::Refused);
}

#[tokio::test]
async fn a_partial_tile_that_is_gone_is_read_out_of_the_full_one() {
    let mut log = MadeLog::of(300);
    // The log has grown past this checkpoint: 1 and its partial tiles have gone.
    let grown = MadeLog::of(512);
    log.files.retain(|path, _| path == "checkpoint" || !path.contains(".p/"));
    for (path, bytes) in grown.files.iter().filter(|(path, _)| !path.starts_with("tile/1")) {
        log.files.entry(path.clone()).or_insert_with(|| bytes.clone());
    }
    log.files.extend(MadeLog::of(300).files.into_iter().filter(|(p, _)| p.starts_with("tile/1")));
    let mut reader = log.open().await.unwrap();
    assert_eq!(reader.entry(299).await.unwrap().0, log.leaves[299]);
}

#[tokio::test]
async fn what_the_log_does_not_have_is_a_usage_fault() {
    let mut reader = MadeLog::of(3).open().await.unwrap();
    assert_eq!(reader.entry(3).await.unwrap_err().exit, Exit::Usage);
    assert_eq!(reader.inclusion(0, 4).await.unwrap_err().exit, Exit::Usage);
    assert_eq!(reader.inclusion(0, 0).await.unwrap_err().exit, Exit::Usage);
    assert_eq!(reader.consistency(3, 2).await.unwrap_err().exit, Exit::Usage);
}

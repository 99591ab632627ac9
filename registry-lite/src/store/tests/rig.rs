//! A store in a folder of its own, with a clock that the test owns.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lite_oci::media_type::{IMAGE_CONFIG, IMAGE_MANIFEST, LAYER_TAR};
use lite_oci::{
    Descriptor, Digest, DigestAlgorithm, ImageManifest, Index, RepositoryName, Tag, Target,
};
use lite_time::{ManualClock, Time};
use tempfile::TempDir;

use super::super::{Finding, Lifetimes, Limits, Push, Store, audit};
use crate::refusal::Refusal;

pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) const LIMITS: Limits = Limits {
    lifetimes: Lifetimes::up_to(DAY),
    max_blob: 1 << 20,
    untagged_grace: DAY,
    blob_grace: DAY,
    upload_age: Duration::from_secs(60 * 60),
};

pub(super) struct Rig {
    pub(super) dir: TempDir,
    pub(super) clock: Arc<ManualClock>,
    pub(super) store: Store,
}

impl Rig {
    pub(super) fn new() -> Self {
        // Where memory is a disk, thousands of syncs cost nothing: what they order is counted anyway.
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let clock = Arc::new(ManualClock::at(Time::from_secs(1_700_000_000)));
        let store = open(dir.path(), &clock);
        Self { dir, clock, store }
    }

    /// The process dies, and another one looks.
    pub(super) fn reopen(self) -> Self {
        let Self { dir, clock, store } = self;
        drop(store);
        let store = open(dir.path(), &clock);
        Self { dir, clock, store }
    }

    #[track_caller]
    pub(super) fn is_sound(&self) {
        assert_eq!(audit(self.dir.path()).unwrap(), Vec::<Finding>::new());
    }

    pub(super) fn has(&self, name: &str, target: &str) -> bool {
        self.store.resolve(&repository(name), &target.parse().unwrap()).is_ok()
    }
}

fn open(dir: &Path, clock: &Arc<ManualClock>) -> Store {
    Store::open(dir, LIMITS, Arc::clone(clock) as Arc<dyn lite_time::Clock>).unwrap()
}

pub(super) fn repository(name: &str) -> RepositoryName {
    name.parse().unwrap()
}

pub(super) fn push_blob(store: &Store, name: &str, bytes: &[u8]) -> Result<Digest, Refusal> {
    let (name, digest) = (repository(name), Digest::sha256(bytes));
    let upload = store.begin_upload(&name, DigestAlgorithm::Sha256)?;
    let mut content = at_once(upload.content());
    for piece in bytes.chunks(3) {
        content.append(piece)?;
    }
    let committed = store.commit_blob(&name, &mut content, &digest);
    store.end_upload(upload.id());
    committed.map(|_| digest)
}

/// Nobody else holds it, so it is there at once.
pub(super) fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("somebody holds the upload"),
    }
}

/// An image whose one layer is `layer`.
pub(super) fn image(layer: &str) -> ImageManifest {
    let config = format!("{{\"of\":\"{layer}\"}}");
    ImageManifest::new(
        Descriptor::of(IMAGE_CONFIG, config.as_bytes()),
        vec![Descriptor::of(LAYER_TAR, layer.as_bytes())],
    )
}

pub(super) fn push_image(
    store: &Store,
    name: &str,
    layer: &str,
    tags: &[&str],
    subject: Option<&Digest>,
) -> Result<Digest, Refusal> {
    push_blob(store, name, format!("{{\"of\":\"{layer}\"}}").as_bytes())?;
    push_blob(store, name, layer.as_bytes())?;
    let mut image = image(layer);
    image.subject = subject.map(|digest| Descriptor::new(IMAGE_MANIFEST, digest.clone(), 7));
    put(store, name, &image.to_json(), tags)
}

pub(super) fn push_index(
    store: &Store,
    name: &str,
    children: &[&Digest],
    tags: &[&str],
) -> Result<Digest, Refusal> {
    let size = |digest: &Digest| {
        store.resolve(&repository(name), &Target::Digest(digest.clone())).map(|stored| stored.size)
    };
    let children = children
        .iter()
        .map(|digest| Ok(Descriptor::new(IMAGE_MANIFEST, (*digest).clone(), size(digest)?)))
        .collect::<Result<_, Refusal>>()?;
    put(store, name, &Index::new(children).to_json(), tags)
}

pub(super) fn put(
    store: &Store,
    name: &str,
    bytes: &[u8],
    tags: &[&str],
) -> Result<Digest, Refusal> {
    let tags: Vec<Tag> = tags.iter().map(|tag| tag.parse().unwrap()).collect();
    let push = Push { bytes, sent_as: None, digest: None, tags: &tags, replaces: None };
    store.put_manifest(&repository(name), push).map(|pushed| pushed.digest)
}

//! Tags move, digests do not: why an image that was signed yesterday is not signed today.
//!
//! A signature belongs to a digest. Where the digest that a tag names now has none, this looks for
//! the digests of the same repository that have one: those that the tag named before, where the
//! registry remembers, and those that tags of cosign's form are made of.

use lite_images::Repository;
use lite_oci::signatures::{Attached, of_referrers_tag};
use lite_oci::{Digest, Target};

use super::image::{Demand, Judged, judge};
use crate::attached::{Image, find};
use crate::failure::Failure;

/// How many digests are looked at.
const LOOKED_AT: usize = 16;

/// Adds to a failure what the tag names now, and which other digests the same signer signed.
/// Nothing that goes wrong here is worth more than silence: the verdict stands already.
pub(crate) async fn explain(failure: Failure, image: &Image, demand: &Demand<'_>) -> Failure {
    let Some(tag) = &image.tag else { return failure };
    let mut failure = failure.note("this tag names", format!("{tag} → {}", image.digest()));
    let mut any = false;
    for earlier in earlier(image).await {
        let Some(signed) = signed(image, &earlier, demand).await else { continue };
        failure = failure.note("signed is", format!("{earlier}: {signed}"));
        any = true;
    }
    if any {
        failure.hint(
            "the tag was moved after it was signed: verify and run by digest, NAME@sha256:…, or \
             sign what the tag names now",
        )
    } else {
        failure
    }
}

/// Who signed another digest of the repository, if the demand holds there.
async fn signed(image: &Image, digest: &Digest, demand: &Demand<'_>) -> Option<String> {
    let manifest = image.place.images.manifest(&Target::Digest(digest.clone())).await.ok()??;
    let earlier = image.sibling(manifest);
    let Judged { good, .. } = judge(find(&earlier).await.ok()?, &earlier, demand);
    good.first().map(|good| format!("signed {}", good.accepted.sentence()))
}

/// Other digests of the repository, the likeliest first.
async fn earlier(image: &Image) -> Vec<Digest> {
    let mut digests = Vec::new();
    if let (Repository::Remote(remote), Some(tag)) = (&image.place.images, &image.tag) {
        digests = remote.history(tag).await.unwrap_or_default();
    }
    let tags = image.place.attached.tags().await.unwrap_or_default();
    digests.extend(tags.iter().filter_map(|tag| {
        Attached::of_tag(tag).map(|(digest, _)| digest).or_else(|| of_referrers_tag(tag))
    }));
    let mut seen = vec![image.digest().clone()];
    digests.retain(|digest| {
        let new = !seen.contains(digest);
        seen.push(digest.clone());
        new
    });
    digests.truncate(LOOKED_AT);
    digests
}

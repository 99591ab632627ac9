//! Lists: end-8 (tags), end-12 (referrers), the catalog, and the page for people.

use lite_oci::media_type::{BUNDLE_V0_3, IMAGE_INDEX, IMAGE_MANIFEST};
use lite_oci::signatures::referrers_tag;
use lite_oci::{Descriptor, Digest, ImageManifest, Index};
use serde_json::{Value, json};

use crate::support::{Answer, Registry};

/// Where `Link` leads.
fn next(answer: &Answer) -> Option<String> {
    let link = answer.headers.get("link")?.to_str().unwrap();
    let (target, rest) = link.strip_prefix('<')?.split_once('>')?;
    assert_eq!(rest, "; rel=\"next\"");
    Some(target.to_owned())
}

async fn all_pages(registry: &Registry, first: &str, list: &str) -> Vec<Vec<Value>> {
    let (mut pages, mut path) = (Vec::new(), Some(first.to_owned()));
    while let Some(one) = path {
        let answer = registry.get(&one).await;
        assert_eq!(answer.status, 200);
        pages.push(answer.json()[list].as_array().unwrap().clone());
        path = next(&answer);
    }
    pages
}

fn about(subject: &Digest) -> impl FnOnce(&mut ImageManifest) + use<> {
    let subject = Descriptor::new(IMAGE_MANIFEST, subject.clone(), 7);
    move |image| image.subject = Some(subject)
}

#[tokio::test]
async fn tags_and_repositories_come_in_order_and_in_pages() {
    let registry = Registry::new();
    for tag in ["b", "a", "C", "d"] {
        registry.push_image("x/y", Some(tag), "layer", |_| {}).await;
    }
    for name in ["w", "z"] {
        registry.push_image(name, Some("t"), "layer", |_| {}).await;
    }
    registry.push_blob("only/blobs", b"blob").await;
    let tags = async |query: &str| {
        all_pages(&registry, &format!("/v2/x/y/tags/list{query}"), "tags").await
    };
    assert_eq!(json!(tags("").await), json!([["C", "a", "b", "d"]]));
    assert_eq!(json!(tags("?n=3").await), json!([["C", "a", "b"], ["d"]]));
    assert_eq!(json!(tags("?n=2&last=C").await), json!([["a", "b"], ["d"]]));
    assert_eq!(json!(tags("?n=0").await), json!([[]]));
    assert_eq!(json!(tags("?last=d").await), json!([[]]));
    assert_eq!(registry.get("/v2/x/y/tags/list").await.json()["name"], "x/y");
    let catalog = all_pages(&registry, "/v2/_catalog?n=2", "repositories").await;
    assert_eq!(json!(catalog), json!([["w", "x/y"], ["z"]]));
    let refused = registry.get("/v2/x/y/tags/list?n=many").await;
    Registry::refused(&refused, 400, "PAGINATION_NUMBER_INVALID");
}

#[tokio::test]
async fn referrers_have_exactly_the_type_of_an_index_also_where_there_are_none() {
    let registry = Registry::new();
    for name in ["nowhere", "a"] {
        let answer = registry.get(&format!("/v2/{name}/referrers/{}", Digest::sha256(b"x"))).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, IMAGE_INDEX));
        let want = json!({ "schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": [] });
        assert_eq!(answer.json(), want);
    }
    Registry::refused(&registry.get("/v2/a/referrers/sha256:0").await, 400, "DIGEST_INVALID");
}

#[tokio::test]
async fn referrers_are_described_by_themselves_and_found_when_their_subject_comes_later() {
    let registry = Registry::new();
    let subject = Digest::sha256(&crate::support::image("subject").to_json());
    let typed = |image: &mut ImageManifest| {
        about(&subject)(image);
        image.artifact_type = Some(BUNDLE_V0_3.to_owned());
        image.annotations.insert("org.example".to_owned(), "told".to_owned());
    };
    let (bundle, _) = registry.push_image("a", None, "bundle", typed).await;
    // Without a type of its own, it is for what its configuration is.
    let (plain, _) = registry.push_image("a", None, "plain", about(&subject)).await;
    let (pushed, _) = registry.push_image("a", Some("latest"), "subject", |_| {}).await;
    assert_eq!(pushed, subject);
    let path = format!("/v2/a/referrers/{subject}");
    let answer = registry.get(&path).await;
    assert!(answer.headers.get("oci-filters-applied").is_none());
    let found = answer.json()["manifests"].as_array().unwrap().clone();
    let of = |digest: &Digest| found.iter().find(|one| one["digest"] == digest.as_str()).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(of(&bundle)["artifactType"], BUNDLE_V0_3);
    assert_eq!(of(&bundle)["annotations"], json!({ "org.example": "told" }));
    assert_eq!(of(&bundle)["mediaType"], IMAGE_MANIFEST);
    assert_eq!(of(&plain)["artifactType"], "application/vnd.oci.image.config.v1+json");

    let filter: String = url::form_urlencoded::byte_serialize(BUNDLE_V0_3.as_bytes()).collect();
    let answer = registry.get(&format!("{path}?artifactType={filter}")).await;
    assert_eq!(answer.header("oci-filters-applied"), "artifactType");
    assert_eq!(answer.json()["manifests"].as_array().unwrap().len(), 1);

    assert_eq!(
        registry.send("DELETE", &format!("/v2/a/manifests/{bundle}"), &[], "").await.status,
        202
    );
    assert_eq!(registry.get(&path).await.json()["manifests"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn referrers_come_in_pages_that_keep_the_filter() {
    let registry = Registry::new();
    let subject = Digest::sha256(b"subject");
    for number in 0..5 {
        registry.push_image("a", None, &format!("layer {number}"), about(&subject)).await;
    }
    let kind = "application/vnd.oci.image.config.v1%2Bjson";
    let path = format!("/v2/a/referrers/{subject}?artifactType={kind}&n=2");
    let pages = all_pages(&registry, &path, "manifests").await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    let mut digests: Vec<_> =
        pages.concat().iter().map(|one| one["digest"].as_str().unwrap().to_owned()).collect();
    digests.dedup();
    assert_eq!(digests.len(), 5);
}

#[tokio::test]
async fn a_page_of_referrers_is_no_larger_than_clients_read() {
    let registry = Registry::new();
    let subject = Digest::sha256(b"subject");
    for number in 0..4 {
        let long = |image: &mut ImageManifest| {
            about(&subject)(image);
            image.annotations.insert("long".to_owned(), "x".repeat(1 << 20));
        };
        registry.push_image("a", None, &format!("layer {number}"), long).await;
    }
    let pages = all_pages(&registry, &format!("/v2/a/referrers/{subject}"), "manifests").await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
}

/// cosign writes the list that stands in for this API with the type of the empty configuration
/// (sigstore/cosign, `pkg/oci/remote/write.go`); readers filter by it and find nothing.
#[tokio::test]
async fn lists_that_clients_keep_are_merged_and_their_types_repaired() {
    let registry = Registry::new();
    let (subject, _) = registry.push_image("a", Some("latest"), "subject", |_| {}).await;
    let bundle = |image: &mut ImageManifest| image.artifact_type = Some(BUNDLE_V0_3.to_owned());
    let (signature, _) = registry.push_image("a", None, "unattached", bundle).await;
    let attached = |image: &mut ImageManifest| {
        bundle(image);
        about(&subject)(image);
    };
    let (both, _) = registry.push_image("a", None, "attached", attached).await;
    let stranger = Digest::sha256(b"stranger");
    let (other, _) = registry.push_image("a", None, "of another", about(&stranger)).await;
    let mut listed = Vec::new();
    for digest in [&signature, &both, &other] {
        let head = registry.send("HEAD", &format!("/v2/a/manifests/{digest}"), &[], "").await;
        let size = head.header("content-length").parse().unwrap();
        let mut one = Descriptor::new(IMAGE_MANIFEST, digest.clone(), size);
        one.artifact_type = Some("application/vnd.oci.empty.v1+json".to_owned());
        listed.push(one);
    }
    let path = format!("/v2/a/manifests/{}", referrers_tag(&subject));
    let headers = [("content-type", IMAGE_INDEX)];
    let answer = registry.send("PUT", &path, &headers, Index::new(listed).to_json()).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let found = registry.get(&format!("/v2/a/referrers/{subject}")).await.json();
    let mut digests: Vec<_> = found["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["digest"].as_str().unwrap(), one["artifactType"].as_str().unwrap()))
        .collect();
    digests.sort_unstable();
    let mut want = [(signature.as_str(), BUNDLE_V0_3), (both.as_str(), BUNDLE_V0_3)];
    want.sort_unstable();
    assert_eq!(digests, want);
}

#[tokio::test]
async fn the_page_for_people_says_what_there_is_and_what_is_signed() {
    let registry = Registry::new();
    let empty = String::from_utf8(registry.get("/registry").await.body).unwrap();
    assert!(empty.contains("docker push localhost:7077/alpine:1h"));
    let (subject, _) = registry.push_image("team/app", Some("v1"), "layer", |_| {}).await;
    let signature = |image: &mut ImageManifest| {
        about(&subject)(image);
        image.artifact_type = Some(BUNDLE_V0_3.to_owned());
    };
    registry.push_image("team/app", None, "signature", signature).await;
    registry.push_image("team/app", Some("1h"), "other", |_| {}).await;
    let answer = registry.get("/registry").await;
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    let page = String::from_utf8(answer.body).unwrap();
    assert!(page.contains("<h2>team/app</h2>") && page.contains("1 signature<"));
    assert!(page.contains(subject.as_str()) && page.contains("2023-11-14 23:13"), "{page}");
    assert!(!page.contains("<script"));
}

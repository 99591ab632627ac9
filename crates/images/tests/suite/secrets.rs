//! Where a credential goes, and where it does not.

use bytes::Bytes;
use lite_images::{Access, Credential, ImageError, Secret};
use lite_oci::{Descriptor, Target};

use crate::double::{Answer, Double};

fn alice() -> Access {
    let password = Secret::new("hunter2");
    let credential = Credential::Password { username: "alice".to_owned(), password };
    Access { credential: Some(credential), ..Access::default() }
}

/// printf alice:hunter2 | base64
const BASIC: &str = "Basic YWxpY2U6aHVudGVyMg==";

/// A registry whose token service is at `realm`, and which wants the token `t`.
async fn guarded(realm: String) -> Double {
    Double::start(move |_, path, headers| {
        let challenge =
            format!(r#"Bearer realm="{realm}",service="r",scope="repository:app:pull""#);
        match (path, headers.get("authorization").map(|value| value.to_str().unwrap())) {
            (path, _) if path.starts_with("/token") => {
                Answer::status(200).body(r#"{"token":"t","expires_in":300}"#)
            }
            (_, Some("Bearer t")) => Answer::status(404),
            _ => Answer::status(401).header("www-authenticate", challenge),
        }
    })
    .await
}

#[tokio::test]
async fn a_password_goes_to_the_token_service_and_once() {
    let tokens = guarded(String::new()).await;
    let registry = guarded(format!("http://{}/token", tokens.host)).await;
    let app = registry.app(alice());
    let target: Target = "latest".parse().unwrap();
    for _ in 0..3 {
        assert_eq!(app.manifest(&target).await.unwrap(), None);
    }
    let asked = tokens.asked();
    assert_eq!(asked.len(), 1, "the token is used again: {asked:?}");
    assert_eq!(asked[0].2.as_deref(), Some(BASIC));
    assert!(asked[0].1.contains("scope=repository%3Aapp%3Apull"), "{}", asked[0].1);
    let to_registry = registry.asked();
    assert!(to_registry.iter().all(|(_, _, who)| who.as_deref() != Some(BASIC)));
}

#[tokio::test]
async fn an_upload_elsewhere_learns_nothing() {
    let elsewhere = Double::start(|_, _, _| Answer::status(201)).await;
    let location = format!("http://{}/upload?x=1", elsewhere.host);
    let registry = Double::start(move |method, _, headers| match method.as_str() {
        "POST" if headers.contains_key("authorization") => {
            Answer::status(202).header("location", location.clone())
        }
        "POST" => Answer::status(401).header("www-authenticate", "Basic realm=\"r\""),
        "HEAD" => Answer::status(404),
        _ => Answer::status(200),
    })
    .await;
    registry.app(alice()).put_blob(Bytes::from_static(b"x")).await.unwrap();
    let asked = elsewhere.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].1.starts_with("/upload?x=1&digest=sha256"), "{}", asked[0].1);
    assert_eq!(asked[0].2, None);
}

#[tokio::test]
async fn a_redirect_elsewhere_learns_nothing() {
    let blob = Descriptor::of("a/b", b"layer");
    let elsewhere = Double::start(|_, _, _| Answer::status(200).body("layer")).await;
    let location = format!("http://{}/blob", elsewhere.host);
    let registry = Double::start(move |_, path, headers| {
        let known = headers.contains_key("authorization");
        match path {
            "/v2/" => Answer::status(401).header("www-authenticate", "Basic realm=\"r\""),
            _ if known => Answer::status(307).header("location", location.clone()),
            _ => Answer::status(401),
        }
    })
    .await;
    assert_eq!(&registry.app(alice()).blob(&blob, 99).await.unwrap()[..], b"layer");
    assert_eq!(elsewhere.asked()[0].2, None);
}

#[tokio::test]
async fn no_error_holds_the_password() {
    let registry = Double::start(|_, _, _| {
        Answer::status(401).header("www-authenticate", "Basic realm=\"r\"")
    })
    .await;
    let error = registry.app(alice()).manifest(&"latest".parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, ImageError::Unauthorized { had_credential: true, .. }));
    let told = format!("{error} {error:?}");
    assert!(!told.contains("hunter2") && !told.contains("YWxpY2U6"), "{told}");
}

#[tokio::test]
async fn a_token_service_of_another_scheme_is_refused() {
    for realm in ["ftp://x/token", "file:///etc/passwd"] {
        let registry = guarded(realm.to_owned()).await;
        let refused = registry.app(alice()).manifest(&"latest".parse().unwrap()).await;
        assert!(matches!(refused, Err(ImageError::Protocol { .. })), "{realm}");
    }
}

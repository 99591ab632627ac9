//! Lists in pages: tags, repositories, referrers (`Link: <…>; rel="next"`, RFC 8288).

use http::header::LINK;
use http::{Method, StatusCode};
use lite_oci::{Digest, RepositoryName, Tag};
use reqwest::Response;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::request::Action;
use super::{Remote, answer};
use crate::error::{Breach, ImageError};

/// Longest page in bytes.
pub(super) const MAX_PAGE_BYTES: usize = 8 << 20;
/// Most pages of one list.
pub(super) const MAX_PAGES: usize = 1000;

#[derive(Deserialize)]
struct Tags {
    tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Catalog {
    repositories: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct History {
    history: Vec<Former>,
}

#[derive(Deserialize)]
struct Former {
    digest: Digest,
}

impl Remote {
    /// The tags of the repository, in the registry's order.
    pub async fn tags(&self) -> Result<Vec<Tag>, ImageError> {
        let url = self.url("/tags/list").await?;
        let scope = self.scope(Action::Pull);
        let pages = self.pages(url, scope, || format!("{}/{}", self.registry, self.name));
        let pages: Vec<Tags> = pages.await?;
        let all = pages.into_iter().flat_map(|page| page.tags.unwrap_or_default());
        // What is no tag could not be asked for either.
        Ok(all.filter_map(|tag| tag.parse().ok()).collect())
    }

    /// The repositories of the registry that this one is in. Not every registry tells.
    pub async fn repositories(&self) -> Result<Vec<RepositoryName>, ImageError> {
        let base = self.endpoint().await?.base;
        let url = base.join("v2/_catalog").map_err(|_| self.breach(Breach::List))?;
        let pages = self.pages(url, "registry:catalog:*".to_owned(), || self.registry.clone());
        let pages: Vec<Catalog> = pages.await?;
        let all = pages.into_iter().flat_map(|page| page.repositories.unwrap_or_default());
        Ok(all.filter_map(|name| name.parse().ok()).collect())
    }

    /// The digests that a tag named before, newest first. registry-lite remembers them; of a
    /// registry that does not there are none.
    pub async fn history(&self, tag: &Tag) -> Result<Vec<Digest>, ImageError> {
        let url = self.url(&format!("/_siglite/history/{tag}")).await?;
        let answer = self.send(Method::GET, &url, Action::Pull, |request| request).await?;
        if answer.status() != StatusCode::OK {
            return Ok(Vec::new());
        }
        let name = || format!("{}/{}:{tag}", self.registry, self.name);
        let body = answer::body(answer, &self.registry, MAX_PAGE_BYTES, &name).await?;
        let history: History =
            serde_json::from_slice(&body).map_err(|_| self.breach(Breach::List))?;
        Ok(history.history.into_iter().map(|former| former.digest).collect())
    }

    /// Asks the registry whether it believes who asks: `GET /v2/`, as `docker login` does. A
    /// registry that lets everybody in believes everybody.
    pub async fn log_in(&self) -> Result<(), ImageError> {
        let base = self.endpoint().await?.base;
        let url = base.join("v2/").map_err(|_| self.breach(Breach::List))?;
        let answer = self.send_scoped(Method::GET, &url, &[], |request| request).await?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(self.refusal(answer, || self.registry.clone()).await)
    }

    async fn pages<T: DeserializeOwned>(
        &self,
        first: Url,
        scope: String,
        name: impl Fn() -> String,
    ) -> Result<Vec<T>, ImageError> {
        let mut pages = Vec::new();
        let mut next = Some(first);
        let scopes = [scope];
        while let Some(url) = next {
            if pages.len() == MAX_PAGES {
                return Err(self.breach(Breach::Pages));
            }
            let answer = self.send_scoped(Method::GET, &url, &scopes, |request| request).await?;
            if answer.status() != StatusCode::OK {
                return Err(self.refusal(answer, &name).await);
            }
            next = next_page(&answer);
            let body = answer::body(answer, &self.registry, MAX_PAGE_BYTES, &name).await?;
            pages.push(serde_json::from_slice(&body).map_err(|_| self.breach(Breach::List))?);
        }
        Ok(pages)
    }
}

/// The next page, at the same registry: a proof of who asks goes with the request.
pub(super) fn next_page(answer: &Response) -> Option<Url> {
    let values = answer.headers().get_all(LINK).iter();
    let mut links = values.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    let target = links.find_map(next_link)?;
    let url = answer.url().join(target).ok()?;
    (url.origin() == answer.url().origin()).then_some(url)
}

fn next_link(link: &str) -> Option<&str> {
    let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    let is_next = |parameter: &str| {
        let parameter = parameter.trim().replace('"', "");
        parameter.eq_ignore_ascii_case("rel=next")
    };
    parameters.split(';').any(is_next).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_to_the_next_page_is_found() {
        for (link, want) in [
            (r#"</v2/a/tags/list?n=2&last=b>; rel="next""#, Some("/v2/a/tags/list?n=2&last=b")),
            ("<x>; rel=next", Some("x")),
            (r#"<x>; title="y"; rel="next""#, Some("x")),
            (r#"<x>; rel="prev""#, None),
            ("x; rel=next", None),
        ] {
            assert_eq!(next_link(link), want, "{link}");
        }
    }
}

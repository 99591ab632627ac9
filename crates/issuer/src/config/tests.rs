use super::*;
use crate::template::TemplateError;

fn file(json: &str) -> ConfigFile {
    serde_json::from_str(json).unwrap()
}

fn one(url: &str, section: &str) -> ConfigFile {
    file(&format!(r#"{{"oidc-issuers":{{"{url}":{{"client-id":"sigstore",{section}}}}}}}"#))
}

#[track_caller]
fn reject(url: &str, section: &str, why: ConfigReason) {
    let expected = ConfigError { section: url.to_owned(), reason: why };
    assert_eq!(Issuers::new(&one(url, section)).err(), Some(expected), "{section}");
}

const URL: &str = "https://accounts.example.com";

#[test]
fn reads_both_spellings_of_a_file() {
    let camel = r#"{"OIDCIssuers":{"https://a.example.com":{"IssuerURL":"https://a.example.com",
        "ClientID":"sigstore","Type":"uri","SubjectDomain":"https://b.example.com"}},
        "MetaIssuers":{"https://*.example.com":{"ClientID":"x","Type":"kubernetes"}},
        "CIIssuerMetadata":{"p":{"SubjectAlternativeNameTemplate":"sub"}}}"#;
    let kebab = r#"{"define":["x"],"oidc-issuers":{"https://a.example.com":{"issuer-url":"https://a.example.com",
        "client-id":"sigstore","type":"uri","subject-domain":"https://b.example.com","contact":"x"}},
        "meta-issuers":{"https://*.example.com":{"client-id":"x","type":"kubernetes"}},
        "ci-issuer-metadata":{"p":{"subject-alternative-name-template":"sub"}}}"#;
    for text in [camel, kebab] {
        let issuers = Issuers::new(&file(text)).unwrap();
        let exact = issuers.find("https://a.example.com").unwrap();
        assert_eq!((exact.kind.name(), exact.client_id.as_str()), ("uri", "sigstore"));
        assert_eq!(issuers.find("https://z.example.com").unwrap().kind.name(), "kubernetes");
    }
}

#[test]
fn knows_every_type() {
    for (kind, more) in [
        ("buildkite-job", ""),
        ("chainguard-identity", ""),
        ("codefresh-workflow", ""),
        ("email", r#","issuer-claim":"$.federated_claims.connector_id""#),
        ("github-workflow", ""),
        ("gitlab-pipeline", ""),
        ("kubernetes", ""),
        ("siglite", ""),
        ("spiffe", r#","spiffe-trust-domain":"td.example""#),
        ("uri", r#","subject-domain":"https://users.example.com""#),
        ("username", r#","subject-domain":"example.com""#),
    ] {
        let issuers = Issuers::new(&one(URL, &format!(r#""type":"{kind}"{more}"#)));
        assert_eq!(issuers.unwrap().find(URL).unwrap().kind.name(), kind);
    }
}

#[test]
fn refuses_by_reason() {
    reject(URL, r#""type":"mail""#, ConfigReason::KindUnknown);
    reject(URL, r#""kind":"email""#, ConfigReason::KindUnknown);
    reject(URL, r#""type":"kubernetes","issuer-claim":"$.a""#, ConfigReason::IssuerClaimNotEmail);
    for path in ["a", "$", "$.", "$.a..b", "$.a[0]", "$..a", "$.*"] {
        let section = format!(r#""type":"email","issuer-claim":"{path}""#);
        reject(URL, &section, ConfigReason::IssuerClaimPath);
    }
    reject(
        URL,
        r#""type":"email","issuer-url":"https://b.example""#,
        ConfigReason::IssuerUrlMismatch,
    );
    reject("accounts.example.com", r#""type":"email""#, ConfigReason::IssuerUrlShape);
    reject("ftp://accounts.example.com", r#""type":"email""#, ConfigReason::IssuerUrlShape);
    reject(URL, r#""type":"spiffe""#, ConfigReason::SpiffeTrustDomain);
    reject(URL, r#""type":"spiffe","spiffe-trust-domain":"A/b""#, ConfigReason::SpiffeTrustDomain);
    reject(URL, r#""type":"uri""#, ConfigReason::SubjectDomainMissing);
    reject(
        URL,
        r#""type":"uri","subject-domain":"example.com""#,
        ConfigReason::SubjectDomainScheme,
    );
    reject(
        URL,
        r#""type":"uri","subject-domain":"http://example.com""#,
        ConfigReason::SubjectDomainScheme,
    );
    reject(
        URL,
        r#""type":"uri","subject-domain":"https://example.org""#,
        ConfigReason::SubjectDomainForeign,
    );
    reject(URL, r#""type":"username""#, ConfigReason::SubjectDomainMissing);
    reject(
        URL,
        r#""type":"username","subject-domain":"https://example.com""#,
        ConfigReason::SubjectDomainScheme,
    );
    reject(
        URL,
        r#""type":"username","subject-domain":"example.org""#,
        ConfigReason::SubjectDomainForeign,
    );
    reject(
        "http://localhost:1",
        r#""type":"username","subject-domain":"host""#,
        ConfigReason::SubjectDomainForeign,
    );
    reject(URL, r#""type":"ci-provider","ci-provider":"none""#, ConfigReason::ProviderUnknown);

    let empty = format!(r#"{{"oidc-issuers":{{"{URL}":{{"type":"email"}}}}}}"#);
    assert_eq!(Issuers::new(&file(&empty)).unwrap_err().reason, ConfigReason::ClientIdMissing);
}

#[test]
fn refuses_meta_issuers_that_would_trust_too_much() {
    let check = |pattern: &str, kind: &str, why: ConfigReason| {
        let text =
            format!(r#"{{"meta-issuers":{{"{pattern}":{{"client-id":"x","type":"{kind}"}}}}}}"#);
        assert_eq!(Issuers::new(&file(&text)).unwrap_err().reason, why, "{pattern}");
    };
    check("https://a.example", "email", ConfigReason::MetaPattern);
    check("*", "email", ConfigReason::MetaPattern);
    check("https://*.example", "spiffe", ConfigReason::SpiffeMeta);
}

#[test]
fn a_meta_issuer_matches_the_whole_url_and_only_where_it_has_a_star() {
    let text = r#"{"meta-issuers":{"https://oidc.eks.*.amazonaws.com/id/*":{"client-id":"x","type":"kubernetes"}}}"#;
    let issuers = Issuers::new(&file(text)).unwrap();
    let found = issuers
        .find("https://oidc.eks.us-west-2.amazonaws.com/id/B02C93B6A2D30341AD01E1B6D48164CB");
    assert_eq!(
        found.unwrap().url,
        "https://oidc.eks.us-west-2.amazonaws.com/id/B02C93B6A2D30341AD01E1B6D48164CB"
    );
    for url in [
        "https://oidc.eks.us-west-2.amazonaws.com/id/",
        "https://oidc.eks.us-west-2.amazonaws.com/id/a/b",
        "https://oidc.eks.a.b.amazonaws.com/id/a",
        "https://oidcXeks.us-west-2.amazonaws.com/id/a",
        "https://evil.example/?https://oidc.eks.us-west-2.amazonaws.com/id/a",
        "https://oidc.eks.us-west-2.amazonaws.com/id/a.evil.example",
        "https://oidc.eks.us-west-2.amazonaws.com/id/a\n",
    ] {
        assert!(issuers.find(url).is_none(), "{url}");
    }
}

#[test]
fn an_exact_issuer_wins_over_a_pattern_and_an_inserted_one_over_the_file() {
    let text = r#"{"oidc-issuers":{"https://a.example.com":{"client-id":"x","type":"email"}},
        "meta-issuers":{"https://*.example.com":{"client-id":"y","type":"kubernetes"}}}"#;
    let mut issuers = Issuers::new(&file(text)).unwrap();
    assert_eq!(issuers.find("https://a.example.com").unwrap().kind.name(), "email");
    issuers.insert(Issuer::siglite("https://a.example.com", "sigstore"));
    assert_eq!(issuers.find("https://a.example.com").unwrap().kind.name(), "siglite");
    assert_eq!(issuers.exact().count(), 1);
}

#[test]
fn refuses_templates_at_load() {
    let check = |metadata: &str, why: ConfigReason| {
        let text = format!(
            r#"{{"oidc-issuers":{{"{URL}":{{"client-id":"x","type":"ci-provider","ci-provider":"p"}}}},
                "ci-issuer-metadata":{{"p":{metadata}}}}}"#
        );
        assert_eq!(Issuers::new(&file(&text)).unwrap_err().reason, why, "{metadata}");
    };
    check("{}", ConfigReason::SanTemplateMissing);
    let with = |extensions: &str| {
        format!(
            r#"{{"subject-alternative-name-template":"sub","extension-templates":{{{extensions}}}}}"#
        )
    };
    check(&with(r#""build-signer":"x""#), ConfigReason::ExtensionUnknown);
    let unsupported = TemplateError::Unsupported { construct: " printf .a ".into() };
    check(&with(r#""build-signer-uri":"{{ printf .a }}""#), ConfigReason::Template(unsupported));
}

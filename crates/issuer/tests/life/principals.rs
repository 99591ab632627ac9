//! Who a token proves, for every type of issuer: the name in the certificate, the extensions beside it, and
//! what is refused. The claims are those of fulcio's own tests and documentation.

use crate::support::{ISSUER, Mood, World, world, world_of};
use lite_issuer::{EmbedError, IssueError, PrincipalError, TokenRefusal};
use lite_pki::AltName;
use serde_json::{Value, json};

fn section(kind: &str, more: &Value) -> Value {
    let mut section = json!({"client-id": "sigstore", "type": kind});
    section.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    section
}

/// Issues, and compares the name.
#[track_caller]
fn names(world: &World, claims: &Value, signed: &str, expected: AltName) -> Vec<(u8, String)> {
    let issued = world.issue(claims, signed).unwrap();
    assert_eq!(issued.certificate.alt_names(), [expected], "{claims}");
    issued.certificate.fulcio().iter().map(|(e, text)| (e.number(), text.to_owned())).collect()
}

#[track_caller]
fn refuse(world: &World, claims: &Value, why: PrincipalError) {
    match world.issue(claims, "whatever") {
        Err(IssueError::Token(TokenRefusal::Principal(said))) => assert_eq!(said, why, "{claims}"),
        other => panic!("{claims}: {other:?}"),
    }
    assert!(world.order().is_empty(), "what is refused is neither journalled nor logged");
}

#[test]
fn email() {
    let strict = world(&section("email", &json!({})));
    for (claims, why) in [
        (json!({"sub": "x"}), PrincipalError::EmailMissing),
        (json!({"email": ""}), PrincipalError::EmailMissing),
        (json!({"email": "a@b.example"}), PrincipalError::EmailUnverified),
        (json!({"email": "a@b.example", "email_verified": false}), PrincipalError::EmailUnverified),
        (json!({"email": "a@localhost", "email_verified": true}), PrincipalError::EmailInvalid),
        (json!({"email": "ä@b.example", "email_verified": true}), PrincipalError::EmailInvalid),
    ] {
        refuse(&strict, &claims, why);
    }
    let claims = json!({"email": "a@b.example", "email_verified": true, "sub": "7"});
    let extensions = names(&strict, &claims, "a@b.example", AltName::Email("a@b.example".into()));
    let expected = [(1, ISSUER.into()), (8, ISSUER.into()), (24, "7".into())];
    assert_eq!(extensions, expected);

    let lax = world(&section("email", &json!({"skip-email-verification": true})));
    names(
        &lax,
        &json!({"email": "a@b.example"}),
        "a@b.example",
        AltName::Email("a@b.example".into()),
    );
}

#[test]
fn email_of_a_federated_issuer() {
    let path = json!({"issuer-claim": "$.federated_claims.connector_id"});
    let world = world(&section("email", &path));
    let mut claims = json!({"email": "a@b.example", "email_verified": true});
    refuse(&world, &claims, PrincipalError::ClaimMissing);
    claims["federated_claims"] = json!({"connector_id": "https://upstream.example"});
    let extensions = names(&world, &claims, "a@b.example", AltName::Email("a@b.example".into()));
    assert_eq!(extensions[0], (1, "https://upstream.example".into()));
    assert_eq!(extensions[1], (8, "https://upstream.example".into()));
}

#[test]
fn siglite_is_a_person_or_a_machine() {
    let world = world(&section("siglite", &json!({})));
    refuse(
        &world,
        &json!({"email": "a@b.example", "sub": "urn:x:y"}),
        PrincipalError::EmailUnverified,
    );
    for subject in ["", "ci", "/ci", "ci bot", "7:x"] {
        refuse(&world, &json!({"sub": subject}), PrincipalError::SubjectNotUri);
    }
    for subject in [
        "https://github.com/o/r",
        "http://accounts.example.com/machine/ci",
        "https://accounts.example.com.evil.example/ci",
    ] {
        refuse(&world, &json!({"sub": subject}), PrincipalError::SubjectForeign);
    }
    let person = json!({"email": "a@b.example", "email_verified": true, "sub": "7"});
    names(&world, &person, "a@b.example", AltName::Email("a@b.example".into()));
    let uri = "https://accounts.example.com/machine/ci";
    names(&world, &json!({"sub": uri}), uri, AltName::Uri(uri.into()));
}

#[test]
fn uri() {
    let world = world(&section("uri", &json!({"subject-domain": "https://users.example.com"})));
    for (subject, why) in [
        ("a@b.example", PrincipalError::SubjectIsEmail),
        ("a", PrincipalError::SubjectNotUri),
        ("http://users.example.com/a", PrincipalError::SubjectForeign),
        ("https://example.com/a", PrincipalError::SubjectForeign),
        ("https://users.example.com.evil.example/a", PrincipalError::SubjectForeign),
        ("https://users.example.com@evil.example/a", PrincipalError::SubjectNotUri),
    ] {
        refuse(&world, &json!({"sub": subject}), why);
    }
    let uri = "https://users.example.com/a";
    names(&world, &json!({"sub": uri}), uri, AltName::Uri(uri.into()));
}

#[test]
fn username() {
    let world = world(&section("username", &json!({"subject-domain": "example.com"})));
    refuse(&world, &json!({"sub": ""}), PrincipalError::ClaimMissing);
    refuse(&world, &json!({"sub": "joe!evil.example"}), PrincipalError::UsernameShape);
    refuse(&world, &json!({"sub": "joe@example.com"}), PrincipalError::SubjectIsEmail);
    names(&world, &json!({"sub": "joe"}), "joe", AltName::Username("joe!example.com".into()));
}

#[test]
fn spiffe() {
    let world = world(&section("spiffe", &json!({"spiffe-trust-domain": "td.example"})));
    refuse(&world, &json!({"sub": "spiffe://other.example/a"}), PrincipalError::SubjectForeign);
    refuse(&world, &json!({"sub": "spiffe://sub.td.example/a"}), PrincipalError::SubjectForeign);
    refuse(&world, &json!({"sub": "spiffe://td.example/../a"}), PrincipalError::SubjectNotUri);
    let id = "spiffe://td.example/ns/a/sa/b";
    names(&world, &json!({"sub": id}), id, AltName::Uri(id.into()));
}

#[test]
fn kubernetes() {
    let world = world(&section("kubernetes", &json!({})));
    let claims = json!({
        "sub": "system:serviceaccount:ns:sa",
        "kubernetes.io": {"namespace": "ns", "serviceaccount": {"name": "sa", "uid": "7"}},
    });
    let uri = "https://kubernetes.io/namespaces/ns/serviceaccounts/sa";
    names(&world, &claims, "system:serviceaccount:ns:sa", AltName::Uri(uri.into()));
}

#[test]
fn chainguard() {
    let world = world(&section("chainguard-identity", &json!({})));
    let uri = AltName::Uri(format!("{ISSUER}/group/id"));
    names(&world, &json!({"sub": "group/id"}), "group/id", uri.clone());
    let claims = json!({"sub": "group/id", "email": "a@b.example", "email_verified": true});
    names(&world, &claims, "a@b.example", uri);
    world.log.order.lock().unwrap().clear();
    refuse(
        &world,
        &json!({"sub": "group/id", "email": "a@b.example"}),
        PrincipalError::EmailUnverified,
    );
}

fn github() -> Value {
    json!({
        "sub": "repo:sigstore/fulcio:ref:refs/heads/main",
        "job_workflow_ref": "sigstore/other/.github/workflows/foo.yaml@refs/heads/main",
        "job_workflow_sha": "example-sha-other",
        "event_name": "push",
        "repository": "sigstore/fulcio",
        "repository_id": "12345",
        "repository_owner": "sigstore",
        "repository_owner_id": "345",
        "repository_visibility": "public",
        "workflow": "foo",
        "workflow_ref": "sigstore/other/.github/workflows/foo.yaml@refs/heads/main",
        "workflow_sha": "example-sha",
        "ref": "refs/heads/main",
        "sha": "example-sha",
        "run_id": "42",
        "run_attempt": "1",
        "runner_environment": "github-hosted",
    })
}

/// fulcio:docs/oid-info.md, "Mapping OIDC token claims to Fulcio OIDs", column GitHub.
fn github_golden() -> Vec<(u8, String)> {
    [
        (1, ISSUER),
        (2, "push"),
        (3, "example-sha"),
        (4, "foo"),
        (5, "sigstore/fulcio"),
        (6, "refs/heads/main"),
        (8, ISSUER),
        (9, "https://github.com/sigstore/other/.github/workflows/foo.yaml@refs/heads/main"),
        (10, "example-sha-other"),
        (11, "github-hosted"),
        (12, "https://github.com/sigstore/fulcio"),
        (13, "example-sha"),
        (14, "refs/heads/main"),
        (15, "12345"),
        (16, "https://github.com/sigstore"),
        (17, "345"),
        (18, "https://github.com/sigstore/other/.github/workflows/foo.yaml@refs/heads/main"),
        (19, "example-sha"),
        (20, "push"),
        (21, "https://github.com/sigstore/fulcio/actions/runs/42/attempts/1"),
        (22, "public"),
        (24, "repo:sigstore/fulcio:ref:refs/heads/main"),
    ]
    .map(|(number, text)| (number, text.to_owned()))
    .to_vec()
}

const GITHUB_NAME: &str =
    "https://github.com/sigstore/other/.github/workflows/foo.yaml@refs/heads/main";

#[test]
fn github_workflow_has_the_golden_extensions() {
    let world = world(&section("github-workflow", &json!({})));
    let subject = "repo:sigstore/fulcio:ref:refs/heads/main";
    let extensions = names(&world, &github(), subject, AltName::Uri(GITHUB_NAME.into()));
    assert_eq!(extensions, github_golden());

    world.log.order.lock().unwrap().clear();
    for name in github().as_object().unwrap().keys().filter(|name| *name != "sub") {
        let mut claims = github();
        claims.as_object_mut().unwrap().remove(name);
        refuse(&world, &claims, PrincipalError::ClaimMissing);
    }
    let mut claims = github();
    claims["run_id"] = json!(42);
    refuse(&world, &claims, PrincipalError::ClaimMissing);
}

#[test]
fn a_ci_provider_with_the_public_templates_says_the_same_as_github_workflow() {
    let metadata = json!({
        "default-template-values": {"url": "https://github.com", "environment": ""},
        "extension-templates": {
            "issuer": "ignored", "subject": "ignored",
            "github-workflow-trigger": "event_name",
            "github-workflow-sha": "sha",
            "github-workflow-name": "workflow",
            "github-workflow-repository": "repository",
            "github-workflow-ref": "ref",
            "build-signer-uri": "{{ .url }}/{{ .job_workflow_ref }}",
            "build-signer-digest": "job_workflow_sha",
            "runner-environment": "runner_environment",
            "source-repository-uri": "{{ .url }}/{{ .repository }}",
            "source-repository-digest": "sha",
            "source-repository-ref": "ref",
            "source-repository-identifier": "repository_id",
            "source-repository-owner-uri": "{{ .url }}/{{ .repository_owner }}",
            "source-repository-owner-identifier": "repository_owner_id",
            "build-config-uri": "{{ .url }}/{{ .workflow_ref }}",
            "build-config-digest": "workflow_sha",
            "build-trigger": "event_name",
            "run-invocation-uri":
                "{{ .url }}/{{ .repository }}/actions/runs/{{ .run_id }}/attempts/{{ .run_attempt }}",
            "source-repository-visibility-at-signing": "repository_visibility",
            "deployment-environment": "environment",
        },
        "subject-alternative-name-template": "{{ .url }}/{{ .job_workflow_ref }}",
    });
    let config = json!({
        "oidc-issuers": {ISSUER: section("ci-provider", &json!({"ci-provider": "github"}))},
        "ci-issuer-metadata": {"github": metadata},
    });
    let world = world_of(&config, Mood::Honest, usize::MAX);
    let subject = "repo:sigstore/fulcio:ref:refs/heads/main";
    let extensions = names(&world, &github(), subject, AltName::Uri(GITHUB_NAME.into()));
    assert_eq!(extensions, github_golden());

    let mut deployed = github();
    deployed["environment"] = json!("production");
    let extensions = names(&world, &deployed, subject, AltName::Uri(GITHUB_NAME.into()));
    assert!(extensions.contains(&(23, "production".into())));

    // A missing claim is told to the caller, after the proof of possession.
    let mut claims = github();
    claims.as_object_mut().unwrap().remove("sha");
    let issued = world.issue(&claims, subject);
    let Err(IssueError::Embed(why @ EmbedError::Missing { .. })) = issued else {
        panic!("{issued:?}")
    };
    let expected =
        format!("value <sha> not present in either claims or defaults. Issuer: {ISSUER}");
    assert_eq!(why.to_string(), expected);
    let issued = world.issue(&claims, "another name");
    assert!(matches!(issued, Err(IssueError::Possession(_))), "{issued:?}");
}

#[test]
fn gitlab_pipeline() {
    let world = world(&section("gitlab-pipeline", &json!({})));
    let claims = json!({
        "sub": "project_path:g/p:ref_type:tag:ref:v1",
        "project_path": "g/p", "project_id": "1", "pipeline_source": "push", "pipeline_id": "2",
        "ci_config_ref_uri": "gitlab.com/g/p//.gitlab-ci.yml@refs/tags/v1", "namespace_path": "g",
        "namespace_id": "3", "job_id": "4", "ref": "v1", "ref_type": "tag", "sha": "abc",
        "runner_environment": "gitlab-hosted", "runner_id": 5,
    });
    let uri = "https://gitlab.com/g/p//.gitlab-ci.yml@refs/tags/v1";
    let subject = "project_path:g/p:ref_type:tag:ref:v1";
    let extensions = names(&world, &claims, subject, AltName::Uri(uri.into()));
    let expected: Vec<(u8, String)> = [
        (1, ISSUER),
        (8, ISSUER),
        (9, uri),
        (11, "gitlab-hosted"),
        (12, "https://gitlab.com/g/p"),
        (13, "abc"),
        (14, "refs/tags/v1"),
        (15, "1"),
        (16, "https://gitlab.com/g"),
        (17, "3"),
        (18, uri),
        (20, "push"),
        (21, "https://gitlab.com/g/p/-/jobs/4"),
        (24, subject),
    ]
    .map(|(number, text)| (number, text.to_owned()))
    .to_vec();
    assert_eq!(extensions, expected);

    world.log.order.lock().unwrap().clear();
    for (name, value) in [
        ("runner_id", json!(0)),
        ("runner_id", json!("5")),
        ("ref_type", json!("commit")),
        ("sha", json!("")),
    ] {
        let mut claims = claims.clone();
        claims[name] = value;
        refuse(&world, &claims, PrincipalError::ClaimMissing);
    }
}

#[test]
fn buildkite_and_codefresh() {
    let buildkite = world(&section("buildkite-job", &json!({})));
    let claims = json!({"sub": "s", "organization_slug": "o", "pipeline_slug": "p"});
    names(&buildkite, &claims, "s", AltName::Uri("https://buildkite.com/o/p".into()));

    let codefresh = world(&section("codefresh-workflow", &json!({})));
    let claims = json!({
        "sub": "s", "account_id": "1", "account_name": "a", "pipeline_id": "2", "pipeline_name": "x/y",
        "workflow_id": "3",
    });
    let uri = "https://g.codefresh.io/a/x/y:1/2";
    names(&codefresh, &claims, "s", AltName::Uri(uri.into()));
}

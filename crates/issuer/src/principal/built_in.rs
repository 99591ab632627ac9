//! The provider types that upstream has in code: here they are providers with fixed templates.

use lite_identity::Claims;
use serde_json::Value;

use super::Provider;
use crate::config::{CiMetadata, ConfigReason};

/// A provider as a table.
struct Table {
    name: &'static str,
    required: &'static [&'static str],
    defaults: &'static [(&'static str, &'static str)],
    further: fn(&Claims) -> bool,
    alt_name: &'static str,
    extensions: &'static [(&'static str, &'static str)],
}

/// The provider of a type, and the type's name with a longer life.
pub(crate) fn built_in(name: &str) -> Option<(&'static str, Result<Provider, ConfigReason>)> {
    let table = TABLES.iter().find(|table| table.name == name)?;
    Some((table.name, table.provider()))
}

impl Table {
    fn provider(&self) -> Result<Provider, ConfigReason> {
        let owned = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
        };
        let metadata = CiMetadata {
            default_template_values: owned(self.defaults),
            extension_templates: owned(self.extensions),
            subject_alternative_name_template: self.alt_name.to_owned(),
        };
        let mut provider = Provider::from_metadata(&metadata)?;
        provider.required = self.required;
        provider.further = self.further;
        Ok(provider)
    }
}

const TABLES: [Table; 4] = [GITHUB, GITLAB, BUILDKITE, CODEFRESH];

/// fulcio:pkg/identity/github/principal.go. The deployment environment is told only by the `ci-provider`
/// templates, there as here.
const GITHUB: Table = Table {
    name: "github-workflow",
    required: &[
        "job_workflow_ref",
        "sha",
        "event_name",
        "repository",
        "workflow",
        "ref",
        "job_workflow_sha",
        "runner_environment",
        "repository_id",
        "repository_owner",
        "repository_owner_id",
        "repository_visibility",
        "workflow_ref",
        "workflow_sha",
        "run_id",
        "run_attempt",
    ],
    defaults: &[],
    further: |_| true,
    alt_name: "https://github.com/{{ .job_workflow_ref }}",
    extensions: &[
        ("github-workflow-trigger", "event_name"),
        ("github-workflow-sha", "sha"),
        ("github-workflow-name", "workflow"),
        ("github-workflow-repository", "repository"),
        ("github-workflow-ref", "ref"),
        ("build-signer-uri", "https://github.com/{{ .job_workflow_ref }}"),
        ("build-signer-digest", "job_workflow_sha"),
        ("runner-environment", "runner_environment"),
        ("source-repository-uri", "https://github.com/{{ .repository }}"),
        ("source-repository-digest", "sha"),
        ("source-repository-ref", "ref"),
        ("source-repository-identifier", "repository_id"),
        ("source-repository-owner-uri", "https://github.com/{{ .repository_owner }}"),
        ("source-repository-owner-identifier", "repository_owner_id"),
        ("build-config-uri", "https://github.com/{{ .workflow_ref }}"),
        ("build-config-digest", "workflow_sha"),
        ("build-trigger", "event_name"),
        (
            "run-invocation-uri",
            "https://github.com/{{ .repository }}/actions/runs/{{ .run_id }}/attempts/{{ .run_attempt }}",
        ),
        ("source-repository-visibility-at-signing", "repository_visibility"),
    ],
};

/// fulcio:pkg/identity/gitlabcom/principal.go
const GITLAB: Table = Table {
    name: "gitlab-pipeline",
    required: &[
        "project_path",
        "project_id",
        "pipeline_source",
        "pipeline_id",
        "ci_config_ref_uri",
        "namespace_path",
        "namespace_id",
        "job_id",
        "ref",
        "ref_type",
        "sha",
        "runner_environment",
    ],
    defaults: &[("ci_config_sha", ""), ("project_visibility", "")],
    further: |claims| {
        let runner = claims.get("runner_id").and_then(Value::as_i64);
        runner.is_some_and(|id| id != 0)
            && matches!(claims.text("ref_type"), Some("branch" | "tag"))
    },
    alt_name: "https://{{ .ci_config_ref_uri }}",
    extensions: &[
        ("build-config-uri", "https://{{ .ci_config_ref_uri }}"),
        ("build-config-digest", "ci_config_sha"),
        ("build-signer-uri", "https://{{ .ci_config_ref_uri }}"),
        ("build-signer-digest", "ci_config_sha"),
        ("runner-environment", "runner_environment"),
        ("source-repository-uri", "https://gitlab.com/{{ .project_path }}"),
        ("source-repository-digest", "sha"),
        (
            "source-repository-ref",
            "refs/{{ if eq .ref_type \"branch\" }}heads/{{ else }}tags/{{ end }}{{ .ref }}",
        ),
        ("source-repository-identifier", "project_id"),
        ("source-repository-owner-uri", "https://gitlab.com/{{ .namespace_path }}"),
        ("source-repository-owner-identifier", "namespace_id"),
        ("build-trigger", "pipeline_source"),
        ("run-invocation-uri", "https://gitlab.com/{{ .project_path }}/-/jobs/{{ .job_id }}"),
        ("source-repository-visibility-at-signing", "project_visibility"),
    ],
};

/// fulcio:pkg/identity/buildkite/principal.go
const BUILDKITE: Table = Table {
    name: "buildkite-job",
    required: &["organization_slug", "pipeline_slug"],
    defaults: &[],
    further: |_| true,
    alt_name: "https://buildkite.com/{{ .organization_slug }}/{{ .pipeline_slug }}",
    extensions: &[],
};

/// fulcio:pkg/identity/codefresh/principal.go
const CODEFRESH: Table = Table {
    name: "codefresh-workflow",
    required: &["account_id", "pipeline_id", "workflow_id"],
    defaults: &[
        ("platform_url", "https://g.codefresh.io"),
        ("account_name", ""),
        ("pipeline_name", ""),
        ("runner_environment", ""),
        ("scm_repo_url", ""),
        ("scm_ref", ""),
    ],
    further: |_| true,
    alt_name: "{{ .platform_url }}/{{ .account_name }}/{{ .pipeline_name }}:{{ .account_id }}/{{ .pipeline_id }}",
    extensions: &[
        ("build-signer-uri", "{{ .platform_url }}/build/{{ .workflow_id }}"),
        ("runner-environment", "runner_environment"),
        ("source-repository-uri", "scm_repo_url"),
        ("source-repository-ref", "scm_ref"),
        ("build-config-uri", "{{ .platform_url }}/build/{{ .workflow_id }}"),
        ("run-invocation-uri", "{{ .platform_url }}/build/{{ .workflow_id }}"),
    ],
};

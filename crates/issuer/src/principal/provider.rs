//! Principals of CI providers: templates over the claims.

use lite_identity::Claims;
use lite_pki::FulcioExtension;
use serde_json::Value;

use super::{Alt, Draft, EmbedError, PrincipalError};
use crate::config::{CiMetadata, ConfigReason};
use crate::template::{Template, Values};

/// What the tokens of one provider mean.
#[derive(Clone, Debug)]
pub struct Provider {
    defaults: Values,
    /// Claims without which a token proves nobody; each a text that is not empty.
    pub(super) required: &'static [&'static str],
    pub(super) further: fn(&Claims) -> bool,
    alt_name: Template,
    extensions: Vec<(FulcioExtension, Template)>,
}

impl Provider {
    /// Reads a section of `ci-issuer-metadata`.
    pub fn from_metadata(metadata: &CiMetadata) -> Result<Self, ConfigReason> {
        let alt_name = metadata.subject_alternative_name_template.trim();
        if alt_name.is_empty() {
            return Err(ConfigReason::SanTemplateMissing);
        }
        let mut extensions = Vec::new();
        for (name, template) in &metadata.extension_templates {
            let extension = extension(name).ok_or(ConfigReason::ExtensionUnknown)?;
            // Issuer and subject are the token's, whatever a template says.
            if !is_forced(extension) && !template.trim().is_empty() {
                extensions.push((extension, Template::parse(template)?));
            }
        }
        Ok(Self {
            defaults: metadata.default_template_values.clone(),
            required: &[],
            further: |_| true,
            alt_name: Template::parse(&metadata.subject_alternative_name_template)?,
            extensions,
        })
    }

    pub(super) fn principal(&self, claims: &Claims) -> Result<Draft, PrincipalError> {
        let has = |name: &&str| claims.text(name).is_some_and(|text| !text.is_empty());
        if !self.required.iter().all(has) || !(self.further)(claims) {
            return Err(PrincipalError::ClaimMissing);
        }
        let mut draft = Draft::uri(claims, String::new());
        match self.fill(claims) {
            Ok((alt_name, extensions)) => {
                draft.alt_name = Ok(Alt::Uri(alt_name));
                draft.extensions = extensions;
            }
            Err(why) => draft.alt_name = Err(why),
        }
        Ok(draft)
    }

    fn fill(
        &self,
        claims: &Claims,
    ) -> Result<(String, Vec<(FulcioExtension, String)>), EmbedError> {
        let mut values = self.defaults.clone();
        values.extend(claims.all().iter().map(|(name, value)| (name.clone(), printed(value))));
        let fill = |template: &Template| {
            template
                .fill(&values)
                .map_err(|value| EmbedError::Missing { value, issuer: claims.issuer().to_owned() })
        };
        let alt_name = fill(&self.alt_name)?;
        let extensions = self
            .extensions
            .iter()
            .map(|(extension, template)| Ok((*extension, fill(template)?)))
            .collect::<Result<_, EmbedError>>()?;
        Ok((alt_name, extensions))
    }
}

const fn is_forced(extension: FulcioExtension) -> bool {
    matches!(
        extension,
        FulcioExtension::Issuer | FulcioExtension::IssuerV2 | FulcioExtension::TokenSubject
    )
}

/// YAML says `build-signer-uri` and JSON `BuildSignerURI`.
fn extension(name: &str) -> Option<FulcioExtension> {
    let plain = |text: &str| text.replace('-', "").to_ascii_lowercase();
    let wanted = plain(name);
    if wanted == "subject" {
        return Some(FulcioExtension::TokenSubject);
    }
    FulcioExtension::ALL.into_iter().find(|extension| plain(extension.name()) == wanted)
}

/// A claim as text, as Go prints it with `%v`, and whole numbers without an exponent.
fn printed(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => printed_number(number),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(printed).collect::<Vec<_>>().join(" "))
        }
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| format!("{name}:{}", printed(value));
            format!("map[{}]", members.iter().map(member).collect::<Vec<_>>().join(" "))
        }
    }
}

/// Go reads every number as a double and prints it with `'f', -1`: no exponent, no needless fraction. Whole
/// numbers beyond 2^53 keep all their digits here.
fn printed_number(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => format!("{float}"),
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn prints_claims_as_go_does() {
        for (value, expected) in [
            (json!(7), "7"),
            (json!(7.0), "7"),
            (json!(1e6), "1000000"),
            (json!(1.5), "1.5"),
            (json!(1e-7), "0.0000001"),
            (json!(12_345_678_901_234_567_u64), "12345678901234567"),
            (json!(-3), "-3"),
            (json!(true), "true"),
            (json!(null), "<nil>"),
            (json!(["a", 1]), "[a 1]"),
            (json!({"b": 1, "a": {"c": "d"}}), "map[a:map[c:d] b:1]"),
        ] {
            assert_eq!(printed(&value), expected, "{value}");
        }
    }

    #[test]
    fn knows_extensions_in_both_spellings() {
        for (name, number) in [
            ("build-signer-uri", 9),
            ("BuildSignerURI", 9),
            ("github-workflow-sha", 3),
            ("GithubWorkflowSHA", 3),
            ("source-repository-visibility-at-signing", 22),
            ("SourceRepositoryVisibilityAtSigning", 22),
        ] {
            assert_eq!(extension(name).map(FulcioExtension::number), Some(number), "{name}");
        }
        assert_eq!(extension("build-signer"), None);
    }
}

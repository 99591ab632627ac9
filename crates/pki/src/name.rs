//! The names in certificates: who a leaf is for, and what an authority is called.

use std::fmt;
use std::net::IpAddr;

use crate::asn1;
use crate::oid::{self, ObjectIdentifier};

/// A subject alternative name, RFC 5280, Section 4.2.1.6.
///
/// A Fulcio leaf holds exactly one, and only of the first three kinds; the others are for
/// certificates that are read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AltName {
    /// `rfc822Name [1]`: the email address of a person.
    Email(String),
    /// `uniformResourceIdentifier [6]`: a workload.
    Uri(String),
    /// `otherName [0]` of type 1.3.6.1.4.1.57264.1.7: `user!domain`.
    Username(String),
    /// `dNSName [2]`.
    Dns(String),
    /// `iPAddress [7]`.
    Ip(IpAddr),
    /// Any other `GeneralName`, as its DER.
    Other(Vec<u8>),
}

/// What an authority is called: `O` and `CN`, both required by Fulcio's profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityName {
    /// `organizationName`.
    pub organization: String,
    /// `commonName`.
    pub common_name: String,
}

// RFC 5280, Section 4.2.1.6: the context tags of `GeneralName`.
const OTHER_NAME: u8 = 0xA0;
const RFC822_NAME: u8 = 0x81;
const DNS_NAME: u8 = 0x82;
const URI: u8 = 0x86;
const IP_ADDRESS: u8 = 0x87;

impl AltName {
    /// The `GeneralName`, DER.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        match self {
            Self::Email(text) => asn1::tlv(RFC822_NAME, &[text.as_bytes()]),
            Self::Uri(text) => asn1::tlv(URI, &[text.as_bytes()]),
            Self::Dns(text) => asn1::tlv(DNS_NAME, &[text.as_bytes()]),
            Self::Ip(IpAddr::V4(ip)) => asn1::tlv(IP_ADDRESS, &[&ip.octets()]),
            Self::Ip(IpAddr::V6(ip)) => asn1::tlv(IP_ADDRESS, &[&ip.octets()]),
            Self::Username(text) => asn1::tlv(
                OTHER_NAME,
                &[&asn1::oid(&oid::FULCIO_OTHER_NAME), &asn1::tlv(0xA0, &[&asn1::utf8(text)])],
            ),
            Self::Other(der) => der.clone(),
        }
    }

    /// The name as text, where it has one: the email, URI, username, host or address.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Email(text) | Self::Uri(text) | Self::Username(text) | Self::Dns(text) => {
                Some(text)
            }
            Self::Ip(_) | Self::Other(_) => None,
        }
    }

    /// Reads one `GeneralName`. `None`: its content breaks the rules of its kind.
    pub(crate) fn from_der(der: &[u8]) -> Option<Self> {
        let tag = *der.first()?;
        let ia5 = || {
            let bytes = asn1::content(tag, der)?;
            let text = std::str::from_utf8(bytes).ok()?;
            // IA5String is ASCII; a NUL would let a C client read a shorter name.
            (text.is_ascii() && !text.contains('\0')).then(|| text.to_owned())
        };
        match tag {
            RFC822_NAME => ia5().map(Self::Email),
            DNS_NAME => ia5().map(Self::Dns),
            URI => ia5().map(Self::Uri),
            IP_ADDRESS => ip_address(asn1::content(tag, der)?).map(Self::Ip),
            OTHER_NAME => Some(username(der).unwrap_or_else(|| Self::Other(der.to_vec()))),
            _ => Some(Self::Other(der.to_vec())),
        }
    }
}

impl fmt::Display for AltName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Other(_) => f.write_str("(a name of another kind)"),
            named => f.write_str(named.as_text().unwrap_or_default()),
        }
    }
}

impl AuthorityName {
    /// A name of these two parts.
    #[must_use]
    pub fn new(organization: &str, common_name: &str) -> Self {
        Self { organization: organization.to_owned(), common_name: common_name.to_owned() }
    }

    /// The `Name`, DER: `O`, then `CN`, each an RDN of its own.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let rdn = |kind, text: &str| {
            asn1::tlv(asn1::SET, &[&asn1::sequence(&[&asn1::oid(kind), &asn1::utf8(text)])])
        };
        asn1::sequence(&[
            &rdn(&oid::ORGANIZATION, &self.organization),
            &rdn(&oid::COMMON_NAME, &self.common_name),
        ])
    }
}

impl AuthorityName {
    /// The two parts of any `Name`, the first of each kind; empty where it has none, or where it
    /// is written in an alphabet that nobody uses any more.
    pub(crate) fn of_name(der: &[u8]) -> Self {
        let part = |kind| {
            let sets = asn1::elements(der).unwrap_or_default();
            let mut attributes =
                sets.into_iter().flat_map(|set| asn1::elements(set).unwrap_or_default());
            attributes.find_map(|attribute| attribute_text(attribute, kind))
        };
        Self {
            organization: part(&oid::ORGANIZATION).unwrap_or_default(),
            common_name: part(&oid::COMMON_NAME).unwrap_or_default(),
        }
    }
}

impl fmt::Display for AuthorityName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.organization.as_str(), self.common_name.as_str()) {
            ("", common) => f.write_str(common),
            (organization, "") => f.write_str(organization),
            (organization, common) => write!(f, "{common} ({organization})"),
        }
    }
}

/// The text of an attribute of this kind.
fn attribute_text(attribute: &[u8], kind: &ObjectIdentifier) -> Option<String> {
    let parts = asn1::elements(attribute).ok()?;
    let [id, value] = parts.as_slice() else {
        return None;
    };
    if *id != asn1::oid(kind) {
        return None;
    }
    let texts = [asn1::UTF8_STRING, PRINTABLE_STRING, IA5_STRING];
    let bytes = texts.into_iter().find_map(|tag| asn1::content(tag, value))?;
    String::from_utf8(bytes.to_vec()).ok()
}

const PRINTABLE_STRING: u8 = 0x13;
const IA5_STRING: u8 = 0x16;

/// `30 L A0 L { 06 … 57264.1.7, A0 L { 0C L utf8 } }`, sigstore:pkg/cryptoutils/sans.go.
fn username(der: &[u8]) -> Option<AltName> {
    let parts = asn1::elements(der).ok()?;
    let [id, value] = parts.as_slice() else {
        return None;
    };
    if *id != asn1::oid(&oid::FULCIO_OTHER_NAME) {
        return None;
    }
    let text = asn1::content(asn1::UTF8_STRING, asn1::content(0xA0, value)?)?;
    let text = std::str::from_utf8(text).ok()?;
    (!text.contains('\0')).then(|| AltName::Username(text.to_owned()))
}

fn ip_address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(IpAddr::from(four));
    }
    <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_has_the_bytes_that_stock_clients_read() {
        // wire sample: 30 21 A0 1F 06 0A 2B0601040183BF300107 A0 11 0C 0F "joe!example.com"
        let mut expected = vec![
            0xA0, 0x1F, 0x06, 0x0A, 0x2B, 0x06, 0x01, 0x04, 0x01, 0x83, 0xBF, 0x30, 0x01, 0x07,
        ];
        expected.extend([0xA0, 0x11, 0x0C, 0x0F]);
        expected.extend(b"joe!example.com");
        assert_eq!(AltName::Username("joe!example.com".into()).to_der(), expected);
    }

    #[test]
    fn an_authoritys_name_reads_back_and_any_other_gives_what_it_has() {
        let name = AuthorityName::new("example.org", "root");
        assert_eq!(AuthorityName::of_name(&name.to_der()), name);
        assert_eq!(name.to_string(), "root (example.org)");
        // C=DE, CN=x: PrintableString, as many authorities write it.
        let other = b"\x30\x19\x31\x0b0\x09\x06\x03U\x04\x06\x13\x02DE\x31\x0a0\x08\x06\x03U\x04\x03\x13\x01x";
        assert_eq!(AuthorityName::of_name(other), AuthorityName::new("", "x"));
        assert_eq!(AuthorityName::of_name(b"").to_string(), "");
    }

    #[test]
    fn each_kind_reads_back() {
        for name in [
            AltName::Email("a@b.example".into()),
            AltName::Uri("https://b.example/x".into()),
            AltName::Username("joe!example.com".into()),
            AltName::Dns("b.example".into()),
            AltName::Ip("127.0.0.1".parse().unwrap()),
            AltName::Ip("::1".parse().unwrap()),
            AltName::Other(vec![0x88, 0x01, 0x2A]),
        ] {
            assert_eq!(AltName::from_der(&name.to_der()), Some(name));
        }
    }

    #[test]
    fn refuses_names_that_clients_would_read_differently() {
        assert_eq!(AltName::from_der(b"\x81\x03a\0b"), None);
        assert_eq!(AltName::from_der(b"\x81\x02\xC3\xA9"), None);
        assert_eq!(AltName::from_der(b"\x86\x02\xC3\xA9"), None);
        assert_eq!(AltName::from_der(b"\x87\x03abc"), None);
    }
}

//! (6) Was the certificate valid when the signature was made?

use lite_pki::Certificate;

use super::Passed;
use crate::near;
use crate::reason::{Reason, Refusal};
use crate::report::{Evidence, TrustedTime};

/// Every trusted time must lie in the certificate's validity, both ends included.
pub(crate) fn verify(leaf: &Certificate, times: &[TrustedTime]) -> Passed<()> {
    let (first, last) = (leaf.not_before(), leaf.not_after());
    let window = format!("{first} to {last}");
    let mut evidence = Evidence::default().with("valid", &window);
    for time in times {
        if !leaf.is_valid_at(time.at) {
            return Err(Refusal::new(Reason::TimeOutsideCertificate, window, time.at)
                .near(near::outside(time.at, Some(first), Some(last))));
        }
        evidence.add("signed at", time.at);
    }
    Ok(((), evidence))
}

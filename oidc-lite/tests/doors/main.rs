//! The doors of the identity provider, asked without a socket: one test per refusal.

#[cfg(test)]
mod authorize;
#[cfg(test)]
mod device;
#[cfg(test)]
mod discovery;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod support;
#[cfg(test)]
mod token;

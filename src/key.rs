//! Keys: the SHA-256 of everything that could change a stage's output, which is also that output's name.
//!
//! Every part is written with its length before it, so that ("ab", "c") and ("a", "bc") differ.

use sha2::{Digest, Sha256};
use std::fmt;

/// A 256-bit content hash, printed as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub [u8; 32]);

impl Key {
    /// The first 12 hexadecimal digits: enough to tell apart, short enough to read.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }

    /// The first 8 bytes, little endian: a seed for hashing and generators.
    pub fn word(&self) -> u64 {
        self.0.iter().take(8).rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.short())
    }
}

/// Collects the parts of a [`Key`].
pub struct KeyBuilder(Sha256);

impl KeyBuilder {
    /// Starts a key; `what` names the stage and the version of its output format.
    pub fn new(what: &str) -> Self {
        Self(Sha256::new()).text(what)
    }

    /// Adds bytes.
    pub fn bytes(mut self, part: &[u8]) -> Self {
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
        self
    }

    /// Adds a text.
    pub fn text(self, part: &str) -> Self {
        self.bytes(part.as_bytes())
    }

    /// Adds a number.
    pub fn number(self, part: u64) -> Self {
        self.bytes(&part.to_le_bytes())
    }

    /// Adds an input's key.
    pub fn key(self, part: &Key) -> Self {
        self.bytes(&part.0)
    }

    /// The key of all parts so far.
    pub fn finish(self) -> Key {
        Key(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_together() {
        let key = |a: &str, b: &str| KeyBuilder::new("t").text(a).text(b).finish();
        assert_ne!(key("ab", "c"), key("a", "bc"));
        assert_eq!(key("ab", "c"), key("ab", "c"));
        assert_eq!(key("ab", "c").short().len(), 12);
    }
}

//! What a neighborhood compares: the ratings themselves, or only which items a user chose.

use super::signal::Signal;
use crate::kind::Reader;
use crate::value::OptionValue;

crate::choices! {
    /// What neighbors are compared by, and what a score is.
    pub enum KnnSignal {
        Rating = "rating", "how ratings agree; a score is a weighted average of ratings";
        Positive = "positive", "common ratings of liked_from or more; a score is a sum of similarities";
        All = "all", "common ratings, whatever their value; a score is a sum of similarities";
    }
}

impl KnnSignal {
    /// The implicit signals; `None` for ratings.
    pub fn implicit(self) -> Option<Signal> {
        match self {
            Self::Rating => None,
            Self::Positive => Some(Signal::Positive),
            Self::All => Some(Signal::All),
        }
    }

    /// Refuses a `liked_from` that nothing reads.
    pub fn check(self, reader: &Reader<'_>) {
        match self.implicit() {
            Some(signal) => signal.check(reader),
            None => self.refuse(reader, &["liked_from"]),
        }
    }

    /// Refuses options that nothing reads with this choice.
    pub fn refuse(self, reader: &Reader<'_>, keys: &[&'static str]) {
        for key in keys.iter().filter(|key| reader.entry(key).is_some()) {
            let message = format!("with signal = {} nothing reads {key}", self.show());
            reader.refuse_key(key, message, Some(format!("leave {key} out, or choose another signal")));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::kind::Kind;
    use crate::models::golden;
    use crate::models::{BaseModel, itemknn, userknn};

    /// What is said about the options of a kind.
    fn told(kind: &Kind<dyn BaseModel>, text: &str) -> Vec<String> {
        let problems = golden::read("t.toml", text, kind.read).err().unwrap_or_default();
        problems.into_iter().map(|problem| problem.message).collect()
    }

    #[test]
    fn options_that_nothing_reads_are_refused() {
        let [items, users] = [&itemknn::KIND, &userknn::KIND];
        assert_eq!(told(items, "liked_from = 3.0"), ["with signal = \"rating\" nothing reads liked_from"]);
        assert_eq!(told(items, "signal = \"all\"\nliked_from = 3.0"), ["with signal = \"all\" every rating counts"]);
        let both = told(items, "signal = \"positive\"\ncenter = \"none\"\nfallback = \"global\"");
        assert_eq!(both[0], "with signal = \"positive\" nothing reads center");
        assert_eq!(both[1], "with signal = \"positive\" nothing reads fallback");
        assert!(told(items, "signal = \"all\"\nnorm = \"common\"")[0].contains("every cosine is 1"));
        assert!(told(items, "signal = \"positive\"\nliked_from = 3.0\nnorm = \"full\"\nneighbors = 0").is_empty());
        assert_eq!(told(users, "signal = \"rating\"\nliked_from = 3.0").len(), 1);
        assert!(told(users, "liked_from = 3.0").is_empty());
    }
}

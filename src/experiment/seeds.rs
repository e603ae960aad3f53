//! Seeds: a list in the TOML, or `1..10` in the TOML and on the command line.

use crate::error::{Error, Result};
use crate::kind::Reader;
use crate::tree::{Entry, Value};

/// Most seeds of one experiment.
const MOST: usize = 10_000;

const HELP: &str = "seeds = [1, 2, 3], or \"1..5\" for 1, 2, 3, 4, 5";

/// Reads `1..10` (both ends included) or `1,2,5`.
///
/// # Errors
/// [`Error::Usage`] for anything else, for none, too many, or one twice.
pub fn parse(text: &str) -> Result<Vec<u64>> {
    read_text(text).and_then(checked).map_err(|message| Error::usage(message, "write --seeds 1..10 or --seeds 1,2,5"))
}

/// The seeds of an experiment; 42 by default.
pub fn read(reader: &Reader<'_>) -> Vec<u64> {
    let Some(Entry { node, .. }) = reader.entry("seeds") else { return vec![42] };
    let seeds = match &node.value {
        Value::Text(text) => read_text(text),
        Value::Integer(seed) => natural(*seed).map(|seed| vec![seed]),
        Value::Array(items) => {
            let seeds = items.iter().map(|item| match &item.value {
                Value::Integer(seed) => natural(*seed),
                other => Err(format!("found {}, expected whole numbers", other.describe())),
            });
            seeds.collect()
        }
        other => Err(format!("found {}, expected an array of whole numbers", other.describe())),
    };
    seeds.and_then(checked).unwrap_or_else(|message| {
        reader.refuse(&node.place, message, Some(HELP.into()));
        vec![42]
    })
}

fn natural(seed: i64) -> Result<u64, String> {
    u64::try_from(seed).map_err(|_| format!("found the seed {seed}, expected 0 or more"))
}

fn read_text(text: &str) -> Result<Vec<u64>, String> {
    let number = |part: &str| {
        // The store keeps seeds as signed 64-bit numbers.
        let seed = part.trim().parse().ok().filter(|&seed: &u64| i64::try_from(seed).is_ok());
        seed.ok_or_else(|| format!("found the seed {:?}, expected a whole number", crate::error::shown(part)))
    };
    match text.split_once("..") {
        Some((first, last)) => {
            let (first, last) = (number(first)?, number(last.trim_start_matches('='))?);
            let n = last.checked_sub(first).ok_or_else(|| format!("found {text:?}, which holds no seed"))?;
            if n >= MOST as u64 {
                return Err(too_many());
            }
            Ok((first..=last).collect())
        }
        None => text.split(',').map(number).collect(),
    }
}

fn too_many() -> String {
    format!("found more than {MOST} seeds")
}

fn checked(seeds: Vec<u64>) -> Result<Vec<u64>, String> {
    if seeds.is_empty() {
        return Err("found no seeds, expected at least one".into());
    }
    if seeds.len() > MOST {
        return Err(too_many());
    }
    let mut sorted = seeds.clone();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("found the seed {} twice", pair[0])),
        None => Ok(seeds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_include_both_ends_and_lists_keep_their_order() {
        assert_eq!(parse("3..5").unwrap(), [3, 4, 5]);
        assert_eq!(parse("7, 2").unwrap(), [7, 2]);
        for bad in ["", "5..3", "1..1000000", "1,1", "-1", "x", "1..", "9223372036854775808"] {
            assert_eq!(parse(bad).unwrap_err().exit_code(), 2, "{bad}");
        }
    }
}

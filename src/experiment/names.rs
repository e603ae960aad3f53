//! Names that can stand in a command line, a column and a page.

use crate::error::shown;
use crate::kind::Reader;

/// Longest name of an experiment or arm, in characters.
const MOST_CHARACTERS: usize = 100;

/// A name that can stand in a command line, a table and a page: letters, digits and `._-+` and spaces, starting with a letter or digit.
pub fn name(reader: &Reader<'_>, key: &'static str, default: &str) -> String {
    let name = reader.option(key, default.to_owned(), None);
    let fits = |c: char| c.is_alphanumeric() || "._-+ ".contains(c);
    let starts = name.starts_with(char::is_alphanumeric) && !name.ends_with(' ');
    if !starts || !name.chars().all(fits) || name.chars().count() > MOST_CHARACTERS {
        reader.refuse_key(
            key,
            format!("found the name {:?}", shown(&name)),
            Some(format!("names start with a letter or digit and hold letters, digits, \"._-+\" and spaces, at most {MOST_CHARACTERS}")),
        );
    }
    name
}

/// Whether a model's name can be part of a column's.
pub fn fits_column(name: &str) -> bool {
    let length = name.chars().count();
    (1..=MOST_CHARACTERS).contains(&length) && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

//! Open sets of kinds, and their options.
//!
//! A kind is one line in its folder's table: a name, a sentence and how to read its options. [`options!`](crate::options) declares a struct once and derives from it the
//! default, the range check, the error messages and the text of `rexp kinds`, so that none of them can drift from the others.

use crate::error::{Place, Problem};
use crate::suggest;
use crate::tree::{Entry, Node, Table, Value};
use crate::value::{OptionValue, allowed};
use serde::Serialize;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::Path;

/// One member of an open set (a model, a stacker, a split, …).
pub struct Kind<T: ?Sized + 'static> {
    /// Its name in the TOML, `kebab-case`.
    pub name: &'static str,
    /// One line about it.
    pub about: &'static str,
    /// Reads its options; problems are left with the reader.
    pub read: fn(&Reader<'_>) -> Box<T>,
    /// Its options, for help.
    pub options: fn() -> Vec<OptionInfo>,
}

/// What help says about one option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OptionInfo {
    /// Key in the TOML.
    pub name: &'static str,
    /// The documented default.
    pub default: String,
    /// Type, and range or choices.
    pub allowed: String,
    /// What it does.
    pub about: String,
}

/// A struct of options declared with [`options!`](crate::options).
pub trait Options: Sized + Default {
    /// Name, default, range and meaning of each option.
    fn describe() -> Vec<OptionInfo>;
    /// Reads every option out of a table.
    fn read(reader: &Reader<'_>) -> Self;
}

/// Reads one table: every key must be asked for, and every problem is kept until all have been found.
pub struct Reader<'a> {
    table: &'a Table,
    place: Place,
    path: String,
    known: RefCell<BTreeSet<&'static str>>,
    problems: &'a RefCell<Vec<Problem>>,
}

impl<'a> Reader<'a> {
    /// A reader of a table that stands at `place` and is called `path` in messages.
    pub fn new(table: &'a Table, place: Place, path: impl Into<String>, problems: &'a RefCell<Vec<Problem>>) -> Self {
        Self { table, place, path: path.into(), known: RefCell::default(), problems }
    }

    /// What the table is called in messages, e.g. `models.mf`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// ` in [table]`, for messages; nothing at the top.
    fn within(&self) -> String {
        if self.path.is_empty() { String::new() } else { format!(" in [{}]", self.path) }
    }

    /// The entry of a key, which is thereby known.
    pub fn entry(&self, key: &'static str) -> Option<&'a Entry> {
        self.known.borrow_mut().insert(key);
        self.table.get(key)
    }

    /// The value of a key, or the default. A value of another type or outside the range is a problem, and the default is returned.
    pub fn option<T: OptionValue + PartialOrd>(
        &self,
        key: &'static str,
        default: T,
        range: Option<RangeInclusive<T>>,
    ) -> T {
        let Some(Entry { node, .. }) = self.entry(key) else { return default };
        match T::read(&node.value) {
            // The default may lie outside, where it stands for none.
            Some(value) if value == default || range.as_ref().is_none_or(|range| range.contains(&value)) => value,
            _ => {
                self.refuse(
                    &node.place,
                    format!("found {}, expected {}", node.value.describe(), allowed(&range)),
                    Some(format!("{key}{}; default {}", self.within(), default.show())),
                );
                default
            }
        }
    }

    /// A table inside this one; an empty one where it is absent.
    pub fn table(&self, key: &'static str) -> Reader<'a> {
        static EMPTY: Table = Table::new();
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        match self.entry(key) {
            Some(Entry { node: Node { value: Value::Table(table), place }, .. }) => {
                Reader::new(table, place.clone(), path, self.problems)
            }
            Some(Entry { node, .. }) => {
                self.refuse(
                    &node.place,
                    format!("found {}, expected a table", node.value.describe()),
                    Some(format!("write [{path}]")),
                );
                Reader::new(&EMPTY, node.place.clone(), path, self.problems)
            }
            None => Reader::new(&EMPTY, self.place.clone(), path, self.problems),
        }
    }

    /// Every entry as a table of its own, in key order: for `[models.<name>]`.
    pub fn tables(&self) -> Vec<(&'a str, Place, Reader<'a>)> {
        let mut out = Vec::new();
        for (key, Entry { key: key_place, node }) in self.table {
            match &node.value {
                Value::Table(table) => out.push((
                    key.as_str(),
                    key_place.clone(),
                    Reader::new(table, node.place.clone(), format!("{}.{key}", self.path), self.problems),
                )),
                other => self.refuse(
                    &node.place,
                    format!("found {}, expected a table", other.describe()),
                    Some(format!("write [{}.{key}]", self.path)),
                ),
            }
        }
        out
    }

    /// An array of tables, in order: for `[[stackers]]`.
    pub fn array(&self, key: &'static str) -> Vec<Reader<'a>> {
        let Some(Entry { node, .. }) = self.entry(key) else { return Vec::new() };
        let Value::Array(items) = &node.value else {
            self.refuse(
                &node.place,
                format!("found {}, expected an array of tables", node.value.describe()),
                Some(format!("write [[{key}]]")),
            );
            return Vec::new();
        };
        let mut out = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match &item.value {
                Value::Table(table) => {
                    out.push(Reader::new(table, item.place.clone(), format!("{key}.{index}"), self.problems))
                }
                other => self.refuse(
                    &item.place,
                    format!("found {}, expected a table", other.describe()),
                    Some(format!("write [[{key}]]")),
                ),
            }
        }
        out
    }

    /// Reads the rest of this table as the kind its `kind` names (or `default`); all keys must be known to it. `None` when there is no such kind.
    pub fn kind<T: ?Sized>(
        &self,
        key: &'static str,
        what: &str,
        default: Option<&str>,
        kinds: &'static [Kind<T>],
    ) -> Option<(&'static Kind<T>, Box<T>)> {
        let (name, place) = match self.entry(key) {
            Some(Entry { node: Node { value: Value::Text(name), place }, .. }) => (name.as_str(), place.clone()),
            Some(Entry { node, .. }) => {
                self.refuse(
                    &node.place,
                    format!("found {}, expected a string", node.value.describe()),
                    Some(suggest::allowed("", kinds.iter().map(|kind| kind.name))),
                );
                return None;
            }
            None => match default {
                Some(name) => (name, self.place.clone()),
                None => {
                    self.refuse(
                        &self.place,
                        format!("[{}] has no {key:?}", self.path),
                        Some(suggest::allowed("", kinds.iter().map(|kind| kind.name))),
                    );
                    return None;
                }
            },
        };
        let Some(kind) = kinds.iter().find(|kind| kind.name == name) else {
            self.refuse(
                &place,
                format!("unknown {what} kind {:?}", crate::error::shown(name)),
                Some(suggest::allowed(name, kinds.iter().map(|kind| kind.name))),
            );
            return None;
        };
        let value = (kind.read)(self);
        self.finish();
        Some((kind, value))
    }

    /// A path that the TOML gives relative to its own folder, as seen from the current one.
    pub fn resolve(&self, key: &str, path: &str) -> String {
        let place = self.table.get(key).map_or(&self.place, |entry| &entry.node.place);
        let folder = Path::new(&place.source.name).parent().filter(|_| !place.source.name.starts_with("--set"));
        folder.map_or_else(|| path.to_owned(), |folder| folder.join(path).to_string_lossy().into_owned())
    }

    /// Records a problem where a file that an option names cannot be read, so that nobody learns of it after hours of other work. A pipe or a device may never end.
    pub fn check_file(&self, key: &str, path: &Path) {
        let problem = match std::fs::metadata(path) {
            Ok(about) if about.is_file() => return,
            Ok(_) => "is no regular file".to_owned(),
            Err(error) => format!("cannot be read: {error}"),
        };
        let help = "a path is taken from the folder of the TOML that names it, with --set from the current one";
        self.refuse_key(key, format!("{} {problem}", crate::error::shown(&path.to_string_lossy())), Some(help.into()));
    }

    /// How many problems were recorded so far, of this table and others.
    pub fn n_problems(&self) -> usize {
        self.problems.borrow().len()
    }

    /// Records a problem at a place.
    pub fn refuse(&self, place: &Place, message: String, help: Option<String>) {
        self.problems.borrow_mut().push(Problem { place: Some(place.clone()), message, help });
    }

    /// A list of names out of an open set, in the order given: each allowed, none twice, at least one. Problems stand at the name at fault.
    pub fn names<'n>(&self, key: &'static str, what: &str, default: &[&'n str], allowed: &[&'n str]) -> Vec<&'n str> {
        let Some(Entry { node, .. }) = self.entry(key) else { return default.to_vec() };
        let help = |found: &str| Some(suggest::allowed(found, allowed.iter().copied()));
        let Value::Array(items) = &node.value else {
            let message = format!("found {}, expected an array of names", node.value.describe());
            self.refuse(&node.place, message, help(""));
            return default.to_vec();
        };
        let mut out: Vec<&'n str> = Vec::new();
        for item in items {
            let found = if let Value::Text(text) = &item.value { text.as_str() } else { "" };
            match allowed.iter().find(|name| **name == found) {
                Some(name) if out.contains(name) => {
                    self.refuse(&item.place, format!("{name:?} stands here twice"), None);
                }
                Some(name) => out.push(name),
                None => {
                    self.refuse(&item.place, format!("found {}, expected {what}", item.value.describe()), help(found));
                }
            }
        }
        out
    }

    /// Records a problem with the value of `key`, or with the table where the key is absent.
    pub fn refuse_key(&self, key: &str, message: String, help: Option<String>) {
        let place = self.table.get(key).map_or(&self.place, |entry| &entry.node.place);
        self.refuse(place, message, help);
    }

    /// Records every key that nobody asked for. To be called once, after all options were read.
    pub fn finish(&self) {
        let known = self.known.borrow();
        for (key, entry) in self.table {
            if !known.contains(key.as_str()) {
                self.refuse(
                    &entry.key,
                    format!("unknown key {:?}{}", crate::error::shown(key), self.within()),
                    Some(suggest::allowed(key, known.iter().copied())),
                );
            }
        }
    }
}

/// A member of an open set with all options at their defaults.
pub fn with_defaults<T: ?Sized>(kind: &Kind<T>) -> Box<T> {
    let source = std::sync::Arc::new(crate::error::Source { name: "defaults".into(), text: String::new() });
    let (table, problems) = (Table::new(), RefCell::default());
    (kind.read)(&Reader::new(&table, Place { source, start: 0, end: 0 }, "", &problems))
}

/// Declares a struct of options: `pub name: Type = default, in low..=high;`. The doc comment of a field is its help text.
#[macro_export]
macro_rules! options {
    (
        $(#[$meta:meta])*
        pub struct $name:ident { $( $(#[doc = $doc:literal])+ pub $field:ident : $ty:ty = $default:expr $(, in $range:expr)? ; )* }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        pub struct $name { $( $(#[doc = $doc])+ pub $field: $ty, )* }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $default, )* }
            }
        }

        impl $crate::kind::Options for $name {
            fn describe() -> Vec<$crate::kind::OptionInfo> {
                let defaults = Self::default();
                let _ = &defaults;
                vec![ $( $crate::kind::OptionInfo {
                    name: stringify!($field),
                    default: $crate::value::OptionValue::show(&defaults.$field),
                    allowed: $crate::value::allowed::<$ty>(&$crate::options!(@range $($range)?)),
                    about: concat!($($doc),+).trim().to_owned(),
                }, )* ]
            }

            fn read(reader: &$crate::kind::Reader<'_>) -> Self {
                let defaults = Self::default();
                let _ = (&defaults, reader);
                Self { $( $field: reader.option(stringify!($field), defaults.$field.clone(), $crate::options!(@range $($range)?)), )* }
            }
        }
    };
    (@range $range:expr) => { Some($range) };
    (@range) => { None };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Source;
    use std::sync::Arc;

    crate::options! {
        /// For the tests.
        pub struct Demo {
            /// How many.
            pub n: usize = 3, in 1..=10;
            /// How strong.
            pub rate: f64 = 0.5, in 0.0..=1.0;
            /// Which way.
            pub way: Way = Way::Up;
        }
    }

    crate::choices! {
        /// For the tests.
        pub enum Way { Up = "up", "upwards"; Down = "down", "downwards"; }
    }

    fn read(text: &str) -> (Demo, Vec<Problem>) {
        let source = Arc::new(Source { name: "t.toml".into(), text: text.into() });
        let root = crate::tree::parse(&source).unwrap();
        let Value::Table(table) = &root.value else { unreachable!() };
        let problems = RefCell::default();
        let reader = Reader::new(table, root.place.clone(), "demo", &problems);
        let demo = Demo::read(&reader);
        reader.finish();
        drop(reader);
        (demo, problems.into_inner())
    }

    #[test]
    fn absent_options_take_their_defaults() {
        assert_eq!(read(""), (Demo { n: 3, rate: 0.5, way: Way::Up }, vec![]));
        assert_eq!(read("n = 7\nrate = 1\nway = \"down\"").0, Demo { n: 7, rate: 1.0, way: Way::Down });
    }

    #[test]
    fn all_problems_of_a_table_are_found_together() {
        let (_, problems) = read("n = 11\nrate = nan\nway = \"left\"\nrat = 1");
        let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(messages.len(), 4, "{messages:?}");
        assert_eq!(messages[0], "found 11, expected a whole number from 1 to 10");
        assert!(problems[3].help.as_ref().unwrap().contains("did you mean \"rate\"?"));
        assert_eq!(problems[0].place.as_ref().unwrap().line_column(), (1, 5));
    }

    #[test]
    fn help_comes_from_the_declaration() {
        let help = Demo::describe();
        assert_eq!((help[0].name, help[0].default.as_str(), help[0].about.as_str()), ("n", "3", "How many."));
        assert_eq!(help[0].allowed, "a whole number from 1 to 10");
    }
}

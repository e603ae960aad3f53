//! A TOML document as a tree whose every key and value remembers the text it came from.
//!
//! Reading by hand instead of by derive buys three things a user sees: all problems of a file at once, the exact place of each, and places that stay
//! right after `extends` has merged two files and `--set` has added a third.

use crate::error::{Error, Place, Problem, Result, Source};
use std::{collections::BTreeMap, sync::Arc};
use toml::{Spanned, de::DeTable, de::DeValue};

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// The text of the value.
    pub place: Place,
}

/// What a [`Node`] holds.
#[derive(Debug, Clone)]
pub enum Value {
    /// A table.
    Table(Table),
    /// An array.
    Array(Vec<Node>),
    /// A string.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number with a decimal point; may be infinite or NaN, which readers refuse.
    Float(f64),
    /// `true` or `false`.
    Bool(bool),
    /// A date or time, which no option takes.
    Datetime(String),
}

/// A table's entries, by key.
pub type Table = BTreeMap<String, Entry>;

/// One `key = value` of a table.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where the key stands.
    pub key: Place,
    /// The value.
    pub node: Node,
}

impl Value {
    /// What it is called in a message.
    pub fn describe(&self) -> String {
        match self {
            Self::Table(_) => "a table".into(),
            Self::Array(items) => format!("an array of {}", items.len()),
            Self::Text(text) => format!("{:?}", crate::error::shown(text)),
            Self::Integer(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Bool(flag) => flag.to_string(),
            Self::Datetime(text) => format!("the date {text}"),
        }
    }
}

/// Parses a document. All syntax errors are reported together.
///
/// # Errors
/// [`Error::Config`] with one problem per syntax error.
pub fn parse(source: &Arc<Source>) -> Result<Node> {
    let (document, errors) = DeTable::parse_recoverable(&source.text);
    let mut problems: Vec<Problem> = errors
        .into_iter()
        .map(|error| Problem {
            place: error.span().map(|span| Place { source: source.clone(), start: span.start, end: span.end }),
            message: error.message().to_owned(),
            help: None,
        })
        .collect();
    let whole = Place { source: source.clone(), start: 0, end: source.text.len().min(1) };
    let table = convert_table(source, document.into_inner(), &mut problems);
    if problems.is_empty() {
        Ok(Node { value: Value::Table(table), place: whole })
    } else {
        Err(Error::Config(problems))
    }
}

fn place_of<T>(source: &Arc<Source>, spanned: &Spanned<T>) -> Place {
    Place { source: source.clone(), start: spanned.span().start, end: spanned.span().end }
}

fn convert_table(source: &Arc<Source>, table: DeTable<'_>, problems: &mut Vec<Problem>) -> Table {
    let mut out = Table::new();
    for (key, value) in table {
        let entry = Entry { key: place_of(source, &key), node: convert(source, value, problems) };
        out.insert(key.into_inner().into_owned(), entry);
    }
    out
}

fn convert(source: &Arc<Source>, spanned: Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> Node {
    let place = place_of(source, &spanned);
    let mut refuse = |message: String| {
        problems.push(Problem { place: Some(place.clone()), message, help: None });
        Value::Integer(0)
    };
    let value = match spanned.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::Integer(number),
            Err(_) => refuse(format!("the whole number {} does not fit 64 bits", crate::error::shown(number.as_str()))),
        },
        DeValue::Float(number) => match number.as_str().replace('_', "").parse() {
            Ok(number) => Value::Float(number),
            Err(_) => refuse(format!("{} is not a number", crate::error::shown(number.as_str()))),
        },
        DeValue::Boolean(flag) => Value::Bool(flag),
        DeValue::Datetime(date) => Value::Datetime(date.to_string()),
        DeValue::Array(items) => Value::Array(items.into_iter().map(|item| convert(source, item, problems)).collect()),
        DeValue::Table(table) => Value::Table(convert_table(source, table, problems)),
    };
    Node { value, place }
}

/// The document as TOML text, keys sorted: what `extends` and `--set` came to.
pub fn to_toml(table: &Table) -> String {
    // A tree that came out of a TOML document can be written as one.
    toml::to_string(&plain_table(table)).unwrap_or_default()
}

fn plain_table(table: &Table) -> toml::Table {
    table.iter().map(|(key, entry)| (key.clone(), plain(&entry.node.value))).collect()
}

fn plain(value: &Value) -> toml::Value {
    match value {
        Value::Table(table) => toml::Value::Table(plain_table(table)),
        Value::Array(items) => toml::Value::Array(items.iter().map(|item| plain(&item.value)).collect()),
        Value::Text(text) | Value::Datetime(text) => toml::Value::String(text.clone()),
        Value::Integer(number) => toml::Value::Integer(*number),
        Value::Float(number) => toml::Value::Float(*number),
        Value::Bool(flag) => toml::Value::Boolean(*flag),
    }
}

/// Lays `over` on `base`, key by key. A table that names another `kind` replaces the base's table whole: the options of one kind mean nothing to another.
pub fn merge(base: Table, over: Table) -> Table {
    let mut out = base;
    for (key, entry) in over {
        let merged = match (out.remove(&key), entry) {
            (
                Some(Entry { node: Node { value: Value::Table(old), .. }, .. }),
                Entry { key, node: Node { value: Value::Table(new), place } },
            ) if !changes_kind(&old, &new) => Entry { key, node: Node { value: Value::Table(merge(old, new)), place } },
            (_, entry) => entry,
        };
        out.insert(key, merged);
    }
    out
}

fn changes_kind(old: &Table, new: &Table) -> bool {
    // A data set is chosen by `name` or by `format`; either is a choice of kind.
    let kind = |table: &Table| {
        ["kind", "format", "name"].map(|key| match table.get(key).map(|entry| &entry.node.value) {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        })
    };
    let new = kind(new);
    new.iter().any(Option::is_some) && new != kind(old)
}

/// Applies one `--set path.to.key=value`. The value is TOML; a bare word is taken as a string. A path may walk into an array of tables by number or by
/// the `name` (or `kind`) of the table.
///
/// # Errors
/// [`Error::Usage`] when the text has no `=` or the path leads through something that is not a table.
pub fn set(root: &mut Table, assignment: &str) -> Result<()> {
    let example = "write it like --set models.mf.factors=64";
    let Some((path, value)) = assignment.split_once('=') else {
        return Err(Error::usage(format!("--set {assignment:?} has no \"=\""), example));
    };
    let (path, value) = (path.trim(), value.trim());
    let quoted = format!("value = {}", Value::Text(value.to_owned()).describe());
    let bare = format!("value = {value}");
    let text = if DeTable::parse(&bare).is_ok_and(|table| table.get_ref().len() == 1) { bare } else { quoted };
    let source = Arc::new(Source { name: format!("--set {path}"), text });
    let Node { value: Value::Table(mut parsed), place } = parse(&source)? else { return Ok(()) };
    let Some(entry) = parsed.remove("value") else {
        return Err(Error::usage(format!("--set {assignment:?} has no value"), example));
    };
    let keys: Vec<&str> = path.split('.').map(str::trim).collect();
    if keys.iter().any(|key| key.is_empty()) {
        return Err(Error::usage(format!("--set {assignment:?} has an empty key"), example));
    }
    let (last, parents) = keys.split_last().unwrap_or((&"", &[]));
    let mut table = root;
    for key in parents {
        let fresh =
            || Entry { key: place.clone(), node: Node { value: Value::Table(Table::new()), place: place.clone() } };
        table = match &mut table.entry((*key).to_owned()).or_insert_with(fresh).node.value {
            Value::Table(inner) => inner,
            Value::Array(items) => return set_in_array(items, &keys[1..], entry, assignment),
            other => {
                let message = format!("--set {path}: {key:?} is {}, not a table", other.describe());
                return Err(Error::usage(message, example));
            }
        };
    }
    table.insert((*last).to_owned(), entry);
    Ok(())
}

/// The rest of a `--set` path behind an array of tables: the table's number or name, then its key.
fn set_in_array(items: &mut [Node], rest: &[&str], entry: Entry, assignment: &str) -> Result<()> {
    let [which, key] = rest else {
        return Err(Error::usage(
            format!("--set {assignment:?}: expected NUMBER.KEY or NAME.KEY behind an array"),
            "e.g. --set stackers.0.n_trees=50",
        ));
    };
    let named = |table: &Table| {
        ["name", "kind"].iter().any(|field| matches!(table.get(*field), Some(Entry { node: Node { value: Value::Text(text), .. }, .. }) if text == which))
    };
    let number = which.parse::<usize>().ok();
    for (index, item) in items.iter_mut().enumerate() {
        if let Value::Table(table) = &mut item.value
            && (number == Some(index) || named(table))
        {
            table.insert((*key).to_owned(), entry);
            return Ok(());
        }
    }
    Err(Error::usage(
        format!("--set {assignment:?}: the array has no {which:?}"),
        "give the number (from 0), the name or the kind of one of its tables",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        let source = Arc::new(Source { name: "test.toml".into(), text: text.into() });
        let Value::Table(table) = parse(&source).unwrap().value else { unreachable!() };
        table
    }

    fn text(table: &Table, path: &[&str]) -> String {
        let node = &table[path[0]].node;
        match (&node.value, path.len()) {
            (Value::Table(inner), 2..) => text(inner, &path[1..]),
            (value, _) => value.describe(),
        }
    }

    #[test]
    fn a_child_overrides_key_by_key_but_another_kind_replaces() {
        let base = table("[models.mf]\nfactors = 8\nepochs = 3\n[split]\nkind = \"random\"\ntest = 0.3");
        let merged = merge(base, table("[models.mf]\nfactors = 16\n[split]\nkind = \"temporal\""));
        assert_eq!(text(&merged, &["models", "mf", "factors"]), "16");
        assert_eq!(text(&merged, &["models", "mf", "epochs"]), "3");
        let Value::Table(split) = &merged["split"].node.value else { panic!() };
        assert!(!split.contains_key("test"));
    }

    #[test]
    fn set_reaches_tables_and_arrays_of_tables() {
        let mut root = table("[[stackers]]\nkind = \"logistic\"");
        set(&mut root, "models.mf.factors=64").unwrap();
        set(&mut root, "split.kind=temporal").unwrap();
        set(&mut root, "stackers.logistic.c=0.5").unwrap();
        assert_eq!(text(&root, &["models", "mf", "factors"]), "64");
        assert_eq!(text(&root, &["split", "kind"]), "\"temporal\"");
        assert!(set(&mut root, "stackers.7.c=1").is_err());
        assert!(set(&mut root, "no equals sign").is_err());
    }

    #[test]
    fn all_syntax_errors_come_together() {
        let source = Arc::new(Source { name: "t".into(), text: "a = \nb = ]\n".into() });
        let Err(Error::Config(problems)) = parse(&source) else { panic!() };
        assert!(problems.len() >= 2 && problems.iter().all(|problem| problem.place.is_some()));
    }
}

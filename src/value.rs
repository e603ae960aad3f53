//! Types that an option may have: how a value is read, what is accepted, and how it is shown.

use crate::tree::Value;
use serde::Serialize;
use std::ops::RangeInclusive;

/// A type that an option may have.
pub trait OptionValue: Clone + Serialize {
    /// Reads a value; `None` when it has another type.
    fn read(value: &Value) -> Option<Self>;
    /// What is accepted, as in `found X, expected …`.
    fn expected() -> String;
    /// As it would be written in a TOML.
    fn show(&self) -> String;
}

macro_rules! option_value {
    ($type:ty, $expected:expr, $value:ident => $read:expr, $shown:ident => $show:expr) => {
        impl OptionValue for $type {
            fn read($value: &Value) -> Option<Self> {
                $read
            }
            fn expected() -> String {
                $expected.into()
            }
            fn show(&self) -> String {
                let $shown = self;
                $show
            }
        }
    };
}

option_value!(usize, "a whole number", v => integer(v).and_then(|n| Self::try_from(n).ok()), x => x.to_string());
option_value!(u64, "a whole number", v => integer(v).and_then(|n| Self::try_from(n).ok()), x => x.to_string());
option_value!(f64, "a number", v => number(v), x => format!("{x:?}"));
option_value!(bool, "true or false", v => if let Value::Bool(b) = v { Some(*b) } else { None }, x => x.to_string());
option_value!(String, "a string", v => if let Value::Text(t) = v { Some(t.clone()) } else { None }, x => format!("{x:?}"));

fn integer(value: &Value) -> Option<i64> {
    if let Value::Integer(number) = value { Some(*number) } else { None }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(number) => Some(*number as f64),
        Value::Float(number) if number.is_finite() => Some(*number),
        _ => None,
    }
}

impl<T: OptionValue> OptionValue for Vec<T> {
    fn read(value: &Value) -> Option<Self> {
        let Value::Array(items) = value else { return None };
        items.iter().map(|item| T::read(&item.value)).collect()
    }
    fn expected() -> String {
        format!("an array, each {}", T::expected())
    }
    fn show(&self) -> String {
        format!("[{}]", self.iter().map(OptionValue::show).collect::<Vec<_>>().join(", "))
    }
}

impl<T: OptionValue> OptionValue for Option<T> {
    fn read(value: &Value) -> Option<Self> {
        T::read(value).map(Some)
    }
    fn expected() -> String {
        T::expected()
    }
    fn show(&self) -> String {
        self.as_ref().map_or_else(|| "unset".into(), OptionValue::show)
    }
}

/// Type and range, for messages and help.
pub fn allowed<T: OptionValue>(range: &Option<RangeInclusive<T>>) -> String {
    match range {
        Some(range) => format!("{} from {} to {}", T::expected(), range.start().show(), range.end().show()),
        None => T::expected(),
    }
}

/// Declares an enum whose variants are chosen by name in the TOML: `Variant = "name", "what it means";`.
#[macro_export]
macro_rules! choices {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $( $variant:ident = $text:literal, $doc:literal; )+ }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, serde::Serialize)]
        pub enum $name { $( #[doc = $doc] #[serde(rename = $text)] $variant, )+ }

        impl $crate::value::OptionValue for $name {
            fn read(value: &$crate::tree::Value) -> Option<Self> {
                let $crate::tree::Value::Text(text) = value else { return None };
                match text.as_str() {
                    $( $text => Some(Self::$variant), )+
                    _ => None,
                }
            }
            fn expected() -> String {
                [$( concat!("\"", $text, "\" (", $doc, ")") ),+].join(", ")
            }
            fn show(&self) -> String {
                match self { $( Self::$variant => concat!("\"", $text, "\"").to_owned(), )+ }
            }
        }
    };
}

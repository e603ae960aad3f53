//! What every format must do: the same ratings give the same content hash however they are written, and a bad row is named with its place.

use super::{FORMATS, Format};
use crate::dataset::{Dataset, Duplicates, ItemIndex, Tag, UserIndex};
use crate::error::{Result, Source};
use crate::kind::Reader;
use crate::tree::{self, Value};
use std::cell::RefCell;
use std::sync::Arc;

/// The format that a TOML table names, and the messages of what is wrong with it.
fn format_of(text: &str) -> (Option<Box<dyn Format>>, Vec<String>) {
    let source = Arc::new(Source { name: "t.toml".into(), text: text.into() });
    let root = tree::parse(&source).unwrap();
    let Value::Table(table) = &root.value else { unreachable!() };
    let problems = RefCell::default();
    let found = Reader::new(table, root.place.clone(), "data", &problems).kind("format", "data format", None, FORMATS);
    let messages = problems.into_inner().into_iter().map(|problem| problem.message).collect();
    (found.map(|(_, format)| format), messages)
}

/// Reads a folder that holds exactly these files.
fn read(toml: &str, files: &[(&str, &[u8])]) -> Result<Dataset> {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let (format, problems) = format_of(toml);
    assert_eq!(problems, [""; 0]);
    format.unwrap().read(folder.path(), "demo", Duplicates::Last)
}

fn hash(toml: &str, files: &[(&str, &[u8])]) -> String {
    read(toml, files).unwrap().hash.to_string()
}

const RATINGS_CSV: &str = "userId,movieId,rating,timestamp\n1,10,4,900\n1,9,3,901\n2,10,5,-5\n";
const MOVIES_CSV: &str =
    "movieId,title,genres\n9,\"Day, The \"\"Long\"\" (1990)\",Drama|Comedy\n10,Misérables (1995),(no genres listed)\n";
const RATINGS_DAT: &str = "1::10::4::900\n1::9::3::901\n2::10::5::-5\n";
const MOVIES_DAT: &str = "9::Day, The \"Long\" (1990)::Drama|Comedy\n10::Misérables (1995)::(no genres listed)\n";

fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

fn expected() -> String {
    hash(
        "format = \"movielens-csv\"",
        &[("ratings.csv", RATINGS_CSV.as_bytes()), ("movies.csv", MOVIES_CSV.as_bytes())],
    )
}

#[test]
fn the_same_data_has_the_same_hash_in_every_format() {
    let dat =
        |movies: &[u8]| hash("format = \"ml-dat\"", &[("ratings.dat", RATINGS_DAT.as_bytes()), ("movies.dat", movies)]);
    assert_eq!(dat(MOVIES_DAT.as_bytes()), expected());
    assert_eq!(dat(&latin1(MOVIES_DAT)), expected());

    let data = RATINGS_DAT.replace("::", "\t");
    let item = latin1("9|Day, The \"Long\" (1990)|01-Jan-1990||http://x|0|1|1\n10|Misérables (1995)||||1|0|0\n");
    let genres = b"unknown|0\nComedy|1\nDrama|2\n\n";
    let files: [(&str, &[u8]); 3] = [("u.data", data.as_bytes()), ("u.item", &item), ("u.genre", genres)];
    assert_eq!(hash("format = \"ml-100k\"", &files), expected());

    let columns = "user = \"userId\"\nitem = \"movieId\"\nitems_path = \"movies.csv\"\nitems_item = \"movieId\"";
    let files = [("ratings.csv", RATINGS_CSV.as_bytes()), ("movies.csv", MOVIES_CSV.as_bytes())];
    assert_eq!(hash(&format!("format = \"delimited\"\n{columns}"), &files), expected());
    for separator in ["::", "\\t", ";", " - "] {
        let real = separator.replace("\\t", "\t");
        let toml = format!(
            "format = \"delimited\"\npath = \"r.txt\"\nseparator = \"{separator}\"\nheader = false\nquotes = false\nuser = \"1\"\nitem = \"2\"\nrating = \"3\"\n\
             timestamp = \"4\"\nitems_path = \"i.txt\"\nitems_item = \"1\"\ntitle = \"2\"\ngenres = \"3\"\ngenre_separator = \"+\"\nencoding = \"latin-1\""
        );
        let ratings = RATINGS_DAT.replace("::", &real);
        let items = latin1(&MOVIES_DAT.replace("::", &real).replace('|', "+"));
        assert_eq!(hash(&toml, &[("r.txt", ratings.as_bytes()), ("i.txt", &items)]), expected(), "{separator}");
    }
}

#[test]
fn how_a_file_is_written_does_not_change_the_hash() {
    let quoted: String = RATINGS_CSV.lines().map(|line| format!("\"{}\"\n", line.replace(',', "\",\""))).collect();
    let reordered: String = RATINGS_CSV
        .lines()
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            format!("{},{},x,{},{}\n", cells[3], cells[1], cells[2], cells[0])
        })
        .collect();
    let mut reversed: Vec<&str> = RATINGS_CSV.lines().skip(1).collect();
    reversed.push("userId,movieId,rating,timestamp");
    reversed.reverse();
    let variants = [
        RATINGS_CSV.replace('\n', "\r\n"),
        format!("\u{feff}{RATINGS_CSV}"),
        RATINGS_CSV.trim_end().to_owned(),
        RATINGS_CSV.replace(",4,", ",4.0,").replace(",3,", ",3.00,").replace(",5,", ",5e0,"),
        format!("{RATINGS_CSV}\n\n"),
        quoted,
        reordered,
        reversed.join("\n"),
    ];
    for text in variants {
        let files = [("ratings.csv", text.as_bytes()), ("movies.csv", MOVIES_CSV.as_bytes())];
        assert_eq!(hash("format = \"movielens-csv\"", &files), expected(), "{text}");
    }
}

#[test]
fn notes_say_how_many_rows_were_read_and_what_is_missing() {
    let movies = format!("{MOVIES_CSV}9,again,Drama\n");
    let tags = "userId,movieId,tag,timestamp\n1,10,\"good, long\",1\n1,77,lost,2\n";
    let files = [("ratings.csv", RATINGS_CSV), ("movies.csv", &movies), ("tags.csv", tags)];
    let data = read("format = \"movielens-csv\"", &files.map(|(name, text)| (name, text.as_bytes()))).unwrap();
    assert_eq!(data.notes[0].message, "read 3 ratings in ratings.csv, 3 items in movies.csv, 2 tags in tags.csv");
    assert_eq!((data.notes[1].code, data.notes[1].count), ("repeated-items", 1));
    let tag = Tag { item: ItemIndex(1), tagger: UserIndex(0), text: "good, long".into() };
    assert_eq!(data.catalog.tags, [tag]);
    let bare = read("format = \"movielens-csv\"", &[("ratings.csv", RATINGS_CSV.as_bytes())]).unwrap();
    assert_eq!((bare.notes[1].code, bare.n_items()), ("no-catalog", 2));
    assert!(bare.has_timestamps);
}

#[test]
fn tags_and_their_taggers_are_the_same_in_every_format_that_has_them() {
    let csv = |tags: &str| {
        let files = [("ratings.csv", RATINGS_CSV), ("movies.csv", MOVIES_CSV), ("tags.csv", tags)];
        hash("format = \"movielens-csv\"", &files.map(|(name, text)| (name, text.as_bytes())))
    };
    let tags = "2::9::long::5\n77::10::Hugo::6\n";
    let files = [("ratings.dat", RATINGS_DAT), ("movies.dat", MOVIES_DAT), ("tags.dat", tags)];
    let dat = hash("format = \"ml-dat\"", &files.map(|(name, text)| (name, text.as_bytes())));
    assert_eq!(dat, csv("tag,movieId,userId,timestamp\nHugo,10,77,6\nlong,9,2,5\n"));
    assert_ne!(dat, csv("tag,movieId,userId,timestamp\nHugo,10,77,6\nlong,9,1,5\n"), "another tagger");
}

#[test]
fn a_file_without_timestamps_says_so() {
    let toml = "format = \"delimited\"\nseparator = \";\"\ntimestamp = \"\"";
    let data = read(toml, &[("ratings.csv", b"item;rating;user\nb;2;u\na;1;u\n")]).unwrap();
    assert!(!data.has_timestamps);
    assert_eq!((data.ratings.values, data.ratings.timestamps), (vec![1.0, 2.0], vec![0, 0]));
}

#[test]
fn a_bad_row_is_named_with_its_place_in_every_format() {
    let message = |toml: &str, files: &[(&str, &[u8])]| {
        let message = read(toml, files).unwrap_err().to_string();
        let first = message.lines().next().unwrap();
        first[first.rfind('/').unwrap_or(0)..].to_owned()
    };
    let bad = |text: &str| text.replace("3\t901", "3,5\t901");
    assert_eq!(
        message("format = \"ml-100k\"", &[("u.data", bad(&RATINGS_DAT.replace("::", "\t")).as_bytes())]),
        "/u.data:2:5: found \"3,5\" in column rating, expected a finite number"
    );
    let data = RATINGS_DAT.replace("::", "\t");
    let flags = format!("9|Title||||0|2{}\n", "|0".repeat(17));
    assert_eq!(
        message("format = \"ml-100k\"", &[("u.data", data.as_bytes()), ("u.item", flags.as_bytes())]),
        "/u.item:1:14: found \"2\" in column Action, expected 0 or 1"
    );
    let genre = b"unknown|0\nDrama|7\n";
    assert_eq!(
        message("format = \"ml-100k\"", &[("u.data", data.as_bytes()), ("u.item", b"" as &[u8]), ("u.genre", genre)]),
        "/u.genre:2:7: found \"7\" in column number, expected genres numbered 0, 1, 2, … in order, at most 59"
    );
    assert_eq!(
        message("format = \"ml-dat\"", &[("ratings.dat", b"1::2::3::4\n1::2::3\n")]),
        "/ratings.dat:2:8: found 3 fields, expected 4"
    );
    assert_eq!(
        message("format = \"movielens-csv\"", &[("ratings.csv", b"userId,movieId,rating\n1,2,3\n")]),
        "/ratings.csv:1: found no column \"timestamp\", expected it in the header"
    );
    let movies = b"movieId,title,genres\n1,\"Open,Drama\n2,Next,Drama\n";
    assert_eq!(
        message("format = \"movielens-csv\"", &[("ratings.csv", RATINGS_CSV.as_bytes()), ("movies.csv", movies)]),
        "/movies.csv:2:3: found a quote that is not closed on its line, expected a closing quote"
    );
    let files: [(&str, &[u8]); 1] = [("ratings.csv", b"userId,movieId,rating,timestamp\n")];
    assert_eq!(message("format = \"movielens-csv\"", &files), "/ratings.csv: found no ratings, expected at least one");
}

#[test]
fn options_that_cannot_go_together_are_refused_before_a_file_is_opened() {
    let (_, problems) = format_of("format = \"delimited\"\nseparator = \"\"\nheader = false\nrating = \"0\"");
    assert_eq!(problems.len(), 5, "{problems:?}");
    assert_eq!(problems[0], "found \"\", expected text without quotes and line ends");
    assert_eq!(problems[3], "found \"0\", expected the number of a column, \"1\" to \"64\"");
    assert_eq!(format_of("format = \"movielens-csv\"\npath = \"x\"").1, ["unknown key \"path\" in [data]"]);
}

#[test]
fn every_format_reports_its_options_and_its_files() {
    for kind in FORMATS {
        let (format, problems) = format_of(&format!("format = {:?}", kind.name));
        assert_eq!(problems, [""; 0], "{}", kind.name);
        let format = format.unwrap();
        let named: Vec<&str> = (kind.options)().iter().map(|option| option.name).collect();
        let parameters = format.parameters();
        assert!(named.iter().all(|name| parameters.get(name).is_some()), "{}: {parameters}", kind.name);
        if let Some(first) = format.files().first() {
            let empty = tempfile::tempdir().unwrap();
            let missing = format.read(empty.path(), "x", Duplicates::Last).unwrap_err().to_string();
            assert!(missing.contains(first.as_str()), "{missing}");
        }
    }
}

//! Files as people write them, and as they should not.

use super::*;
use crate::error::Error;
use std::path::{Path, PathBuf};

struct Files(tempfile::TempDir);

impl Files {
    fn new(files: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(home.path().join(name), text).unwrap();
        }
        Self(home)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn load(&self, name: &str) -> Experiment {
        load(&[self.path(name)], &[], None).unwrap_or_else(|error| panic!("{}", told(&error))).remove(0)
    }
}

fn told(error: &Error) -> String {
    let Error::Config(problems) = error else { return error.to_string() };
    let lines = problems.iter().map(|problem| {
        let place = problem.place.as_ref().map_or((0, 0), crate::error::Place::line_column);
        format!("{}:{}: {}; {}", place.0, place.1, problem.message, problem.help.as_deref().unwrap_or(""))
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn refused(text: &str) -> String {
    let files = Files::new(&[("e.toml", text)]);
    told(&load(&[files.path("e.toml")], &[], None).unwrap_err())
}

const LEAST: &str = "[data]\nname = \"synth\"\n[models.bias]\n";

#[test]
fn what_is_not_said_has_the_documented_default() {
    let files = Files::new(&[("least.toml", LEAST)]);
    let experiment = files.load("least.toml");
    assert_eq!(
        (experiment.name.as_str(), experiment.seeds.as_slice(), experiment.split.kind),
        ("least", &[42][..], "random")
    );
    assert_eq!(experiment.evaluation.cutoffs, [5, 10, 20]);
    let names: Vec<&str> = experiment.models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(names, ["bias", "popularity", "random"]);
    assert_eq!(experiment.stackers.len(), 1);
    assert_eq!(
        (experiment.stackers[0].name.as_str(), experiment.stackers[0].features.as_slice()),
        (SIMPLE_AVERAGE, &["score_bias".to_owned()][..])
    );
    assert_eq!(experiment.params["models.bias.reg_item"], "10.0");
    assert_eq!(experiment.params["features.stats_from"], "\"base_train\"");
}

#[test]
fn a_child_changes_what_it_names_and_has_its_own_name() {
    let base = "name = \"the base\"\nabout = \"base\"\nseeds = [3]\n[data]\nname = \"synth\"\n[models.mf]\nfactors = 8\nepochs = 3\n";
    let child = "extends = \"base.toml\"\n[models.mf]\nfactors = 16\n";
    let files = Files::new(&[("base.toml", base), ("child.toml", child)]);
    let experiment = files.load("child.toml");
    assert_eq!(
        (experiment.name.as_str(), experiment.about.as_str(), experiment.seeds.as_slice()),
        ("child", "", &[3][..])
    );
    assert_eq!((&*experiment.params["models.mf.factors"], &*experiment.params["models.mf.epochs"]), ("16", "3"));
    let sets = ["models.mf.factors=32".to_owned(), "evaluation.k=[1]".to_owned()];
    let set = load(&[files.path("child.toml")], &sets, Some(&[9, 8])).unwrap().remove(0);
    assert_eq!(
        (&*set.params["models.mf.factors"], set.seeds.as_slice(), set.evaluation.cutoffs.as_slice()),
        ("32", &[9, 8][..], &[1][..])
    );
    assert!(set.config_toml.contains("factors = 32") && set.config_source == child);
}

#[test]
fn a_file_that_extends_itself_or_nothing_is_refused() {
    let files = Files::new(&[
        ("a.toml", "extends = \"b.toml\""),
        ("b.toml", "extends = \"a.toml\""),
        ("c.toml", "extends = \"none.toml\""),
    ]);
    assert!(told(&load(&[files.path("a.toml")], &[], None).unwrap_err()).contains("extends itself"));
    assert!(told(&load(&[files.path("c.toml")], &[], None).unwrap_err()).contains("1:11: found no file"));
}

#[test]
fn all_problems_of_all_files_come_together() {
    let files = Files::new(&[
        ("a.toml", "sedes = [1]\n[data]\nname = \"synth\"\n[models.biass]\n"),
        ("b.toml", &format!("{LEAST}reg_item = -1\n")),
    ]);
    let error = load(&[files.path("a.toml"), files.path("b.toml")], &[], None).unwrap_err();
    let told = told(&error);
    assert!(told.contains("1:1: unknown key \"sedes\""), "{told}");
    assert!(told.contains("unknown model kind \"biass\"") && told.contains("did you mean \"bias\"?"), "{told}");
    assert!(told.contains("4:12: found -1, expected a number from 0.0 to 1000000.0"), "{told}");
    assert_eq!(error.exit_code(), 2);
}

#[test]
fn names_that_clash_or_cannot_be_written_are_refused() {
    let stackers = |names: &[&str]| {
        let tables = names.iter().map(|name| format!("[[stackers]]\nkind = \"logistic\"\nname = \"{name}\"\n"));
        refused(&format!("{LEAST}{}", tables.collect::<String>()))
    };
    assert!(stackers(&["bias"]).contains("there is an arm \"bias\" already"));
    assert!(stackers(&["a", "a"]).contains("there is an arm \"a\" already"));
    assert!(stackers(&["../a"]).contains("found the name \"../a\""));
    assert!(stackers(&["popularity"]).contains("there is an arm \"popularity\" already"));
    assert!(refused(&format!("name = \"a/b\"\n{LEAST}")).contains("1:8: found the name \"a/b\""));
    assert!(refused("[data]\nname = \"synth\"\n[models.random]\nkind = \"bias\"\n").contains("names a floor"));
}

#[test]
fn features_are_checked_where_they_stand() {
    let told = refused(&format!("{LEAST}[features]\ncolumns = [\"score_*\", \"user_n_rating\"]\n"));
    assert!(
        told.contains("5:23: found \"user_n_rating\"") && told.contains("did you mean \"user_n_ratings\"?"),
        "{told}"
    );
    let told = refused(&format!(
        "{LEAST}[features]\ncolumns = [\"score_*\"]\n[[stackers]]\nkind = \"logistic\"\nfeatures = [\"user_*\"]\n"
    ));
    assert!(
        told.contains("found \"user_*\", which is no feature here"),
        "a stacker sees the experiment's columns only: {told}"
    );
}

#[test]
fn lists_of_names_and_cutoffs_are_checked() {
    let evaluation = |text: &str| refused(&format!("{LEAST}[evaluation]\n{text}\n"));
    assert!(evaluation("protocols = [\"rated\", \"ful\"]").contains("5:23: found \"ful\", expected a protocol"));
    assert!(evaluation("protocols = []").contains("found no protocol"));
    assert!(evaluation("protocols = [\"full\", \"full\"]").contains("twice"));
    assert!(evaluation("k = [0]").contains("found k = [0]"));
    assert!(evaluation("k = [5, 5]").contains("different numbers"));
    assert!(evaluation("threshold = nan").contains("found NaN, expected a number"));
    assert!(evaluation("segments = [\"user-activty\"]").contains("did you mean \"user-activity\"?"));
}

#[test]
fn data_needs_a_name_that_means_something() {
    assert!(refused("[models.bias]\n").contains("[data] needs a name"));
    assert!(
        refused("[models.bias]\n[data]\nname = \"ml-latest-smal\"\n").contains("did you mean \"ml-latest-small\"?")
    );
    assert!(
        refused("[models.bias]\n[data]\nname = \"../x\"\nformat = \"delimited\"\n").contains("[data] needs a name")
    );
    assert!(refused("[data]\nname = \"synth\"\n").contains("found no base model"));
}

#[test]
fn the_template_and_the_shipped_experiments_are_sound() {
    let files = Files::new(&[("template.toml", TEMPLATE)]);
    let template = files.load("template.toml");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments");
    let experiments = load(&super::files(&[shipped]).unwrap(), &[], None).unwrap();
    assert!(experiments.len() >= 7);
    // What the template shows as a default is one: left out, the same parameters remain.
    let bare = "[data]\nname = \"synth\"\n[models.bias]\n[models.itemknn]\n[models.mf]\n[models.genre]\n[[stackers]]\nname = \"gbstack\"\nkind = \"gradient-boosting\"\n[[stackers]]\nkind = \"logistic\"\n";
    let bare = Files::new(&[("template.toml", bare)]);
    assert_eq!(template.params, bare.load("template.toml").params);
}

#[test]
fn the_template_shows_every_option_of_the_kinds_in_it() {
    /// The options of a kind, and the line its section begins with.
    type Section = (Vec<crate::kind::OptionInfo>, String);
    fn of<T: ?Sized>(kinds: &[crate::kind::Kind<T>], name: &str, head: &str) -> Section {
        ((kinds.iter().find(|kind| kind.name == name).unwrap().options)(), head.to_owned())
    }
    let models =
        ["bias", "itemknn", "mf", "genre"].map(|name| of(crate::models::MODELS, name, &format!("[models.{name}]")));
    let stackers = ["gradient-boosting", "logistic"]
        .map(|name| of(crate::stackers::STACKERS, name, &format!("kind = \"{name}\"")));
    let others = [of(crate::splits::SPLITS, "random", "[split]"), of(crate::formats::FORMATS, "synth", "[data]")];
    for (options, head) in models.into_iter().chain(stackers).chain(others) {
        let section = TEMPLATE.split_once(&format!("\n{head}")).unwrap().1.split("\n[").next().unwrap();
        for option in options {
            let default = |line: &str| {
                let value = line.trim_start_matches("# ").strip_prefix(&format!("{} = ", option.name));
                let value = value.map(|value| value.split('#').next().unwrap_or("").trim().replace('_', ""));
                value.is_some_and(|value| value == option.default.replace('_', "") || option.default == "unset")
            };
            assert!(section.lines().any(default), "{head}: {} = {}", option.name, option.default);
        }
    }
}

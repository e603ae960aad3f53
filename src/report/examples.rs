//! A few users and what each arm shows to them, so that a person can judge with their own eyes.

use super::facts::{FactRow, FactTable};
use super::numbers::{Cell, MISSING, decimal, label, whole};
use super::records::RunFacts;
use super::tables::{ArmName, Board};
use crate::store::exhibits::Example;
use crate::store::items::Item;
use serde::Serialize;

/// Arms whose lists stand side by side.
const MOST_LISTS: usize = 4;
/// Significant digits of a score, and most decimals that show them.
const DIGITS: usize = 3;
const MOST_DECIMALS: usize = 6;

/// A user as the page shows it.
#[derive(Debug, Clone, Serialize)]
pub struct ExampleView {
    /// Who: `A user with few ratings`.
    pub who: String,
    /// What is known of the user, and what the arms reached.
    pub about: String,
    /// Some items that the user liked in training.
    pub liked: Vec<ItemName>,
    /// What the list of liked items leaves out: ` and 30 more`.
    pub more: String,
    /// Arms whose lists stand side by side.
    pub arms: Vec<ArmName>,
    /// Per rank one item of each arm; `None` below the end of its list.
    pub ranks: Vec<Vec<Option<Shown>>>,
    /// What every arm says of the items of the first list.
    pub scores: Option<FactTable>,
}

/// An item by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ItemName {
    /// Title; without one the id.
    pub title: String,
    /// Genres, with spaces.
    pub genres: String,
}

/// An item in a list.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// Its name.
    pub item: ItemName,
    /// Whether the user liked it in the test.
    pub is_hit: bool,
}

/// The examples of a protocol.
pub fn examples(board: &Board<'_>, protocol: &str) -> Vec<ExampleView> {
    let facts = board.facts;
    let own = facts.exhibits.examples.iter().filter(|(of, _)| of == protocol);
    // A trial that knows other arms than the run cannot be shown.
    own.filter(|(_, example)| example.lists.len() == facts.arms.len())
        .map(|(_, example)| view(board, protocol, example))
        .collect()
}

/// That examples are missing because the store is damaged; `None` for a whole one.
pub fn damaged(facts: &RunFacts) -> Option<String> {
    let n = facts.exhibits.n_damaged;
    (n > 0).then(|| format!("{} cannot be read: the store is damaged, see rexp db check.", counted(n, "example")))
}

fn view(board: &Board<'_>, protocol: &str, example: &Example) -> ExampleView {
    let arms = side_by_side(board, protocol, &example.rival);
    let n_ranks = arms.iter().map(|&arm| example.lists[arm].len()).max().unwrap_or(0);
    let shown = |arm: usize, rank: usize| {
        let (item, is_hit) = example.items[*example.lists[arm].get(rank)? as usize];
        Some(Shown { item: item_name(board.facts, item), is_hit })
    };
    let n_more = example.n_liked.saturating_sub(example.liked.len() as u64);
    ExampleView {
        who: who(board, example),
        about: about(board, example, &arms),
        liked: example.liked.iter().map(|&item| item_name(board.facts, item)).collect(),
        more: if n_more > 0 { format!(" and {} more", whole(n_more as i64)) } else { String::new() },
        arms: arms.iter().map(|&arm| board.arm_name(arm)).collect(),
        ranks: (0..n_ranks).map(|rank| arms.iter().map(|&arm| shown(arm, rank)).collect()).collect(),
        scores: arms.first().and_then(|&arm| scores(board, example, arm)),
    }
}

/// The primary arm, the base model that it is held against, and the best others in the order of the protocol's table.
fn side_by_side(board: &Board<'_>, protocol: &str, rival: &str) -> Vec<usize> {
    let arms = &board.facts.arms;
    let ranked = board.ranked(protocol);
    let best = ranked.iter().filter_map(|(arm, _)| arms.iter().position(|other| other.id == arm.id));
    let primary = arms.iter().position(|arm| arm.is_primary);
    let rival = arms.iter().position(|arm| arm.name == rival).filter(|&arm| Some(arm) != primary);
    let mut out: Vec<usize> = primary.into_iter().chain(rival).collect();
    out.extend(best.filter(|&arm| Some(arm) != primary && Some(arm) != rival));
    out.truncate(MOST_LISTS);
    out
}

fn who(board: &Board<'_>, example: &Example) -> String {
    let primary = board.facts.arms.iter().find(|arm| arm.is_primary).map_or("", |arm| arm.name.as_str());
    let (rival, among) = (&example.rival, counted(example.n_among, "user"));
    match example.why.as_str() {
        "winner" => {
            format!("Whom {primary} serves better than {rival}, the seed's best base model, by the most of {among}")
        }
        "loser" => {
            format!("Whom {primary} serves worse than {rival}, the seed's best base model, by the most of {among}")
        }
        "cold" => "A user with few ratings, drawn by the seed".to_owned(),
        "power" => "A user with many ratings, drawn by the seed".to_owned(),
        _ => "A user like most, drawn by the seed".to_owned(),
    }
}

fn about(board: &Board<'_>, example: &Example, arms: &[usize]) -> String {
    let (name, k) = example.metric.split_once('@').unwrap_or((&example.metric, "0"));
    let reached = arms.iter().map(|&arm| {
        let value = example.values[arm].map_or_else(|| MISSING.to_owned(), |value| decimal(f64::from(value)));
        format!("{} {value}", board.facts.arms[arm].name)
    });
    format!(
        "User {}: {} and {} in training, {} in the test. {}: {}.",
        example.user,
        counted(example.n_ratings, "rating"),
        counted(example.n_liked, "liked item"),
        counted(example.n_relevant, "relevant item"),
        label(name, k.parse().ok()),
        reached.collect::<Vec<_>>().join(", "),
    )
}

fn counted(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", whole(n as i64), if n == 1 { "" } else { "s" })
}

/// The scores of every arm for the items of one arm's list.
fn scores(board: &Board<'_>, example: &Example, arm: usize) -> Option<FactTable> {
    let list = &example.lists[arm];
    let digits: Vec<Digits> =
        example.scores.iter().map(|own| Digits::of(list.iter().map(|&place| f64::from(own[place as usize])))).collect();
    let row = |(rank, &place): (usize, &u32)| {
        let (item, is_hit) = example.items[place as usize];
        let mark = if is_hit { " ✓" } else { "" };
        FactRow {
            name: format!("{}. {}{mark}", rank + 1, item_name(board.facts, item).title),
            cells: example
                .scores
                .iter()
                .zip(&digits)
                .map(|(own, digits)| Cell::text(digits.written(f64::from(own[place as usize]))))
                .collect(),
        }
    };
    let arms = board.facts.arms.iter().map(|arm| arm.name.clone());
    (!list.is_empty()).then(|| FactTable {
        caption: format!(
            "Scores of every arm behind the list of {}, each on its own scale; ✓ relevant.",
            board.facts.arms[arm].name
        ),
        columns: std::iter::once("item".to_owned()).chain(arms).collect(),
        rows: list.iter().enumerate().map(row).collect(),
    })
}

/// How the scores of one arm are written, all alike, so that they compare at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Digits {
    /// So many decimals.
    Decimals(usize),
    /// Three significant digits and a power of ten.
    Scientific,
}

impl Digits {
    /// As many decimals as give the smallest score but 0 three significant digits, three at least; a power of ten where that takes too many, or scores are large.
    fn of(scores: impl Iterator<Item = f64>) -> Self {
        let sizes = scores.map(f64::abs).filter(|size| *size > 0.0);
        let (smallest, largest) = sizes.fold((1.0_f64, 0.0_f64), |(low, high), size| (low.min(size), high.max(size)));
        let decimals = DIGITS as i32 - 1 - smallest.log10().floor() as i32;
        match usize::try_from(decimals) {
            Ok(decimals) if decimals <= MOST_DECIMALS && largest < 1e6 => Self::Decimals(decimals.max(DIGITS)),
            _ => Self::Scientific,
        }
    }

    fn written(self, score: f64) -> String {
        let text = match self {
            Self::Decimals(n) => format!("{:.n$}", score + 0.0),
            Self::Scientific if score == 0.0 => "0".to_owned(),
            Self::Scientific => format!("{score:.*e}", DIGITS - 1),
        };
        text.replace('-', "−")
    }
}

fn item_name(facts: &RunFacts, item: u32) -> ItemName {
    let known = facts.items.get(&item);
    let title = known.map_or_else(|| format!("item {item}"), Item::shown);
    ItemName { title, genres: known.map_or_else(String::new, |item| item.genres.replace('|', ", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_of_an_arm_are_written_alike() {
        let written = |scores: &[f64]| -> Vec<String> {
            let digits = Digits::of(scores.iter().copied());
            scores.iter().map(|&score| digits.written(score)).collect()
        };
        assert_eq!(written(&[4.25, 0.5, 0.0, -1.0]), ["4.250", "0.500", "0.000", "−1.000"]);
        // The smallest has three digits, and so have the others as many decimals.
        assert_eq!(written(&[0.812, 0.0999, -0.001_234]), ["0.81200", "0.09990", "−0.00123"]);
        // 3e-5 would take seven decimals.
        assert_eq!(written(&[0.5, -3e-5, 0.0]), ["5.00e−1", "−3.00e−5", "0"]);
        assert_eq!(written(&[2e6, 1.0]), ["2.00e6", "1.00e0"]);
        assert_eq!(written(&[0.0, 0.0]), ["0.000", "0.000"]);
        assert_eq!(written(&[]), [""; 0]);
    }
}

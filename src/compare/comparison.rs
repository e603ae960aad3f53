//! A comparison of two or more sides, whole: what `rexp compare` prints, stores and puts on a page.

use super::bench::Bench;
use super::examples::{self, UserExample};
use super::headline::headline;
use super::over_seeds::{OverSeeds, SeedValues};
use super::paired::{Paired, Rules};
use super::plan::{Found, Plan};
use super::question::{self, Question, Study};
use super::sides::{self, Ground, Side};
use super::verdict::{self, Decision};
use crate::error::{Error, Result, plural, shown};
use crate::key::KeyBuilder;
use crate::stats::multiple::holm;
use crate::stats::power;
use crate::store::Store;
use crate::store::inference::{ComparisonRow, Looks};
use crate::suggest;
use serde::{Deserialize, Serialize};

/// Everything that a comparison found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Hash of what was asked and of the trials it was asked about.
    pub key: String,
    /// The first line.
    pub verdict: String,
    /// The sides, in the order asked for.
    pub sides: Vec<SideReport>,
    /// Data set.
    pub dataset: String,
    /// Protocol.
    pub protocol: String,
    /// `all`, or the one segment that was asked about; what is said of all lists together is of everybody all the same.
    pub segment: String,
    /// What was asked beyond the sides, as options of the command line; a page of its own belongs to each such question.
    pub asked: Vec<String>,
    /// Seeds that all sides have.
    pub seeds: Vec<u64>,
    /// Level, resamples and margin.
    pub rules: Rules,
    /// What had been written down before, if the question is that of a registered study.
    pub study: Option<Study>,
    /// What the reader must know.
    pub notes: Vec<String>,
    /// Candidate against baseline, pair by pair.
    pub pairs: Vec<PairReport>,
    /// Ranks of three or more sides.
    pub ranks: Option<Ranks>,
    /// Options that differ: name, and the value of each side as JSON.
    pub changes: Vec<(String, Vec<String>)>,
    /// How often these test ratings have been looked at, this time included.
    pub looks: Looks,
    /// Hashes of the splits.
    #[serde(skip)]
    pub splits: Vec<String>,
}

/// One side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideReport {
    /// As asked for.
    pub name: String,
    /// Its experiment.
    pub experiment: String,
    /// Its run.
    pub run: String,
    /// Its arm.
    pub arm: String,
}

/// One candidate against one baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairReport {
    /// Name of the candidate.
    pub candidate: String,
    /// Name of the baseline.
    pub baseline: String,
    /// What was found of the primary metric.
    pub decision: Decision,
    /// In words.
    pub sentence: String,
    /// The primary metric.
    pub primary: Paired,
    /// All metrics of the corrected family, the primary one first.
    pub family: Vec<Paired>,
    /// Metrics outside a registered family: exploratory, not corrected.
    pub exploratory: Vec<Paired>,
    /// The primary metric by segment of users and items, corrected among themselves; exploratory.
    pub segments: Vec<Paired>,
    /// Properties of the lists user by user: share of the tail, novelty, popularity lift.
    pub lists: Vec<Paired>,
    /// Properties of all lists together, by seed: coverage, concentration. Of everybody, whatever the segment.
    pub catalog: Vec<OverSeeds>,
    /// The primary metric seed by seed: seed, candidate, baseline, difference.
    pub seeds: Vec<SeedRow>,
    /// Whom the candidate serves better and worse by the most; of two sides only.
    #[serde(default)]
    pub examples: Vec<UserExample>,
    /// Power of the paired t test for a difference like the one found: `(users, power)`; empty without a difference.
    pub power: Vec<(u64, f64)>,
}

/// One seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeedRow {
    /// The seed.
    pub seed: u64,
    /// Mean of the candidate.
    pub candidate: Option<f64>,
    /// Mean of the baseline.
    pub baseline: Option<f64>,
    /// Mean difference.
    pub uplift: Option<f64>,
}

/// Ranks of sides over users.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranks {
    /// `(side, average rank)`; 1 is best.
    pub average: Vec<(String, f64)>,
    /// Average ranks further apart than this differ.
    pub critical_difference: f64,
    /// p-value of Friedman's test that all rank alike, by Iman and Davenport's F.
    pub p: f64,
    /// Users with a value of every side.
    pub n_users: usize,
}

/// Compares sides.
///
/// # Errors
/// [`Error::Usage`] and [`Error::Name`] for what cannot be compared or does not exist, [`Error::Store`] when the store cannot be read.
pub fn compare(store: &Store, texts: &[String], question: &Question) -> Result<Comparison> {
    let sides = sides::resolve(store, texts)?;
    let (study, registered_at) = question::registered(&sides).unzip();
    let rules = question::rules(&sides, study.as_ref(), question)?;
    let protocol = question::protocol(&sides, question.protocol.as_deref(), study.as_ref())?;
    let ground = sides::common_ground(&sides, &protocol)?;
    let pairs = pairs(&sides, question.baseline.as_deref())?;
    let bench = Bench::new(store, &sides, &ground, &protocol)?;
    let plan = Plan::new(&bench, study.as_ref(), question, rules)?;
    let mut found = Vec::new();
    for &(candidate, baseline) in &pairs {
        found.push(plan.compare(&bench, (candidate, baseline), rules, plan.n_tests(pairs.len()))?);
    }
    correct(&mut found);
    let reports = pairs
        .iter()
        .zip(found)
        .map(|(&(candidate, baseline), found)| report(&bench, &plan, (candidate, baseline), found, rules));
    let mut reports = reports.collect::<Result<Vec<PairReport>>>()?;
    if let ([report], [pair]) = (&mut reports[..], &pairs[..]) {
        report.examples = examples::examples(&bench, &report.primary.topic, *pair)?;
    }
    let key = key(&sides, &ground, &protocol, &plan, rules, question);
    let mut looks = store.looks(&ground.splits)?;
    looks.n_comparisons += u64::from(!store.has_comparison(&key)?);
    let mut notes = ground.notes.clone();
    match registered_at.filter(|_| plan.is_registered) {
        Some(time) => notes.extend(registration(store, &sides, &ground, time)?),
        None => notes.push(unregistered(study.as_ref())),
    }
    Ok(Comparison {
        key,
        verdict: headline(&sides, &reports, question.baseline.as_deref()),
        sides: sides.iter().map(side_report).collect(),
        dataset: sides[0].run.dataset.clone(),
        protocol: protocol.clone(),
        segment: plan.segment.clone(),
        asked: question.options(),
        seeds: ground.seeds.clone(),
        rules,
        study: study.filter(|_| plan.is_registered),
        notes,
        ranks: if sides.len() > 2 { plan.ranks(&bench, &sides, rules)? } else { None },
        pairs: reports,
        changes: sides::changes(&sides.iter().collect::<Vec<_>>()),
        looks,
        splits: ground.splits,
    })
}

impl Comparison {
    /// As a row of the store.
    pub fn row(&self, made_at: String) -> ComparisonRow {
        ComparisonRow {
            key: self.key.clone(),
            kind: "compare".into(),
            made_at,
            sides: self.sides.iter().map(|side| side.name.clone()).collect(),
            verdict: self.verdict.clone(),
            // Numbers and names only, which always have a JSON form.
            result: serde_json::to_string(self).unwrap_or_default(),
            splits: self.splits.clone(),
        }
    }
}

/// A side as it is reported.
pub fn side_report(side: &Side) -> SideReport {
    SideReport {
        name: side.name.clone(),
        experiment: side.run.experiment.clone(),
        run: side.run.run.clone(),
        arm: side.arm.clone(),
    }
}

/// Places of candidates and baselines.
fn pairs(sides: &[Side], baseline: Option<&str>) -> Result<Vec<(usize, usize)>> {
    let Some(name) = baseline else {
        let all = (0..sides.len()).flat_map(|first| (first + 1..sides.len()).map(move |second| (first, second)));
        return Ok(all.collect());
    };
    let Some(at) = sides.iter().position(|side| side.name == name) else {
        let help = suggest::allowed(name, sides.iter().map(|side| side.name.as_str()));
        return Err(Error::Name { what: "baseline", found: shown(name), help: Some(help) });
    };
    Ok((0..sides.len()).filter(|&side| side != at).map(|side| (side, at)).collect())
}

/// Corrects the family over all pairs together, and the segments over all pairs together.
fn correct(found: &mut [Found]) {
    adjust(found.iter_mut().flat_map(|found| found.family.iter_mut()).collect());
    adjust(found.iter_mut().flat_map(|found| found.segments.iter_mut()).collect());
}

fn adjust(mut tests: Vec<&mut Paired>) {
    let p: Vec<f64> = tests.iter().map(|test| test.p).collect();
    let n = tests.len();
    for (test, adjusted) in tests.iter_mut().zip(holm(&p)) {
        (test.p_adjusted, test.family_size) = (Some(adjusted), n);
    }
}

fn report(bench: &Bench<'_>, plan: &Plan, places: (usize, usize), found: Found, rules: Rules) -> Result<PairReport> {
    let (candidate, baseline) = (&bench.sides[places.0], &bench.sides[places.1]);
    let Found { family, exploratory, lists, segments, seeds } = found;
    // There is a primary comparison: fewer users than it needs are refused before.
    let Some(primary) = family.first().cloned() else {
        return Err(Error::usage("found no users in common", "compare runs on the same test ratings"));
    };
    let rows = bench.seeds.iter().zip(seeds.0.iter().zip(&seeds.1)).zip(&primary.by_seed);
    let seeds =
        rows.map(|((&seed, (&candidate, &baseline)), &uplift)| SeedRow { seed, candidate, baseline, uplift }).collect();
    // The users' differences are drawn for the primary metric only.
    let rest = [family, exploratory, lists, segments]
        .map(|tests| tests.into_iter().map(|test| Paired { differences: Vec::new(), ..test }).collect::<Vec<Paired>>());
    let [family, exploratory, lists, segments] = rest;
    Ok(PairReport {
        candidate: candidate.name.clone(),
        baseline: baseline.name.clone(),
        decision: verdict::decide(&primary, rules),
        sentence: verdict::sentence(&candidate.name, &baseline.name, &primary, rules),
        catalog: SeedValues::read(bench, places)?.catalog(plan.k, rules.level),
        power: primary.d.map_or_else(Vec::new, |d| power_curve(d, &primary, rules)),
        primary,
        family,
        exploratory,
        segments,
        lists,
        seeds,
        examples: Vec::new(),
    })
}

/// When the question was registered, and what had been looked at before its sides were run.
fn registration(store: &Store, sides: &[Side], ground: &Ground, time: &str) -> Result<Vec<String>> {
    let looks = |(runs, comparisons): (u64, u64)| {
        format!("{} and {}", plural(runs as usize, "run"), plural(comparisons as usize, "comparison"))
    };
    let before = match store.looks_before(&ground.splits, time, &[])? {
        (0, 0) => "before any other run or comparison on these test ratings".to_owned(),
        found => format!("after {} on these test ratings, which weakens it", looks(found)),
    };
    let mut notes = vec![format!(
        "the metric, the sides, the family, the protocol and the level were registered in [study] {before}; all else is exploratory"
    )];
    // A side that came later may have been made with an eye on what others had found in between.
    let own: Vec<&str> = sides.iter().map(|side| side.run.run.as_str()).collect();
    let at_first = store.looks_before(&ground.splits, time, &own)?;
    for side in sides.iter().filter(|side| side.run.started_at.as_str() > time) {
        let found = store.looks_before(&ground.splits, &side.run.started_at, &own)?;
        if found != at_first {
            notes.push(format!(
                "{} was run after {} besides on these test ratings: what they showed may have shaped it",
                side.name,
                looks(found)
            ));
        }
    }
    Ok(notes)
}

/// That the question was not registered, or that another one was.
fn unregistered(study: Option<&Study>) -> String {
    let other = study.map_or_else(String::new, |study| {
        format!(" (registered of these sides: {} under {} at level {})", study.primary, study.protocol, study.level)
    });
    format!("no [study] registers this question{other}: read it as exploratory unless you had fixed it before looking")
}

/// Power from ten users to well beyond those needed, a fixed step apart on a logarithmic scale.
fn power_curve(d: f64, primary: &Paired, rules: Rules) -> Vec<(u64, f64)> {
    if d == 0.0 {
        return Vec::new();
    }
    let most = primary.users_needed.unwrap_or(0).clamp(primary.n_users as u64, 1_000_000_000) as f64 * 3.0;
    let step = (most / 10.0).ln() / 40.0;
    let mut out: Vec<(u64, f64)> = Vec::new();
    for at in 0..=40 {
        let n = (10.0 * (step * f64::from(at)).exp()).round();
        if out.last().is_none_or(|last| last.0 < n as u64) {
            out.push((n as u64, power::paired(d, n, 1.0 - rules.level)));
        }
    }
    out
}

fn key(sides: &[Side], ground: &Ground, protocol: &str, plan: &Plan, rules: Rules, question: &Question) -> String {
    let mut key = KeyBuilder::new("comparison 2").text(protocol).text(&plan.segment);
    for side in sides {
        key = key.text(&side.name).text(&side.run.run).text(&side.arm);
    }
    for (seed, split) in ground.seeds.iter().zip(&ground.splits) {
        key = key.number(*seed).text(split);
    }
    for (metric, k) in &plan.family {
        key = key.text(metric).number(*k);
    }
    key = key.number(rules.level.to_bits()).number(rules.n_resamples as u64).number(rules.margin.to_bits());
    key.text(question.baseline.as_deref().unwrap_or("")).finish().to_string()
}

//! `rexp ab`: would one ship the candidate? The paired answer, what an online test would have seen, and a decision with its reasons.

use super::bench::Bench;
use super::comparison::{SideReport, side_report};
use super::engagement;
use super::guards::{Evidence, Guard};
use super::over_seeds::{OverSeeds, SeedValues};
use super::paired::{self, FEWEST, POWER, Pair, Paired, Rules};
use super::question::{self, Question};
use super::replay::{self, Design, Replays};
use super::ship::{Advice, Terms, decide, sentence};
use super::sides::{self, Ground};
use super::topic::Topic;
use super::two_groups::{Hits, curves, groups, hits};
use super::users::Grid;
use crate::error::{Error, Result, shown};
use crate::key::KeyBuilder;
use crate::metrics::spec::Guardrail;
use crate::stats::power::Groups;
use crate::store::Store;
use crate::store::inference::{ComparisonRow, Looks};
use crate::suggest;
use serde::{Deserialize, Serialize};

/// What is asked, as far as it was said on the command line; the rest is what `[ab]` of the candidate says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AbQuestion {
    /// `engagement` or a metric.
    pub metric: Option<String>,
    /// Protocol.
    pub protocol: Option<String>,
    /// Items shown.
    pub k: Option<u64>,
    /// Users of the test.
    pub n_users: Option<usize>,
    /// Replays.
    pub n_replays: usize,
    /// Share of the users that sees the candidate.
    pub share: f64,
}

impl AbQuestion {
    /// As options of `rexp ab`, without what was left to its defaults; how often a test is replayed makes it no other question.
    fn options(&self) -> Vec<String> {
        let percent = |share: f64| (share * 1e4).round() / 1e2;
        let split = || format!("--split {}/{}", percent(self.share), percent(1.0 - self.share));
        [
            self.metric.as_ref().map(|metric| format!("--metric {metric}")),
            self.protocol.as_ref().map(|protocol| format!("--protocol {protocol}")),
            self.k.map(|k| format!("--k {k}")),
            self.n_users.map(|n| format!("--users {n}")),
            (self.share != 0.5).then(split),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Replays unless something else is asked for.
pub const REPLAYS: usize = 2000;

/// Everything that an offline A/B test found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AbTest {
    /// Hash of what was asked and of the trials it was asked about.
    pub key: String,
    /// The first line.
    pub verdict: String,
    /// What to do.
    pub advice: Advice,
    /// Why.
    pub reasons: Vec<String>,
    /// Candidate and baseline.
    pub sides: [SideReport; 2],
    /// Data set.
    pub dataset: String,
    /// Protocol.
    pub protocol: String,
    /// What was asked beyond the sides, as options of the command line; a page of its own belongs to each such question.
    pub asked: Vec<String>,
    /// Seeds that both have.
    pub seeds: Vec<u64>,
    /// Level, resamples and margin.
    pub rules: Rules,
    /// The uplift that is worth shipping for.
    pub minimum_uplift: f64,
    /// What a relevant item counts for, in engagement.
    pub discount: String,
    /// The primary metric, the same users under both arms.
    pub primary: Paired,
    /// Guardrails with what was found.
    pub guardrails: Vec<Guard>,
    /// Segments that may not lose, with the primary metric in them.
    pub segments: Vec<Guard>,
    /// How the test was laid out.
    pub design: Design,
    /// What replayed tests would have seen; `None` for too few users.
    pub replays: Option<Replays>,
    /// Users in both groups together that a two-sample test needs for 80 % power.
    pub users_needed: Option<u64>,
    /// The same after CUPED.
    pub users_needed_cuped: Option<u64>,
    /// The same for the same users under both arms, as here.
    pub users_needed_paired: Option<u64>,
    /// Users who were shown something relevant, out of one half each: `(share of candidate, of baseline, difference, lower, upper)`.
    pub hits: Option<Hits>,
    /// Power of the two-sample test, after CUPED, and of the paired one: `(users, power)`.
    pub power: [Vec<(u64, f64)>; 3],
    /// What the reader must know.
    pub notes: Vec<String>,
    /// How often these test ratings have been looked at, this time included.
    pub looks: Looks,
    #[serde(skip)]
    splits: Vec<String>,
}

/// Tests a candidate against a baseline.
///
/// # Errors
/// As [`super::comparison::compare`].
pub fn test(store: &Store, texts: &[String; 2], asked: &AbQuestion) -> Result<AbTest> {
    let sides = sides::resolve(store, texts)?;
    let terms = Terms::of(&sides[0].run.params);
    let question = Question { margin: Some(terms.margin), ..Question::default() };
    let rules = question::rules(&sides, None, &question)?;
    let protocol = question::protocol(&sides, asked.protocol.as_deref(), None)?;
    let ground = sides::common_ground(&sides, &protocol)?;
    let bench = Bench::new(store, &sides, &ground, &protocol)?;
    let lab = Lab { bench: &bench, terms: &terms, asked, rules };
    let primary = lab.primary()?;
    let guardrails = terms.guardrails.iter().map(|text| lab.guardrail(text)).collect::<Result<Vec<_>>>()?;
    let segments = terms.segments.iter().map(|segment| lab.segment(&primary, segment)).collect::<Result<Vec<_>>>()?;
    let found = lab.one(&primary, primary.topic.clone())?;
    let (advice, reasons) = decide(&found, &guardrails, &segments, &terms, rules);
    let design = Design { n_users: asked.n_users, n_replays: asked.n_replays, share: asked.share, level: rules.level };
    let covariate = lab.covariate()?;
    let replays = replay::replays(&primary.candidate, &primary.baseline, &covariate, found.uplift, design)?;
    let explained = replays.as_ref().map_or(0.0, |replays| replays.explained);
    let groups = groups(&primary, asked.share);
    let cuped = groups.map(|groups| Groups {
        sd_baseline: groups.sd_baseline * (1.0 - explained).max(0.0).sqrt(),
        sd_treatment: groups.sd_treatment * (1.0 - explained).max(0.0).sqrt(),
        ..groups
    });
    let alpha = 1.0 - rules.level;
    let needed = |groups: Option<Groups>| groups.and_then(|groups| groups.required_n(found.uplift, alpha, POWER));
    let key = lab.key(&ground, &protocol);
    let mut looks = store.looks(&ground.splits)?;
    looks.n_comparisons += u64::from(!store.has_comparison(&key)?);
    let names = [&sides[0].name, &sides[1].name];
    Ok(AbTest {
        verdict: sentence(names, advice, &reasons, &found, [&guardrails, &segments]),
        key,
        advice,
        reasons,
        sides: [side_report(&sides[0]), side_report(&sides[1])],
        dataset: sides[0].run.dataset.clone(),
        protocol: protocol.clone(),
        asked: asked.options(),
        seeds: ground.seeds.clone(),
        rules,
        minimum_uplift: terms.minimum_uplift,
        discount: terms.discount.clone(),
        hits: hits(&primary, rules),
        power: curves(&found, groups, cuped, alpha),
        users_needed: needed(groups),
        users_needed_cuped: needed(cuped),
        users_needed_paired: found.users_needed,
        primary: found,
        guardrails,
        segments,
        design,
        replays,
        notes: ground.notes.clone(),
        looks,
        splits: ground.splits.clone(),
    })
}

impl AbTest {
    /// As a row of the store.
    pub fn row(&self, made_at: String) -> ComparisonRow {
        ComparisonRow {
            key: self.key.clone(),
            kind: "ab".into(),
            made_at,
            sides: self.sides.iter().map(|side| side.name.clone()).collect(),
            verdict: self.verdict.clone(),
            // Numbers and names only, which always have a JSON form.
            result: serde_json::to_string(self).unwrap_or_default(),
            splits: self.splits.clone(),
        }
    }
}

/// The primary metric of both sides.
pub struct Primary {
    /// What it is.
    pub topic: Topic,
    /// Values of the candidate.
    pub candidate: Grid,
    /// Values of the baseline.
    pub baseline: Grid,
}

struct Lab<'a> {
    bench: &'a Bench<'a>,
    terms: &'a Terms,
    asked: &'a AbQuestion,
    rules: Rules,
}

impl Lab<'_> {
    fn primary(&self) -> Result<Primary> {
        let bench = self.bench;
        let name = self.asked.metric.as_deref().unwrap_or(&self.terms.primary);
        if name == "engagement" {
            let k = self.k();
            let topic = Topic { metric: name.into(), k, segment: "all".into(), direction: "higher".into() };
            let grid = |side| engagement::grid(bench, side, k, &self.terms.discount);
            return Ok(Primary { topic, candidate: grid(0)?, baseline: grid(1)? });
        }
        let (metric, k) = question::metric(name, Some(self.k()), bench.available())?;
        let primary = self.measured(&metric, k)?;
        if primary.topic.sign() == 0.0 {
            return Err(Error::usage(
                format!(
                    "{} is neither good nor bad in itself, so that it cannot say what to ship",
                    primary.topic.label()
                ),
                "let engagement or a metric with a direction decide, e.g. --metric ndcg@10; this one can be a guardrail",
            ));
        }
        Ok(primary)
    }

    /// The cutoff of metrics that are named without one: the items shown.
    fn k(&self) -> u64 {
        self.asked.k.unwrap_or(self.terms.k)
    }

    fn measured(&self, metric: &str, k: u64) -> Result<Primary> {
        let grid = |side| {
            let found = self.bench.over(side, metric, k, "all")?;
            found.ok_or_else(|| Error::usage(format!("{metric} has no values per user here"), "choose another metric"))
        };
        Ok(Primary { topic: self.bench.topic(metric, k, "all"), candidate: grid(0)?, baseline: grid(1)? })
    }

    fn one(&self, primary: &Primary, topic: Topic) -> Result<Paired> {
        let label = topic.label();
        let pair = Pair { topic, candidate: &primary.candidate, baseline: &primary.baseline };
        let found = paired::compare(vec![pair], self.rules, 1)?.pop().flatten();
        found.filter(|found| found.n_users >= FEWEST).ok_or_else(|| {
            Error::usage(
                format!("fewer than {FEWEST} users have a value of {label} under both sides"),
                "a test over so few users says nothing; take more data",
            )
        })
    }

    fn guardrail(&self, text: &str) -> Result<Guard> {
        let Guardrail { metric: asked, limit, is_relative } = Guardrail::parse(text)?;
        let name = asked.k.map_or_else(|| asked.name.to_owned(), |k| format!("{}@{k}", asked.name));
        let found = if self.bench.available().iter().any(|(metric, _)| metric == asked.name) {
            let (metric, k) = question::metric(&name, Some(self.k()), self.bench.available())?;
            let values = self.measured(&metric, k)?;
            Evidence::Users(Box::new(self.one(&values, values.topic.clone())?))
        } else {
            Evidence::Seeds(self.over_seeds(&name, asked.name)?)
        };
        Ok(Guard::guardrail(text, limit, is_relative, found))
    }

    /// A metric that no user has a value of.
    fn over_seeds(&self, name: &str, metric: &'static str) -> Result<OverSeeds> {
        let values = SeedValues::read(self.bench, (0, 1))?;
        let measured: Vec<(String, u64)> = values.cutoffs(metric).into_iter().map(|k| (metric.to_owned(), k)).collect();
        let nothing = || {
            Error::usage(
                format!("{metric} was not measured of both sides, so that it cannot be a guardrail"),
                "take another metric into `guardrails` of [ab]",
            )
        };
        if measured.is_empty() {
            return Err(nothing());
        }
        let (_, k) = question::metric(name, Some(self.k()), &measured)?;
        values.difference(metric, k, self.rules.level).ok_or_else(nothing)
    }

    fn segment(&self, primary: &Primary, name: &str) -> Result<Guard> {
        let Some((_, members)) = self.bench.segments().iter().find(|(segment, _)| segment == name) else {
            let help = suggest::allowed(name, self.bench.segments().iter().map(|(segment, _)| segment.as_str()));
            return Err(Error::Name { what: "segment of users", found: shown(name), help: Some(help) });
        };
        let within = Primary {
            topic: Topic { segment: name.to_owned(), ..primary.topic.clone() },
            candidate: primary.candidate.within(members),
            baseline: primary.baseline.within(members),
        };
        Ok(Guard::segment(self.one(&within, within.topic.clone())?, self.rules.margin))
    }

    /// The mean rating of every user in `train_full`, which no arm can change.
    fn covariate(&self) -> Result<Grid> {
        let mut out = Grid::new(self.bench.seeds, self.bench.users().n());
        let run = &self.bench.sides[0].run.run;
        for (seed, list, values) in self.bench.store.user_fact(run, "train_full_mean_rating")? {
            out.fill(seed, self.bench.users().of(list), values.iter().map(|&value| f64::from(value)));
        }
        Ok(out)
    }

    fn key(&self, ground: &Ground, protocol: &str) -> String {
        let mut key = KeyBuilder::new("ab 1").text(protocol);
        for side in self.bench.sides {
            key = key.text(&side.name).text(&side.run.run).text(&side.arm);
        }
        for (seed, split) in ground.seeds.iter().zip(&ground.splits) {
            key = key.number(*seed).text(split);
        }
        let AbQuestion { metric, k, n_users, n_replays, share, .. } = self.asked;
        key = key.text(metric.as_deref().unwrap_or("")).number(k.unwrap_or(0)).number(n_users.unwrap_or(0) as u64);
        key.number(*n_replays as u64).number(share.to_bits()).finish().to_string()
    }
}

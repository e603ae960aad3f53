//! One user after another: candidates, the scores of all arms, the top lists, and one number per slot.

use super::groups::Groups;
use super::seen::{self, Seen};
use super::slots::Slot;
use super::{Asked, Scorer, Setting, top};
use crate::dataset::popularity::tail_items;
use crate::dataset::{Interactions, ItemIndex, UserIndex, is_relevant};
use crate::error::Result;
use crate::key::KeyBuilder;
use crate::metrics::{ItemFacts, METRICS, UserList};
use crate::parallel;
use crate::protocols::{Candidates, Generator, Offer, Protocol};

/// Users per block: small, because the candidates of one user may be a whole catalog.
const BLOCK: usize = 8;

/// What all users saw.
pub struct Judged {
    /// Everybody with a test row, ascending.
    pub users: Vec<JudgedUser>,
    /// Fallback scores per arm.
    pub n_fallbacks: Vec<u64>,
    /// Ratings of each item in `train_full`, `[n_items]`.
    pub counts: Vec<u32>,
    /// Whether each item is in the tail, `[n_items]`.
    pub is_tail: Vec<bool>,
    /// Users with a rating in `train_full`.
    pub n_train_users: usize,
}

/// What one user saw.
pub struct JudgedUser {
    /// Who.
    pub user: UserIndex,
    /// Candidates.
    pub n_candidates: usize,
    /// Per generator: whether it proposed nothing.
    pub is_silent: Vec<bool>,
    /// Relevant test items, candidates or not.
    pub n_relevant: usize,
    /// Whether a candidate is not relevant, so that an order can be wrong.
    pub has_choice: bool,
    /// Mean number of ratings of the items in the user's `train_full` profile.
    pub profile_popularity: f64,
    /// Per arm.
    pub arms: Vec<JudgedArm>,
    /// The scores behind the lists, where they are kept.
    pub seen: Option<Seen>,
}

/// What one arm showed one user.
pub struct JudgedArm {
    /// The list: item, score, relevance; best first, up to the largest cutoff.
    pub top: Vec<(ItemIndex, f32, u8)>,
    /// One value per slot.
    pub values: Vec<Option<f64>>,
    /// Scores of all candidates in order of their item, kept only where the candidates are the test rows.
    pub row_scores: Vec<f32>,
}

impl Judged {
    /// Facts about items for metrics.
    pub fn items<'a>(&'a self, setting: &Setting<'a>) -> ItemFacts<'a> {
        ItemFacts {
            counts: &self.counts,
            n_users: self.n_train_users,
            is_tail: &self.is_tail,
            catalog: &setting.dataset.catalog,
        }
    }
}

/// Lets every arm rank for every user with a test row.
pub fn judge(
    setting: &Setting<'_>,
    scorer: &dyn Scorer,
    protocol: &dyn Protocol,
    generators: &[Generator<'_>],
    slots: &[Slot],
    groups: &Groups,
) -> Result<Judged> {
    let train = setting.train_full;
    let counts: Vec<u32> = (0..train.n_items()).map(|item| train.by_item.row_len(item) as u32).collect();
    let n_train_users = (0..train.n_users()).filter(|&user| train.by_user.row_len(user) > 0).count();
    let is_tail = tail_items(&counts);
    let mut judged =
        Judged { users: Vec::new(), n_fallbacks: vec![0; scorer.n_arms()], counts, is_tail, n_train_users };
    let users = with_test_rows(setting.test);
    let worker = Worker {
        setting,
        scorer,
        protocol,
        generators,
        slots,
        groups,
        judged: &judged,
        kept: seen::kept(&users, setting.seed),
        tie_seed: tie_seed(setting.seed),
    };
    let blocks = parallel::map_blocks(users.len(), BLOCK, |block| worker.block(&users[block]));
    let mut out = Vec::with_capacity(users.len());
    let mut n_fallbacks = vec![0; scorer.n_arms()];
    for block in blocks {
        let (users, fallbacks) = block?;
        out.extend(users);
        n_fallbacks.iter_mut().zip(fallbacks).for_each(|(total, n): (&mut u64, u64)| *total += n);
    }
    judged.users = out;
    judged.n_fallbacks = n_fallbacks;
    Ok(judged)
}

/// Everybody with a test row, ascending.
pub fn with_test_rows(test: &Interactions) -> Vec<UserIndex> {
    (0..test.n_users() as u32).map(UserIndex).filter(|&user| !test.of_user(user).0.is_empty()).collect()
}

/// The word that orders equal scores in a trial.
fn tie_seed(seed: u64) -> u64 {
    KeyBuilder::new("ties").number(seed).finish().word()
}

struct Worker<'a> {
    setting: &'a Setting<'a>,
    scorer: &'a dyn Scorer,
    protocol: &'a dyn Protocol,
    generators: &'a [Generator<'a>],
    slots: &'a [Slot],
    groups: &'a Groups,
    judged: &'a Judged,
    /// Users whose scores are kept, ascending.
    kept: Vec<UserIndex>,
    tie_seed: u64,
}

/// Buffers of one worker, reused from user to user.
#[derive(Default)]
struct Scratch {
    labels: Vec<u8>,
    masked: Vec<u8>,
}

/// What is shown to one user: candidates, `[n]`, and their scores by every arm, `[n_arms][n]`.
#[derive(Clone, Copy)]
struct Shown<'a> {
    user: UserIndex,
    candidates: &'a Candidates,
    scores: &'a [&'a [f32]],
}

impl Worker<'_> {
    fn block(&self, users: &[UserIndex]) -> Result<(Vec<JudgedUser>, Vec<u64>)> {
        let candidates: Vec<Candidates> =
            users.iter().map(|&user| self.candidates(user)).collect::<Result<Vec<Candidates>>>()?;
        let of_users: Vec<(UserIndex, &[ItemIndex])> =
            users.iter().zip(&candidates).map(|(&user, candidates)| (user, &candidates.items[..])).collect();
        let asked = if self.protocol.is_of_test_rows() { Asked::Rows } else { Asked::Candidates };
        let (mut scratch, mut fallbacks) = (Scratch::default(), vec![0; self.scorer.n_arms()]);
        let mut out = Vec::with_capacity(users.len());
        self.scorer.score(&of_users, asked, &mut fallbacks, &mut |place, scores| {
            let shown = Shown { user: users[place], candidates: &candidates[place], scores };
            out.push(self.user(shown, &mut scratch));
        })?;
        Ok((out, fallbacks))
    }

    fn candidates(&self, user: UserIndex) -> Result<Candidates> {
        parallel::check()?;
        let Setting { train_full, test, seed, .. } = *self.setting;
        let mut out = Candidates::default();
        self.protocol.candidates(&Offer { train_full, test, seed, generators: self.generators }, user, &mut out);
        Ok(out)
    }

    fn user(&self, shown: Shown<'_>, scratch: &mut Scratch) -> JudgedUser {
        let Setting { train_full, test, threshold, .. } = *self.setting;
        let Shown { user, candidates: Candidates { items, proposals }, scores } = shown;
        let (rated, ratings) = test.of_user(user);
        let relevant =
            rated.iter().zip(ratings).filter(|&(_, &rating)| is_relevant(rating, threshold)).map(|(&item, _)| item);
        let n_relevant = relevant.clone().count();
        // Candidates are ascending and relevant items few: each is looked up.
        scratch.labels.clear();
        scratch.labels.resize(items.len(), 0);
        for place in relevant.filter_map(|item| items.binary_search(&ItemIndex(item)).ok()) {
            scratch.labels[place] = 1;
        }
        let profile = train_full.of_user(user).0;
        let total: u64 = profile.iter().map(|&item| u64::from(self.judged.counts[item as usize])).sum();
        let mut judged = JudgedUser {
            user,
            n_candidates: items.len(),
            is_silent: proposals.iter().map(Vec::is_empty).collect(),
            n_relevant,
            has_choice: scratch.labels.contains(&0),
            profile_popularity: if profile.is_empty() { 0.0 } else { total as f64 / profile.len() as f64 },
            arms: Vec::with_capacity(self.scorer.n_arms()),
            seen: None,
        };
        for arm in 0..self.scorer.n_arms() {
            let list = self.arm(&judged, arm, shown, scratch);
            judged.arms.push(list);
        }
        if self.kept.binary_search(&user).is_ok() {
            judged.seen = Some(Seen::new(user, &judged.arms, items, scores));
        }
        judged
    }

    fn arm(&self, user: &JudgedUser, arm: usize, shown: Shown<'_>, scratch: &mut Scratch) -> JudgedArm {
        let (items, scores) = (&shown.candidates.items, shown.scores[arm]);
        let longest = self.setting.cutoffs.last().copied().unwrap_or(0);
        let order = top::best(longest, self.tie_seed, user.user, items, scores);
        let ranked: Vec<ItemIndex> = order.iter().map(|&at| items[at]).collect();
        let relevance: Vec<u8> = order.iter().map(|&at| scratch.labels[at]).collect();
        let facts = self.judged.items(self.setting);
        let list = UserList {
            ranked: &ranked,
            relevance: &relevance,
            n_relevant: user.n_relevant,
            n_reachable: self.reachable(arm, shown.candidates, &scratch.labels),
            scores,
            labels: &scratch.labels,
            profile_popularity: user.profile_popularity,
            items: &facts,
        };
        let mut values = vec![None; self.slots.len()];
        for (slot, value) in self.slots.iter().zip(&mut values).filter(|(slot, _)| slot.item_group.is_none()) {
            *value = slot.value(METRICS, &list);
        }
        self.item_groups(&list, user.user, &mut scratch.masked, &mut values);
        JudgedArm {
            top: order.iter().map(|&at| (items[at], scores[at], scratch.labels[at])).collect(),
            values,
            row_scores: if self.protocol.is_of_test_rows() { scores.to_vec() } else { Vec::new() },
        }
    }

    /// Relevant items that an arm could rank.
    fn reachable(&self, arm: usize, candidates: &Candidates, labels: &[u8]) -> usize {
        let Candidates { items, proposals } = candidates;
        let relevant = items.iter().zip(labels).filter(|&(_, &label)| label == 1);
        match self.generators.iter().position(|generator| generator.arm == arm) {
            Some(own) => relevant.filter(|(item, _)| proposals[own].binary_search(item).is_ok()).count(),
            None => relevant.count(),
        }
    }

    /// The slots in which only one item group counts as relevant: the same list, asked where it put the items of the group.
    fn item_groups(&self, list: &UserList<'_>, user: UserIndex, masked: &mut Vec<u8>, values: &mut [Option<f64>]) {
        let (rated, ratings) = self.setting.test.of_user(user);
        for (number, group) in self.groups.items.iter().enumerate() {
            masked.clear();
            let members = list.ranked.iter().zip(list.relevance);
            masked.extend(members.map(|(item, &relevant)| relevant & u8::from(group.has[item.at()])));
            let relevant =
                rated.iter().zip(ratings).filter(|&(_, &rating)| is_relevant(rating, self.setting.threshold));
            let n_relevant = relevant.filter(|&(&item, _)| group.has[item as usize]).count();
            let list = UserList { relevance: masked, n_relevant, ..*list };
            for (slot, value) in self.slots.iter().zip(&mut *values).filter(|(slot, _)| slot.item_group == Some(number))
            {
                *value = slot.value(METRICS, &list);
            }
        }
    }
}

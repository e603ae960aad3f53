//! The rows that stackers learn from: the held-out ratings of each context, or the relevant ones among the candidates that will be ranked and a draw of the others.

use super::cell::SplitRatings;
use super::columns::{Column, Scratch, UserRows, View};
use super::contexts::On;
use super::fits::Jobs;
use super::stage::{Shared, Stage};
use crate::dataset::{ItemIndex, UserIndex, is_relevant};
use crate::error::Result;
use crate::features::{Source, Statistics};
use crate::key::Key;
use crate::models::FittedModel;
use crate::protocols::{Candidates, Generator, Offer, Protocol};
use crate::{parallel, rng};
use std::sync::Arc;

/// Users per block.
const BLOCK: usize = 16;

/// Which rows, with which columns.
pub struct Plan<'a> {
    /// Hash of everything that the rows depend on, columns aside.
    pub key: Key,
    /// The contexts that rows come from.
    pub ons: Vec<On>,
    /// Rows labelled 0 per relevant one; 0: all held-out ratings as they are.
    pub negatives: usize,
    /// Who chooses the candidates.
    pub protocol: Option<&'a dyn Protocol>,
    /// The models that propose candidates: name and slot.
    pub generators: Vec<(&'a str, usize)>,
    /// A rating of this or more is labelled 1.
    pub threshold: f64,
    /// Everything that stackers look at.
    pub columns: Vec<Column>,
}

/// Rows to learn from.
pub struct Rows {
    /// Values of each column, `[n_rows]`; the failure of its model where there is none.
    pub columns: Vec<Shared<Vec<f32>>>,
    /// `[n_rows]`
    pub labels: Vec<u8>,
    /// First row of each group, then `n_rows`: a group holds the rows of one user in one context.
    pub groups: Vec<usize>,
    /// Context and user of each group.
    pub owners: Vec<(On, UserIndex)>,
}

/// What rows are made from.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// The ratings of the cell.
    pub ratings: &'a SplitRatings,
    /// Its models.
    pub jobs: &'a Jobs<'a>,
    /// Their fits.
    pub fits: &'a [Stage<Box<dyn FittedModel>>],
    /// Statistics by context and source.
    pub statistics: &'a [(On, Source, Statistics)],
    /// Seed of the trial.
    pub seed: u64,
}

impl<'a> World<'a> {
    /// A model as fitted in a context.
    pub fn fitted(&self, slot: usize, on: On) -> Shared<&'a dyn FittedModel> {
        match self.jobs.place(slot, on) {
            Some(place) => self.fits[place].get().map(|model| &**model),
            // Every model that a column or protocol names was planned in each of its contexts.
            None => Err(Arc::new(crate::error::Error::usage("a model was not planned", "report this"))),
        }
    }

    /// Models and statistics of a context, for some columns.
    pub fn view(&self, columns: &[Column], models: On, statistics: On) -> View<'a> {
        let models_of = vec![None; self.jobs.slots.len()];
        let mut out = View { models: models_of, statistics: Vec::new(), of_items: Vec::new() };
        for column in columns {
            if let Column::Score { slot, .. } = *column {
                out.models[slot] = self.fitted(slot, models).ok();
            }
        }
        let own = self.statistics.iter().filter(|(on, _, _)| *on == statistics);
        out.statistics.extend(own.map(|(_, source, statistics)| (*source, statistics)));
        out.look_at_items(columns);
        out
    }

    /// The generators of a protocol in a context. `arm` numbers the arm of each.
    pub fn generators(
        &self,
        names: &[(&'a str, usize)],
        on: On,
        arm: impl Fn(usize) -> usize,
    ) -> Shared<Vec<Generator<'a>>> {
        let generators = names.iter().enumerate();
        generators
            .map(|(at, &(name, slot))| Ok(Generator { name, model: self.fitted(slot, on)?, arm: arm(at) }))
            .collect()
    }
}

/// Rows of a block of users.
#[derive(Default)]
struct Block {
    columns: Vec<Vec<f32>>,
    labels: Vec<u8>,
    /// Rows of each user who has some.
    sizes: Vec<usize>,
    /// Those users.
    users: Vec<UserIndex>,
}

impl Plan<'_> {
    /// Makes the rows.
    pub fn make(&self, world: World<'_>) -> Stage<Rows> {
        let failed = self.ons.iter().find_map(|&on| world.generators(&self.generators, on, |_| 0).err());
        match failed {
            Some(failed) => Stage::failed("stack rows".into(), self.key, failed),
            None => Stage::run("stack rows".into(), self.key, || self.rows(world)),
        }
    }

    fn rows(&self, world: World<'_>) -> Result<Rows> {
        let failure = |column: &Column| match *column {
            Column::Score { slot, .. } => self.ons.iter().find_map(|&on| world.fitted(slot, on).err()),
            Column::Statistic { .. } | Column::Stack { .. } => None,
        };
        let failures: Vec<Option<Arc<crate::error::Error>>> = self.columns.iter().map(failure).collect();
        let wanted: Vec<Column> = self
            .columns
            .iter()
            .zip(&failures)
            .filter(|(_, failed)| failed.is_none())
            .map(|(column, _)| *column)
            .collect();
        let mut all = Block { columns: vec![Vec::new(); wanted.len()], ..Block::default() };
        let mut owners = Vec::new();
        for (number, &on) in self.ons.iter().enumerate() {
            // Whoever failed was found above.
            let generators = world.generators(&self.generators, on, |_| 0).unwrap_or_default();
            let maker =
                Maker { plan: self, world, on, number, view: world.view(&wanted, on, on), generators, wanted: &wanted };
            let n_users = world.ratings.train_full.n_users();
            for block in parallel::map_blocks(n_users, BLOCK, |users| maker.block(users)) {
                let block = block?;
                all.columns.iter_mut().zip(&block.columns).for_each(|(all, own)| all.extend_from_slice(own));
                all.labels.extend(block.labels);
                all.sizes.extend(block.sizes);
                owners.extend(block.users.into_iter().map(|user| (on, user)));
            }
        }
        let mut groups = vec![0];
        groups.extend(all.sizes.iter().scan(0, |end, size| {
            *end += size;
            Some(*end)
        }));
        let mut made = all.columns.into_iter();
        let columns =
            failures.into_iter().map(|failed| failed.map_or_else(|| Ok(made.next().unwrap_or_default()), Err));
        Ok(Rows { columns: columns.collect(), labels: all.labels, groups, owners })
    }
}

/// Makes the rows of one context.
struct Maker<'a> {
    plan: &'a Plan<'a>,
    world: World<'a>,
    on: On,
    /// Number of the context.
    number: usize,
    view: View<'a>,
    generators: Vec<Generator<'a>>,
    wanted: &'a [Column],
}

impl Maker<'_> {
    fn block(&self, users: std::ops::Range<usize>) -> Result<Block> {
        parallel::check()?;
        let mut out = Block { columns: vec![Vec::new(); self.wanted.len()], ..Block::default() };
        let (mut scratch, mut own) = (Scratch::default(), vec![Vec::new(); self.wanted.len()]);
        let (mut candidates, mut fallbacks) = (Candidates::default(), vec![0; self.view.models.len()]);
        for user in users.map(|user| UserIndex(user as u32)) {
            let held_out = self.world.ratings.context(self.on).meta.of_user(user);
            candidates.clear();
            let chosen = match self.plan.protocol {
                None => {
                    candidates.items.extend(held_out.0.iter().map(|&item| ItemIndex(item)));
                    out.labels.extend(held_out.1.iter().map(|&rating| self.label(rating)));
                    None
                }
                Some(protocol) => self.chosen(protocol, user, &mut candidates, &mut out.labels),
            };
            let n = chosen.as_ref().map_or(candidates.items.len(), Vec::len);
            if n == 0 {
                continue;
            }
            let ratings = self.plan.protocol.is_none().then_some(held_out.1);
            let rows = UserRows { user, candidates: &candidates.items, chosen: chosen.as_deref(), own: ratings };
            scratch.forget(self.view.models.len());
            self.view.fill(self.wanted, rows, &mut scratch, &mut own, &mut fallbacks);
            out.columns.iter_mut().zip(&own).for_each(|(all, own)| all.extend_from_slice(own));
            out.sizes.push(n);
            out.users.push(user);
        }
        Ok(out)
    }

    fn label(&self, rating: f32) -> u8 {
        u8::from(is_relevant(rating, self.plan.threshold))
    }

    /// The relevant candidates and as many others as the plan says, ascending; none for a user without relevant candidates. Their labels go to `labels`.
    fn chosen(
        &self,
        protocol: &dyn Protocol,
        user: UserIndex,
        candidates: &mut Candidates,
        labels: &mut Vec<u8>,
    ) -> Option<Vec<usize>> {
        let context = self.world.ratings.context(self.on);
        let (rated, ratings) = context.meta.of_user(user);
        let relevant: Vec<u32> =
            rated.iter().zip(ratings).filter(|&(_, &rating)| self.label(rating) == 1).map(|(&item, _)| item).collect();
        if relevant.is_empty() {
            return Some(Vec::new());
        }
        let seed = self.world.seed;
        let offer = Offer { train_full: &context.base, test: &context.meta, seed, generators: &self.generators };
        protocol.candidates(&offer, user, candidates);
        let is_relevant = |at: &usize| relevant.binary_search(&candidates.items[*at].0).is_ok();
        let (mut chosen, mut others): (Vec<usize>, Vec<usize>) =
            (0..candidates.items.len()).partition(|at| is_relevant(at));
        let n = self.plan.negatives.saturating_mul(chosen.len()).min(others.len());
        if n < others.len() {
            let part = (self.number as u64) << 32 | u64::from(user.0);
            let mut stream = rng::stream(seed, "negatives", part);
            for place in 0..n {
                let from = place + rng::below(&mut stream, (others.len() - place) as u64) as usize;
                others.swap(place, from);
            }
        }
        chosen.extend_from_slice(&others[..n]);
        chosen.sort_unstable();
        labels.extend(chosen.iter().map(|at| u8::from(is_relevant(at))));
        Some(chosen)
    }
}

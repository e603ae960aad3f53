//! What a comparison reads from the store: users, segments, and values of any side.

use super::intervals::{grids, segments};
use super::sides::{Ground, Side};
use super::topic::Topic;
use super::users::{Grid, Users};
use crate::error::Result;
use crate::store::Store;
use crate::store::values::Measure;
use std::collections::BTreeMap;

/// All that is read from the store.
pub struct Bench<'a> {
    /// The store.
    pub store: &'a Store,
    /// The sides.
    pub sides: &'a [Side],
    /// Seeds that all sides have.
    pub seeds: &'a [u64],
    /// The protocol.
    pub protocol: &'a str,
    users: Users,
    /// Metrics with values per user that all sides have: `(metric, cutoff)`.
    available: Vec<(String, u64)>,
    /// Direction of every metric of the store.
    directions: BTreeMap<String, String>,
    /// Who is in which segment of users.
    segments: Vec<(String, Grid)>,
}

impl<'a> Bench<'a> {
    /// Reads users, segments and what there is to compare.
    pub fn new(store: &'a Store, sides: &'a [Side], ground: &'a Ground, protocol: &'a str) -> Result<Self> {
        let mut lists = BTreeMap::new();
        for side in sides {
            lists.extend(store.user_lists(&side.run.run)?);
        }
        let users = Users::new(&lists);
        let of = |side: &Side| -> Result<Vec<(String, u64)>> {
            let measures = store.measures(&side.run.run)?.into_iter().filter(|measure| measure.protocol == protocol);
            Ok(measures.map(|measure| (measure.metric, measure.k)).collect())
        };
        let mut available = of(&sides[0])?;
        for side in &sides[1..] {
            let other = of(side)?;
            available.retain(|measure| other.contains(measure));
        }
        let board = store.leaderboard(&sides[0].run.run)?;
        let directions = board.metrics.into_iter().map(|metric| (metric.name, metric.direction)).collect();
        let segments = segments(&store.members(&sides[0].run.run)?, &users, &ground.seeds);
        Ok(Self { store, sides, seeds: &ground.seeds, protocol, users, available, directions, segments })
    }

    /// The values of a side by segment of items, `all` among them.
    pub fn values(&self, side: usize, metric: &str, k: u64) -> Result<Vec<(String, Grid)>> {
        let Side { run, arm, .. } = &self.sides[side];
        let measure = Measure { protocol: self.protocol.to_owned(), metric: metric.to_owned(), k };
        let grids = grids(self.store, &run.run, &measure, Some(arm), &self.users, self.seeds)?;
        Ok(grids.into_iter().map(|((_, segment), grid)| (segment, grid)).collect())
    }

    /// Users of all sides.
    pub fn users(&self) -> &Users {
        &self.users
    }

    /// Segments of users.
    pub fn segments(&self) -> &[(String, Grid)] {
        &self.segments
    }

    /// Metrics with values per user that all sides have.
    pub fn available(&self) -> &[(String, u64)] {
        &self.available
    }

    /// A topic with the direction of its metric.
    pub fn topic(&self, metric: &str, k: u64, segment: &str) -> Topic {
        let direction = self.directions.get(metric).cloned().unwrap_or_else(|| "neutral".into());
        Topic { metric: metric.into(), k, segment: segment.into(), direction }
    }

    /// The values of a side over one segment of users or items; `None` where it has none.
    pub fn over(&self, side: usize, metric: &str, k: u64, segment: &str) -> Result<Option<Grid>> {
        let values = self.values(side, metric, k)?;
        let of = |wanted: &str| values.iter().find(|(name, _)| name == wanted).map(|(_, grid)| grid.clone());
        if let Some((_, members)) = self.segments.iter().find(|(name, _)| name == segment) {
            return Ok(of("all").map(|grid| grid.within(members)));
        }
        Ok(of(segment))
    }
}

//! `synth`: invented ratings in the shape of MovieLens, for quickstarts, tests and measurements of scale.
//!
//! Users and items have places in a space of tastes that genres span; popularity and activity are heavy-tailed; what gets rated is what is met often and liked.
//! So a model that knows biases beats the mean, one that learns taste beats biases, and popularity is a strong ranking: the order of methods, not any number,
//! is what carries over to real data. Everything follows from the options: same options, same bits, at any number of threads.

use super::synth_items::{GENRES, Items};
use super::synth_users::{USERS_PER_BLOCK, Users, most_per_user, ratings_per_user};
use super::{Format, parameters_of};
use crate::dataset::{Dataset, DatasetBuilder, Duplicates, Note};
use crate::error::{Error, Result};
use crate::kind::{Kind, Options, Reader};
use crate::parallel;
use std::path::Path;

crate::options! {
    /// The world to invent.
    pub struct Synth {
        /// Users.
        pub users: usize = 400, in 1..=10_000_000;
        /// Items in the catalog.
        pub items: usize = 800, in 2..=10_000_000;
        /// Ratings in total.
        pub ratings: usize = 30_000, in 1..=2_000_000_000;
        /// Fewest ratings of a user.
        pub min_ratings: usize = 20, in 1..=1_000;
        /// Genres.
        pub genres: usize = 18, in 1..=18;
        /// How steeply popularity falls with rank.
        pub popularity_exponent: f64 = 1.3, in 0.0..=4.0;
        /// Standard deviation, in stars, of what a user's own taste adds to ratings (per unit of an item's distinctness).
        pub taste: f64 = 0.6, in 0.0..=3.0;
        /// Standard deviation, in stars, of what nothing explains.
        pub noise: f64 = 0.72, in 0.0..=3.0;
        /// How strongly users rate what they like; 0: regardless of it.
        pub selection: f64 = 0.8, in 0.0..=5.0;
        /// Share of users who tag.
        pub taggers: f64 = 0.1, in 0.0..=1.0;
        /// Chooses the world among all of the same shape.
        pub seed: u64 = 42;
    }
}

/// The entry in [`super::FORMATS`].
pub const KIND: Kind<dyn Format> = Kind {
    name: "synth",
    about: "invented ratings in the shape of MovieLens; reads no file",
    read: |reader| Box::new(read(reader)),
    options: Synth::describe,
};

fn read(reader: &Reader<'_>) -> Synth {
    let options = <Synth as Options>::read(reader);
    if let Err(Error::Usage { message, help }) = options.check() {
        reader.refuse_key("ratings", message, help);
    }
    options
}

impl Synth {
    /// Whether so many ratings fit these users and items.
    ///
    /// # Errors
    /// [`Error::Usage`] with the numbers that would do.
    pub fn check(&self) -> Result<()> {
        let most = most_per_user(self);
        let (low, high) = (self.users * self.min_ratings.min(most), self.users * most);
        if (low..=high).contains(&self.ratings) {
            return Ok(());
        }
        let (users, items, least) = (self.users, self.items, self.min_ratings.min(most));
        let message = format!("found {} ratings, expected {low} to {high}", self.ratings);
        let help =
            format!("{users} users give {least} to {most} each, of {items} items; change users, items or ratings");
        Err(Error::usage(message, help))
    }

    /// Makes all users, in blocks and in parallel, a few blocks at a time; `write` gets what `make` made of each block, in order.
    ///
    /// # Errors
    /// What `write` returns, and [`Error::Interrupted`].
    pub(super) fn blocks<T: Send>(
        &self,
        items: &Items,
        make: impl Fn(&mut Users<'_>, std::ops::Range<usize>, &[u32]) -> T + Sync,
        mut write: impl FnMut(T) -> Result<()>,
    ) -> Result<()> {
        let counts = ratings_per_user(self);
        let n_blocks = self.users.div_ceil(USERS_PER_BLOCK);
        // Enough blocks for every thread several times over, few enough to bound the memory; their number changes no bit.
        let at_once = 8 * rayon::current_num_threads();
        for first in (0..n_blocks).step_by(at_once) {
            parallel::check()?;
            let n = at_once.min(n_blocks - first);
            let share = n.div_ceil(2 * rayon::current_num_threads()).max(1);
            let made = parallel::map_blocks(n, share, |blocks| {
                let mut users = Users::new(self, items);
                let block = |block: usize| {
                    let start = (first + block) * USERS_PER_BLOCK;
                    make(&mut users, start..(start + USERS_PER_BLOCK).min(self.users), &counts)
                };
                blocks.map(block).collect::<Vec<T>>()
            });
            made.into_iter().flatten().try_for_each(&mut write)?;
        }
        Ok(())
    }
}

impl Format for Synth {
    fn read(&self, folder: &Path, name: &str, duplicates: Duplicates) -> Result<Dataset> {
        self.check()?;
        let items = Items::new(self);
        let mut builder = DatasetBuilder::new(folder);
        let ids: Vec<String> = items.ids.iter().map(u32::to_string).collect();
        for (item, id) in ids.iter().enumerate() {
            builder.item(id, &items.title(item), items.genres[item].iter().map(|&genre| GENRES[usize::from(genre)]));
        }
        let make = |users: &mut Users<'_>, range: std::ops::Range<usize>, counts: &[u32]| {
            let mut made = Vec::with_capacity(range.len());
            users.block(range, counts, |user, ratings, tags| made.push((user, ratings.to_vec(), tags.to_vec())));
            made
        };
        self.blocks(&items, make, |block| {
            for (user, ratings, tags) in block {
                let user_id = (user + 1).to_string();
                for rating in ratings {
                    let stars = f32::from(rating.half_stars) / 2.0;
                    builder.rating(&user_id, &ids[rating.item as usize], stars, rating.timestamp);
                }
                for tag in tags {
                    builder.tag(&user_id, &ids[tag.item as usize], tag.word);
                }
            }
            Ok(())
        })?;
        let message = format!("invented data, seed {}: conclusions about methods need real ratings", self.seed);
        builder.note(Note { code: "synthetic", count: builder.n_rows() as u64, message });
        builder.finish(name, duplicates)
    }

    fn files(&self) -> Vec<String> {
        Vec::new()
    }

    fn parameters(&self) -> serde_json::Value {
        parameters_of(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Ratings;
    use crate::formats::synth_files;
    use crate::rng::{normal, stream, uniform};

    fn made(options: &Synth) -> Dataset {
        Format::read(options, Path::new("synth"), "synth", Duplicates::Error).unwrap()
    }

    #[test]
    fn the_same_options_give_the_same_bits_at_any_number_of_threads() {
        let options = Synth { users: 900, ratings: 60_000, ..Synth::default() };
        let hash = |threads| parallel::with_threads(threads, || made(&options).hash).unwrap();
        assert_eq!(hash(1), hash(8));
        assert_ne!(hash(1), made(&Synth { seed: 43, ..options.clone() }).hash);
    }

    #[test]
    fn files_hold_what_is_made_in_memory() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("world");
        for options in [Synth::default(), Synth { users: 70, items: 9_000, ratings: 20_000, ..Synth::default() }] {
            let written = parallel::with_threads(3, || synth_files::write(&options, &folder)).unwrap().unwrap();
            let read =
                Format::read(&super::super::movielens::MovieLensCsv {}, &folder, "x", Duplicates::Error).unwrap();
            assert_eq!(read.hash, made(&options).hash);
            assert_eq!((written.n_ratings, written.n_items), (options.ratings as u64, options.items as u64));
            assert!(written.n_tags > 0 && read.catalog.tags.len() as u64 == written.n_tags);
            let again = synth_files::write(&options, &folder).unwrap_err().to_string();
            assert!(again.contains("exists already"), "{again}");
            std::fs::remove_dir_all(&folder).unwrap();
        }
    }

    fn mean(values: &[f32]) -> f64 {
        values.iter().map(|&value| f64::from(value)).sum::<f64>() / values.len() as f64
    }

    /// Ratings per number of a column, ascending.
    fn counts(numbers: impl Iterator<Item = u32>, n: usize) -> Vec<usize> {
        let mut counts = vec![0; n];
        numbers.for_each(|number| counts[number as usize] += 1);
        counts.sort_unstable();
        counts
    }

    /// ml-latest-small: 610 users, 9742 items, 100836 ratings; per user 20, 70.5, 2698 (least, median, most); per item median 3, most 329 and a third with
    /// one; mean 3.50, deviation 1.04, .48 at 4 or more.
    #[test]
    fn the_shape_of_ml_latest_small_is_met() {
        let data = made(&Synth { users: 610, items: 9_742, ratings: 100_836, ..Synth::default() });
        let Ratings { users, items, values, timestamps, .. } = &data.ratings;
        assert_eq!((data.n_rows(), data.n_users(), data.n_items()), (100_836, 610, 9_742));
        let per_user = counts(users.iter().map(|user| user.0), 610);
        let per_item = counts(items.iter().map(|item| item.0), 9_742);
        let average = mean(values);
        let deviation = values.iter().map(|&value| (f64::from(value) - average).powi(2)).sum::<f64>() / 100_836.0;
        let high = values.iter().filter(|&&value| value >= 4.0).count() as f64 / 100_836.0;
        let shape = format!(
            "mean {average:.3}, deviation {:.3}, share {high:.3}, per user {} {} {}, per item {} {}, single {}, never {}",
            deviation.sqrt(),
            per_user[0],
            per_user[305],
            per_user[609],
            per_item[4871],
            per_item[9741],
            per_item.iter().filter(|&&n| n == 1).count(),
            per_item.iter().filter(|&&n| n == 0).count()
        );
        println!("{shape}");
        assert!((3.4..3.6).contains(&average) && (0.44..0.52).contains(&high), "{shape}");
        assert!((0.95..1.12).contains(&deviation.sqrt()), "{shape}");
        assert!(per_user[0] >= 20 && (50..110).contains(&per_user[305]) && per_user[609] > 1_000, "{shape}");
        assert!((1..=6).contains(&per_item[4871]) && (200..500).contains(&per_item[9741]), "{shape}");
        assert!(values.iter().all(|value| (1.0..=10.0).contains(&(value * 2.0)) && (value * 2.0).fract() == 0.0));
        assert!(timestamps.iter().all(|time| (1_136_073_600..1_600_000_000).contains(time)));
    }

    #[test]
    fn titles_have_years_and_some_need_quoting() {
        let data = made(&Synth::default());
        assert!(data.catalog.titles.iter().all(|title| title.ends_with(')') && title.contains(" (")));
        assert!(data.catalog.titles.iter().any(|title| title.contains('"')));
        assert!(data.catalog.titles.iter().any(|title| title.contains(',')));
        assert_eq!(data.catalog.genre_names.len(), 18);
    }

    /// Held-out RMSE of the mean, of biases, and of biases with factors, by plain gradient descent.
    #[test]
    fn biases_beat_the_mean_and_personal_taste_beats_biases() {
        let data = made(&Synth::default());
        let mut rng = stream(1, "split", 0);
        let (test, train): (Vec<usize>, Vec<usize>) = (0..data.n_rows()).partition(|_| uniform(&mut rng) < 0.2);
        let rmse = |rate: f64, n_factors: usize| {
            let mut rng = stream(2, "fit", 0);
            let mut table = |n: usize| -> Vec<Vec<f64>> {
                (0..n)
                    .map(|_| (0..n_factors + 1).map(|f| if f == 0 { 0.0 } else { 0.1 * normal(&mut rng) }).collect())
                    .collect()
            };
            let (mut p, mut q) = (table(data.n_users()), table(data.n_items()));
            let center = train.iter().map(|&row| f64::from(data.ratings.values[row])).sum::<f64>() / train.len() as f64;
            let at = |row: usize| {
                let ratings = &data.ratings;
                (ratings.users[row].at(), ratings.items[row].at(), f64::from(ratings.values[row]))
            };
            let predict =
                |p: &[f64], q: &[f64]| center + p[0] + q[0] + (1..=n_factors).map(|f| p[f] * q[f]).sum::<f64>();
            for _ in 0..40 {
                for &row in &train {
                    let (user, item, rating) = at(row);
                    let error = rating - predict(&p[user], &q[item]);
                    for f in 0..=n_factors {
                        let (x, y) = (p[user][f], q[item][f]);
                        p[user][f] += rate * (error * if f == 0 { 1.0 } else { y } - 0.06 * x);
                        q[item][f] += rate * (error * if f == 0 { 1.0 } else { x } - 0.06 * y);
                    }
                }
            }
            let sum: f64 = test.iter().map(|&row| (at(row).2 - predict(&p[at(row).0], &q[at(row).1])).powi(2)).sum();
            (sum / test.len() as f64).sqrt()
        };
        let (nothing, bias, taste) = (rmse(0.0, 0), rmse(0.01, 0), rmse(0.01, 8));
        println!("mean {nothing:.3}, biases {bias:.3}, factors {taste:.3}");
        assert!(
            bias < nothing - 0.05 && taste < bias - 0.02,
            "mean {nothing:.3}, biases {bias:.3}, factors {taste:.3}"
        );
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused_and_extremes_finish() {
        let message = Synth { ratings: 500_000, ..Synth::default() }.check().unwrap_err().to_string();
        assert_eq!(
            message,
            "found 500000 ratings, expected 8000 to 160000\n  400 users give 20 to 400 each, of 800 items; change users, items or ratings"
        );
        for (users, items, ratings) in [(1, 2, 2), (1, 2, 1), (3, 40, 120), (2, 100_000, 20_000)] {
            let options = Synth { users, items, ratings, min_ratings: 1, popularity_exponent: 4.0, ..Synth::default() };
            assert_eq!(made(&options).n_rows(), ratings, "{options:?}");
        }
    }
}

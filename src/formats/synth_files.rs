//! The generator's ratings as MovieLens CSV files, written as fast as they are made.

use super::synth::Synth;
use super::synth_items::Items;
use super::synth_users::{Rating, Tag, Users};
use crate::error::{Error, Result};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Written {
    /// Rows of `ratings.csv`.
    pub n_ratings: u64,
    /// Rows of `movies.csv` and of `links.csv`.
    pub n_items: u64,
    /// Rows of `tags.csv`.
    pub n_tags: u64,
}

/// Writes `ratings.csv`, `movies.csv`, `tags.csv` and `links.csv` into a folder that does not exist yet; it appears when all of them are whole.
///
/// Memory: O(users + items), whatever the number of ratings.
///
/// # Errors
/// [`Error::Usage`] for sizes that do not fit or a folder that exists, [`Error::Io`] when writing fails, [`Error::Interrupted`].
pub fn write(options: &Synth, folder: &Path) -> Result<Written> {
    options.check()?;
    if folder.symlink_metadata().is_ok() {
        return Err(Error::usage(format!("{} exists already", folder.display()), "choose another --out, or remove it"));
    }
    super::staging::publish(folder, |staging| {
        let items = Items::new(options);
        write_movies(&items, &staging.join("movies.csv"))?;
        write_links(&items, &staging.join("links.csv"))?;
        let (n_ratings, n_tags) =
            write_ratings(options, &items, &staging.join("ratings.csv"), &staging.join("tags.csv"))?;
        Ok(Written { n_ratings, n_items: items.len() as u64, n_tags })
    })
}

fn create(path: &Path) -> Result<BufWriter<File>> {
    Ok(BufWriter::with_capacity(1 << 18, File::create_new(path).map_err(Error::io(path, "create"))?))
}

fn finish(mut file: BufWriter<File>, path: &Path) -> Result<()> {
    file.flush().and_then(|()| file.get_ref().sync_all()).map_err(Error::io(path, "write"))
}

fn write_movies(items: &Items, path: &Path) -> Result<()> {
    let mut file = create(path)?;
    let mut write = |line: String| file.write_all(line.as_bytes()).map_err(Error::io(path, "write"));
    write("movieId,title,genres\n".into())?;
    for item in 0..items.len() {
        write(format!("{},{},{}\n", items.ids[item], quoted(&items.title(item)), items.genre_text(item)))?;
    }
    finish(file, path)
}

fn write_links(items: &Items, path: &Path) -> Result<()> {
    let mut file = create(path)?;
    let mut write = |line: String| file.write_all(line.as_bytes()).map_err(Error::io(path, "write"));
    write("movieId,imdbId,tmdbId\n".into())?;
    for id in &items.ids {
        write(format!("{id},{:07},{}\n", u64::from(*id) + 9_000_000, u64::from(*id) + 900_000))?;
    }
    finish(file, path)
}

/// A block of users as text.
#[derive(Default)]
struct Text {
    ratings: Vec<u8>,
    tags: Vec<u8>,
    n_ratings: u64,
    n_tags: u64,
}

fn write_ratings(options: &Synth, items: &Items, ratings_path: &Path, tags_path: &Path) -> Result<(u64, u64)> {
    let (mut ratings, mut tags) = (create(ratings_path)?, create(tags_path)?);
    ratings.write_all(b"userId,movieId,rating,timestamp\n").map_err(Error::io(ratings_path, "write"))?;
    tags.write_all(b"userId,movieId,tag,timestamp\n").map_err(Error::io(tags_path, "write"))?;
    let (mut n_ratings, mut n_tags) = (0, 0);
    let make = |users: &mut Users<'_>, range: std::ops::Range<usize>, counts: &[u32]| {
        let n: u64 = counts[range.clone()].iter().map(|&count| u64::from(count)).sum();
        let mut text = Text { ratings: Vec::with_capacity(n as usize * 28), ..Text::default() };
        users.block(range, counts, |user, ratings, tags| text.add(items, user, ratings, tags));
        text
    };
    options.blocks(items, make, |text: Text| {
        n_ratings += text.n_ratings;
        n_tags += text.n_tags;
        ratings.write_all(&text.ratings).map_err(Error::io(ratings_path, "write"))?;
        tags.write_all(&text.tags).map_err(Error::io(tags_path, "write"))
    })?;
    finish(ratings, ratings_path)?;
    finish(tags, tags_path)?;
    Ok((n_ratings, n_tags))
}

impl Text {
    fn add(&mut self, items: &Items, user: usize, ratings: &[Rating], tags: &[Tag]) {
        let mut prefix = Digits::default();
        let prefix = prefix.of(user as u64 + 1).to_vec();
        let mut digits = Digits::default();
        for rating in ratings {
            let out = &mut self.ratings;
            out.extend_from_slice(&prefix);
            out.push(b',');
            out.extend_from_slice(digits.of(u64::from(items.ids[rating.item as usize])));
            let stars = [b',', b'0' + rating.half_stars / 2, b'.', b'0' + 5 * (rating.half_stars % 2), b','];
            out.extend_from_slice(&stars);
            out.extend_from_slice(digits.of(rating.timestamp.unsigned_abs()));
            out.push(b'\n');
        }
        for tag in tags {
            let id = items.ids[tag.item as usize];
            self.tags
                .extend_from_slice(format!("{},{id},{},{}\n", user + 1, quoted(tag.word), tag.timestamp).as_bytes());
        }
        self.n_ratings += ratings.len() as u64;
        self.n_tags += tags.len() as u64;
    }
}

/// Writes whole numbers; formatting through `fmt` would cost more than making the rating.
#[derive(Default)]
struct Digits([u8; 20]);

impl Digits {
    #[inline]
    fn of(&mut self, mut number: u64) -> &[u8] {
        let mut at = self.0.len();
        loop {
            at -= 1;
            self.0[at] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                return &self.0[at..];
            }
        }
    }
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

//! The page of a run, from the store alone: the verdict first, then the tables and figures that carry it, then how it was made.
//!
//! One HTML file with one script of its own, which it does not need, and without fonts or anything else from outside, so that it can be mailed, archived and believed; its figures also lie beside it as
//! PNG files. The same store gives the same bytes: nothing on the page comes from the clock or from the machine that renders it.
//! Whatever came from a TOML or a data set is hostile text: the template escapes all of it, figures escape theirs, and a content security policy allows no
//! script but the page's own, by its hash.
//!
//! `read` (with `work`) turns rows into the plain structs of `records`; `tables`, `cutoffs`, `variation`, `verdict`, `figures` (with `relations` and `cost`), `facts`, `left_out` and
//! `queries` make what is shown; `svg` shortens figures, `page` puts all into `page.html`, and `files` onto the disk. `comparison` and `ab` do the same for what
//! `compare` found, and `stored` for what it found
//! before; `index` is the page over all pages, and `text` the same leaderboards for other people's pages.

mod ab;
mod comparison;
mod comparison_figures;
mod cost;
mod cutoffs;
mod examples;
mod facts;
mod figures;
mod files;
mod index;
mod left_out;
mod numbers;
mod page;
mod profile;
mod protocols;
mod queries;
mod read;
mod records;
mod relations;
mod scores;
mod standing;
mod stored;
mod svg;
mod tables;
mod text;
mod variation;
mod verdict;
mod work;

pub use ab::write_ab;
pub use comparison::write_comparison;
pub use files::folder_name;
pub use index::write_index;
pub use page::write;
pub use stored::write_stored;
pub use text::{Markup, text};

#[cfg(test)]
mod cost_tests;
#[cfg(test)]
mod figure_tests;
#[cfg(test)]
mod size_tests;
#[cfg(test)]
mod tests;

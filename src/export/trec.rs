//! Rankings and relevance as TREC files, so that trec_eval, pytrec_eval, ir_measures or ranx compute our metrics again.
//!
//! One `.run` per protocol, seed and arm (`user Q0 item rank score tag`), one `.qrels` per protocol and seed (`user 0 item 1`). Three things differ from what one might expect:
//! - **Scores.** These programs sort by score and break ties by document id, ours by a seeded hash. So the score column is `n + 1 − rank`, n the length of the list:
//!   whole numbers, strictly decreasing, exact in the 32 bits of trec_eval. The scores of the arm are in `rexp export rankings`.
//! - **Relevance.** A qrels file holds the relevant test items of every test user, ranked or not, candidates or not, and nothing else: what it does not name is not
//!   relevant. So `ndcg_cut_k`, `P_k`, `recall_k` and `map_cut_k` are our `ndcg@k`, `precision@k`, `recall@k` and `map@k`, for k up to the longest stored list (the
//!   `trec_eval` measures without a cutoff see a list cut there). Users without a relevant item are in no qrels file and count nowhere, as with us.
//! - **Missing users.** For a user with relevant items but no candidate the run has no line. We count such a user as 0; trec_eval does so with `-c`, pytrec_eval leaves
//!   the user out.
//!
//! Fields are separated by white space, so white space, control characters and `%` in an id become `%XX`, byte by byte as in a URL, and an empty id a single `%`.

use super::tables::{item_id, protocols, ranked};
use super::whole::WholeFile;
use crate::error::{Error, Result, shown};
use crate::report::folder_name;
use crate::store::Store;
use crate::store::export::Relevant;
use crate::store::identity::RunIdentity;
use crate::store::values::TopLists;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What the files of a run are made from.
struct Source<'a> {
    store: &'a Store,
    own: &'a RunIdentity,
    users: BTreeMap<i64, Vec<String>>,
    items: Vec<String>,
}

/// Writes the files of a run into a folder, each whole or not at all; returns their paths, relevance first.
///
/// # Errors
/// [`Error::Usage`] for a run of an older rexp, which did not store what is relevant; [`Error::Store`] and [`Error::Io`].
pub fn write(store: &Store, run: &str, folder: &Path) -> Result<Vec<PathBuf>> {
    let _moment = store.snapshot()?;
    let own = store.identity(run)?;
    let relevant = store.relevant(run)?;
    if let Some(seed) = store.seeds(run)?.into_iter().find(|seed| !relevant.contains_key(seed)) {
        return Err(Error::usage(
            format!(
                "run {run}, seed {seed}: made by an older rexp, which did not store the relevant items that were not ranked"
            ),
            format!("run the experiment {:?} again with --force", shown(&own.experiment)),
        ));
    }
    let source = Source { store, own: &own, users: store.user_lists(run)?, items: store.item_ids(run)? };
    let mut out = Vec::new();
    for protocol in protocols(&own) {
        for (&seed, relevant) in &relevant {
            let path = folder.join(format!("{}.qrels", source.stem(&protocol, seed)));
            out.push(source.file(&path, |file| source.qrels(relevant, file))?);
        }
    }
    for (arm, protocol) in ranked(&own) {
        let tag = folder_name(arm);
        for top in store.top_lists(run, arm, &protocol, None)? {
            let path = folder.join(format!("{}.{tag}.run", source.stem(&protocol, top.seed)));
            out.push(source.file(&path, |file| source.lists(&top, &tag, file))?);
        }
    }
    Ok(out)
}

impl Source<'_> {
    /// `<experiment>.<protocol>.<seed>`, of slugs: never a name as somebody wrote it.
    fn stem(&self, protocol: &str, seed: u64) -> String {
        format!("{}.{}.{seed}", folder_name(&self.own.experiment), folder_name(protocol))
    }

    fn file(&self, path: &Path, fill: impl FnOnce(&mut dyn Write) -> Result<io::Result<()>>) -> Result<PathBuf> {
        let mut file = WholeFile::begin(path)?;
        fill(&mut file)?.map_err(Error::io(path, "write"))?;
        file.finish()
    }

    fn users_of(&self, list: i64) -> Result<&[String]> {
        self.users.get(&list).map(Vec::as_slice).ok_or_else(|| self.store.unreadable("a list of users"))
    }

    fn qrels(&self, relevant: &Relevant, out: &mut dyn Write) -> Result<io::Result<()>> {
        for (user, items) in self.users_of(relevant.user_list)?.iter().zip(&relevant.items) {
            let user = plain(user);
            for &item in items {
                let item = plain(item_id(self.store, &self.items, item)?);
                if let Err(reason) = writeln!(out, "{user} 0 {item} 1") {
                    return Ok(Err(reason));
                }
            }
        }
        Ok(Ok(()))
    }

    fn lists(&self, top: &TopLists, tag: &str, out: &mut dyn Write) -> Result<io::Result<()>> {
        for (user, list) in self.users_of(top.user_list)?.iter().zip(&top.lists) {
            let user = plain(user);
            for (place, &(item, _, _)) in list.iter().enumerate() {
                let item = plain(item_id(self.store, &self.items, item)?);
                if let Err(reason) = writeln!(out, "{user} Q0 {item} {} {} {tag}", place + 1, list.len() - place) {
                    return Ok(Err(reason));
                }
            }
        }
        Ok(Ok(()))
    }
}

/// An id as one field of a line.
fn plain(id: &str) -> String {
    if id.is_empty() {
        return "%".to_owned();
    }
    let mut out = String::with_capacity(id.len());
    for c in id.chars() {
        if c == '%' || c.is_whitespace() || c.is_control() {
            c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| out += &format!("%{byte:02X}"));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_one_field_and_no_two_ids_become_one() {
        assert_eq!(plain("17"), "17");
        assert_eq!(plain("a b"), "a%20b");
        assert_eq!(plain("a%20b"), "a%2520b");
        assert_eq!(plain("a,\"<b>\"\r\n\u{a0}é"), "a,\"<b>\"%0D%0A%C2%A0é");
        assert_eq!((plain(""), plain("%")), ("%".into(), "%25".into()));
        for id in ["\u{2028}", "\u{1c}", "\t", "\u{85}", "\0"] {
            assert_eq!(plain(id).split_whitespace().count(), 1);
            assert!(plain(id).is_ascii());
        }
    }
}

//! `[training]`: which rows stackers learn from.

use super::EvaluationPlan;
use crate::error::shown;
use crate::features::StatsFrom;
use crate::kind::Reader;
use crate::suggest;

/// The rows that stackers learn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Training {
    /// Candidates labelled 0 per relevant one; 0: the rated rows of the meta part and nothing else.
    pub negatives: usize,
    /// Place of the protocol that chooses the candidates; only with negatives.
    pub protocol: Option<usize>,
}

/// Reads the section.
pub fn read(reader: &Reader<'_>, evaluation: &EvaluationPlan, stats_from: StatsFrom) -> Training {
    let negatives = reader.option("negatives", 0_usize, Some(0..=1_000_000));
    let name = reader.option("protocol", String::new(), None);
    reader.finish();
    let usable: Vec<usize> =
        (0..evaluation.protocols.len()).filter(|&at| !evaluation.protocols[at].1.is_of_test_rows()).collect();
    if negatives == 0 {
        if !name.is_empty() {
            let message = "without negatives no protocol chooses candidates".to_owned();
            reader.refuse_key("protocol", message, Some("add e.g. negatives = 20, or leave protocol out".into()));
        }
        return Training { negatives, protocol: None };
    }
    let names = || usable.iter().map(|&at| evaluation.protocols[at].0);
    let protocol = match name.as_str() {
        "" => usable.first().copied(),
        name => usable.iter().copied().find(|&at| evaluation.protocols[at].0 == name),
    };
    if stats_from.leaks() {
        let message = format!("found negatives = {negatives} with statistics that contain the labels");
        reader.refuse_key("negatives", message, Some("stats_from = \"base_train\" in [features]".into()));
    }
    if usable.is_empty() {
        let message = format!("found negatives = {negatives}, but every protocol ranks only what the user rated");
        let help = "add \"full\" or \"two-stage\" to protocols in [evaluation]";
        reader.refuse_key("negatives", message, Some(help.into()));
    } else if protocol.is_none() {
        let message = format!("found {:?}, which is no protocol of [evaluation] with unrated candidates", shown(&name));
        reader.refuse_key("protocol", message, Some(suggest::allowed(&name, names())));
    }
    Training { negatives, protocol }
}

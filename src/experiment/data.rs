//! `[data]`: which ratings, and how they are read.

use crate::dataset::Duplicates;
use crate::error::{Error, Result, shown};
use crate::formats::registry::{self, Located};
use crate::formats::{FORMATS, Format};
use crate::kind::Reader;
use crate::suggest;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where ratings come from.
#[derive(Debug)]
pub struct Data {
    /// Name of the data set.
    pub name: String,
    /// Kind and options of the format; `None`: that of the known data set, or the one that finds its file.
    pub format: Option<(&'static str, Arc<dyn Format>)>,
    /// Folder of its files, if the TOML names one.
    pub folder: Option<PathBuf>,
    /// What to do with a second rating of one pair.
    pub duplicates: Duplicates,
}

/// Reads the section.
pub fn read(reader: &Reader<'_>) -> Data {
    let name = reader.option("name", String::new(), None);
    if name.is_empty() || Path::new(&name).components().count() != 1 || name.starts_with('.') {
        let known = registry::DATASETS.iter().map(|known| known.name);
        let message = format!("[data] needs a name, found {:?}", shown(&name));
        let help = "one of `rexp data list`, \"synth\", or a name of your own with format and folder";
        reader.refuse_key("name", message, Some(format!("{help}; {}", suggest::allowed(&name, known))));
    }
    let folder = Some(reader.option("folder", String::new(), None)).filter(|folder| !folder.is_empty());
    let folder = folder.map(|folder| PathBuf::from(reader.resolve("folder", &folder)));
    let duplicates = reader.option("duplicates", Duplicates::Last, None);
    let implied = registry::known(&name).map(|known| known.format);
    let implied = implied.or_else(|| FORMATS.iter().map(|kind| kind.name).find(|kind| *kind == name));
    let format = if reader.entry("format").is_some() || implied.is_some() {
        reader.kind("format", "data format", implied, FORMATS).map(|(kind, format)| (kind.name, Arc::from(format)))
    } else {
        reader.finish();
        None
    };
    let data = Data { name, format, folder, duplicates };
    data.check_name(reader);
    data
}

impl Data {
    /// A name that nothing has is a misspelt one, unless the file says how and where to read it.
    fn check_name(&self, reader: &Reader<'_>) {
        let known = registry::DATASETS.iter().map(|known| known.name).chain(["synth"]);
        if self.format.is_some() || self.folder.is_some() || self.name.is_empty() {
            return;
        }
        if let Some(near) = suggest::nearest(&self.name, known) {
            let message = format!("unknown data set {:?}", shown(&self.name));
            let help = format!("did you mean {near:?}? A data set of your own needs its folder in [data]");
            reader.refuse_key("name", message, Some(help));
        }
    }

    /// Same source, same options: trials can share it.
    pub fn fingerprint(&self) -> String {
        let format = self.format.as_ref().map(|(kind, format)| (kind, format.parameters()));
        serde_json::json!([self.name, format, self.folder, self.duplicates]).to_string()
    }

    /// Finds its files.
    ///
    /// # Errors
    /// [`Error::Usage`] or [`Error::Name`] when they are nowhere, with what to put where.
    pub fn locate(&self, data_dir: Option<&Path>) -> Result<Located> {
        let Some((kind, format)) = &self.format else {
            let place = self.folder.as_ref().map(|folder| folder.to_string_lossy());
            let found = registry::resolve(place.as_deref().unwrap_or(&self.name), data_dir)?;
            return Ok(Located { name: self.name.clone(), ..found });
        };
        let located = |folder| Located { name: self.name.clone(), folder, format: format.clone() };
        let files = format.files();
        let Some(first) = files.first() else { return Ok(located(PathBuf::new())) };
        let known = registry::known(&self.name).filter(|known| self.folder.is_none() && known.format == *kind);
        if known.is_some() {
            return Ok(located(registry::locate(&self.name, data_dir)?.folder));
        }
        let folders = match &self.folder {
            Some(folder) => vec![folder.clone()],
            None => registry::data_dirs(data_dir).iter().map(|dir| dir.join(&self.name)).collect(),
        };
        if let Some(folder) = folders.iter().find(|folder| folder.join(first).exists()) {
            return Ok(located(folder.clone()));
        }
        let searched: Vec<String> = folders.iter().map(|folder| folder.join(first).display().to_string()).collect();
        Err(Error::usage(
            format!("data set {:?} is not there: found no {}", shown(&self.name), searched.join(", no ")),
            "put the file there, or set folder in [data] or --data-dir",
        ))
    }
}

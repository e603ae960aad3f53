//! Running a plan: what is in the store already is kept, the rest is made cell by cell and stored trial by trial.

use super::cell::{Cell, SplitRatings};
use super::data::{self, Datasets};
use super::environment::environment;
use super::plan::{self, Group, Todo};
use super::rows::{self, Trial};
use super::stage::{Books, Shared};
use super::{announce, facts};
use crate::dataset::Dataset;
use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::key::{Key, KeyBuilder};
use crate::parallel;
use crate::progress::Progress;
use crate::store::Store;
use crate::store::lock::RunLock;
use crate::store::rows::{EventRow, RunBundle, RunRow};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A plan and where it runs.
pub struct Request {
    /// What to run.
    pub experiments: Vec<Experiment>,
    /// The database.
    pub db: PathBuf,
    /// Where data sets are looked for first.
    pub data_dir: Option<PathBuf>,
    /// Threads; 0: one per processor.
    pub n_threads: usize,
    /// Whether nothing may be fetched.
    pub offline: bool,
    /// Whether finished runs are repeated as new attempts.
    pub force: bool,
}

/// What came of a plan.
pub struct Outcome {
    /// The runs that are complete now, in the order of the experiments.
    pub finished: Vec<Finished>,
    /// What went wrong, each error once.
    pub failures: Vec<Failure>,
}

/// A complete run.
pub struct Finished {
    /// Its experiment.
    pub experiment: String,
    /// Its id.
    pub run_id: String,
    /// Trials made now.
    pub n_made: usize,
    /// Trials that were in the store already.
    pub n_kept: usize,
}

/// An error and whom it stopped.
pub struct Failure {
    /// Names of the experiments.
    pub experiments: Vec<String>,
    /// What happened.
    pub error: Arc<Error>,
}

/// A run on its way.
struct Run<'a> {
    experiment: &'a Experiment,
    dataset: &'a Dataset,
    bundle: RunBundle,
    todo: Todo<'a>,
    n_kept: usize,
}

/// What workers share.
struct Shop<'a> {
    pool: rayon::ThreadPool,
    runs: Vec<Run<'a>>,
    datasets: &'a Datasets,
    store: Mutex<Store>,
    books: Mutex<Books>,
    failures: Mutex<Vec<(usize, Arc<Error>)>>,
    /// Warnings that were printed already.
    said: Mutex<BTreeSet<String>>,
    progress: &'a Progress,
}

/// Runs all experiments; one that fails does not stop the others.
///
/// # Errors
/// [`Error::Store`] and [`Error::Io`] when the store cannot be used, [`Error::Interrupted`] when asked to stop; what was finished is stored.
pub fn run(request: &Request, progress: &Progress) -> Result<Outcome> {
    let pool = parallel::pool(request.n_threads)?;
    let datasets = pool.install(|| data::read(&request.experiments, request.data_dir.as_deref(), request.offline));
    parallel::check()?;
    check(request, &datasets, progress)?;
    let store = Store::open(&request.db)?;
    if let Some(note) = store.note() {
        progress.line(&format!("warning: {note}"));
    }
    let (runs, mut failures) = prepare(request, &datasets, &store)?;
    let busy = runs.iter().filter(|run| !run.todo.seeds.is_empty()).map(|run| run.experiment);
    announce::start(&datasets, &busy.collect::<Vec<_>>(), progress);
    progress.skip(
        request.experiments.iter().map(|experiment| experiment.seeds.len()).sum::<usize>()
            - runs.iter().map(|run| run.todo.seeds.len()).sum::<usize>(),
    );
    let live = runs.iter().filter(|run| !run.todo.seeds.is_empty());
    let _locks = live.map(|run| RunLock::hold(&request.db, &run.bundle.run.id)).collect::<Result<Vec<_>>>()?;
    let shop = Shop {
        pool,
        runs,
        datasets: &datasets,
        store: Mutex::new(store),
        books: Mutex::default(),
        failures: Mutex::default(),
        said: Mutex::default(),
        progress,
    };
    shop.work()?;
    for (run, error) in shop.failures.into_inner().unwrap_or_else(PoisonError::into_inner) {
        fail(&mut failures, &shop.runs[run].experiment.name, error);
    }
    let complete = |run: &&Run<'_>| !failures.iter().any(|failure| failure.experiments.contains(&run.experiment.name));
    let finished = shop.runs.iter().filter(complete).map(|run| Finished {
        experiment: run.experiment.name.clone(),
        run_id: run.bundle.run.id.clone(),
        n_made: run.todo.seeds.len(),
        n_kept: run.n_kept,
    });
    Ok(Outcome { finished: finished.collect(), failures })
}

/// Whether the data have what every model of the plan needs, before anything is stored or computed.
///
/// # Errors
/// [`Error::Model`] for the first model that lacks something; further ones are told before.
fn check(request: &Request, datasets: &Datasets, progress: &Progress) -> Result<()> {
    let mut faults: Vec<Error> = Vec::new();
    for experiment in &request.experiments {
        // Data that cannot be read are told with the experiment.
        let Ok(dataset) = datasets[&experiment.data.fingerprint()].get() else { continue };
        for model in &experiment.models {
            if let Err(fault) = model.model.check(dataset)
                && faults.iter().all(|other| other.to_string() != fault.to_string())
            {
                faults.push(fault);
            }
        }
    }
    let Some(last) = faults.pop() else { return Ok(()) };
    faults.iter().for_each(|fault| progress.line(&format!("error: {fault}")));
    Err(last)
}

/// Notes that an error stopped an experiment.
fn fail(failures: &mut Vec<Failure>, experiment: &str, error: Arc<Error>) {
    let same =
        |failure: &&mut Failure| Arc::ptr_eq(&failure.error, &error) || failure.error.to_string() == error.to_string();
    match failures.iter_mut().find(same) {
        Some(failure) if failure.experiments.iter().any(|name| name == experiment) => {}
        Some(failure) => failure.experiments.push(experiment.to_owned()),
        None => failures.push(Failure { experiments: vec![experiment.to_owned()], error }),
    }
}

/// Names every run, and finds what of it is in the store.
fn prepare<'a>(request: &'a Request, datasets: &'a Datasets, store: &Store) -> Result<(Vec<Run<'a>>, Vec<Failure>)> {
    let (mut runs, mut failures) = (Vec::new(), Vec::new());
    for experiment in &request.experiments {
        let dataset = match datasets[&experiment.data.fingerprint()].get() {
            Ok(dataset) => dataset,
            Err(error) => {
                fail(&mut failures, &experiment.name, error);
                continue;
            }
        };
        let (key, split_inputs) = match key(experiment, dataset) {
            Ok(key) => key,
            Err(error) => {
                fail(&mut failures, &experiment.name, Arc::new(error));
                continue;
            }
        };
        let attempts = store.attempts(&key.to_string())?;
        let (attempt, done) = match attempts.into_iter().max_by_key(|attempt| attempt.attempt) {
            None => (1, Vec::new()),
            Some(latest) if request.force => (latest.attempt + 1, Vec::new()),
            Some(latest) => (latest.attempt, latest.seeds),
        };
        let seeds: Vec<u64> = experiment.seeds.iter().copied().filter(|seed| !done.contains(seed)).collect();
        let n_kept = experiment.seeds.len() - seeds.len();
        let n_trials = seeds.len() + done.len();
        let bundle = bundle(experiment, dataset, &key, attempt, n_trials);
        let todo = Todo { experiment, dataset: dataset.hash, split_inputs, seeds };
        runs.push(Run { experiment, dataset, bundle, todo, n_kept });
    }
    Ok((runs, failures))
}

/// Everything that could change a number of a trial besides its seed: the options, the data, the program. Also the key of what its split reads.
fn key(experiment: &Experiment, dataset: &Dataset) -> Result<(Key, Option<Key>)> {
    let mut key = KeyBuilder::new("run 1").text(&experiment.name).key(&dataset.hash).text(env!("REXP_SOURCE_HASH"));
    for (name, value) in &experiment.params {
        key = key.text(name).text(value);
    }
    let split_inputs = experiment.split.split.inputs(dataset)?;
    let mut inputs: Vec<Key> = split_inputs.into_iter().collect();
    for model in &experiment.models {
        inputs.extend(model.model.inputs()?);
    }
    Ok((inputs.iter().fold(key, KeyBuilder::key).finish(), split_inputs))
}

fn bundle(experiment: &Experiment, dataset: &Dataset, key: &Key, attempt: u64, n_trials: usize) -> RunBundle {
    let id = KeyBuilder::new("run id").key(key).number(attempt).finish().short();
    let notes = dataset.notes.iter().map(|note| EventRow {
        level: "note".into(),
        code: note.code.into(),
        count: note.count,
        message: note.message.clone(),
    });
    let run = RunRow {
        id,
        experiment: experiment.name.clone(),
        key: key.to_string(),
        attempt,
        about: experiment.about.clone(),
        started_at: jiff::Timestamp::now().round(jiff::Unit::Second).unwrap_or_default().to_string(),
        n_trials,
        config_toml: experiment.config_toml.clone(),
        config_source: experiment.config_source.clone(),
        config_path: experiment.config_path.clone(),
        environment: environment(),
    };
    RunBundle {
        run,
        dataset: facts::dataset(dataset),
        items: facts::items(dataset),
        params: experiment.params.clone(),
        arms: Vec::new(),
        metrics: facts::metrics(),
        events: notes
            .chain(announce::leak(experiment))
            .chain(announce::nothing_relevant(experiment, dataset))
            .chain(announce::features(experiment, dataset))
            .chain(announce::design(experiment))
            .collect(),
    }
}

impl Shop<'_> {
    /// Works through all cells. As many are under way as there are threads, so that memory does not grow with the plan.
    fn work(&self) -> Result<()> {
        let todo: Vec<Todo<'_>> = self.runs.iter().map(|run| run.todo.clone()).collect();
        let groups = plan::groups(&todo);
        let (next, stopped) = (AtomicUsize::new(0), Mutex::new(None));
        let n_workers = self.pool.current_num_threads().min(groups.len());
        std::thread::scope(|scope| {
            for _ in 0..n_workers {
                scope.spawn(|| {
                    while let Some(group) = groups.get(next.fetch_add(1, Ordering::SeqCst)) {
                        if let Err(error) = self.cell(group) {
                            lock(&stopped).get_or_insert(error);
                            // The others stop before their next cell.
                            next.store(groups.len(), Ordering::SeqCst);
                        }
                    }
                });
            }
        });
        stopped.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    /// Makes the trials of one cell and stores them.
    fn cell(&self, group: &Group) -> Result<()> {
        let runs: Vec<&Run<'_>> = group.members.iter().map(|&run| &self.runs[run]).collect();
        let names: Vec<&str> = runs.iter().map(|run| run.experiment.name.as_str()).collect();
        let task = self.progress.task(&format!("seed {}: {}", group.seed, names.join(", ")));
        let members = runs.iter().map(|run| run.experiment).collect();
        let cell = Cell { dataset: runs[0].dataset, seed: group.seed, members };
        let read = &self.datasets[&runs[0].experiment.data.fingerprint()];
        let n_threads = self.pool.current_num_threads();
        let trials = self.pool.install(|| {
            let made = cell.make(|what| task.say(what));
            let counts = |ratings: &SplitRatings| ratings.parts.counts(cell.dataset, 0.0);
            announce::split(&made.split, counts, group.seed, self.progress);
            rows::trials(&cell, &made, read, &mut lock(&self.books), n_threads)
        });
        task.say("store");
        for ((&run, name), trial) in group.members.iter().zip(names).zip(trials) {
            self.keep(run, name, group.seed, trial)?;
        }
        Ok(())
    }

    /// Stores a trial, or notes why there is none.
    fn keep(&self, run: usize, name: &str, seed: u64, trial: Shared<Trial>) -> Result<()> {
        match trial {
            Ok(Trial { split, arms, row }) => {
                let bundle = RunBundle { arms, ..self.runs[run].bundle.clone() };
                let elapsed_s = row.elapsed_ms / 1e3;
                lock(&self.store).write_trial(&bundle, &split, &row)?;
                for event in row.events.iter().filter(|event| event.level == "warning") {
                    let warning = format!("warning: {name}: {}", event.message);
                    if lock(&self.said).insert(warning.clone()) {
                        self.progress.line(&warning);
                    }
                }
                self.progress.done(1);
                self.progress.line(&format!("{name}, seed {seed}: {elapsed_s:.2} s of work"));
            }
            Err(error) => {
                if let Error::Interrupted(signal) = *error {
                    return Err(Error::Interrupted(signal));
                }
                lock(&self.failures).push((run, error));
            }
        }
        Ok(())
    }
}

/// A lock whose holder panicked guards data that is still whole: rows are appended or not.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

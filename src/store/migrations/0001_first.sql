-- The first schema. A released migration is never edited.
-- Times are UTC, ISO 8601. Hashes are 64 hexadecimal digits. Undefined metrics have no row in metric_value; omission says why.

CREATE TABLE dataset (
  id               INTEGER PRIMARY KEY,
  hash             TEXT NOT NULL UNIQUE,   -- SHA-256 of the content
  name             TEXT NOT NULL,
  n_users          INTEGER NOT NULL,       -- users with a rating
  n_items          INTEGER NOT NULL,       -- items in the catalog or rated
  n_items_rated    INTEGER NOT NULL,
  n_rows           INTEGER NOT NULL,       -- ratings
  rating_min       REAL NOT NULL,          -- stars
  rating_max       REAL NOT NULL,          -- stars
  rating_mean      REAL NOT NULL,          -- stars
  first_timestamp  INTEGER,                -- seconds since 1970; NULL without timestamps
  last_timestamp   INTEGER,
  rating_counts    TEXT NOT NULL           -- JSON object: rating -> rows
) STRICT;

CREATE TABLE item (
  dataset_id  INTEGER NOT NULL REFERENCES dataset(id),
  item_index  INTEGER NOT NULL,            -- number of the item inside rankings
  item_id     TEXT NOT NULL,               -- id in the data
  title       TEXT NOT NULL,
  genres      TEXT NOT NULL,               -- joined by |
  n_ratings   INTEGER NOT NULL,
  PRIMARY KEY (dataset_id, item_index)
) STRICT, WITHOUT ROWID;

CREATE TABLE split (
  id            INTEGER PRIMARY KEY,
  hash          TEXT NOT NULL,             -- SHA-256 of the part of every row
  threshold     REAL NOT NULL,             -- ratings at or above it count as relevant in split_part
  dataset_id    INTEGER NOT NULL REFERENCES dataset(id),
  kind          TEXT NOT NULL,
  parameters    TEXT NOT NULL,             -- JSON object of the options
  UNIQUE (hash, threshold)
) STRICT;

CREATE TABLE split_part (
  split_id      INTEGER NOT NULL REFERENCES split(id),
  part          TEXT NOT NULL,             -- base_train, meta_train, train_full, test, unused
  n_rows        INTEGER NOT NULL,
  n_users       INTEGER NOT NULL,
  n_items       INTEGER NOT NULL,
  n_cold_users  INTEGER NOT NULL,          -- users without a row in base_train
  n_cold_items  INTEGER NOT NULL,          -- items without a row in base_train
  n_relevant    INTEGER NOT NULL,          -- rows at or above the threshold of the split
  PRIMARY KEY (split_id, part)
) STRICT, WITHOUT ROWID;

CREATE TABLE experiment (
  id    INTEGER PRIMARY KEY,
  name  TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE run (
  id             TEXT PRIMARY KEY,          -- first 12 digits of the hash of key and attempt
  experiment_id  INTEGER NOT NULL REFERENCES experiment(id),
  dataset_id     INTEGER NOT NULL REFERENCES dataset(id),
  key            TEXT NOT NULL,             -- hash of name, configuration, data and code version
  attempt        INTEGER NOT NULL,          -- 1; more with --force
  about          TEXT NOT NULL,             -- what the TOML says about itself
  started_at     TEXT NOT NULL,
  n_trials       INTEGER NOT NULL,          -- seeds asked for; the run is complete when as many trials are here
  config_toml    TEXT NOT NULL,             -- the TOML as resolved (extends and --set applied)
  config_source  TEXT NOT NULL,             -- the TOML as the user wrote it
  config_path    TEXT NOT NULL,             -- file name given on the command line
  rexp_version   TEXT NOT NULL,
  rexp_source    TEXT NOT NULL,             -- fingerprint of rexp's source
  rexp_commit    TEXT NOT NULL,             -- commit rexp was built from; empty outside a checkout
  git_commit     TEXT NOT NULL,             -- commit of the folder the run was started in; empty outside a checkout
  sqlite_version TEXT NOT NULL,
  machine        TEXT NOT NULL,             -- JSON object: os, arch, cpu, cpu_features, n_cpus
  UNIQUE (key, attempt)
) STRICT;

CREATE TABLE param (
  run_id  TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  name    TEXT NOT NULL,                    -- e.g. models.mf.factors
  value   TEXT NOT NULL,                    -- JSON value, defaults included
  PRIMARY KEY (run_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE arm (
  id          INTEGER PRIMARY KEY,
  run_id      TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  name        TEXT NOT NULL,
  role        TEXT NOT NULL,                -- stacker, average, base, floor
  kind        TEXT NOT NULL,
  scale       TEXT NOT NULL,                -- rating, probability, order
  position    INTEGER NOT NULL,             -- order in tables
  is_primary  INTEGER NOT NULL,             -- 1 for the experiment's answer
  UNIQUE (run_id, name)
) STRICT;

CREATE TABLE trial (
  id                 INTEGER PRIMARY KEY,
  run_id             TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  seed               INTEGER NOT NULL,
  split_id           INTEGER NOT NULL REFERENCES split(id),
  finished_at        TEXT NOT NULL,
  elapsed_ms         REAL NOT NULL,         -- wall clock of all its stages
  peak_memory_bytes  INTEGER NOT NULL,      -- of the process so far
  n_threads          INTEGER NOT NULL,
  UNIQUE (run_id, seed)
) STRICT;

CREATE TABLE stage (
  trial_id           INTEGER NOT NULL REFERENCES trial(id) ON DELETE CASCADE,
  position           INTEGER NOT NULL,
  name               TEXT NOT NULL,         -- e.g. fit mf
  key                TEXT NOT NULL,         -- hash of everything that could change its output
  is_shared          INTEGER NOT NULL,      -- 1 when another trial of the same plan computed it; its time stands there
  elapsed_ms         REAL NOT NULL,
  peak_memory_bytes  INTEGER NOT NULL,      -- of the process so far
  PRIMARY KEY (trial_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE metric (
  id         INTEGER PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE,
  direction  TEXT NOT NULL,                 -- higher, lower, neutral
  unit       TEXT NOT NULL,
  about      TEXT NOT NULL
) STRICT;

CREATE TABLE metric_value (
  trial_id    INTEGER NOT NULL REFERENCES trial(id) ON DELETE CASCADE,
  arm_id      INTEGER NOT NULL REFERENCES arm(id) ON DELETE CASCADE,
  protocol    TEXT NOT NULL,
  metric_id   INTEGER NOT NULL REFERENCES metric(id),
  k           INTEGER NOT NULL,             -- cutoff; 0 for a metric without one
  segment     TEXT NOT NULL,                -- all, or e.g. user-activity:cold
  value       REAL NOT NULL CHECK (abs(value) < 1e300),
  n           INTEGER NOT NULL,             -- users (or rows) it is the mean over
  n_left_out  INTEGER NOT NULL,             -- users of the segment for whom it is undefined
  PRIMARY KEY (trial_id, arm_id, protocol, metric_id, k, segment)
) STRICT, WITHOUT ROWID;

CREATE TABLE omission (
  trial_id   INTEGER NOT NULL REFERENCES trial(id) ON DELETE CASCADE,
  arm_id     INTEGER NOT NULL REFERENCES arm(id) ON DELETE CASCADE,
  protocol   TEXT NOT NULL,
  metric_id  INTEGER NOT NULL REFERENCES metric(id),
  k          INTEGER NOT NULL,
  segment    TEXT NOT NULL,
  reason     TEXT NOT NULL,
  count      INTEGER NOT NULL,              -- users (or rows) it would have been over
  PRIMARY KEY (trial_id, arm_id, protocol, metric_id, k, segment)
) STRICT, WITHOUT ROWID;

CREATE TABLE user_list (
  id        INTEGER PRIMARY KEY,
  hash      TEXT NOT NULL UNIQUE,
  n_users   INTEGER NOT NULL,
  user_ids  TEXT NOT NULL                   -- JSON array of ids, in the order of the blobs that name this list
) STRICT;

CREATE TABLE user_value (
  trial_id      INTEGER NOT NULL REFERENCES trial(id) ON DELETE CASCADE,
  arm_id        INTEGER NOT NULL REFERENCES arm(id) ON DELETE CASCADE,
  protocol      TEXT NOT NULL,
  metric_id     INTEGER NOT NULL REFERENCES metric(id),
  k             INTEGER NOT NULL,
  user_list_id  INTEGER NOT NULL REFERENCES user_list(id),
  value_blob    BLOB NOT NULL,              -- n_users little-endian f32; rexp users unpacks it
  PRIMARY KEY (trial_id, arm_id, protocol, metric_id, k)
) STRICT;

CREATE TABLE ranking (
  trial_id      INTEGER NOT NULL REFERENCES trial(id) ON DELETE CASCADE,
  arm_id        INTEGER NOT NULL REFERENCES arm(id) ON DELETE CASCADE,
  protocol      TEXT NOT NULL,
  k             INTEGER NOT NULL,           -- longest list
  user_list_id  INTEGER NOT NULL REFERENCES user_list(id),
  list_blob     BLOB NOT NULL,              -- per user: u32 length, then per item u32 item_index, f32 score, u8 relevance; little-endian
  PRIMARY KEY (trial_id, arm_id, protocol)
) STRICT;

CREATE TABLE history (
  trial_id  INTEGER NOT NULL REFERENCES trial(id) ON DELETE CASCADE,
  source    TEXT NOT NULL,                  -- model or arm that learned
  series    TEXT NOT NULL,                  -- e.g. train_rmse
  step      INTEGER NOT NULL,               -- epoch or tree, from 1
  value     REAL NOT NULL,
  PRIMARY KEY (trial_id, source, series, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE importance (
  trial_id  INTEGER NOT NULL REFERENCES trial(id) ON DELETE CASCADE,
  arm_id    INTEGER NOT NULL REFERENCES arm(id) ON DELETE CASCADE,
  feature   TEXT NOT NULL,
  measure   TEXT NOT NULL,                  -- gain, permutation, coefficient, mean, scale
  value     REAL NOT NULL,
  PRIMARY KEY (trial_id, arm_id, feature, measure)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
  id        INTEGER PRIMARY KEY,
  run_id    TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  trial_id  INTEGER REFERENCES trial(id) ON DELETE CASCADE,
  level     TEXT NOT NULL,                  -- note, warning
  code      TEXT NOT NULL,                  -- short stable name
  count     INTEGER NOT NULL,
  message   TEXT NOT NULL
) STRICT;

CREATE INDEX metric_value_by_metric ON metric_value (metric_id, protocol, k, segment);

-- One row per run, arm, protocol, metric, k and segment: mean over seeds, their spread and number.
CREATE VIEW leaderboard AS
SELECT experiment.name AS experiment, run.id AS run_id, run.started_at, arm.name AS arm, arm.role, arm.is_primary,
       metric_value.protocol, metric.name AS metric, metric_value.k, metric_value.segment,
       avg(metric_value.value) AS mean, min(metric_value.value) AS lowest, max(metric_value.value) AS highest,
       count(*) AS n_seeds, avg(metric_value.n) AS n_users
FROM metric_value
JOIN metric ON metric.id = metric_value.metric_id
JOIN trial ON trial.id = metric_value.trial_id
JOIN arm ON arm.id = metric_value.arm_id
JOIN run ON run.id = trial.run_id
JOIN experiment ON experiment.id = run.experiment_id
GROUP BY run.id, arm.id, metric_value.protocol, metric.id, metric_value.k, metric_value.segment;

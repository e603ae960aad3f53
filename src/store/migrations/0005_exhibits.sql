-- What a trial leaves for people to look at: examples of lists, how scores are spread, calibrated and alike. Trials of older versions have no rows here.

CREATE TABLE example (
  trial_id  INTEGER NOT NULL REFERENCES trial(id) ON DELETE CASCADE,
  protocol  TEXT NOT NULL,
  position  INTEGER NOT NULL,             -- order of the examples
  content   TEXT NOT NULL,                -- JSON object: why, rival, n_among, user, n_ratings, n_liked, liked, n_relevant, metric, values, lists, items, scores
  PRIMARY KEY (trial_id, protocol, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE score_range (
  trial_id     INTEGER NOT NULL REFERENCES trial(id) ON DELETE CASCADE,
  arm_id       INTEGER NOT NULL REFERENCES arm(id) ON DELETE CASCADE,
  protocol     TEXT NOT NULL,
  is_relevant  INTEGER NOT NULL,          -- 1: scores of relevant test rows; 0: of the others
  n            INTEGER NOT NULL,          -- test rows
  q05          REAL NOT NULL,             -- quantiles of their scores
  q25          REAL NOT NULL,
  q50          REAL NOT NULL,
  q75          REAL NOT NULL,
  q95          REAL NOT NULL,
  PRIMARY KEY (trial_id, arm_id, protocol, is_relevant)
) STRICT, WITHOUT ROWID;

CREATE TABLE calibration_bin (
  trial_id   INTEGER NOT NULL REFERENCES trial(id) ON DELETE CASCADE,
  arm_id     INTEGER NOT NULL REFERENCES arm(id) ON DELETE CASCADE,
  protocol   TEXT NOT NULL,
  bin        INTEGER NOT NULL,            -- which of ten, from 0; empty ones have no row
  n          INTEGER NOT NULL,            -- test rows
  predicted  REAL NOT NULL,               -- their mean predicted probability
  observed   REAL NOT NULL,               -- share of them that are relevant
  PRIMARY KEY (trial_id, arm_id, protocol, bin)
) STRICT, WITHOUT ROWID;

CREATE TABLE score_likeness (
  trial_id  INTEGER NOT NULL REFERENCES trial(id) ON DELETE CASCADE,
  protocol  TEXT NOT NULL,
  arm_id    INTEGER NOT NULL REFERENCES arm(id) ON DELETE CASCADE,
  other_id  INTEGER NOT NULL REFERENCES arm(id) ON DELETE CASCADE,
  rho       REAL NOT NULL CHECK (abs(rho) <= 1),   -- mean over users of Spearman's rho of their scores of a user's test rows
  n         INTEGER NOT NULL,             -- users
  PRIMARY KEY (trial_id, protocol, arm_id, other_id)
) STRICT, WITHOUT ROWID;

ALTER TABLE dataset ADD COLUMN month_counts TEXT;   -- JSON object: month (2001-05, UTC) -> rows; NULL without timestamps, and until a newer rexp looks at the data

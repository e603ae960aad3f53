-- What statistics need and leave: values per user for item segments too, who is in which segment, facts about users, intervals, comparisons.

CREATE TABLE user_value_2 (
  trial_id      INTEGER NOT NULL REFERENCES trial(id) ON DELETE CASCADE,
  arm_id        INTEGER NOT NULL REFERENCES arm(id) ON DELETE CASCADE,
  protocol      TEXT NOT NULL,
  metric_id     INTEGER NOT NULL REFERENCES metric(id),
  k             INTEGER NOT NULL,
  segment       TEXT NOT NULL,              -- all, or a segment of items; for segments of users see user_segment
  user_list_id  INTEGER NOT NULL REFERENCES user_list(id),
  value_blob    BLOB NOT NULL,              -- n_users little-endian f32; rexp users unpacks it
  PRIMARY KEY (trial_id, arm_id, protocol, metric_id, k, segment)
) STRICT;
INSERT INTO user_value_2 SELECT trial_id, arm_id, protocol, metric_id, k, 'all', user_list_id, value_blob FROM user_value;
DROP TABLE user_value;
ALTER TABLE user_value_2 RENAME TO user_value;

CREATE TABLE user_segment (
  trial_id      INTEGER NOT NULL REFERENCES trial(id) ON DELETE CASCADE,
  segment       TEXT NOT NULL,              -- e.g. user-activity:cold
  user_list_id  INTEGER NOT NULL REFERENCES user_list(id),
  PRIMARY KEY (trial_id, segment)
) STRICT, WITHOUT ROWID;

CREATE TABLE user_fact (
  trial_id      INTEGER NOT NULL REFERENCES trial(id) ON DELETE CASCADE,
  name          TEXT NOT NULL,              -- train_full_mean_rating (stars), train_full_n_ratings
  user_list_id  INTEGER NOT NULL REFERENCES user_list(id),
  value_blob    BLOB NOT NULL,              -- n_users little-endian f32
  PRIMARY KEY (trial_id, name)
) STRICT;

CREATE TABLE interval (
  run_id       TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  arm_id       INTEGER NOT NULL REFERENCES arm(id) ON DELETE CASCADE,
  protocol     TEXT NOT NULL,
  metric_id    INTEGER NOT NULL REFERENCES metric(id),
  k            INTEGER NOT NULL,
  segment      TEXT NOT NULL,
  method       TEXT NOT NULL,               -- bca-users: bootstrap over users; two-way: over users and seeds; t-seeds: Student's t over seeds
  level        REAL NOT NULL,               -- e.g. 0.95
  estimate     REAL NOT NULL CHECK (abs(estimate) < 1e300),
  lower        REAL NOT NULL CHECK (abs(lower) < 1e300),
  upper        REAL NOT NULL CHECK (abs(upper) < 1e300),
  n            INTEGER NOT NULL,            -- users; for t-seeds seeds; for two-way pairs of user and seed
  n_resamples  INTEGER NOT NULL,            -- 0 where nothing is resampled
  seed_sd      REAL,                        -- standard deviation of the value over seeds; NULL for one seed
  n_seeds      INTEGER NOT NULL,
  PRIMARY KEY (run_id, arm_id, protocol, metric_id, k, segment, method)
) STRICT, WITHOUT ROWID;

CREATE TABLE comparison (
  id       INTEGER PRIMARY KEY,
  key      TEXT NOT NULL UNIQUE,            -- hash of what was asked and of the trials it was asked about
  kind     TEXT NOT NULL,                   -- compare, ab
  made_at  TEXT NOT NULL,                   -- when it was first asked
  sides    TEXT NOT NULL,                   -- JSON array of their names
  verdict  TEXT NOT NULL,                   -- the first line
  result   TEXT NOT NULL                    -- everything, as JSON
) STRICT;

CREATE TABLE comparison_split (
  comparison_id  INTEGER NOT NULL REFERENCES comparison(id) ON DELETE CASCADE,
  split_hash     TEXT NOT NULL,             -- a test set that it looked at
  PRIMARY KEY (comparison_id, split_hash)
) STRICT, WITHOUT ROWID;

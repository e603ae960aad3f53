-- Whether protocols put the arms of a run in one order.

CREATE TABLE agreement (
  run_id      TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  metric_id   INTEGER NOT NULL REFERENCES metric(id),
  k           INTEGER NOT NULL,            -- cutoff; 0 for none
  protocol    TEXT NOT NULL,               -- the one, by name before the other
  other       TEXT NOT NULL,               -- the other
  n_arms      INTEGER NOT NULL,            -- arms with a value under both
  tau         REAL NOT NULL CHECK (abs(tau) <= 1),   -- Kendall's tau-b of the arms' means over seeds
  PRIMARY KEY (run_id, metric_id, k, protocol, other)
) STRICT, WITHOUT ROWID;

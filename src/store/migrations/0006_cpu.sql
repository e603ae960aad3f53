-- CPU time of the whole process while a stage ran, so that of stages beside it too; NULL where the system does not tell, when shared, and in older runs.

ALTER TABLE stage ADD COLUMN cpu_ms REAL;

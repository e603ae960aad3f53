-- What the test of a split finds relevant, ranked or not, so that other programs can judge the stored lists. Splits of older runs have no row.

CREATE TABLE relevant (
  split_id      INTEGER PRIMARY KEY REFERENCES split(id),
  user_list_id  INTEGER NOT NULL REFERENCES user_list(id),   -- everybody with a test row
  item_blob     BLOB NOT NULL              -- per user: u32 length, then per relevant item u32 item_index, ascending; little-endian
) STRICT;

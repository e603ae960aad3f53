# Gives the arms of a store names that no TOML can have.
import sqlite3, sys

NAMES = [
    "<script>alert('arm')</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='alert(1)", "\u202egnp.tfel-ot-thgir\u202c",
    "n" * 400, "\U0001f980 | *a* _b_ [x](javascript:alert(1)) $\\alpha$ %", "=HYPERLINK(\"http://example.invalid\")", "{{ 7*7 }}{% raw %}", "<!--</main>",
]
store = sqlite3.connect(sys.argv[1])
for name, (arm,) in zip(NAMES, store.execute("SELECT id FROM arm WHERE run_id IN (SELECT run_id FROM arm WHERE name = 'gbstack') ORDER BY id").fetchall()):
    store.execute("UPDATE arm SET name = ? WHERE id = ?", (name, arm))
store.commit()

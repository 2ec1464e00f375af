"""Facts: single texts that the store keeps by their names."""

from familiar.store.database import Database


def read_fact(db: Database, name: str) -> str | None:
    """Return what is kept under a name, or None."""
    row = db.conn.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def keep_fact(db: Database, name: str, value: str | None) -> None:
    """Keep a text under a name in the place of the one before; None keeps nothing."""
    if value is None:
        db.conn.execute("DELETE FROM facts WHERE name = ?", (name,))
        return
    db.conn.execute(
        "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )

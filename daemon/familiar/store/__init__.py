"""Everything familiar remembers, in one SQLite file; the only SQL of the project."""

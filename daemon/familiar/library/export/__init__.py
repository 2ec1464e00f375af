"""Tables for other programs: CSV, JSON Lines, Parquet."""

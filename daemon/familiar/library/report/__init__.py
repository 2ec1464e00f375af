"""The report: what the store has, as figures, and as one page that needs nothing else."""

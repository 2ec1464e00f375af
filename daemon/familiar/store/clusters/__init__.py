"""The tables of clusters: groups, refusals, suggestions, and rounds of grouping."""

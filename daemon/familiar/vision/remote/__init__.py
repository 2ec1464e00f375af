"""Photos are analysed by workers of Dask, on this machine and on others."""

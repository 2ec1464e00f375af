"""The packages for workers of Dask, which are an extra."""

import importlib.util

from familiar.errors import UsageError


def check_installed() -> None:
    """Check that the extra `dask` is installed.

    Raises:
        UsageError: it is not; the message says how to install it.
    """
    missing = [name for name in ("distributed", "cryptography") if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"Workers of Dask need the package {missing[0]}, which is not installed; install familiar with the extra "
            "`dask`: uv sync --extra dask, or pip install 'familiar[dask]'."
        )

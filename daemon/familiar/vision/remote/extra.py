"""The packages for workers of Dask, which are an extra."""

import importlib.util
from collections.abc import Callable

from familiar.errors import UsageError


def check_installed(find: Callable[[str], object] = importlib.util.find_spec) -> None:
    """Check that the extra `dask` is installed; `find` finds a module by its name.

    Raises:
        UsageError: it is not; the message says how to install it.
    """
    missing = [name for name in ("distributed", "cryptography") if find(name) is None]
    if missing:
        raise UsageError(
            f"Workers of Dask need the package {missing[0]}, which is not installed; install familiar with the extra "
            "`dask`: uv sync --extra dask, or pip install 'familiar[dask]'."
        )

# familiar with the extra dask, for workers on other machines: docs/workers.md
FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3-venv tzdata \
    && rm -r /var/lib/apt/lists/* \
    && python3 -m venv /opt/uv && /opt/uv/bin/pip install --no-cache-dir uv
WORKDIR /opt/familiar
# uv.lock, if uv has made one in this clone, has the versions that are installed there
COPY pyproject.toml README.md LICENSE NOTICE uv.lock* ./
COPY daemon daemon
RUN /opt/uv/bin/uv sync --no-default-groups --group wheels --group cpu --extra dask --no-cache --compile-bytecode
ENV PATH="/opt/familiar/.venv/bin:$PATH"
# a new volume has the mode of the folder in whose place it is
RUN install --directory --mode=1777 /cache
USER 1000

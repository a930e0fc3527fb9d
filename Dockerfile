# Three images: `docker build --target runtime` (the command alone), `dev` (what a contributor needs), `ci` (.ci/run).
# The project is mounted at /project: a release belongs to a commit, and no image has one inside.
FROM python:3.11.14-slim-bookworm@sha256:65a93d69fa75478d554f4ad27c85c1e69fa184956261b4301ebaf6dbb0a3543d AS base
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
# The digest above pins the suite; Debian keeps only the newest version of a package in it.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap git \
    && rm -rf /var/lib/apt/lists/* \
    && git config --system --add safe.directory /project \
    && useradd --create-home --uid 10001 --user-group release
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /project

# Everything of requirements.lock, every file by its hash: what the project is built, linted and tested with.
FROM base AS locked
COPY --chown=10001:10001 requirements.lock /opt/lock/requirements.lock
RUN install --directory --owner=10001 --group=10001 /opt/venv
USER 10001:10001
RUN python -m venv /opt/venv \
    && /opt/venv/bin/python -m pip install --no-cache-dir --require-hashes -r /opt/lock/requirements.lock

FROM locked AS wheel
COPY --chown=10001:10001 pyproject.toml README.md LICENSE /tmp/source/
COPY --chown=10001:10001 release_tasks /tmp/source/release_tasks
RUN /opt/venv/bin/python -m pip wheel --no-deps --no-build-isolation --wheel-dir /tmp/wheel /tmp/source

# What the product imports, and the product.
FROM base AS installed
COPY .ci/runtime/requirements.txt /opt/lock/requirements.txt
COPY --from=wheel /tmp/wheel /opt/wheel
RUN python -m venv --without-pip /opt/venv \
    && python -m pip --python /opt/venv install --no-cache-dir --require-hashes -r /opt/lock/requirements.txt \
    && python -m pip --python /opt/venv install --no-cache-dir --no-deps --no-index /opt/wheel/*.whl

FROM base AS runtime
COPY --from=installed /opt/venv /opt/venv
USER 10001:10001
ENTRYPOINT ["release-tasks"]
CMD ["help"]

FROM locked AS dev
USER 0:0
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/*
USER 10001:10001
ENV VENV=/opt/venv
CMD ["bash"]

# .ci/run makes the environment of the mounted project itself, as on any machine that has never seen it.
FROM dev AS ci
USER 0:0
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        chromium chromium-driver disorderfs faketime nodejs npm strace \
    && rm -rf /var/lib/apt/lists/*
USER 10001:10001
ENV VENV=.venv
CMD ["bash", ".ci/run"]

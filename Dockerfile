# One image for every part of kessai: `serve` (the default), `dispatch`, `migrate` and the other commands.
# Build it with: docker build --tag kessai:0.1.0 --build-arg VERSION=0.1.0 .

FROM python:3.12-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1

WORKDIR /build
RUN python -m venv --without-pip /opt/kessai

# Dependencies come first: this layer is reused until a lock changes. Wheels only, so no compiler is needed.
COPY requirements/run.txt requirements/build.txt requirements/
RUN pip --python /opt/kessai/bin/python install --only-binary :all: --require-hashes --requirement requirements/run.txt \
    && pip install --only-binary :all: --require-hashes --requirement requirements/build.txt

COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN pip wheel --no-build-isolation --no-deps --wheel-dir /wheels . \
    && pip --python /opt/kessai/bin/python install --no-deps --no-index /wheels/*.whl \
    && pip --python /opt/kessai/bin/python check


FROM python:3.12-slim

ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="kessai" \
      org.opencontainers.image.description="A payment gateway that takes no money, to build and test payment code against" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# The user is named by number further down, because Kubernetes can prove only a number to be other than root.
RUN groupadd --gid 10001 kessai \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin kessai \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data

COPY --from=build /opt/kessai /opt/kessai

ENV PATH="/opt/kessai/bin:${PATH}" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1

# The default database is the file kessai.db of this directory. To set DATABASE_URL here would forbid DATABASE_URL_FILE.
WORKDIR /data
VOLUME ["/data"]
USER 10001:10001
EXPOSE 8000

HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["kessai", "readyz", "--url", "http://127.0.0.1:8000"]

ENTRYPOINT ["kessai"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]

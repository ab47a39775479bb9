# syntax=docker/dockerfile:1
# The bots in a container. Nothing of the tools for tests is in it; docs/operations.md shows how to run it.

FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
RUN python -m venv /opt/sutki
# The libraries first: they change seldom, so this layer is seldom built anew.
COPY requirements.lock ./
RUN /opt/sutki/bin/pip install --require-hashes -r requirements.lock
COPY . .
RUN /opt/sutki/bin/pip install --no-deps --no-build-isolation --no-index .

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home --home-dir /var/lib/sutki --shell /usr/sbin/nologin sutki
COPY --from=build /opt/sutki /opt/sutki
COPY --from=build /build/examples /opt/sutki/examples
ENV PATH=/opt/sutki/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    SUTKI_HEALTH=0.0.0.0:8081 SUTKI_LOG=info,json
USER sutki
WORKDIR /var/lib/sutki
# The region file is put here; with SQLite the database is in data/, which has to outlive the container.
RUN mkdir data
VOLUME /var/lib/sutki/data
EXPOSE 8081
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8081/livez', timeout=4)"]
# SIGTERM ends it after what is under way is done.
STOPSIGNAL SIGTERM
ENTRYPOINT ["sutki"]
CMD ["run"]

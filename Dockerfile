# Usher in a small image: built with the Swift toolchain, runs without it.
#   docker build --tag usher .
ARG SWIFT_IMAGE=swift:6.3-bookworm
ARG RUNTIME_IMAGE=debian:bookworm-slim

FROM ${SWIFT_IMAGE} AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libevent-dev libhiredis-dev libpq-dev libhttp-parser-dev \
        libssl-dev libargon2-dev libcrypt-dev libcurl4-openssl-dev libutf8proc-dev libjemalloc-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /usher
COPY Package.swift ./
COPY Sources Sources
COPY Tests Tests
COPY lua lua
COPY migrations migrations
RUN swift build -c release --product usher --static-swift-stdlib \
    && install -D --mode=755 .build/release/usher /out/usher

FROM ${RUNTIME_IMAGE}
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libevent-core-2.1-7 libhiredis0.14 libpq5 libhttp-parser2.9 \
        libssl3 libargon2-1 libcrypt1 libcurl4 libutf8proc2 libjemalloc2 ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin usher
COPY --from=build /out/usher /usr/local/bin/usher
USER 10001
ENV USHER_HOST=0.0.0.0 PORT=8080
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=2s --start-period=20s --retries=3 \
    CMD ["curl", "--silent", "--fail", "--output", "/dev/null", "http://127.0.0.1:8080/livez"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["usher"]
CMD ["serve"]

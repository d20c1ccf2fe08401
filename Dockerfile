# denocached as a container image: the executable alone, without a shell.
#   docker build -t denocached .
#   docker run -p 11211:11211 denocached -m 256 -c 2048

FROM denoland/deno:2.9.6 AS build
WORKDIR /src
COPY . .
RUN deno task compile
# Official images of memcached have that name on PATH; so does this one.
RUN mkdir -p /image/usr/local/bin /image/usr/share/doc/denocached \
  && cp dist/denocached /image/usr/local/bin/denocached \
  && ln -s denocached /image/usr/local/bin/memcached \
  && tar -xzf dist/denocached-*.tar.gz -C /image/usr/share/doc/denocached \
    --strip-components=1 --wildcards '*/LICENSE' '*/LICENSES.txt' '*/VERSION'

# The C library and certificates, nothing else.
FROM gcr.io/distroless/cc-debian12:nonroot
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="denocached" \
  org.opencontainers.image.description="A cache server that speaks memcached's protocols" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.created="${CREATED}" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.vendor="the denocached authors" \
  org.opencontainers.image.base.name="gcr.io/distroless/cc-debian12:nonroot"
COPY --from=build /image/ /

# As in the official image. Any other uid works as well: nothing is owned by
# this one, and nothing is written.
USER 11211:11211
EXPOSE 11211
STOPSIGNAL SIGTERM
# Asks where process 1 listens, whatever flags it was given.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
  CMD ["denocached", "health", "--pid=1"]
# The program takes flags, or the word memcached before them.
ENTRYPOINT ["/usr/local/bin/denocached"]
CMD ["memcached"]

# All binaries in one small image; compose.yaml chooses which one a service runs.
FROM rust:1-bookworm AS build
WORKDIR /siglite
COPY . .
RUN cargo build --release --locked --bins

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --create-home siglite \
 && mkdir -p /data/rekor/public /data/ct/public /data/fulcio/public /data/tsa/public /data/oidc/public /data/trust /data/registry \
 && chown -R siglite:siglite /data
COPY --from=build /siglite/target/release/siglite /siglite/target/release/*-lite /usr/local/bin/
USER siglite
VOLUME /data
CMD ["siglite", "--help"]

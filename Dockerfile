# syntax=docker/dockerfile:1.7
# Two stages: what builds never ships. Debian, because ClickHouse and LMDB come as glibc libraries.
FROM node:24.18.0-bookworm-slim AS build
WORKDIR /src
# Packages first: they change less often than the code, and the layer is kept.
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/tmp/npm npm ci --cache /tmp/npm --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY bin ./bin
COPY scripts ./scripts
COPY detectors ./detectors
COPY services ./services
COPY dashboards/web ./dashboards/web
RUN npm run build
# The same lock file, without what only building needs.
RUN --mount=type=cache,target=/tmp/npm npm ci --cache /tmp/npm --omit=dev --ignore-scripts

FROM node:24.18.0-bookworm-slim
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="gatewatch" \
      org.opencontainers.image.description="Self-hosted security monitoring for AI gateways" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# Nothing is installed where it runs.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn-* /usr/local/bin/yarn /usr/local/bin/yarnpkg \
    # Group 0 may write: platforms that choose the user by themselves put it into that group.
    && mkdir /data && chown 10001:0 /data && chmod 0770 /data
WORKDIR /app
COPY package.json LICENSE NOTICE ./
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/dist ./dist
COPY bin ./bin
ENV NODE_ENV=production \
    GATEWATCH_LISTEN=0.0.0.0:8787 \
    GATEWATCH_DATA_DIR=/data
USER 10001:0
VOLUME ["/data"]
EXPOSE 8787
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8787/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--max-semi-space-size=64", "/app/bin/gatewatch.js"]
CMD ["start"]

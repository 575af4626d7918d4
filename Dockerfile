# syntax=docker/dockerfile:1
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY .swcrc tsconfig.base.json tsconfig.json ./
COPY apps apps
COPY libs libs
RUN npm run build && npm run build:types

FROM node:20-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:20-bookworm-slim
WORKDIR /app
ARG COMMIT=
ENV NODE_ENV=production TIGATEWAY_DATA_DIR=/data TIGATEWAY_BUILD_COMMIT=$COMMIT
# /data is the only place that is written to: the rest runs on a read-only file system.
RUN install -d -o node -g node /data
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json ./
COPY config config
# By number: Kubernetes cannot tell of a name that it is not root (runAsNonRoot).
USER 1000:1000
VOLUME /data
EXPOSE 8080 8090
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.TIGATEWAY_MANAGEMENT_PORT || 8090}/actuator/health/readiness`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# node itself is the first process, so that SIGTERM reaches it.
# A smaller young generation is collected in shorter pauses; no more helping threads of V8 than there are cores for them.
CMD ["node", "--max-semi-space-size=4", "--v8-pool-size=0", "--no-parallel-scavenge", "dist/apps/gateway/src/main.js"]

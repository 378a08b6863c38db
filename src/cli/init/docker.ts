// The image of a project: built in stages, without root, with tsgi as process 1.
import { UsageError } from "../errors.ts";
import { flagWords, type GeneratedFile, jsonList } from "./generated-file.ts";
import type { Project } from "./project.ts";

/** Port of the private listener with health and metrics. */
export const STATS_PORT = 9100;

const NODE_IMAGE = "node:24-slim";
const PYTHON_IMAGE = "python:3.13-slim";

const HEALTH_SCRIPT = `fetch('http://127.0.0.1:${STATS_PORT}/readyz').then((response) => process.exit(response.ok ? 0 : 1), () => process.exit(1))`;

/** Makes `Dockerfile` and `.dockerignore`. */
export function dockerFiles(project: Project): GeneratedFile[] {
  return [
    { path: "Dockerfile", text: project.isPython ? pythonImage(project) : nodeImage(project) },
    { path: ".dockerignore", text: IGNORED },
  ];
}

function nodeImage(project: Project): string {
  return `# The dependencies have their own stage, which is built again only when they change.
FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
${installation(project)}

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY . .
USER node
${ending(project, ["node_modules/.bin/tsgi"])}`;
}

function installation({ hasManifest, hasLockFile, dependsOnTsgi }: Project): string {
  if (!hasManifest) return "RUN npm install tsgi";
  const packages = hasLockFile
    ? "COPY package.json package-lock.json ./\nRUN npm ci --omit=dev"
    : "COPY package.json ./\nRUN npm install --omit=dev";
  return dependsOnTsgi ? packages : `${packages}\nRUN npm install --no-save tsgi`;
}

/**
 * @throws UsageError when nothing says which packages the application needs: an image without them would not start
 */
function pythonPackages({ pythonPackages: file }: Project): string {
  switch (file) {
    case "requirements.txt":
      return `COPY requirements.txt ./
RUN python -m venv .venv && .venv/bin/pip install --no-cache-dir -r requirements.txt`;
    case "pyproject.toml":
      return `COPY . .
RUN python -m venv .venv && .venv/bin/pip install --no-cache-dir .`;
    case null:
      throw new UsageError(
        "Cannot write a Dockerfile: nothing says which packages the application needs; expected requirements.txt or pyproject.toml " +
          "(pip freeze > requirements.txt writes what is installed here; an empty one says that it needs none)",
      );
    default:
      return file satisfies never;
  }
}

function pythonImage(project: Project): string {
  const packages = pythonPackages(project);
  return `# Node and tsgi.
FROM ${NODE_IMAGE} AS tsgi
RUN npm install --prefix /opt/tsgi tsgi

# The application's packages have their own stage, which is built again only when they change.
FROM ${PYTHON_IMAGE} AS packages
WORKDIR /app
${packages}

FROM ${PYTHON_IMAGE}
ENV NODE_ENV=production PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY --from=tsgi /usr/local/bin/node /usr/local/bin/node
COPY --from=tsgi /opt/tsgi /opt/tsgi
COPY --from=packages /app/.venv ./.venv
COPY . .
RUN useradd --system --uid 1000 --no-create-home app
USER app
${ending(project, ["/opt/tsgi/node_modules/.bin/tsgi"])}`;
}

function ending({ port, target, gracefulTimeout }: Project, command: readonly string[]): string {
  const flags = flagWords({
    "--bind": `0.0.0.0:${port}`,
    "--stats": `0.0.0.0:${STATS_PORT}`,
    "--graceful-timeout": gracefulTimeout,
  });
  return `EXPOSE ${port}
# Port ${STATS_PORT} has health checks and metrics: publish only port ${port}.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \\
    CMD ${jsonList(["node", "-e", HEALTH_SCRIPT])}
# In this form no shell is started: tsgi is process 1 and receives SIGTERM.
ENTRYPOINT ${jsonList([...command, target, ...flags])}
`;
}

const IGNORED = `.git
.venv
venv
node_modules
**/__pycache__
**/*.log
.env*
Dockerfile
.dockerignore
`;

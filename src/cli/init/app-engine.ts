// The service file of Google App Engine.
import { dockerFiles } from "./docker.ts";
import { flagWords, type GeneratedFile, shellWords, yamlText } from "./generated-file.ts";
import type { Project } from "./project.ts";

/** App Engine sends SIGTERM and ends the instance a few seconds later. */
const GRACEFUL_SECONDS = 8;

/** Makes `app.yaml`; for Python the flexible environment with an image, since the standard one has no Node beside Python. */
export function appEngineFiles(project: Project): GeneratedFile[] {
  if (project.isPython) return [{ path: "app.yaml", text: flexible() }, ...dockerFiles({ ...project, port: 8080 })];
  const flags = flagWords({
    "--graceful-timeout": Math.min(project.gracefulTimeout, GRACEFUL_SECONDS),
    "--forwarded-allow-ips": "*",
  });
  const command = shellWords(["node_modules/.bin/tsgi", project.target, ...flags]);
  const text = `runtime: nodejs22
instance_class: F2
# tsgi uses PORT by itself. Clients reach an instance only through Google's front end, so its X-Forwarded-* headers can be trusted.
entrypoint: ${yamlText(`exec ${command}`)}
env_variables:
  NODE_ENV: production
automatic_scaling:
  min_instances: 1
  max_concurrent_requests: 80
`;
  return [{ path: "app.yaml", text }];
}

function flexible(): string {
  return `runtime: custom
env: flex
# The image listens on port 8080, where App Engine expects it.
env_variables:
  FORWARDED_ALLOW_IPS: "*"
readiness_check:
  path: /
  check_interval_sec: 5
automatic_scaling:
  min_num_instances: 1
  max_num_instances: 4
resources:
  cpu: 1
  memory_gb: 1
`;
}

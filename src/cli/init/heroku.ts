// The process file of Heroku.
import { flagWords, type GeneratedFile, shellWords } from "./generated-file.ts";
import type { Project } from "./project.ts";

/** Heroku kills what has not stopped 30 seconds after SIGTERM, and gives up on an answer that has not begun after 30 seconds. */
const GRACEFUL_SECONDS = 25;
const DEADLINE_SECONDS = 29;

/** Makes `Procfile`. PORT and WEB_CONCURRENCY are honoured by themselves. */
export function herokuFiles(project: Project): GeneratedFile[] {
  const command = project.dependsOnTsgi ? ["node_modules/.bin/tsgi"] : ["npx", "--yes", "tsgi"];
  const flags = flagWords({
    "--timeout": DEADLINE_SECONDS,
    "--graceful-timeout": Math.min(project.gracefulTimeout, GRACEFUL_SECONDS),
    "--forwarded-allow-ips": "*",
  });
  return [{ path: "Procfile", text: `web: ${shellWords([...command, project.target, ...flags])}\n` }];
}

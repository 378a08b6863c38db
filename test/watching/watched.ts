// A project whose server is watched: an application with a few habits, and what a client or an operator sees of it.
import { existsSync, readFileSync } from "node:fs";
import { request } from "node:http";

import { expect, onTestFinished } from "vitest";

import { Project, type Command } from "../cli-command.ts";

const APPLICATION = `
export const application = async (environ, startResponse) => {
  const path = environ.PATH_INFO;
  if (path === "/slow") {
    environ["wsgi.errors"].write("slow begins\\n");
    await new Promise((resolve) => setTimeout(resolve, 30_000));
  }
  if (path === "/print") { console.log("printed"); console.error("complained"); }
  if (path === "/read") for (;;) { const chunk = await environ["wsgi.input"].read(65536); if (chunk.length === 0) break; }
  startResponse(path === "/missing" ? "404 Not Found" : "200 OK", [["Content-Type", "application/json"]]);
  const { REMOTE_ADDR, SERVER_NAME, SERVER_PORT, HTTP_HOST, SCRIPT_NAME } = environ;
  const scheme = environ["wsgi.url_scheme"];
  const id = environ["tsgi.request_id"];
  return [Buffer.from(JSON.stringify({ pid: process.pid, scheme, id, REMOTE_ADDR, SERVER_NAME, SERVER_PORT, HTTP_HOST, SCRIPT_NAME }))];
};
`;

/** A running server. */
export interface Watched {
  readonly project: Project;
  readonly command: Command;
  readonly port: number;
}

/** Starts `tsgi app.mjs` with these arguments on a free port; it ends with the test. */
export async function startWatched(...args: string[]): Promise<Watched> {
  const project = new Project({ "app.mjs": APPLICATION });
  const command = project.start(["app.mjs", "-b", "127.0.0.1:0", ...args]);
  onTestFinished(async () => {
    await command.stop();
    project.remove();
  });
  const port = args.includes("--error-logfile") ? await portInLog(project.path("error.log")) : await command.port();
  if (args.includes("--stats")) await command.saw("Statistics at");
  return { project, command, port };
}

async function portInLog(path: string): Promise<number> {
  const read = (): string => (existsSync(path) ? readFileSync(path, "utf8") : "");
  await expect.poll(read, { timeout: 10_000 }).toContain("Listening at");
  return Number(/Listening at: \S*:(\d+)/.exec(read())?.[1]);
}

/** The address of --stats, out of the log. */
export function statsAddress({ command }: Watched): string {
  return /Statistics at: (\S+)/.exec(command.stderr)?.[1] ?? "";
}

/** An answer. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Asks once, on a connection of its own. */
export function ask(
  to: number | string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): Promise<Answer> {
  const [host, port] = typeof to === "number" ? ["127.0.0.1", to] : to.split(":");
  const where = host === "unix" ? { socketPath: String(port) } : { host, port: Number(port) };
  const method = body === undefined ? "GET" : "POST";
  return new Promise((resolve, reject) => {
    const asked = request({ ...where, path, headers: { ...headers }, method, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("error", reject);
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, type: response.headers["content-type"] ?? "", body: text });
      });
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

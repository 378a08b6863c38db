// A project whose application the tests of the server share, and the command that serves it.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { Project, type Command } from "../cli-command.ts";

/**
 * The application: says which version of it answers and in which process, and misbehaves on request. It is JavaScript, because each worker
 * of each version would compile TypeScript anew.
 */
export function applicationSource(version: string, atLoad = ""): string {
  return `
    import { existsSync, writeFileSync } from "node:fs";
    const version = ${JSON.stringify(version)};
    ${atLoad}
    const hoard = [];
    export const application = async (environ, startResponse) => {
      const [, action, argument] = environ.PATH_INFO.split("/");
      const milliseconds = Number(argument ?? 0);
      if (action === "sleep") await new Promise((resolve) => setTimeout(resolve, milliseconds));
      if (action === "work") for (const end = performance.now() + milliseconds; performance.now() < end; );
      if (action === "block") spin(milliseconds);
      if (action === "hold") {
        writeFileSync(argument + ".begun", "");
        while (!existsSync(argument + ".released")) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      if (action === "never") await new Promise(() => {});
      if (action === "throw-later") setTimeout(() => { throw new Error("thrown later"); }, 1);
      if (action === "exit") process.exit(7);
      if (action === "hoard") hoard.push(Buffer.alloc(milliseconds * 1024 * 1024, 1));
      if (action === "ids") {
        startResponse("200 OK", []);
        return [Buffer.from(JSON.stringify({ uid: process.getuid(), gid: process.getgid(), groups: process.getgroups(), umask: process.umask() }))];
      }
      if (action === "variable") {
        startResponse("200 OK", []);
        return [Buffer.from(String(process.env[argument ?? ""]))];
      }
      if (action === "regain") {
        let text = "not regained";
        try { process.setuid(0); text = "regained"; } catch {}
        startResponse("200 OK", []);
        return [Buffer.from(text)];
      }
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      return [Buffer.from(action === "pid" ? String(process.pid) : action === "version" ? version : version + " " + process.pid)];
    };
    function spin(milliseconds) { for (const end = Date.now() + milliseconds; Date.now() < end; ); }
  `;
}

/** One answer. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Asks once, on a connection of its own. */
export function ask(to: number | string, path = "/", headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const where = typeof to === "number" ? { host: "127.0.0.1", port: to } : { socketPath: to };
    request({ ...where, path, headers, agent: false }, (response) => {
      let body = "";
      response.setEncoding("latin1").on("data", (text: string) => (body += text));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
      response.on("error", reject);
    })
      .on("error", reject)
      .end();
  });
}

/** A request that the application has in hand. */
export interface HeldRequest {
  readonly answer: Promise<Answer>;
  /** Lets the application answer it. */
  release(): void;
}

/** The project and its running commands; every test leaves nothing behind. */
export class ServerProject {
  readonly project: Project;
  readonly #commands = new Set<Command>();
  #held = 0;

  constructor(files: Readonly<Record<string, string>> = {}) {
    this.project = new Project({ "app.mjs": applicationSource("one"), ...files });
  }

  /** Starts `tsgi app.mjs` on a free port with these arguments. */
  start(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Command {
    return this.run(["app.mjs", ...(args.some((each) => each === "-b") ? [] : ["-b", "127.0.0.1:0"]), ...args], env);
  }

  /** Starts `tsgi` with these arguments. */
  run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Command {
    const command = this.project.start(args, { env });
    this.#commands.add(command);
    return command;
  }

  deploy(version: string, atLoad = ""): void {
    this.project.write("app.mjs", applicationSource(version, atLoad));
  }

  deployBroken(text: string): void {
    this.project.write("app.mjs", text);
  }

  /** Asks, and waits until the application has the request in hand. It is answered when it is released. */
  async hold(to: number | string): Promise<HeldRequest> {
    this.#held += 1;
    const name = `held-${this.#held}`;
    const answer = ask(to, `/hold/${name}`);
    answer.catch(() => {});
    await until(() => existsSync(this.project.path(`${name}.begun`)));
    return { answer, release: () => this.project.write(`${name}.released`, "") };
  }

  /** Ends what runs, workers of killed arbiters included. */
  async clean(): Promise<void> {
    const commands = [...this.#commands];
    this.#commands.clear();
    for (const command of commands) for (const pid of [...descendants(command.pid), command.pid]) kill(pid, "SIGKILL");
    await Promise.all(commands.map((command) => command.result));
  }

  async remove(): Promise<void> {
    await this.clean();
    this.project.remove();
  }
}

/** Process ids of the children of a process. */
export function children(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim().split(" ").filter(Boolean).map(Number);
  } catch {
    return childrenByPs(pid);
  }
}

/** Children, their children and so on. */
export function descendants(pid: number): number[] {
  return children(pid).flatMap((child) => [child, ...descendants(child)]);
}

function childrenByPs(pid: number): number[] {
  const rows = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "latin1" }).trim().split("\n");
  return rows
    .map((row) => row.trim().split(/\s+/).map(Number))
    .flatMap(([id, parent]) => (parent === pid ? [id ?? 0] : []));
}

/** Sends a signal to a process that may have gone. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has gone.
  }
}

/** Waits until something is so. */
export async function until(isSo: () => boolean | Promise<boolean>, seconds = 60): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    if (await isSo()) return;
    if (Date.now() > deadline) throw new Error(`It did not become so within ${seconds} seconds: ${isSo.toString()}`);
    await pause(20);
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

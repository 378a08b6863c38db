// The spawner where there is neither Python nor Perl: does what spawner.py does, for the same frames. Node knows names and values as text
// only, so bytes that are no UTF-8 arrive as U+FFFD.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, constants, openSync, rmSync } from "node:fs";
import { constants as system } from "node:os";
import { join } from "node:path";

const directory = process.argv[2] ?? "";
const children = new Map<ChildProcess, string>();
const made = { outputs: 0, inputs: 0 };
let input: Buffer = Buffer.alloc(0);

function say(...words: readonly (string | number)[]): void {
  process.stdout.write(`${words.join(" ")}\n`);
}

function make(outputs: number, inputs: number): void {
  const names: string[] = [];
  for (; made.outputs < outputs; made.outputs += 1) names.push(`${made.outputs}o`, `${made.outputs}e`);
  for (; made.inputs < inputs; made.inputs += 1) names.push(`${made.inputs}i`);
  execFile("mkfifo", ["-m", "600", ...names.map((name) => join(directory, name))], (error) => {
    if (error === null) return say("have", outputs, inputs);
    process.stderr.write(`Cannot make named pipes: ${error.message}\n`);
    return finish();
  });
}

/** Never waits: the other end of a named pipe may have gone with its worker. */
function openPipe(path: string, flag: number): number {
  const both = openSync(path, constants.O_RDWR);
  try {
    return openSync(path, flag);
  } finally {
    closeSync(both);
  }
}

function start(fields: readonly Buffer[]): void {
  const [id = "", outputs = "", source = "", cwd = "", program = "", count = "0", ...rest] = fields.map((field) =>
    field.toString(),
  );
  const readable = source === "" ? "/dev/null" : join(directory, `${source}i`);
  const stdio: number[] = [];
  const failed = (error: NodeJS.ErrnoException): void =>
    say("failed", id, error.errno === undefined ? system.errno.EINVAL : Math.abs(error.errno));
  try {
    stdio.push(openPipe(readable, constants.O_RDONLY));
    for (const stream of ["o", "e"]) stdio.push(openPipe(join(directory, outputs + stream), constants.O_WRONLY));
    const env = Object.fromEntries(rest.slice(Number(count)).map((text) => splitAssignment(text)));
    const child = spawn(program, rest.slice(0, Number(count)), { cwd, env, stdio, detached: true });
    child.once("error", failed);
    if (child.pid === undefined) return;
    children.set(child, id);
    say("pid", id, child.pid);
    child.once("exit", (code, signal) => {
      children.delete(child);
      say("exit", id, code ?? 0, signal === null ? 0 : system.signals[signal]);
    });
  } catch (error) {
    failed(error as NodeJS.ErrnoException); // of the file system
  } finally {
    for (const descriptor of stdio) closeSync(descriptor);
  }
}

function splitAssignment(text: string): [name: string, value: string] {
  const index = text.indexOf("=");
  return [text.slice(0, index), text.slice(index + 1)];
}

/** The worker has gone. */
function finish(): void {
  signalAll("SIGTERM");
  const killing = setTimeout(() => {
    signalAll("SIGKILL");
    leave();
  }, 3000);
  const looking = setInterval(() => {
    if (children.size > 0) return;
    clearTimeout(killing);
    clearInterval(looking);
    leave();
  }, 50);
}

function leave(): never {
  rmSync(directory, { recursive: true, force: true });
  process.exit(0);
}

function signalAll(signal: NodeJS.Signals): void {
  for (const { pid } of children.keys()) {
    try {
      if (pid !== undefined) process.kill(-pid, signal);
    } catch {
      // It has just ended.
    }
  }
}

function take(chunk: Buffer): void {
  input = input.length === 0 ? chunk : Buffer.concat([input, chunk]);
  while (input.length >= 4 && input.length >= 4 + input.readUInt32BE()) {
    const end = 4 + input.readUInt32BE();
    const [verb, ...fields] = splitFields(input.subarray(4, end));
    input = input.subarray(end);
    if (verb?.toString() === "make") make(Number(fields[0]), Number(fields[1]));
    else start(fields);
  }
}

function splitFields(data: Buffer): Buffer[] {
  const fields: Buffer[] = [];
  let from = 0;
  for (let end = data.indexOf(0); end !== -1; end = data.indexOf(0, from)) {
    fields.push(data.subarray(from, end));
    from = end + 1;
  }
  return [...fields, data.subarray(from)];
}

// Meant for the worker, which may still need it.
for (const signal of ["SIGINT", "SIGHUP", "SIGTERM"] as const) process.on(signal, () => {});
process.stdout.on("error", finish);
process.stdin.on("data", take);
process.stdin.on("end", finish);
make(32, 32);

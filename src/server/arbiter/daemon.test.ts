import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { daemonize } from "./daemon.ts";

let directory: string;
const { argv, execArgv } = process;

beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), "tsgi-daemon-"))));

afterEach(() => {
  Object.assign(process, { argv, execArgv });
  rmSync(directory, { recursive: true, force: true });
});

/** What the foreground does when the process in the background, which is the command started once more, runs this program. */
async function foreground(program: string): Promise<{ exitCode: number; stderr: string }> {
  const file = join(directory, "command.mjs");
  writeFileSync(file, `const at = (name) => ${JSON.stringify(directory)} + "/" + name;\n${program}`);
  Object.assign(process, { argv: [process.execPath, file, "app.ts", "--daemon"], execArgv: [] });
  const written: string[] = [];
  const stderr = vi.spyOn(process.stderr, "write").mockImplementation((text) => written.push(String(text)) > 0);
  try {
    return { exitCode: await daemonize("TSGI_TEST_DAEMON", false), stderr: written.join("") };
  } finally {
    stderr.mockRestore();
  }
}

test("the foreground ends with 0 when the server is ready, which goes on without it, in a session of its own", async () => {
  const { exitCode } = await foreground(`
    import { existsSync, writeFileSync } from "node:fs";
    const { TSGI_TEST_DAEMON: isDaemon } = process.env;
    process.on("disconnect", () => {
      const timer = setInterval(() => {
        if (!existsSync(at("go"))) return;
        clearInterval(timer);
        writeFileSync(at("went"), JSON.stringify({ isDaemon, arguments: process.argv.slice(2), pid: process.pid }));
      }, 5);
    });
    process.send({ type: "daemon-ready" });
  `);
  expect(exitCode).toBe(0);
  expect(existsSync(join(directory, "went"))).toBe(false);
  writeFileSync(join(directory, "go"), "");
  const went = (): unknown => JSON.parse(readFileSync(join(directory, "went"), "utf8"));
  await expect.poll(went).toMatchObject({ isDaemon: "1", arguments: ["app.ts", "--daemon"] });
});

test("the foreground says why the server did not start, and ends with its exit code", async () => {
  const failure = { type: "daemon-failed", text: "tsgi: Cannot listen on :80\n", exitCode: 4 };
  const program = `process.send(${JSON.stringify(failure)}, () => process.exit(9));`;
  expect(await foreground(program)).toEqual({ exitCode: 4, stderr: "tsgi: Cannot listen on :80\n" });
});

test.each([
  ["ends without a word", "process.exit(7);", 7],
  ["is killed", 'process.kill(process.pid, "SIGKILL");', 1],
])("a server that %s before it is ready is a command that fails", async (_, program, exitCode) => {
  expect(await foreground(program)).toEqual({ exitCode, stderr: "" });
});

test.each([
  null,
  "daemon-ready",
  { type: "ready" },
  { type: "daemon-failed" },
  { type: "daemon-failed", text: 1, exitCode: 0 },
  { type: "daemon-failed", text: "", exitCode: "0" },
])("what a configuration file sends on the channel is not taken for the server's word: %j", async (message) => {
  const program = `process.send(${JSON.stringify(message)}, () => process.exit(5));`;
  expect(await foreground(program)).toEqual({ exitCode: 5, stderr: "" });
});

// A Python application that runs as another user than its host: what it may try to get from root, and what it needs.
import { chmodSync, chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eventually, send, servePython, type Served } from "./serve-python.ts";

const isRoot = process.getuid?.() === 0;
const USER = 12_345;
const APPLICATION = `
import hashlib, json, os
SECRET = os.environ["SECRET"]
def answer(start_response, value):
    start_response("200 OK", [])
    return [json.dumps(value).encode()]
class Named:
    """A file that is open, as far as anybody asks."""
    def __init__(self):
        self.descriptor = os.open(SECRET, os.O_PATH)
    def fileno(self):
        return self.descriptor
    def tell(self):
        return 0
    def read(self, size):
        return os.read(self.descriptor, size)
def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/ids":
        return answer(start_response, [os.getresuid(), os.getresgid(), os.getgroups()])
    if path == "/secret":
        start_response("200 OK", [])
        return environ["wsgi.file_wrapper"](Named())
    if path == "/file":
        start_response("200 OK", [])
        return environ["wsgi.file_wrapper"](open(__file__, "rb"))
    if path == "/upload":
        return answer(start_response, hashlib.sha256(environ["wsgi.input"].read()).hexdigest())
    if path == "/exit":
        os._exit(3)
    return answer(start_response, os.getpid())
`;

let directory: string;
let secret: string;
let served: Served;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tsgi-other-"));
  chmodSync(directory, 0o755);
  secret = join(directory, "secret");
  writeFileSync(secret, "of root alone", { mode: 0o600 });
  writeFileSync(join(directory, "app.py"), APPLICATION);
});

afterEach(async () => {
  await served.close();
  rmSync(directory, { recursive: true });
});

async function serve(
  options: { preload?: boolean; hooks?: string; environment?: Record<string, string> } = {},
): Promise<Served> {
  served = await servePython({
    target: "app:application",
    directory,
    python: "/usr/bin/python3",
    user: USER,
    bodyMemoryBytes: 1000,
    temporaryDirectory: directory,
    ...options,
    environment: { SECRET: secret, ...options.environment },
  });
  return served;
}

describe.runIf(isRoot)("a guest of another user", () => {
  test.each([false, true])("has no right of root, preload: %s", async (preload) => {
    const guest = await serve({ preload });
    const group = 65_534;
    expect(JSON.parse((await guest.get("/ids")).text)).toEqual([[USER, USER, USER], [group, group, group], []]);
  });

  test("nothing that it imports is run as root", async () => {
    const notes = join(directory, "notes");
    writeFileSync(notes, "");
    chownSync(notes, USER, USER);
    const note = `import os\nprint(os.getuid(), file=open(${JSON.stringify(notes)}, "a"))\n`;
    writeFileSync(join(directory, "sitecustomize.py"), note);
    await serve({ environment: { PYTHONPATH: directory } });
    expect(new Set(readFileSync(notes, "utf8").trim().split("\n"))).toEqual(new Set([String(USER)]));
  });

  test("cannot have a file sent that it may not read", async () => {
    const guest = await serve();
    const { text } = await guest.get("/secret");
    expect(text).not.toContain("of root alone");
    expect((await guest.get("/file")).text).toBe(APPLICATION);
  });

  test("reads long bodies, of which no file can be seen", async () => {
    const guest = await serve();
    const body = Buffer.alloc(3_000_000, "0123456789");
    const seen = new Set<string>();
    const slow = async function* (): AsyncGenerator<Uint8Array> {
      yield body.subarray(0, 1_000_000);
      // What has come is on the disk long before so many other requests have been answered.
      for (let count = 0; count < 50; count += 1) {
        await send(served.port, "/");
        for (const name of readdirSync(directory)) seen.add(name);
      }
      yield body.subarray(1_000_000);
    };
    const { createHash } = await import("node:crypto");
    const answer = await guest.get("/upload", { method: "POST", body: slow() });
    expect(JSON.parse(answer.text)).toBe(createHash("sha256").update(body).digest("hex"));
    expect([...seen].filter((name) => name.startsWith("tsgi-body"))).toEqual([]);
  });

  test("has its hook child_exit called as its user", async () => {
    const notes = join(directory, "notes");
    writeFileSync(notes, "");
    chownSync(notes, USER, USER);
    const hook = `import os\ndef child_exit(server, worker):\n    print(os.getresuid(), os.getgroups(), file=open(${JSON.stringify(notes)}, "a"))\n`;
    writeFileSync(join(directory, "hooks.py"), hook);
    const guest = await serve({ hooks: "hooks.py" });
    await guest.get("/exit");
    await eventually(() => readFileSync(notes, "utf8") !== "", "the call of the hook");
    expect(readFileSync(notes, "utf8")).toBe(`(${USER}, ${USER}, ${USER}) []\n`);
  });

  test("is replaced when it ends", async () => {
    const guest = await serve();
    const before = (await guest.get("/")).text;
    expect((await guest.get("/exit")).status).toBe(502);
    await eventually(async () => {
      const { status, text } = await guest.get("/");
      return status === 200 && text !== before;
    }, "a new process");
  });
});

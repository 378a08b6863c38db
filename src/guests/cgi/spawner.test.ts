// The process that starts programs, in each of the languages that it is written in: what a program is given, and what is said of its end.
import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { nothingLeft } from "../../../test/gateways/nothing-left.ts";
import type { Program } from "./program.ts";
import { Spawner, type SpawnerLanguage, spawnerLanguages } from "./spawner.ts";
import type { SpawnRequest } from "./spawner-frames.ts";
import { SharedSpawner } from "./shared-spawner.ts";

const directory = realpathSync(mkdtempSync(join(tmpdir(), "tsgi-spawner-test-")));
afterAll(() => rmSync(directory, { recursive: true }));

function script(content: string): string {
  const path = join(mkdtempSync(join(directory, "s-")), "program");
  writeFileSync(path, content);
  chmodSync(path, 0o755);
  return path;
}

/** What a program writes, as latin-1. */
async function outputOf(program: Program): Promise<string> {
  expect(await program.started).toBeNull();
  program.input?.end();
  return text(program.output.setEncoding("latin1"));
}

let spawner: Spawner | null = null;
afterEach(async () => {
  await spawner?.close();
  spawner = null;
});

async function run(language: SpawnerLanguage, program: string, more: Partial<SpawnRequest> = {}): Promise<Program> {
  spawner ??= Spawner.start(language);
  return spawner.spawn({
    program,
    arguments: [],
    hasInput: true,
    environment: ["PATH=/usr/bin:/bin"],
    directory,
    ...more,
  });
}

/** Beside its sources, the one in TypeScript runs where Node reads that. */
const runsTypeScript = (process.features as { typescript?: unknown }).typescript === "strip";
const ALL = spawnerLanguages().filter((language) => language !== "node" || runsTypeScript);

describe.each(ALL)("a spawner in %s", (language) => {
  test("gives a program its arguments, its variables, its directory, and nothing else", async () => {
    const path = script('#!/bin/sh\npwd; printf "%s|" "$@"; echo; env\n');
    const environment = ["PATH=/usr/bin:/bin", "A=b=c", "EMPTY=", "LINES=one\ntwo"];
    const output = await outputOf(await run(language, path, { arguments: ["a b", "", "*"], environment }));
    const [where, words, ...rest] = output.split("\n");
    expect(where).toBe(directory);
    expect(words).toBe("a b||*|");
    for (const line of ["PATH=/usr/bin:/bin", "A=b=c", "EMPTY=", "LINES=one", "two"]) expect(rest).toContain(line);
    expect(rest.filter((line) => /^[A-Z]\w*=/.test(line) && !/^(?:PATH|A|EMPTY|LINES|PWD)=/.test(line))).toEqual([]);
  });

  test("a program with nothing to read has no pipe for it, and finds the end at once", async () => {
    const path = script("#!/bin/sh\ncat; readlink /dev/fd/0\n");
    for (let times = 0; times < 40; times += 1) {
      const program = await run(language, path, { hasInput: false });
      expect(program.input).toBeNull();
      expect(await outputOf(program)).toBe("/dev/null\n");
    }
    const program = await run(language, script("#!/bin/sh\ncat\n"));
    program.input?.write("one with a body behind them");
    expect(await outputOf(program)).toBe("one with a body behind them");
  });

  test("says how each program has ended", async () => {
    const ends = ["exit 0", "exit 7", "kill -TERM $$"].map(async (line) => {
      const program = await run(language, script(`#!/bin/sh\n${line}\n`));
      await outputOf(program);
      return program.ended;
    });
    expect(await Promise.all(ends)).toEqual([
      { code: 0, signal: null },
      { code: 7, signal: null },
      { code: 0, signal: "SIGTERM" },
    ]);
  });

  test("says why a program cannot run, and goes on", async () => {
    const notExecutable = script("#!/bin/sh\n");
    chmodSync(notExecutable, 0o644);
    const failures = [
      await run(language, join(directory, "none")),
      await run(language, notExecutable),
      await run(language, script("#!/bin/none\n")),
      await run(language, "/bin/true", { directory: join(directory, "none") }),
      await run(language, "/bin/true", { environment: [`LONG=${"x".repeat(4_000_000)}`] }),
    ].map(({ started }) => started);
    expect(await Promise.all(failures)).toEqual(["ENOENT", "EACCES", "ENOENT", "ENOENT", "E2BIG"]);
    expect(await outputOf(await run(language, script("#!/bin/sh\necho still there\n")))).toBe("still there\n");
  });

  test("gives a script that names no interpreter to the shell", async () => {
    expect(await outputOf(await run(language, script('echo "by the shell: $1"\n'), { arguments: ["x"] }))).toBe(
      "by the shell: x\n",
    );
  });

  test("lets a program hear the signals that it ignores itself", async () => {
    const program = await run(language, script("#!/bin/sh\nkill -PIPE $$; kill -INT $$; echo deaf\n"));
    expect(await outputOf(program)).toBe("");
    expect(await program.ended).toEqual({ code: 0, signal: "SIGPIPE" });
  });

  test("runs many at once, each with its own pipes", async () => {
    const path = script('#!/bin/sh\necho "$1"; cat\n');
    const outputs = Array.from({ length: 100 }, async (_, index) =>
      outputOf(await run(language, path, { arguments: [`${index}`] })),
    );
    expect(await Promise.all(outputs)).toEqual(Array.from({ length: 100 }, (_, index) => `${index}\n`));
  });
});

describe("programs that do not listen", () => {
  const path = script('#!/bin/sh\ntrap "" TERM\nsleep 600 & sleep 600\n');
  // Each spawner gives them five seconds: all of them at the same time.
  const ends = new Map<SpawnerLanguage, { readonly programs: readonly Program[]; readonly closed: Promise<void> }>();

  beforeAll(async () => {
    for (const language of ALL) {
      const own = Spawner.start(language);
      const environment = ["PATH=/usr/bin:/bin"];
      const request = { program: path, arguments: [], environment, directory, hasInput: true };
      const programs = await Promise.all([own.spawn(request), own.spawn(request)]);
      await Promise.all(programs.map(async ({ started }) => started));
      ends.set(language, { programs, closed: own.close() });
    }
  });

  test.each(ALL)("end with a spawner in %s, with all that they have started", async (language) => {
    const { programs = [], closed } = ends.get(language) ?? {};
    await closed;
    expect(programs).toHaveLength(2);
    for (const { started, pid } of programs) {
      expect(await started).toBeNull();
      await nothingLeft(Number(pid));
    }
    expect(await Promise.all(programs.map(async ({ ended }) => ended))).toEqual([null, null]);
  });
});

describe.each(ALL.filter((language) => language !== "node"))("a spawner in %s, other than one in Node,", (language) => {
  test("gives a program no other file than its streams", async () => {
    // Its three streams, and what ls opens itself.
    expect(await outputOf(await run(language, "/bin/ls", { arguments: ["/proc/self/fd"] }))).toBe("0\n1\n2\n3\n");
  });

  test("passes any bytes on", async () => {
    const path = script('#!/bin/sh\nprintf "%s" "$WORD" "$1"\n');
    const word = "\u00ff\u00fe\u0080\u00e9";
    const program = await run(language, path, {
      arguments: [word],
      environment: [`WORD=${word}`, "PATH=/usr/bin:/bin"],
    });
    expect(await outputOf(program)).toBe(word + word);
  });
});

test("where one language does not come up, the next one takes over", async () => {
  const path = process.env["PATH"];
  onTestFinished(() => void (process.env["PATH"] = path));
  const broken = mkdtempSync(join(directory, "bin-"));
  writeFileSync(join(broken, "python3"), "#!/bin/sh\nexit 1\n");
  chmodSync(join(broken, "python3"), 0o755);
  process.env["PATH"] = `${broken}:${path}`;
  const shared = new SharedSpawner(spawnerLanguages());
  await expect.poll(() => shared.current.hasWorked).toBe(true);
  const program = await shared.current.spawn({
    program: "/bin/echo",
    arguments: ["x"],
    environment: [],
    hasInput: false,
    directory,
  });
  expect(await outputOf(program)).toBe("x\n");
  shared.users = 1;
  await shared.leave();
});

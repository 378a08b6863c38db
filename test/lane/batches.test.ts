// Batches of guests that have no thread to watch over them: whatever one request of a batch does, all others are answered, and each
// runs once. Every batch is sent in one turn of the event loop, to processes that look fast.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { GuestOptions } from "../../src/guests/lane/guest-options.ts";
import { GuestPool } from "../../src/guests/lane/guest-pool.ts";
import { perlSettings } from "../../src/guests/perl/options.ts";
import { PerlLanguage } from "../../src/guests/perl/perl-language.ts";
import { rubySettings } from "../../src/guests/ruby/options.ts";
import { RubyLanguage } from "../../src/guests/ruby/ruby-language.ts";
import type { StringErrorStream } from "../../src/wsgi/string-error-stream.ts";
import { program } from "../needs.ts";
import { APPS as PERL_APPS } from "../perl/serve-perl.ts";
import { APPS as RUBY_APPS } from "../ruby/serve-ruby.ts";
import { asked, type Asked } from "./lane-pair.ts";

const REQUESTS = 24;
/** Wherever it stands in a batch: not the first, not the last. */
const SPECIAL = 9;

const hasPerl = program("plackup") !== undefined;
const hasRuby = program("rackup") !== undefined;

function perlPool(options: GuestOptions): GuestPool {
  const settings = perlSettings({ target: "batch.psgi", directory: PERL_APPS, log: () => {}, ...options });
  return new GuestPool(settings, new PerlLanguage(settings), false);
}

function rubyPool(options: GuestOptions): GuestPool {
  const settings = rubySettings({ target: "batch.ru", directory: RUBY_APPS, threads: 1, log: () => {}, ...options });
  return new GuestPool(settings, new RubyLanguage(settings), false);
}

let directory = "";
let pool: GuestPool;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tsgi-batches-"));
});
afterEach(async () => {
  release();
  await pool.close(5);
  rmSync(directory, { recursive: true, force: true });
});

function release(): void {
  writeFileSync(join(directory, "release"), "");
}

/** The requests that were begun, by their numbers. */
function begun(): number[] {
  return readFileSync(join(directory, "notes"), "utf8").trim().split("\n").map(Number);
}

async function started(make: (options: GuestOptions) => GuestPool, options: GuestOptions = {}): Promise<void> {
  const environment = { NOTES: join(directory, "notes"), RELEASE: join(directory, "release") };
  pool = make({ processes: 2, environment, ...options });
  await pool.start();
}

/** Sends requests in one turn, all of them to `/hello` but for these. */
function batch(paths: Readonly<Record<number, string>> = {}): Asked[] {
  // As if requests had taken no time until now: batches are deep then, however busy this machine is.
  for (let count = 0; count < 100; count += 1) pool.dispatcher.measured(0.01);
  const requests = Array.from({ length: REQUESTS }, (_, index) =>
    asked({ url: `${paths[index] ?? "/hello"}?${index}`, arrivedAt: performance.now() }),
  );
  for (const { exchange } of requests) pool.dispatcher.submit(exchange);
  return requests;
}

const NUMBERS = Array.from({ length: REQUESTS }, (_, index) => index);
const OTHERS = NUMBERS.filter((index) => index !== SPECIAL);

async function textsOf(requests: readonly Asked[], which = NUMBERS): Promise<string[]> {
  return Promise.all(which.map((index) => requests[index]?.text ?? Promise.resolve("")));
}

const texts = (numbers: readonly number[]): string[] => numbers.map(String);
const sorted = (numbers: readonly number[]): number[] => numbers.toSorted((one, other) => one - other);

describe.each([
  { language: "Perl", make: perlPool, isThere: hasPerl, slow: ["/wait", "/stream"] },
  { language: "Ruby", make: rubyPool, isThere: hasRuby, slow: ["/wait", "/stream", "/busy"] },
])("A batch in $language", ({ make, isThere, slow }) => {
  test.skipIf(!isThere)("is answered, each request with its own answer", async () => {
    await started(make);
    for (let round = 0; round < 20; round += 1) expect(await textsOf(batch())).toEqual(texts(NUMBERS));
    expect(begun()).toHaveLength(20 * REQUESTS);
  });

  test.skipIf(!isThere).each(slow)("whose request for %s takes long does not wait for it", async (path) => {
    await started(make);
    const requests = batch({ [SPECIAL]: path });
    expect(await textsOf(requests, OTHERS)).toEqual(texts(OTHERS));
    release();
    expect(await requests[SPECIAL]?.text).toMatch(/released$/);
    expect(sorted(begun())).toEqual(NUMBERS);
    // Both processes serve again.
    expect(await textsOf(batch())).toEqual(texts(NUMBERS));
  });

  test.skipIf(!isThere)(
    "waits behind a slow request where there is no other process, and is answered then",
    async () => {
      await started(make, { processes: 1 });
      const requests = batch({ [SPECIAL]: "/wait" });
      const before = NUMBERS.slice(0, SPECIAL);
      expect(await textsOf(requests, before)).toEqual(texts(before));
      release();
      expect(await textsOf(requests, OTHERS)).toEqual(texts(OTHERS));
      expect(sorted(begun())).toEqual(NUMBERS);
    },
  );

  test.skipIf(!isThere).each([
    ["/die", /502/],
    ["/half", /^half!/],
  ])("whose request for %s kills its process loses that one only", async (path, wanted) => {
    await started(make);
    const requests = batch({ [SPECIAL]: path });
    expect(await textsOf(requests, OTHERS)).toEqual(texts(OTHERS));
    expect(await requests[SPECIAL]?.text).toMatch(wanted);
    expect(sorted(begun())).toEqual(NUMBERS);
    expect(await textsOf(batch())).toEqual(texts(NUMBERS));
  });

  test.skipIf(!isThere)("whose request stops its process is answered by another", async () => {
    await started(make, { deadlineSeconds: 1 });
    const requests = batch({ [SPECIAL]: "/stop" });
    expect(await textsOf(requests, OTHERS)).toEqual(texts(OTHERS));
    expect(await requests[SPECIAL]?.text).toMatch(/504/);
    expect(sorted(begun())).toEqual(NUMBERS);
  });

  test.skipIf(!isThere)("with errors, lines for the log and a child's answer in it", async () => {
    await started(make);
    const requests = batch({ [SPECIAL]: "/raise", 3: "/errors", 4: "/fork", 12: "/errors" });
    expect(await requests[SPECIAL]?.text).toMatch(/on purpose/);
    const others = OTHERS.filter((index) => index !== 4);
    expect(await textsOf(requests, others)).toEqual(texts(others));
    expect(await requests[4]?.text).toBe("parent");
    const errors = requests[12]?.exchange.environ["wsgi.errors"] as StringErrorStream | undefined;
    expect(errors?.text).toContain("noted 12");
  });

  test.skipIf(!isThere)("goes on when processes are killed from outside, again and again", async () => {
    await started(make, { preload: true });
    for (let round = 0; round < 5; round += 1) {
      const requests = batch();
      const victim = pool.stats().processes.find(({ state }) => state === "ready")?.pid ?? 0;
      process.kill(victim, "SIGKILL");
      const answers = await textsOf(requests);
      // At most the one that the process was at is lost.
      const lost = answers.filter((text, index) => text !== String(index));
      expect(lost.length, answers.join(" ")).toBeLessThanOrEqual(1);
      for (const text of lost) expect(text).toMatch(/502/);
    }
    const counts = new Map<number, number>();
    for (const index of begun()) counts.set(index, (counts.get(index) ?? 0) + 1);
    for (const [index, count] of counts) expect(count, `request ${index}`).toBeLessThanOrEqual(5);
  });
});

test.skipIf(!hasPerl)(
  "A Perl process that wants to end after each answer leaves no request of its batch behind",
  async () => {
    await started(perlPool);
    const paths = Object.fromEntries(NUMBERS.filter((index) => index % 8 === 3).map((index) => [index, "/harakiri"]));
    expect(await textsOf(batch(paths))).toEqual(texts(NUMBERS));
    expect(sorted(begun())).toEqual(NUMBERS);
  },
);

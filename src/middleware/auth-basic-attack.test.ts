// Log-in as a weapon: what somebody who only guesses passwords may cost everybody else.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type Socket, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashSync } from "bcryptjs";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { makeServer } from "../server/make-server.ts";
import { TestClient } from "../testing/test-client.ts";
import type { WSGIApplication } from "../wsgi/types.ts";
import { authBasic } from "./auth-basic.ts";
import { urlMap } from "./url-map.ts";

const directory = mkdtempSync(join(tmpdir(), "tsgi-guessing-"));
afterAll(() => rmSync(directory, { recursive: true }));

const page: WSGIApplication = (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from(typeof environ["REMOTE_USER"] === "string" ? environ["REMOTE_USER"] : "everybody")];
};

function siteOf(name: string, ...lines: readonly string[]): TestClient {
  const htpasswd = join(directory, name);
  writeFileSync(htpasswd, lines.join("\n"));
  return new TestClient(
    urlMap([
      { path: "/", application: page },
      { path: "/members", application: authBasic({ htpasswd })(page) },
    ]),
  );
}

/** Asks with a password, several times at once. */
function guess(client: TestClient, user: string, passwords: readonly string[]) {
  return passwords.map((password) => client.get("/members", { auth: { user, password } }));
}

const wrongs = (count: number): string[] => Array.from({ length: count }, (_, index) => `wrong ${index}`);

const BCRYPT = hashSync("right", 10);
// A quarter of the time, for dozens of checks whose time is not measured.
const SOONER_BCRYPT = hashSync("right", 8);
// As by mkpasswd, 40,000 rounds in place of the usual 5000; no password has this digest.
const SHA_CRYPT = "$6$rounds=40000$saltsalt$" + "x".repeat(86);

describe.each([
  ["bcrypt", BCRYPT],
  ["sha-crypt", SHA_CRYPT],
])("authBasic with %s", (name, hash) => {
  it("lets the event loop turn while passwords are checked", async () => {
    const client = siteOf(name, `ada:${hash}`);
    let turns = 0;
    let isDone = false;
    const turn = (): void => {
      turns += 1;
      if (!isDone) setTimeout(turn, 1);
    };
    const answers = Promise.all(guess(client, "ada", wrongs(8)));
    turn();
    expect((await client.get("/")).text()).toBe("everybody");
    const statuses = (await answers).map(({ status }) => status);
    isDone = true;
    expect(statuses).toEqual(statuses.map(() => 401));
    expect(turns).toBeGreaterThan(50);
  });
});

describe("authBasic under many guesses", () => {
  it("answers 503 with Retry-After beyond a short queue, and lets in who was in before", async () => {
    const client = siteOf("queue", `ada:${SOONER_BCRYPT}`);
    const ada = { auth: { user: "ada", password: "right" } };
    expect((await client.get("/members", ada)).text()).toBe("ada");
    const guesses = guess(client, "ada", wrongs(60));
    expect((await client.get("/members", ada)).text()).toBe("ada");
    const answers = await Promise.all(guesses);
    const refused = answers.filter(({ status }) => status === 503);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401, 503]));
    expect(refused.length).toBeGreaterThan(30);
    expect(Number(refused[0]?.headers.get("Retry-After"))).toBeGreaterThan(0);
    // Afterwards everything is as it was.
    expect((await client.get("/members", { auth: { user: "ada", password: "wrong" } })).status).toBe(401);
  });

  it("checks one password once, however many requests bring it at the same time", async () => {
    const client = siteOf("once", `ada:${SOONER_BCRYPT}`);
    const answers = await Promise.all(
      guess(
        client,
        "ada",
        Array.from({ length: 60 }, () => "right"),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  });
});

it("authBasic forgets what clients asked that have left: the next one is served before their passwords are checked", async () => {
  const htpasswd = join(directory, "leaving");
  writeFileSync(htpasswd, `ada:${hashSync("right", 12)}`);
  const members = authBasic({ htpasswd })(page);
  const waiting = new Set<object>();
  const server = makeServer("127.0.0.1", 0, async (environ, startResponse) => {
    waiting.add(environ);
    environ["tsgi.signal"]?.addEventListener("abort", () => waiting.delete(environ));
    const body = await members(environ, startResponse);
    waiting.delete(environ);
    return body;
  });
  onTestFinished(() => server.close(0));
  await server.listen();
  const ask = (password: string): Asking => {
    const authorization = Buffer.from(`ada:${password}`).toString("base64");
    const socket = connect({ ...server.address });
    const asking = { socket, text: "" };
    socket.on("data", (data) => (asking.text += data));
    socket.write(`GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic ${authorization}\r\n\r\n`);
    return asking;
  };
  const guesses = wrongs(30).map(ask);
  await expect.poll(() => guesses.filter(({ text }) => text.includes(" 503 ")).length).toBeGreaterThan(8);
  for (const { socket } of guesses) socket.destroy();
  await expect.poll(() => waiting.size).toBe(0);
  const ada = ask("right");
  await expect.poll(() => ada.text).toContain("\r\n\r\n");
  expect(ada.text).toMatch(/ 200 OK.*ada$/s);
  ada.socket.destroy();
});

/** A request on its way, and what has come of the answer. */
interface Asking {
  readonly socket: Socket;
  readonly text: string;
}

describe("authBasic and names that do not exist", () => {
  const SHA = "bob:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=";

  /** How long a refusal takes at least, in milliseconds. */
  async function costOfGuess(client: TestClient, user: string): Promise<number> {
    const times: number[] = [];
    for (const password of wrongs(5)) {
      const startedAt = performance.now();
      expect((await client.get("/members", { auth: { user, password } })).status).toBe(401);
      times.push(performance.now() - startedAt);
    }
    return Math.min(...times);
  }

  it.each([
    ["the cheap hash first", [SHA, `ada:${BCRYPT}`]],
    ["the dear hash first", [`ada:${BCRYPT}`, SHA]],
  ])("says nothing by its time about who is there: %s", async (order, file) => {
    const client = siteOf(order, ...file);
    await client.get("/members", { auth: { user: "nobody", password: "wrong" } }); // the thread starts
    const nobody = await costOfGuess(client, "nobody");
    // Factors, since the machine may be busy; a guess at a cheap hash alone takes a thousandth.
    for (const user of ["ada", "bob"]) {
      const cost = await costOfGuess(client, user);
      expect(cost).toBeGreaterThan(nobody / 4);
      expect(cost).toBeLessThan(nobody * 4);
    }
  });
});

import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { TestClient } from "../testing/test-client.ts";
import { validator } from "../wsgi/validator.ts";
import { authDigest, type AuthDigestOptions, filterFactory } from "./auth-digest.ts";
import { parseAuthParameters } from "./auth/authorization.ts";
import { DigestNonces } from "./auth/digest-nonce.ts";
import { parseHtdigest } from "./auth/htdigest-file.ts";
import { scriptName } from "./script-name.ts";

const directory = mkdtempSync(join(tmpdir(), "tsgi-digest-"));
afterAll(() => rmSync(directory, { recursive: true }));

const tell = validator((environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [Buffer.from(String(environ["REMOTE_USER"]), "latin1")];
});
const clientOf = (options: Partial<AuthDigestOptions> = {}): TestClient =>
  new TestClient(authDigest({ users: { ada: "secret", jäsøn: "doe" }, ...options })(tell));

async function challengeOf(client: TestClient, algorithm = "SHA-256"): Promise<ReadonlyMap<string, string>> {
  const fields = (await client.get("/")).headers.getAll("WWW-Authenticate");
  const field = fields.find((each) => each.includes(`algorithm=${algorithm},`)) ?? "";
  return parseAuthParameters(field.replace("Digest ", "")) ?? new Map();
}

interface Proof {
  readonly user?: string;
  readonly password?: string;
  readonly uri?: string;
  readonly nc?: string;
  readonly method?: string;
  readonly changed?: Readonly<Record<string, string>>;
}

/** What a client would send; written after RFC 7616 and apart from the code under test. */
function authorization(challenge: ReadonlyMap<string, string>, proof: Proof = {}): string {
  const { user = "ada", password = "secret", uri = "/", nc = "00000001", method = "GET", changed = {} } = proof;
  const algorithm = challenge.get("algorithm") ?? "MD5";
  const h = (text: string) => createHash(algorithm.replace("-", "").toLowerCase()).update(text).digest("hex");
  const realm = challenge.get("realm") ?? "";
  const nonce = challenge.get("nonce") ?? "";
  const secret = h(`${user}:${realm}:${password}`);
  const response = h(`${secret}:${nonce}:${nc}:c0ffee:auth:${h(`${method}:${uri}`)}`);
  const parameters = {
    username: user,
    realm,
    uri,
    nonce,
    cnonce: "c0ffee",
    response,
    opaque: challenge.get("opaque"),
    ...changed,
  };
  const quoted = Object.entries(parameters).map(([name, value]) => `${name}="${value}"`);
  return Buffer.from(`Digest ${quoted.join(", ")}, nc=${nc}, qop=auth, algorithm=${algorithm}`).toString("latin1");
}

const ask = (client: TestClient, field: string, path = "/") => client.get(path, { headers: { Authorization: field } });

describe("authDigest", () => {
  it("offers SHA-256 before MD5", async () => {
    const { status, headers } = await clientOf().get("/");
    expect([status, headers.getAll("WWW-Authenticate").map((each) => /algorithm=([^,]+)/.exec(each)?.[1])]).toEqual([
      401,
      ["SHA-256", "MD5"],
    ]);
  });

  it.each(["SHA-256", "MD5"])("lets users in by %s", async (algorithm) => {
    const client = clientOf();
    const challenge = await challengeOf(client, algorithm);
    expect((await ask(client, authorization(challenge))).text()).toBe("ada");
    const umlaut = authorization(challenge, { user: "jäsøn", password: "doe", nc: "00000002" });
    expect((await ask(client, umlaut)).text()).toBe("jäsøn");
  });

  it("covers path and query", async () => {
    const client = clientOf();
    const field = authorization(await challengeOf(client), { uri: "/a?b=c,d" });
    expect((await ask(client, field, "/a?b=c,d")).status).toBe(200);
  });

  it.each<[string, Proof]>([
    ["a wrong password", { password: "Secret" }],
    ["an unknown user", { user: "eve" }],
    ["another method", { method: "POST" }],
    ["another path", { uri: "/admin" }],
    ["another realm", { changed: { realm: "Other" } }],
    ["a forged nonce", { changed: { nonce: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" } }],
    ["a count of zero", { nc: "00000000" }],
    ["a count that is none", { nc: "1" }],
    ["no client nonce", { changed: { cnonce: "" } }],
  ])("keeps %s out", async (_, proof) => {
    const client = clientOf();
    const response = await ask(client, authorization(await challengeOf(client), proof));
    expect([response.status, response.headers.get("WWW-Authenticate")?.includes("stale")]).toEqual([401, false]);
  });

  it("refuses a proof that was used before, and takes later ones", async () => {
    const client = clientOf();
    const challenge = await challengeOf(client);
    const statuses = [];
    for (const nc of ["00000001", "00000001", "00000003", "00000002", "00000003"]) {
      statuses.push((await ask(client, authorization(challenge, { nc }))).status);
    }
    expect(statuses).toEqual([200, 401, 200, 200, 401]);
  });

  it.each([
    ["an absolute target", "http://localhost/a?b=c", "http://localhost/a?b=c", 200],
    ["an absolute target that a proxy made a path", "/a?b=c", "http://LOCALHOST/a?b=c", 200],
    ["a path that a proxy made absolute", "http://localhost/a?b=c", "/a?b=c", 200],
    ["escapes that a proxy wrote anew", "/%7Ea", "/~a", 200],
    ["an absolute target of another host", "/a", "http://other.example/a", 401],
    ["an absolute target of another path", "http://localhost/a", "http://localhost/b", 401],
    ["another query", "/a?b=c", "/a?b=d", 401],
    ["no path", "/a", "", 401],
  ])("with %s, %j proved as %j, answers %i", async (_, asked, uri, status) => {
    const inner = authDigest({ users: { ada: "secret" } })(tell);
    const client = new TestClient((environ, startResponse) => {
      environ.REQUEST_URI = asked;
      return inner(environ, startResponse);
    });
    const path = asked.replace("http://localhost", "");
    expect((await ask(client, authorization(await challengeOf(client), { uri }), path)).status).toBe(status);
  });

  it("knows the address that the client used when a server in front took the prefix off", async () => {
    const client = new TestClient(scriptName({ prefix: "/é" })(authDigest({ users: { ada: "secret" } })(tell)));
    const challenge = await challengeOf(client);
    expect((await ask(client, authorization(challenge, { uri: "/%c3%a9/a?b" }), "/a?b")).status).toBe(200);
    expect((await ask(client, authorization(challenge, { uri: "/other/a?b", nc: "00000002" }), "/a?b")).status).toBe(
      401,
    );
  });

  it("calls a nonce of a server that is gone stale, if the proof is right", async () => {
    const challenge = await challengeOf(clientOf({ secret: "before" }));
    const client = clientOf({ secret: "after" });
    const field = async (proof: Proof) =>
      (await ask(client, authorization(challenge, proof))).headers.get("WWW-Authenticate")?.includes("stale=true");
    expect([await field({}), await field({ password: "wrong" })]).toEqual([true, false]);
  });

  it("takes nonces of other workers of the server", async () => {
    const [one, other] = [clientOf(), clientOf()];
    expect((await ask(other, authorization(await challengeOf(one)))).status).toBe(200);
  });

  it("calls a nonce stale that is valid but too old, of workers with the same secret", async () => {
    const nonce = new DigestNonces("shared", 10, 10, () => Date.now() - 11_000).create();
    const client = clientOf({ secret: "shared", nonceSeconds: 10 });
    const challenge = new Map([...(await challengeOf(client)), ["nonce", nonce]]);
    const response = await ask(client, authorization(challenge));
    expect([response.status, response.headers.get("WWW-Authenticate")?.includes("stale=true")]).toEqual([401, true]);
  });

  it("offers only what it is told to", async () => {
    const client = clientOf({ algorithms: ["sha-256"] });
    const challenge = await challengeOf(client);
    const md5 = new Map([...challenge, ["algorithm", "MD5"]]);
    expect((await ask(client, authorization(md5))).status).toBe(401);
    expect((await ask(client, authorization(challenge))).status).toBe(200);
  });
});

describe("DigestNonces", () => {
  it("forgets the oldest when there are too many, and calls it stale rather than counting it anew", () => {
    let now = 1000;
    const nonces = new DigestNonces("key", 60, 2, () => now);
    const made = [1, 2, 3].map((step) => {
      now += step;
      return nonces.create();
    });
    const [first = "", second = "", third = ""] = made;
    expect([first, second, third].map((nonce) => nonces.use(nonce, 1))).toEqual(["fresh", "fresh", "fresh"]);
    expect([first, second, third].map((nonce) => nonces.use(nonce, 1))).toEqual(["stale", "refused", "refused"]);
  });

  it("refuses counts that are further behind than it remembers", () => {
    const nonces = new DigestNonces("key", 60, 2);
    const nonce = nonces.create();
    expect([40, 9, 8, 9].map((count) => nonces.use(nonce, count))).toEqual(["fresh", "fresh", "refused", "refused"]);
  });
});

describe("authDigest with a file of htdigest", () => {
  // printf 'ada:Library:secret' | md5sum, and sha256sum
  const MD5 = "ada:Library:4fa6077f8fb50aa778761fb47cd61401";
  const SHA = `ada:Library:${createHash("sha256").update("ada:Library:secret").digest("hex")}`;
  const fileOf = (text: string): string => {
    const path = join(directory, createHash("md5").update(text).digest("hex"));
    writeFileSync(path, text);
    return path;
  };
  const siteOf = (text: string, options: Partial<AuthDigestOptions> = {}) =>
    new TestClient(authDigest({ htdigest: fileOf(text), realm: "Library", ...options })(tell));

  it("lets its users in, and nobody else", async () => {
    const client = siteOf(`# users\nbob:Other:${"0".repeat(32)}\n${MD5}\r\n`);
    expect((await client.get("/")).headers.getAll("WWW-Authenticate")).toHaveLength(1);
    const challenge = await challengeOf(client, "MD5");
    expect((await ask(client, authorization(challenge))).text()).toBe("ada");
    expect((await ask(client, authorization(challenge, { nc: "00000002", password: "x" }))).status).toBe(401);
    expect((await ask(client, authorization(challenge, { nc: "00000002", user: "bob" }))).status).toBe(401);
  });

  it("takes SHA-256 where the file has it", async () => {
    const client = siteOf(`${MD5}\n${SHA}\n`, { algorithms: ["SHA-256", "MD5"] });
    for (const algorithm of ["SHA-256", "MD5"]) {
      expect((await ask(client, authorization(await challengeOf(client, algorithm)))).text()).toBe("ada");
    }
  });

  it.each([
    ["ada:secret", "Cannot read line 1"],
    ["ada:Library:$apr1$x", "Cannot read line 1"],
    [`ada:Other:${"0".repeat(32)}`, 'has no user of the realm "Library"'],
  ])("says what is wrong with %j", (text, message) => {
    expect(() => parseHtdigest(text, "Library", "users")).toThrow(message);
  });
});

it("filterFactory reads users", async () => {
  const client = new TestClient(filterFactory({}, { users: "ada = secret", realm: "R", algorithms: "MD5" })(tell));
  expect((await ask(client, authorization(await challengeOf(client, "MD5")))).text()).toBe("ada");
});

it.each([
  {},
  { users: "a = b", htdigest: "/x" },
  { users: "a = b", algorithms: "SHA-1" },
  { users: "a = b", nonce_seconds: "0" },
])("filterFactory refuses %j", (conf) => {
  expect(() => filterFactory({}, conf as unknown as Record<string, string>)).toThrow(/expected/);
});

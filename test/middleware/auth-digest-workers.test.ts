// Digest without a secret on several workers: whoever checks a proof need not be whoever made the nonce.
import { createHash } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { Project } from "../cli-command.ts";
import { ask } from "../server/server-project.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");

test("a nonce of one worker counts at the other", async () => {
  const project = new Project({
    "app.ts": `
      import { authDigest } from "tsgi/middleware/auth-digest";
      export const application = authDigest({ users: { ada: "secret" }, algorithms: ["MD5"] })((environ, startResponse) => {
        startResponse("200 OK", []);
        return [Buffer.from(String(process.pid))];
      });
    `,
  });
  closers.push(() => project.remove());
  const command = project.start(["app.ts", "--bind", "127.0.0.1:0", "--workers", "2"]);
  closers.push(() => command.stop("SIGQUIT"));
  const port = await command.port();
  const challenge = String((await ask(port)).headers["www-authenticate"]);
  const nonce = /nonce="([^"]+)"/.exec(challenge)?.[1] ?? "";
  const pids = new Set<string>();
  for (let count = 1; count <= 500 && pids.size < 2; count++) {
    const nc = count.toString(16).padStart(8, "0");
    const response = md5(`${md5("ada:Restricted:secret")}:${nonce}:${nc}:c0ffee:auth:${md5("GET:/")}`);
    const Authorization = `Digest username="ada", realm="Restricted", uri="/", nonce="${nonce}", cnonce="c0ffee", response="${response}", nc=${nc}, qop=auth, algorithm=MD5`;
    const answer = await ask(port, "/", { Authorization });
    expect(answer.status).toBe(200);
    pids.add(answer.body);
  }
  expect(pids.size).toBe(2);
});

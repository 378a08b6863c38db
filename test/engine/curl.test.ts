import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { describe, expect, onTestFinished, test } from "vitest";

import { program } from "../needs.ts";
import { makeIdentities } from "./certificates.ts";
import { echoApp, ignoreApp } from "./applications.ts";
import { serve } from "./serve.ts";
import { spawnServer } from "./spawn-server.ts";

const run = promisify(execFile);
const curl = program("curl");

describe.skipIf(curl === undefined)("curl", () => {
  const ask = async (...args: string[]): Promise<{ out: string; log: string }> => {
    const { stdout, stderr } = await run(curl ?? "", ["-sS", "-v", ...args], { maxBuffer: 1e8 });
    return { out: stdout, log: stderr };
  };

  test("asks in HTTP/1.0 and HTTP/1.1", async () => {
    const { port } = await spawnServer();
    expect((await ask("--http1.0", `http://127.0.0.1:${port}/a`)).out).toBe("HTTP/1.0 GET /a");
    expect((await ask("--http1.1", `http://127.0.0.1:${port}/a`)).out).toBe("HTTP/1.1 GET /a");
    expect((await ask("--http1.0", `http://127.0.0.1:${port}/down?500000`)).out).toHaveLength(500_000);
  });

  test("offers HTTP/2 by upgrade and is served in HTTP/1.1", async () => {
    const { port } = await spawnServer();
    expect((await ask("--http2", `http://127.0.0.1:${port}/a`)).out).toBe("HTTP/1.1 GET /a");
  });

  test("keeps its connection for several requests, HEAD among them", async () => {
    const { port } = await spawnServer();
    const url = `http://127.0.0.1:${port}`;
    const { log } = await ask(
      "-I",
      `${url}/down?5`,
      "--next",
      "-sS",
      "-v",
      `${url}/a`,
      "--next",
      "-sS",
      "-v",
      `${url}/down?70000`,
    );
    expect(log.match(/Re-using existing connection/g)).toHaveLength(2);
  });

  test.each([
    ["with Expect", ["-H", "Expect: 100-continue", "--expect100-timeout", "60"]],
    ["without Expect", ["-H", "Expect:"]],
  ])("uploads in chunks %s", async (_title, options) => {
    const { port } = await spawnServer();
    const command = `head -c 3000000 /dev/zero | "${curl}" -sS -v -T - ${options.map((text) => `'${text}'`).join(" ")} http://127.0.0.1:${port}/up`;
    const { stdout, stderr } = await run("sh", ["-c", command]);
    expect(stdout).toBe("3000000");
    expect(stderr).toContain("Transfer-Encoding: chunked");
    expect(stderr.includes("100 Continue")).toBe(options.length === 4);
  });

  test("is told at once when its upload is too large, and does not send it", async () => {
    const { address } = await serve(echoApp, { limits: { maxBodyBytes: 1000 } });
    if (!("port" in address)) throw new Error("Expected a TCP server");
    const folder = mkdtempSync(join(tmpdir(), "tsgi-curl-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, "upload");
    writeFileSync(file, Buffer.alloc(5_000_000));
    const url = `http://127.0.0.1:${address.port}/`;
    const show = ["-o", "/dev/null", "-w", "%{http_code} %{size_upload}"];
    const { out: stdout } = await ask(
      ...show,
      "-T",
      file,
      "-H",
      "Expect: 100-continue",
      "--expect100-timeout",
      "60",
      url,
    );
    expect(stdout).toBe("413 0");
  });

  test("gets the answer to a long upload that nobody reads, although it may not finish sending", async () => {
    const { address } = await serve(ignoreApp);
    if (!("port" in address)) throw new Error("Expected a TCP server");
    const command = `head -c 50000000 /dev/zero | "${curl}" -sS -T - -H Expect: http://127.0.0.1:${address.port}/; true`;
    const { stdout } = await run("sh", ["-c", command]);
    expect(stdout).toBe("ok");
  });

  test("asks over TLS and over a unix socket", async () => {
    const { localhost } = makeIdentities("localhost");
    const secure = await serve(ignoreApp, { tls: localhost });
    if (!("port" in secure.address)) throw new Error("Expected a TCP server");
    expect((await ask("-k", `https://localhost:${secure.address.port}/`)).out).toBe("ok");
    const folder = mkdtempSync(join(tmpdir(), "tsgi-curl-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    await serve(ignoreApp, { host: `unix:${folder}/s` });
    expect((await ask("--unix-socket", `${folder}/s`, "http://localhost/")).out).toBe("ok");
  });
});

test("requests from printf through a pipe are all answered", async () => {
  const { port } = await spawnServer();
  const request = (path: string, field = ""): string => `GET ${path} HTTP/1.1\\r\\nHost: h\\r\\n${field}\\r\\n`;
  const requests = request("/1") + request("/slow") + request("/2", "Connection: close\\r\\n");
  const command = `exec 3<>/dev/tcp/127.0.0.1/${port}; printf '${requests}' >&3; cat <&3`;
  const { stdout } = await run("timeout", ["10", "bash", "-c", command]);
  expect(stdout.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
});

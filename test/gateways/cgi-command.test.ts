// CGI programs as processes: `tsgi cgi` and scripts with `runCGI`, started as a web server starts them, and by a real one.
import { execFile, spawn } from "node:child_process";
import { afterAll, describe, expect, test } from "vitest";

import { rawRequest } from "../../src/testing/raw-request.ts";
import { Project, type StartOptions } from "../cli-command.ts";
import { program } from "../needs.ts";
import { startLighttpd } from "./fronts.ts";

const lighttpd = program("lighttpd");

const project = new Project({
  "app.ts": `
    console.log("printed at load");
    export const application = async (environ: any, startResponse: any) => {
      console.log("printed");
      if (environ.PATH_INFO === "/endless") {
        startResponse("200 OK", [["Content-Type", "text/plain"]]);
        return { *[Symbol.iterator]() { for (;;) yield Buffer.alloc(10_000, "."); }, close() { environ["wsgi.errors"].write("closed\\n"); } };
      }
      const body = await environ["wsgi.input"].read();
      const seen = [environ.SCRIPT_NAME, environ.PATH_INFO, environ.QUERY_STRING, String(body), environ.SECRET, process.env.HTTP_PROXY, process.env.SECRET];
      startResponse("200 OK", [["Content-Type", "application/json"]]);
      setInterval(() => {}, 1000);
      return { *[Symbol.iterator]() { yield Buffer.from(JSON.stringify(seen), "latin1"); }, async close() { await new Promise((resolve) => setTimeout(resolve, 5)); environ["wsgi.errors"].write("closed\\n"); } };
    };`,
  "script.mjs": `
    import { runCGI } from "tsgi/gateways/cgi";
    await runCGI((environ, startResponse) => {
      startResponse("404 Not Found", [["Content-Type", "text/plain"]]);
      return [Buffer.from("nothing at " + environ.PATH_INFO, "latin1")];
    });`,
  "broken.ts": `export const application = ;`,
  "app.py": `
def application(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["PATH_INFO"].encode("latin-1"), b" ", body, b" ", str(environ["wsgi.run_once"]).encode()]
`,
  "many.py": `
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(environ["wsgi.multiprocess"]).encode()]
`,
});
afterAll(() => project.remove());

function request(variables: Readonly<Record<string, string>> = {}): NonNullable<StartOptions["env"]> {
  return { REQUEST_METHOD: "GET", SCRIPT_NAME: "/app", PATH_INFO: "/x", SERVER_PROTOCOL: "HTTP/1.1", ...variables };
}

describe("tsgi cgi", () => {
  test("answers, keeps what is printed out of the answer, and nothing of the request in its own environment", async () => {
    const env = request({ CONTENT_LENGTH: "3", HTTP_PROXY: "http://evil/", SECRET: "x", QUERY_STRING: "--mount+/y" });
    const args = ["cgi", "app.ts", "--mount", "/y"];
    const { code, stdout, stderr } = await project.run(args, { env, input: "abc and more" });
    expect(stdout).toBe(
      'Status: 200 OK\r\nContent-Type: application/json\r\n\r\n["/app","/x","--mount+/y","abc",null,null,"x"]',
    );
    expect(stderr).toBe("printed at load\nprinted\nclosed\n");
    expect(code).toBe(0);
  });

  test("answers for Python", async () => {
    const env = request({ CONTENT_LENGTH: "3" });
    const { code, stdout, stderr } = await project.run(["cgi", "app.py"], { env, input: "abc" });
    expect(stdout).toMatch(/^Status: 200 OK\r\nContent-Type: text\/plain\r\n.*\r\n\r\n\/x abc False$/s);
    expect([code, stderr]).toEqual([0, ""]);
  });

  test("starts one process for its one request, whatever the settings of a server say", async () => {
    const env = request({ TSGI_GUEST_PROCESSES: "4", TSGI_WORKERS: "4" });
    const { code, stdout } = await project.run(["cgi", "many.py"], { env });
    expect([code, stdout.split("\r\n\r\n")[1]]).toEqual([0, "False"]);
  });

  test("an application that cannot be loaded is a 500, and standard error says why", async () => {
    const { code, stdout, stderr } = await project.run(["cgi", "broken.ts"], { env: request() });
    expect(stdout).toMatch(/^Status: 500 Internal Server Error\r\n.*\r\n\r\n500 Internal Server Error\n$/s);
    expect(stderr).toContain("broken.ts");
    expect(code).not.toBe(0);
  });

  test("says what it expects where no web server has started it", async () => {
    const { code, stdout, stderr } = await project.run(["cgi", "app.ts"]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("REQUEST_METHOD is not set");
  });

  test("a web server that reads no more ends the body, and the process ends", async () => {
    const command = new URL("../../bin/tsgi.js", import.meta.url).pathname;
    const script = `"${process.execPath}" "${command}" cgi app.ts 2>&3 | head -c 100 >/dev/null; echo "\${PIPESTATUS[0]}"`;
    const child = spawn("bash", ["-c", script], {
      cwd: project.directory,
      env: { ...process.env, ...request({ PATH_INFO: "/endless" }) },
      stdio: ["ignore", "pipe", "inherit", "pipe"],
    });
    const read = async (stream: NodeJS.ReadableStream | null | undefined): Promise<string> => {
      let text = "";
      for await (const chunk of stream ?? []) text += String(chunk);
      return text;
    };
    const [code, errors] = await Promise.all([read(child.stdout), read(child.stdio[3] as NodeJS.ReadableStream)]);
    expect(code).toBe("0\n");
    expect(errors).toContain("closed\n");
  });
});

describe("runCGI", () => {
  test("takes paths as bytes, whatever their encoding", async () => {
    const script = `PATH_INFO="$(printf '/\\351')" exec "${process.execPath}" script.mjs`;
    const env = { ...process.env, ...request() };
    const options = { cwd: project.directory, env, encoding: "latin1" } as const;
    const stdout = await new Promise<string>((resolve) => {
      execFile("sh", ["-c", script], options, (_, text) => resolve(text));
    });
    expect(stdout).toBe(
      "Status: 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nnothing at /\u00e9",
    );
  });
});

describe.skipIf(lighttpd === undefined)("tsgi cgi behind lighttpd", () => {
  test("answers what lighttpd starts", async () => {
    const command = new URL("../../bin/tsgi.js", import.meta.url).pathname;
    const wrapper = `#!/bin/sh\ncd "${project.directory}"\nexec "${process.execPath}" "${command}" cgi app.ts\n`;
    const front = await startLighttpd(
      lighttpd ?? "",
      () => ({ cgi: `cgi.assign = ("/shop" => "")\nserver.stream-response-body = 2` }),
      { shop: wrapper },
    );
    try {
      const post = "POST /shop/a%20b?q HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc";
      const { text } = await rawRequest({ host: "127.0.0.1", port: front.ports["cgi"] ?? 0 }, post, {
        timeoutMs: 60_000,
      });
      expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(text).toContain('["/shop","/a b","q","abc",null,null,null]');
    } finally {
      await front.close();
    }
  });
});

// `tsgi fetch`: what goes in and what comes out, byte for byte.
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { Project } from "./cli-command.ts";

const project = new Project({
  "echo.ts": `
    import type { WSGIApplication } from "tsgi/wsgi";
    export const application: WSGIApplication = async (environ, startResponse) => {
      const body = Buffer.from(await environ["wsgi.input"].read());
      const { REQUEST_METHOD, PATH_INFO, QUERY_STRING, CONTENT_TYPE, CONTENT_LENGTH, HTTP_X_NAME, HTTP_HOST } = environ;
      const seen = { REQUEST_METHOD, PATH_INFO, QUERY_STRING, CONTENT_TYPE, CONTENT_LENGTH, HTTP_X_NAME, HTTP_HOST, body: body.toString("latin1") };
      startResponse("200 OK", [["Content-Type", "application/json"], ["X-Two", "1"], ["X-Two", "2"]]);
      return [Buffer.from(JSON.stringify(seen))];
    };
    export const bytes: WSGIApplication = (environ, startResponse) => {
      startResponse("200 OK", []);
      return (async function* () { for (let n = 0; n < 40; n++) yield new Uint8Array(50_000).fill(n); yield new Uint8Array([0, 255, 10]); })();
    };
    export const missing: WSGIApplication = (environ, startResponse) => { startResponse("404 Not Found", [["X-A", "b"]]); return [Buffer.from("no such page")]; };
    export const broken: WSGIApplication = () => { throw new Error("it broke"); };
    export const breach: WSGIApplication = (environ, startResponse) => { startResponse("200", []); return []; };
    export const halfway: WSGIApplication = (environ, startResponse) => {
      startResponse("200 OK", []);
      return (function* () { yield Buffer.from("first "); throw new Error("it broke later"); })();
    };
  `,
  "data.bin": "",
});
project.write("data.bin", new Uint8Array([1, 0, 255, 13, 10]));
afterAll(() => project.remove());

async function fetched(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout, stderr, code } = await project.run(["fetch", "echo.ts", ...args], { input: "from\nstdin" });
  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe("tsgi fetch", () => {
  test.each([
    [["/a%20b?q=%41"], { REQUEST_METHOD: "GET", PATH_INFO: "/a b", QUERY_STRING: "q=%41", body: "" }],
    [["http://shop.example:81/x"], { PATH_INFO: "/x", HTTP_HOST: "shop.example:81" }],
    [["/", "-X", "PURGE", "-H", "X-Name:  a value"], { REQUEST_METHOD: "PURGE", HTTP_X_NAME: "a value" }],
    [
      ["/", "-d", "a=1&b=ü"],
      {
        REQUEST_METHOD: "POST",
        CONTENT_TYPE: "application/x-www-form-urlencoded",
        CONTENT_LENGTH: "8",
        body: "a=1&b=Ã¼",
      },
    ],
    [
      ["/", "-X", "PUT", "-d", "@data.bin", "-H", "Content-Type: a/b"],
      { REQUEST_METHOD: "PUT", CONTENT_TYPE: "a/b", CONTENT_LENGTH: "5", body: "\u0001\u0000\u00FF\r\n" },
    ],
    [["/", "-d", "-"], { REQUEST_METHOD: "POST", body: "from\nstdin" }],
    [["/", "-d", "@-"], { REQUEST_METHOD: "POST", body: "from\nstdin" }],
  ])("sends %j", async (args, seen) => {
    expect(await fetched(...args)).toMatchObject(seen);
  });

  test("-i prints status and headers first", async () => {
    const { stdout } = await project.run(["fetch", "echo.ts", "/", "-i"]);
    expect(stdout).toMatch(
      /^HTTP\/1\.1 200 OK\r\nContent-Type: application\/json\r\nX-Two: 1\r\nX-Two: 2\r\n\r\n\{.*\}$/,
    );
  });

  test.each([["broken"], ["breach"]])("shows of the error of %s the frames of the application only", async (name) => {
    const { code, stderr } = await project.run(["fetch", `echo.ts:${name}`, "/"]);
    expect(code).toBe(12);
    const frames = stderr.split("\n").filter((line) => /^\s+at /.test(line));
    expect(frames.length).toBeGreaterThan(0);
    expect(frames.filter((line) => !line.includes("echo.ts"))).toEqual([]);
  });

  test("HEAD prints no body", async () => {
    const { stdout } = await project.run(["fetch", "echo.ts:missing", "/", "-i", "-X", "HEAD"]);
    expect(stdout).toBe("HTTP/1.1 404 Not Found\r\nX-A: b\r\n\r\n");
  });

  test("passes two megabytes of any bytes on unchanged, to standard output and to a file", async () => {
    const expected = Buffer.concat([
      ...Array.from({ length: 40 }, (_, n) => Buffer.alloc(50_000, n)),
      Buffer.from([0, 255, 10]),
    ]);
    const { bytes } = await project.run(["fetch", "echo.ts:bytes", "/"]);
    expect(bytes.equals(expected)).toBe(true);
    const { stdout, code } = await project.run(["fetch", "echo.ts:bytes", "/", "-o", "out.bin"]);
    expect({ stdout, code }).toEqual({ stdout: "", code: 0 });
    expect(readFileSync(project.path("out.bin")).equals(expected)).toBe(true);
  });

  test.each([
    ["without --fail", [], { code: 0, stdout: "no such page", stderr: "" }],
    ["with --fail", ["--fail"], { code: 22, stdout: "", stderr: "tsgi: The application answered 404 Not Found\n" }],
  ])("ends %s as curl does when the status is 404", async (_, args, result) => {
    expect(await project.run(["fetch", "echo.ts:missing", "/", ...args])).toMatchObject(result);
  });

  test.each([
    ["broken", "", "it broke"],
    ["halfway", "first ", "it broke later"],
  ])("says what the application %s threw", async (attribute, stdout, message) => {
    const result = await project.run(["fetch", `echo.ts:${attribute}`, "/"]);
    expect(result).toMatchObject({ code: 12, stdout });
    expect(result.stderr).toContain(`Error: ${message}`);
    expect(result.stderr).toContain("echo.ts:");
  });

  test.each([
    [["nowhere"], 2, /expected a path that starts with "\/"/],
    [["/", "-H", "no colon"], 2, /Cannot use the header "no colon": expected "Name: value"/],
    [["/", "-d", "@nope"], 11, /Cannot read the data file "nope"/],
    [["/", "-o", "no/such/dir"], 11, /Cannot write the file "no\/such\/dir"/],
  ])("refuses %j", async (args, code, message) => {
    const result = await project.run(["fetch", "echo.ts", ...args]);
    expect(result.stderr).toMatch(message);
    expect(result).toMatchObject({ code, stdout: "" });
  });
});

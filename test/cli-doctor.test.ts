// `tsgi doctor`: what somebody at a terminal sees, and what a script can read.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Project } from "./cli-command.ts";
import { venvPython } from "./needs.ts";

const python = venvPython();
let project: Project;

beforeAll(() => {
  project = new Project({});
});

afterAll(() => project.remove());

describe.skipIf(python === undefined)("tsgi doctor", () => {
  test("names the runtimes, and ends with 0 where a server can work", async () => {
    const { code, stdout, stderr } = await project.run(["doctor", "--python", python ?? ""]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^ok {4}tsgi +\d+\.\d+\.\d+ in \//);
    expect(stdout).toContain(`${process.versions.node} (${process.execPath})`);
    expect(stdout).toMatch(/\nok {4}Python +CPython 3\.\d+\.\d+ \(.*\.cache\/venv\/bin\/python, by --python\)\n/);
    expect(stdout).toMatch(/\n\nReady(?:, with \d+ to look at)?\n$/);
  });

  test("prints JSON without anything else", async () => {
    const { code, stdout } = await project.run(["doctor", "--json"], { env: { TSGI_PYTHON: python } });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      platform: "linux",
      node: { version: process.versions.node },
      python: { implementation: "CPython" },
      findings: expect.arrayContaining([expect.objectContaining({ level: "ok", subject: "tsgi" })]),
    });
  });

  test("ends with 13 where something has to be mended, and says what; a Python that breaks is no crash", async () => {
    project.write("tsgi.config.json", "{}");
    project.write("tsgi.config.ts", "export default {};");
    const { code, stdout, stderr } = await project.run(["doctor", "--python", "/bin/false"]);
    expect({ code, stderr }).toEqual({ code: 13, stderr: "" });
    expect(stdout).toMatch(/\nfail {2}configuration +Both tsgi\.config\.ts and tsgi\.config\.json exist/);
    expect(stdout).toMatch(/\nwarn {2}Python +\/bin\/false: /);
    expect(stdout).toMatch(/\n1 to mend\n$/);
  });
});

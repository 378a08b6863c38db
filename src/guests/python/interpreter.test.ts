import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PythonStartError } from "./errors.ts";
import { environmentFor, findInterpreter } from "./interpreter.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "tsgi-interpreter-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function install(...path: string[]): string {
  const file = join(root, ...path);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, "#!/bin/sh\n");
  chmodSync(file, 0o755);
  return file;
}

describe("findInterpreter", () => {
  test("takes the first of VIRTUAL_ENV, .venv, venv and the PATH", () => {
    const inPath = install("path", "python3");
    const environment = { PATH: `/nowhere:${join(root, "path")}` };
    expect(findInterpreter({ directory: root, environment })).toEqual({
      path: inPath,
      source: "PATH",
      environment: null,
    });
    const venv = install("venv", "bin", "python");
    expect(findInterpreter({ directory: root, environment })).toEqual({
      path: venv,
      source: "venv",
      environment: join(root, "venv"),
    });
    const dotVenv = install(".venv", "bin", "python3");
    expect(findInterpreter({ directory: root, environment }).path).toBe(dotVenv);
    const active = install("active", "bin", "python");
    expect(
      findInterpreter({ directory: root, environment: { ...environment, VIRTUAL_ENV: join(root, "active") } }).path,
    ).toBe(active);
  });

  test("--python names an executable, an environment or a command", () => {
    const executable = install("some", "python3.9");
    const environment = { PATH: join(root, "some") };
    const search = { directory: root, environment };
    expect(findInterpreter({ ...search, python: executable })).toEqual({
      path: executable,
      source: "--python",
      environment: null,
    });
    expect(findInterpreter({ ...search, python: "some/python3.9" }).path).toBe(executable);
    expect(findInterpreter({ ...search, python: "python3.9" }).path).toBe(executable);
    const inside = install("env", "bin", "python");
    expect(findInterpreter({ ...search, python: "env" })).toMatchObject({
      path: inside,
      environment: join(root, "env"),
    });
  });

  test("--python names a command that runs Python", () => {
    const tracer = install("path", "ddtrace-run");
    const environment = { PATH: join(root, "path") };
    expect(findInterpreter({ directory: root, environment, python: "ddtrace-run python -X dev" })).toEqual({
      path: tracer,
      arguments: ["python", "-X", "dev"],
      source: "--python",
      environment: null,
    });
    const spaced = install("with space", "python");
    expect(findInterpreter({ directory: root, environment, python: "with space/python" })).toEqual({
      path: spaced,
      source: "--python",
      environment: null,
    });
    const inside = install("venv", "bin", "newrelic-admin");
    install("venv", "pyvenv.cfg");
    const found = findInterpreter({
      directory: root,
      environment,
      python: "venv/bin/newrelic-admin run-program python",
    });
    expect(found).toMatchObject({ path: inside, environment: join(root, "venv") });
    expect(environmentFor(found, environment)).toEqual({
      VIRTUAL_ENV: join(root, "venv"),
      PATH: `${join(root, "venv", "bin")}:${join(root, "path")}`,
    });
  });

  test("a program of a virtual environment runs there", () => {
    const inside = install("elsewhere", "bin", "python");
    install("elsewhere", "bin", "tracd");
    const environment = { PATH: join(root, "path"), VIRTUAL_ENV: join(root, "active") };
    const active = install("active", "bin", "python");
    const search = { directory: root, environment, program: "elsewhere/bin/tracd" };
    expect(findInterpreter(search).path).toBe(active);
    install("elsewhere", "pyvenv.cfg");
    expect(findInterpreter(search)).toEqual({
      path: inside,
      source: "the target",
      environment: join(root, "elsewhere"),
    });
    expect(findInterpreter({ ...search, python: "active" }).path).toBe(active);
  });

  test.each([{ python: "missing" }, { python: "missing python" }, { python: "/no/such" }, {}])(
    "says what was tried (%o)",
    (options) => {
      expect(() => findInterpreter({ directory: root, environment: { PATH: "/nowhere" }, ...options })).toThrow(
        PythonStartError,
      );
    },
  );
});

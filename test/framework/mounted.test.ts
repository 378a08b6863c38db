// A Flask application below a path of an application of the framework, and the framework in a script.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { App } from "tsgi/framework";
import { pythonApplication } from "tsgi/guests/python";
import { venvPython } from "../needs.ts";

const python = venvPython();

describe.skipIf(python === undefined)("a Flask application, mounted", () => {
  const FLASK = `
from flask import Flask, redirect, request, url_for
app = Flask(__name__)

@app.route("/", methods=["GET", "POST"])
def index():
    return f"Flask at {request.script_root}: {request.form.get('name', 'nobody')}"

@app.route("/go")
def go():
    return redirect(url_for("index"))
`;
  let directory: string;
  let guest: Awaited<ReturnType<typeof pythonApplication>>;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "tsgi-mounted-"));
    writeFileSync(join(directory, "old.py"), FLASK);
    guest = await pythonApplication({ target: `${directory}/old.py:app`, python: python ?? "python3" });
  });
  afterAll(async () => {
    await guest.close(1);
    rmSync(directory, { recursive: true, force: true });
  });

  it("answers for all below its path, and the routes for the rest", async () => {
    const app = new App().get("/", () => "new").get("/old/<name>", () => "never");
    const client = app.mount("/old", guest.application).test();
    expect((await client.get("/")).text()).toBe("new");
    expect((await client.get("/old/")).text()).toBe("Flask at /old: nobody");
    expect((await client.post("/old/", { form: { name: "Ada" } })).text()).toBe("Flask at /old: Ada");
    expect((await client.get("/old/go")).headers.get("Location")).toBe("/old/");
    expect((await client.get("/old/nothing")).status).toBe(404);
  });

  it("answers as the result of a handler", async () => {
    const app = new App().get("/", () => guest.application);
    app.after((response) => {
      response.headers.set("X-Seen", String(response.status));
    });
    const response = await app.test().get("/");
    expect([response.text(), response.headers.get("X-Seen")]).toEqual(["Flask at : nobody", "200"]);
  });
});

it("run serves until its signal fires", async () => {
  const controller = new AbortController();
  const told: string[] = [];
  const running = new App()
    .get("/<name>", (_, { name }) => `Hello ${name}`)
    .run({ port: 0, signal: controller.signal, write: (text) => told.push(text) });
  await expect.poll(() => told.join("")).toMatch(/^Serving on http:\/\/127\.0\.0\.1:\d+ .*"tsgi app\.ts"/);
  const [, url = ""] = /Serving on (\S+)/.exec(told.join("")) ?? [];
  expect(await (await fetch(`${url}/Ada`)).text()).toBe("Hello Ada");
  controller.abort();
  await running;
});

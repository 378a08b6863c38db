// Each example is served by the real command and asked over a socket; what its README line promises must be true.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { TestClient } from "tsgi/testing";
import { Command } from "./cli-command.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

const examples: Record<string, (client: TestClient, command: Command) => Promise<void>> = {
  async "hello-function.ts"(client) {
    const response = await client.get("/");
    expect([response.status, response.text()]).toEqual([200, "Hello, world!\n"]);
    expect(response.headers.get("Content-Type")).toBe("text/plain; charset=utf-8");
  },

  async "hello-object.ts"(client) {
    expect((await client.get("/")).text()).toBe("Hello, visitor number 1!\n");
    expect((await client.get("/")).text()).toBe("Hello, visitor number 2!\n");
  },

  async "hello-class.ts"(client) {
    expect((await client.get("/")).text()).toBe("Hello, world!\n");
    expect((await client.get("/", { query: { name: "Zoë" } })).text()).toBe("Hello, Zoë!\n");
  },

  async "environ-table.ts"(client) {
    const page = await client.get("/caf%C3%A9?<script>", { headers: { "X-Evil": '<b>&"' } });
    expect(page.headers.get("Content-Type")).toBe("text/html; charset=utf-8");
    expect(page.text()).toContain("<tr><th>PATH_INFO</th><td>/café</td></tr>");
    expect(page.text()).toContain("<tr><th>HTTP_X_EVIL</th><td>&lt;b&gt;&amp;&quot;</td></tr>");
    expect(page.text()).toContain("<tr><th>wsgi.version</th><td>[1,0]</td></tr>");
    expect(page.text()).not.toContain("<script>");
  },

  async "two-urls.ts"(client) {
    expect((await client.get("/")).text()).toContain("<title>Index</title>");
    expect((await client.get("/Zo%C3%AB")).text()).toBe("Hello, Zoë!\n");
  },

  async "middleware-key.ts"(client) {
    expect((await client.get("/")).text()).toMatch(/<th>example\.received_at<\/th><td>\d{4}-\d\d-\d\dT[\d:.]+Z<\/td>/);
  },

  async "streaming.ts"(client, command) {
    expect((await client.get("/?from=2")).text()).toBe("2\n1\nLift-off!\n");
    await command.saw("The countdown is over");
    // Were it not streamed, this would take minutes; and the generator ends with its reader.
    await client.get("/?from=1000", { leaveAfterBytes: 1 });
    await command.saw("The countdown is over", 2);
  },

  async "upload.ts"(client) {
    expect((await client.get("/")).text()).toContain('<input type="file"');
    const body = Buffer.alloc(3_000_000, "upload");
    const sha256 = createHash("sha256").update(body).digest("hex");
    expect((await client.put("/", { body })).json()).toEqual({ size: body.length, sha256 });
  },

  async "field-storage.ts"(client) {
    expect((await client.get("/")).text()).toContain('enctype="multipart/form-data"');
    expect((await client.post("/?name=query", { form: {} })).text()).toBe("Hello, nobody!\n");
    const files = { photo: { filename: "cat.png", content: "pixels" } };
    const answer = await client.post("/", { form: { name: "Zoë" }, files });
    expect(answer.text()).toBe("Hello, Zoë!\nphoto: cat.png, 6 bytes\n");
  },

  async "server-sent-events.ts"(client) {
    expect((await client.get("/")).text()).toContain('new EventSource("/events")');
    const stream = await client.get("/events", { leaveAfterBytes: 100 });
    expect(stream.headers.get("Content-Type")).toBe("text/event-stream");
    expect(stream.text()).toMatch(/^retry: 1000\n\n(event: tick\ndata: \S+Z\n\n){2}/);
    expect((await client.get("/")).status).toBe(200);
  },

  async "early-hints.ts"(client) {
    const page = await client.get("/");
    expect(page.text()).toContain("<h1>Early hints</h1>");
    expect(page.earlyHints).toEqual([[["Link", "</style.css>; rel=preload; as=style"]]]);
    expect((await client.get("/style.css")).headers.get("Content-Type")).toBe("text/css; charset=utf-8");
  },
};

describe("Example", () => {
  test.each(Object.entries(examples))("%s", async (file, ask) => {
    const command = new Command([`examples/${file}`, "--bind", "127.0.0.1:0"], ROOT, {});
    const client = new TestClient(`http://127.0.0.1:${await command.port()}`);
    try {
      await ask(client, command);
    } finally {
      client.close();
      await command.stop();
    }
    expect(command.stderr).not.toContain("Error");
  });

  test("files are all asked here, and listed in the README", () => {
    const files = readdirSync(`${ROOT}examples`).filter((file) => file.endsWith(".ts"));
    expect(Object.keys(examples).toSorted()).toEqual(files.toSorted());
    const readme = readFileSync(`${ROOT}examples/README.md`, "utf8");
    for (const file of files) expect(readme).toContain(`[${file}](${file})`);
  });
});

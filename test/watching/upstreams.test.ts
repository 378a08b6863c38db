// What an operator sees of the servers behind, and of guests in other languages than Python.
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { Project } from "../cli-command.ts";
import { freePort } from "../free-port.ts";
import { interpreterWith } from "../needs.ts";
import { parsePrometheusText } from "./prometheus-parser.ts";
import { ask } from "./watched.ts";

interface Watched {
  readonly project: Project;
  readonly port: number;
  /** Values of a metric, by the values of its labels. */
  readonly metric: (name: string) => Promise<Readonly<Record<string, number>>>;
  readonly stats: string;
}

async function start(files: Record<string, string>, ...args: string[]): Promise<Watched> {
  const project = new Project(files);
  const command = project.start([...args, "-b", "127.0.0.1:0", "--stats", "127.0.0.1:0"]);
  onTestFinished(async () => {
    await command.stop();
    project.remove();
  });
  const port = await command.port();
  await command.saw("Statistics at");
  const stats = /Statistics at: (\S+)/.exec(command.stderr)?.[1] ?? "";
  const metric = async (name: string): Promise<Readonly<Record<string, number>>> => {
    const families = parsePrometheusText((await ask(stats, "/metrics")).body);
    const samples = families.flatMap((family) => family.samples).filter((sample) => sample.name === name);
    return Object.fromEntries(samples.map(({ labels, value }) => [Object.values(labels).join(" "), value]));
  };
  return { project, port, metric, stats };
}

async function backend(): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.url !== "/hold") response.end("ok");
    else response.write("first");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return server;
}

describe("tsgi_upstream_*", () => {
  test("counts by address what was asked, what failed and what is open, over the workers", async () => {
    const behind = await backend();
    const well = `http://127.0.0.1:${(behind.address() as AddressInfo).port}`;
    const dead = `http://127.0.0.1:${await freePort()}`;
    const config = `
[composite:main]
use = egg:tsgi#urlmap
/ = well
/dead = dead
/either = either
[app:well]
use = egg:tsgi#proxy
upstream = ${well}
max_connections = 1
queue_seconds = 1
[app:dead]
use = egg:tsgi#proxy
upstream = ${dead}
[app:either]
use = egg:tsgi#proxy
upstream = ${dead} ${well}
`;
    const { port, metric, stats } = await start({ "app.ini": config }, "app.ini");
    for (let count = 0; count < 3; count += 1) expect(await ask(port, "/")).toMatchObject({ status: 200 });
    expect(await ask(port, "/dead/x?token=hunter2")).toMatchObject({ status: 502 });
    // The first of the two addresses fails, the other answers.
    for (let count = 0; count < 2; count += 1) expect(await ask(port, "/either/")).toMatchObject({ status: 200 });
    await expect
      .poll(() => metric("tsgi_upstream_requests_total"), { timeout: 10_000 })
      .toEqual({ [well]: 5, [dead]: 2 });
    expect(await metric("tsgi_upstream_failures_total")).toEqual({ [well]: 0, [dead]: 2 });
    expect(await metric("tsgi_upstream_connects_total")).toEqual({ [well]: 2, [dead]: 2 });
    expect(await metric("tsgi_upstream_retries_total")).toEqual({ [well]: 0, [dead]: 0 });

    // One request has the only connection, the other waits for it until it gives up.
    const held = ask(port, "/hold").catch(() => null);
    await expect
      .poll(() => metric("tsgi_upstream_connections"), { timeout: 10_000 })
      .toMatchObject({ [`${well} active`]: 1 });
    const late = ask(port, "/");
    await expect
      .poll(async () => (await metric("tsgi_upstream_requests_queued"))[well], { timeout: 10_000, interval: 100 })
      .toBe(1);
    expect(await late).toMatchObject({ status: 504 });
    await expect
      .poll(() => metric("tsgi_upstream_requests_refused_total"), { timeout: 10_000 })
      .toEqual({ [well]: 1, [dead]: 0, [`${dead}, ${well}`]: 0 });
    const document = JSON.parse((await ask(stats, "/stats")).body) as { total: { upstreams: { addresses: object[] } } };
    expect(document.total.upstreams.addresses).toHaveLength(2);
    expect(JSON.stringify(document)).not.toContain("hunter2");
    behind.closeAllConnections();
    await held;
  });
});

const perl = interpreterWith("perl");

describe.skipIf(perl === undefined)("tsgi_guest_*", () => {
  test("tells the language, and calls nothing Python that is not", async () => {
    const hello = `sub { [200, ["Content-Type", "text/plain"], ["hello"]] };\n`;
    const config = "[app:main]\nuse = egg:tsgi#psgi\napp = app.psgi\nprocesses = 2\n";
    for (const target of ["app.psgi", "app.ini"]) {
      const { port, metric, project, stats } = await start({ "app.psgi": hello, "app.ini": config }, target);
      for (let count = 0; count < 3; count += 1) expect(await ask(port, "/")).toMatchObject({ body: "hello" });
      await expect.poll(() => metric("tsgi_guest_requests_total"), { timeout: 10_000 }).toEqual({ perl: 3 });
      const ready = target === "app.ini" ? 2 : 1;
      expect(await metric("tsgi_guest_processes")).toMatchObject({ "perl 1 ready": ready, "perl 1 starting": 0 });
      const text = (await ask(stats, "/metrics")).body;
      expect(text).not.toContain("tsgi_python");
      expect(text).toMatch(
        /^tsgi_guest_process_resident_memory_bytes\{language="perl",worker="1",pid="\d+"\} \d{6,}$/m,
      );
      expect((await project.run(["top", "--stats", stats])).stdout).toMatch(/^Perl: \d of \d processes ready/m);
    }
  });
});

// `tsgi --reload` while somebody edits: what the browser gets after each save, and what the terminal shows.
import { renameSync } from "node:fs";
import { get } from "node:http";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { type Command, Project } from "./cli-command.ts";

function source(word: string): string {
  return `import { mark } from "./mark.js";
    export const application = (environ: object, startResponse: Function) => {
      startResponse("200 OK", []); return [Buffer.from("${word}" + mark)]; };`;
}

const project = new Project({
  "app.ts": source("one"),
  "mark.ts": 'export const mark: string = "!";',
  "page.html": "",
  "notes.txt": "",
});
let running: Command | undefined;

afterEach(async () => {
  await running?.stop("SIGTERM");
  project.write("app.ts", source("one"));
});
afterAll(() => project.remove());

async function serve(...args: string[]): Promise<{ command: Command; port: number }> {
  const command = project.start(["app.ts", "--reload", "-b", "127.0.0.1:0", ...args]);
  running = command;
  return { command, port: await command.port() };
}

function body(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, agent: false }, (response) => {
      let text = "";
      response.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve(text));
    }).on("error", reject);
  });
}

describe("tsgi --reload", () => {
  test("serves each saved version on the same port, however the editor saves", async () => {
    const { command, port } = await serve();
    expect(await body(port)).toBe("one!");
    project.write("app.ts", source("two"));
    await command.saw("Listening at", 2);
    expect(await body(port)).toBe("two!");
    project.write("app.ts~", source("three"));
    renameSync(project.path("app.ts~"), project.path("app.ts"));
    await command.saw("Listening at", 3);
    expect(await body(port)).toBe("three!");
    project.write("mark.ts", 'export const mark: string = "?";');
    await command.saw("Listening at", 4);
    expect(await body(port)).toBe("three?");
    expect(command.stderr).toContain("[INFO] Reloading: mark.ts changed");
    project.write("mark.ts", 'export const mark: string = "!";');
    await command.saw("Listening at", 5);
    expect(await command.stop("SIGINT")).toMatchObject({ code: 0 });
  });

  test("says what is wrong with a broken version and waits for the next", async () => {
    const { command, port } = await serve();
    project.write("app.ts", "const = 1;\n");
    await command.saw("waiting for a change");
    expect(command.stderr).toMatch(/tsgi: Syntax error in .*app\.ts:1:\d+/);
    project.write("app.ts", "throw new Error('at load');\n");
    await command.saw("waiting for a change", 2);
    expect(command.stderr).toContain("threw while loading: Error: at load");
    project.write("app.ts", source("mended"));
    await command.saw("Listening at", 2);
    expect(await body(port)).toBe("mended!");
    expect(await command.stop()).toMatchObject({ code: 0 });
  });

  test("waits for a change also when the first version is broken", async () => {
    project.write("app.ts", "const = 1;\n");
    const broken = project.start(["app.ts", "--reload", "-b", "127.0.0.1:0"]);
    running = broken;
    await broken.saw("waiting for a change");
    project.write("app.ts", source("first"));
    expect(await body(await broken.port())).toBe("first!");
  });

  test("watches extra files when told to, and no others", async () => {
    const { command, port } = await serve("--reload-extra-file", "*.html");
    project.write("notes.txt", "not watched");
    project.write("page.html", "watched");
    await command.saw("Listening at", 2);
    expect(command.stderr).toContain("Reloading: page.html changed");
    expect(command.stderr).not.toContain("notes.txt");
    expect(await body(port)).toBe("one!");
  });

  test("ends with the code of what no edit can mend", async () => {
    running = undefined;
    expect(await project.run(["app.ts", "--reload", "-b", "192.0.2.1:80"])).toMatchObject({ code: 10 });
    expect(await project.run(["nope.ts", "--reload"])).toMatchObject({ code: 5 });
  });

  test("takes the serving process with it when it is killed", async () => {
    const { command, port } = await serve();
    await command.stop("SIGKILL");
    await expect(refused(port)).resolves.toBe(true);
  });
});

async function refused(port: number): Promise<boolean> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const answer = await body(port).catch(() => undefined);
    if (answer === undefined) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

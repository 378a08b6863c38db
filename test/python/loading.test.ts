// A process that still loads its application, or serves by itself, ends with the server: nothing else would ever end it.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { Project, type Command } from "../cli-command.ts";
import { eventually } from "./serve-python.ts";

let project: Project;
let command: Command | undefined;

afterEach(async () => {
  await command?.stop("SIGKILL");
  project.remove();
});

test.each([
  {
    name: "loads",
    script: "import time\nimport sys; print('busy', file=sys.stderr, flush=True)\nwhile True: time.sleep(60)",
  },
  {
    name: "serves by itself",
    script: `import http.server
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
import sys; print("busy", file=sys.stderr, flush=True)
server.serve_forever()`,
  },
])("a script that $name", async ({ script }) => {
  project = new Project({ "script.py": script });
  command = project.start(["script.py", "-b", "127.0.0.1:0"]);
  await command.saw("busy");
  expect(interpretersIn(project.directory)).toHaveLength(1);
  command.signal("SIGKILL");
  await eventually(() => interpretersIn(project.directory).length === 0, "the end of the interpreter");
});

/** The Python processes whose working directory this is. */
function interpretersIn(directory: string): number[] {
  return readdirSync("/proc").flatMap((name) => {
    try {
      const isOurs = /^\d+$/.test(name) && readlinkSync(`/proc/${name}/cwd`) === directory;
      return isOurs && readFileSync(`/proc/${name}/cmdline`, "utf8").includes("shim/__main__.py") ? [Number(name)] : [];
    } catch {
      return []; // it has ended meanwhile
    }
  });
}

// --python says that a module is Python's, whatever TypeScript files there are, and wherever Python finds it.
import { afterEach, beforeEach, expect, test } from "vitest";
import { Project, type Command } from "../cli-command.ts";
import { PYTHON, send } from "./serve-python.ts";

const answering = (text: string): string => `
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"${text}"]
`;

let project: Project;
let command: Command | undefined;

beforeEach(() => {
  project = new Project({
    "both.py": answering("python"),
    "both.ts": `export const application = (environ, startResponse) => {
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      return [Buffer.from("typescript")];
    };`,
    "elsewhere/shop/__init__.py": "",
    "elsewhere/shop/wsgi.py": answering("elsewhere"),
  });
});

afterEach(async () => {
  await command?.stop();
  command = undefined;
  project.remove();
});

test.each([
  { target: "both:application", options: [], text: "typescript" },
  { target: "both:application", options: ["--python", PYTHON], text: "python" },
  { target: "both", options: ["--python", PYTHON], text: "python" },
  { target: "both.ts:application", options: ["--python", PYTHON], text: "typescript" },
  { target: "shop.wsgi:application", options: ["--python", PYTHON], text: "elsewhere" },
  { target: "shop.wsgi:application", options: ["--python", PYTHON, "--reload"], text: "elsewhere" },
])("$target $options", async ({ target, options, text }) => {
  command = project.start([target, "-b", "127.0.0.1:0", ...options], { env: { PYTHONPATH: "elsewhere" } });
  expect((await send(await command.port(), "/")).text).toBe(text);
});

import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { addSettings, settingsFromCommand } from "../../server/settings/command-line.ts";
import { resolveSettings } from "../../server/settings/resolve.ts";
import { splitWords } from "../../server/settings/split-words.ts";
import type { Settings } from "../../server/settings/table.ts";
import { PLATFORMS } from "./platforms.ts";
import type { PlatformName } from "./platform-names.ts";
import type { Project } from "./project.ts";

const TYPESCRIPT: Project = {
  directory: "/srv/shop",
  name: "shop",
  target: 'shop.wsgi:make("a b", 2)',
  isPython: false,
  port: 8080,
  socket: null,
  user: "shop",
  gracefulTimeout: 20,
  lameDuckSeconds: 6,
  hasManifest: true,
  hasLockFile: true,
  dependsOnTsgi: true,
  pythonPackages: null,
};
const PYTHON = {
  ...TYPESCRIPT,
  isPython: true,
  hasManifest: false,
  hasLockFile: false,
  pythonPackages: "requirements.txt",
} as const;

function textOf(platform: PlatformName, path: string, project: Project = TYPESCRIPT): string {
  return PLATFORMS[platform].files(project).find((file) => file.path === path)?.text ?? "";
}

/** The words after the name of the command. */
function wordsOf(platform: PlatformName, project: Project): string[] {
  const line = (path: string, start: RegExp): string =>
    textOf(platform, path, project)
      .split("\n")
      .find((each) => start.test(each))
      ?.replace(start, "") ?? "";
  const words = {
    nginx: () => [],
    apache: () => [],
    lighttpd: () => [],
    caddy: () => [],
    systemd: () => splitWords(line("shop.service", /^ExecStart=/), "unit"),
    docker: () => JSON.parse(line("Dockerfile", /^ENTRYPOINT /)) as string[],
    kubernetes: () => ["tsgi", project.target, ...(JSON.parse(line("kubernetes.yaml", /^ +args: /)) as string[])],
    heroku: () => splitWords(line("Procfile", /^web: /), "Procfile"),
    appengine: () => splitWords(JSON.parse(line("app.yaml", /^entrypoint: /)) as string, "app.yaml"),
  }[platform]();
  return words.slice(words.findIndex((word) => /(?:^|\/)tsgi$/.test(word)) + 1);
}

async function settingsOf(words: readonly string[]): Promise<Settings & { readonly argument: string | undefined }> {
  const command = new Command("tsgi").argument("[target]").exitOverride();
  addSettings(command);
  command.parse(words, { from: "user" });
  const { settings } = await resolveSettings({
    commandLine: settingsFromCommand(command),
    environment: {},
    directory: "/nonexistent",
  });
  return { ...settings, argument: command.args[0] };
}

describe("the platforms", () => {
  test.each(["systemd", "docker", "kubernetes", "heroku", "appengine"] as const)(
    "%s starts the target, whatever it is called, with settings that exist",
    async (platform) => {
      const { argument, gracefulTimeout } = await settingsOf(wordsOf(platform, TYPESCRIPT));
      expect(argument).toBe(TYPESCRIPT.target);
      expect(gracefulTimeout).toBe(platform === "appengine" ? 8 : 20);
    },
  );

  test("what sends SIGKILL waits for the whole stop", async () => {
    expect(textOf("systemd", "shop.service")).toContain("TimeoutStopSec=36\n");
    const { lameDuckSeconds } = await settingsOf(wordsOf("kubernetes", TYPESCRIPT));
    expect(lameDuckSeconds).toBe(6);
    // preStop 5, lame duck 6, graceful 20, spare 5.
    expect(textOf("kubernetes", "kubernetes.yaml")).toContain("terminationGracePeriodSeconds: 36\n");
    expect((await settingsOf(wordsOf("heroku", { ...TYPESCRIPT, gracefulTimeout: 90 }))).gracefulTimeout).toBe(25);
  });

  test("where only the platform's own front end can reach the server, it is believed", async () => {
    for (const platform of ["heroku", "appengine"] as const) {
      expect((await settingsOf(wordsOf(platform, TYPESCRIPT))).forwardedAllowIps).toEqual(["*"]);
    }
    const socket = { ...TYPESCRIPT, socket: "/run/shop.sock" };
    expect((await settingsOf(wordsOf("systemd", socket))).forwardedAllowIps).toEqual(["unix"]);
  });

  test("the image serves the port on all interfaces and health on another", async () => {
    expect(await settingsOf(wordsOf("docker", PYTHON))).toMatchObject({
      bind: ["0.0.0.0:8080"],
      stats: "0.0.0.0:9100",
    });
  });

  test.each([
    [
      "requirements.txt",
      "COPY requirements.txt ./\nRUN python -m venv .venv && .venv/bin/pip install --no-cache-dir -r requirements.txt\n",
    ],
    ["pyproject.toml", "COPY . .\nRUN python -m venv .venv && .venv/bin/pip install --no-cache-dir .\n"],
  ] as const)("the image has the packages of %s", (file, lines) => {
    expect(textOf("docker", "Dockerfile", { ...PYTHON, pythonPackages: file })).toContain(lines);
  });

  test("no image is written where nothing says which packages it needs", () => {
    expect(() => PLATFORMS.docker.files({ ...PYTHON, pythonPackages: null })).toThrow(
      /expected requirements\.txt or pyproject\.toml \(pip freeze > requirements\.txt/,
    );
  });

  test("tsgi is there although package.json does not name it", () => {
    const project = { ...TYPESCRIPT, dependsOnTsgi: false };
    expect(textOf("docker", "Dockerfile", project)).toContain(
      "RUN npm ci --omit=dev\nRUN npm install --no-save tsgi\n",
    );
    expect(textOf("systemd", "shop.service", project)).toContain("ExecStart=/usr/local/bin/tsgi ");
    expect(textOf("heroku", "Procfile", project)).toContain("web: npx --yes tsgi ");
  });

  test("the unit reads secrets from a file that need not be there", () => {
    expect(textOf("systemd", "shop.service")).toContain("\nEnvironmentFile=-/etc/shop.env\n");
  });

  test("App Engine gets an image for Python", () => {
    expect(PLATFORMS.appengine.files(PYTHON).map(({ path }) => path)).toEqual([
      "app.yaml",
      "Dockerfile",
      ".dockerignore",
    ]);
    expect(textOf("appengine", "Dockerfile", PYTHON)).toContain("EXPOSE 8080\n");
  });

  test("every text ends with one line end and has no tab and no trailing blank", () => {
    const texts = Object.values(PLATFORMS).flatMap(({ files }) => [TYPESCRIPT, PYTHON].flatMap((each) => files(each)));
    const untidy = texts.filter(({ text }) => !/[^\n]\n$/.test(text) || /\t| $/m.test(text));
    expect(untidy).toEqual([]);
  });
});

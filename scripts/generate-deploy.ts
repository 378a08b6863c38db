// Puts the files that `tsgi init` writes into docs/deploy/: behind each line `<!-- tsgi init nginx: shop.conf -->` stands that file, for a
// project called shop. With --check only tells whether all are up to date (exit code 1 when not).
// `npm run generate` runs it.
import { readFileSync, readdirSync } from "node:fs";
import { type Platform, PLATFORMS } from "../src/cli/init/platforms.ts";
import type { Project } from "../src/cli/init/project.ts";
import { writeGenerated } from "./write-generated.ts";

const FOLDER = new URL("../docs/deploy/", import.meta.url);

const SHOP: Project = {
  directory: "/srv/shop",
  name: "shop",
  target: "app.ts",
  isPython: false,
  port: 8000,
  socket: null,
  user: "shop",
  gracefulTimeout: 30,
  lameDuckSeconds: null,
  hasManifest: true,
  hasLockFile: true,
  dependsOnTsgi: true,
  pythonPackages: null,
};

/** What an option in the marker changes. */
const VARIANTS: Readonly<Record<string, Partial<Project>>> = {
  "": {},
  "--socket /run/shop/http.sock": { socket: "/run/shop/http.sock" },
  "--target wsgi:application": {
    target: "wsgi:application",
    isPython: true,
    hasManifest: false,
    hasLockFile: false,
    dependsOnTsgi: false,
    pythonPackages: "requirements.txt",
  },
};

const MARKED = /(<!-- tsgi init (\w+)([^:\n]*?(?:--target wsgi:application)?): (\S+) -->\n\n?```(\w*)\n)[^]*?(\n?```)/g;

for (const name of readdirSync(FOLDER).filter((file) => file.endsWith(".md"))) {
  const before = readFileSync(new URL(name, FOLDER), "utf8");
  const after = before.replaceAll(MARKED, (_all, head: string, platform: string, variant: string, path: string) => {
    return `${head}${fileText(platform, variant.trim(), path)}\`\`\``;
  });
  writeGenerated(`docs/deploy/${name}`, after);
}

function fileText(name: string, variant: string, path: string): string {
  const platforms: Readonly<Record<string, Platform>> = PLATFORMS;
  const platform = platforms[name];
  const changes = VARIANTS[variant];
  const file =
    changes === undefined ? undefined : platform?.files({ ...SHOP, ...changes }).find((each) => each.path === path);
  if (file === undefined)
    throw new Error(`"tsgi init ${name} ${variant}" writes no ${path}; expected what docs/deploy names`);
  return file.text;
}

// The picture of the rooms: every arrow points down, or there is no picture.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterEach, expect, test } from "vitest";

const { drawArchitecture } = (await import(
  fileURLToPath(new URL("../scripts/generate-architecture.mjs", import.meta.url))
)) as { drawArchitecture: (src: string) => string };

interface Box {
  readonly name: string;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const folders: string[] = [];

function makeSources(files: Record<string, string>): string {
  const src = mkdtempSync(join(tmpdir(), "tsgi-picture-"));
  folders.push(src);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(src, path)), { recursive: true });
    writeFileSync(join(src, path), text);
  }
  return src;
}

function boxesOf(picture: string): Box[] {
  const pattern = /<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"[^>]*>\s*<text[^>]*>([^<]+)/g;
  return [...picture.matchAll(pattern)].map(([, x, y, width, height, name = ""]) => ({
    name,
    left: Number(x),
    top: Number(y),
    right: Number(x) + Number(width),
    bottom: Number(y) + Number(height),
  }));
}

/** Where each arrow begins and ends. */
function arrowsOf(picture: string): { from: number; to: number }[] {
  return [...picture.matchAll(/class="arrow" d="M[\d.]+ ([\d.]+)[^"]*[ V]([\d.]+)"/g)].map(([, from, to]) => ({
    from: Number(from),
    to: Number(to),
  }));
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

test("the picture of the sources has no arrow upwards, and no box on another", () => {
  const picture = drawArchitecture(fileURLToPath(new URL("../src", import.meta.url)));
  const boxes = boxesOf(picture);
  expect(boxes.map(({ name }) => name)).toEqual(expect.arrayContaining(["wsgi", "server", "arbiter", "worker", "cli"]));
  const arrows = arrowsOf(picture);
  expect(arrows.length).toBeGreaterThan(20);
  expect(arrows.filter(({ from, to }) => from >= to)).toEqual([]);
  const isApart = (a: Box, b: Box) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
  const isAround = (a: Box, b: Box) => a.left < b.left && a.right > b.right && a.top < b.top && a.bottom > b.bottom;
  const clashes = boxes.flatMap((a, index) =>
    boxes.slice(index + 1).filter((b) => !isApart(a, b) && !isAround(a, b) && !isAround(b, a)),
  );
  expect(clashes).toEqual([]);
});

test("an arrow that follows from others is left out", () => {
  const picture = drawArchitecture(
    makeSources({
      "wsgi/a.ts": "",
      "deploy/b.ts": `import "../wsgi/a.ts";`,
      "middleware/writing/c.ts": `import "../../deploy/b.ts"; import "../../wsgi/a.ts";`,
    }),
  );
  expect(arrowsOf(picture)).toHaveLength(2);
});

test("an import upwards is an error that names both rooms", () => {
  const files = { "wsgi/a.ts": `import "../deploy/b.ts";`, "deploy/b.ts": "" };
  expect(() => drawArchitecture(makeSources(files))).toThrow(`"wsgi" imports "deploy", expected a room below it`);
});

test("an import upwards inside of a room is an error, too", () => {
  const files = { "server/channel/a.ts": `import "../arbiter/b.ts";`, "server/arbiter/b.ts": "" };
  expect(() => drawArchitecture(makeSources(files))).toThrow(`"channel" imports "arbiter", expected a room below it`);
});

// The page of errors, docs/errors.md, as `tsgi explain` reads it: a part of the package, so that no network is needed.
import { readFileSync } from "node:fs";

const LINK = /\[([^\]]*)\]\(([^)\s]+)\)/g;

/** The sections of the page by code, as text for a terminal. */
export function errorSections(): ReadonlyMap<string, string> {
  const page = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");
  const sections = page.split(/^## /m).slice(1);
  return new Map(
    sections.map((section): [string, string] => {
      const [code = ""] = section.split("\n", 1);
      return [code, section.slice(code.length).trim().replaceAll(LINK, "$1")];
    }),
  );
}

// `node scripts/readme-elsewhere.mjs ADDRESS`: rewrites README.md for the pages of npm and PyPI, before packages are made of it for a release.
// ADDRESS is where the files of the repository are read, such as https://github.com/OWNER/NAME/blob/v1.2.0.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { ROOT } from "./project.mjs";

/**
 * The README for a page that has no other files: its links and pictures lead to the repository, or links become text and pictures go.
 *
 * @param {string} text
 * @param {string | undefined} home - address of the repository's files
 * @returns {string}
 */
export function readmeElsewhere(text, home) {
  const isHere = /^(?!https?:|#)/;
  // GitHub shows a page about a file below /blob/, and the file itself below /raw/.
  const pictures = home?.replace("/blob/", "/raw/");
  return text
    .replaceAll(
      /!\[([^\]]*)\]\(([^)\s]+)\)(\n*)/g,
      (all, /** @type {string} */ label, /** @type {string} */ link, space) => {
        if (!isHere.test(link)) return all;
        return pictures === undefined ? "" : `![${label}](${pictures}/${link})${space}`;
      },
    )
    .replaceAll(
      /(?<!!)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g,
      (all, /** @type {string} */ label, /** @type {string} */ link) => {
        if (!isHere.test(link)) return all;
        return home === undefined ? label : `[${label}](${home}/${link})`;
      },
    );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [, , home = ""] = process.argv;
  if (!/^https:\/\/\S+[^/]$/.test(home))
    throw new Error(`Expected the address of the repository's files, not "${home}"`);
  const path = join(ROOT, "README.md");
  writeFileSync(path, readmeElsewhere(readFileSync(path, "utf8"), home));
}

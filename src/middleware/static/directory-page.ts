// A page that lists a directory. Every name is escaped for where it stands: in the address by percent-encoding, in the text as HTML.
// Source: Rack's Directory and its advisories on names that become markup.
import { readdir } from "node:fs/promises";
import { decodeNative } from "../../wsgi/native-string.ts";
import { escapeHtml } from "../writing/answer.ts";

const MAX_ENTRIES = 10_000;

/**
 * Draws the page.
 *
 * @param directory - in the file system
 * @param path - of the request, a native string, shown as the title
 * @param showsDotfiles - whether names that begin with a dot are listed
 */
export async function directoryPage(directory: string, path: string, showsDotfiles: boolean): Promise<string> {
  const entries = (await readdir(directory, { withFileTypes: true }))
    .filter(({ name }) => showsDotfiles || !name.startsWith("."))
    .map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }))
    .toSorted((a, b) => Number(b.isDirectory) - Number(a.isDirectory) || (a.name < b.name ? -1 : 1));
  const shown = entries.slice(0, MAX_ENTRIES).map(({ name, isDirectory }) => item(isDirectory ? `${name}/` : name));
  if (entries.length > MAX_ENTRIES) shown.push(`<li>… and ${entries.length - MAX_ENTRIES} more</li>`);
  if (path !== "/") shown.unshift('<li><a href="../">../</a></li>');
  const title = `Index of ${escapeHtml(decodeNative(path))}`;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><h1>${title}</h1><ul>\n${shown.join("\n")}\n</ul></html>\n`;
}

/** The `./` keeps a name with a colon from being read as a scheme. */
function item(name: string): string {
  return `<li><a href="./${encodeURIComponent(name).replace(/%2F$/, "/").replaceAll("'", "%27")}">${escapeHtml(name)}</a></li>`;
}

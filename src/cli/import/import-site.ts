// Imports the configuration of a web server as an INI file.
import { basename, resolve } from "node:path";
import { UsageError } from "../errors.ts";
import { readApache } from "./apache-file.ts";
import { translateApache } from "./apache-site.ts";
import { readNginx } from "./nginx-file.ts";
import { translateNginx } from "./nginx-site.ts";
import { readText } from "./read-text.ts";
import { SiteDraft } from "./site-draft.ts";

/** The kinds of web servers. */
export type SiteKind = "nginx" | "apache";

/** Which web server a file is for, by its name and then by what stands in it; null for none. */
export function siteKindOf(file: string, text: string): SiteKind | null {
  if (basename(file) === "nginx.conf") return "nginx";
  if (/^[^\S\n]*(?:<VirtualHost|WSGI\w+\s|ProxyPass\s|LoadModule\s|ScriptAlias\s)/im.test(text)) return "apache";
  return /^[^\S\n]*(?:server|location\s[^{\n]*|upstream\s+\S+|http)\s*\{/m.test(text) ? "nginx" : null;
}

/**
 * Translates a file.
 *
 * @throws FileUnusableError when it cannot be read, UsageError when it mounts nothing
 */
export function importSite(file: string, kind: SiteKind, directory: string): { draft: SiteDraft; config: string } {
  const path = resolve(directory, file);
  const draft = new SiteDraft();
  const text = readText(path);
  if (kind === "nginx") translateNginx(readNginx(text, path), draft);
  else translateApache(readApache(text, path), draft);
  if (draft.isEmpty) throw new UsageError(`Cannot import ${file}: it names nothing that TSGI can serve`);
  return { draft, config: draft.render(basename(file)) };
}

// Imports the configuration of another server: reads it, translates it, writes the result.
import { existsSync } from "node:fs";
import { basename, extname, isAbsolute, join, relative, resolve } from "node:path";
import { isIniTarget, parseIniTarget } from "../../server/loading/ini-target.ts";
import { isPythonTarget } from "../../server/loading/is-python-target.ts";
import { UsageError } from "../errors.ts";
import { isTaken, writeOutput } from "../write-output.ts";
import { warmDjangoUp } from "./django.ts";
import { Draft } from "./draft.ts";
import { translateGunicornStart } from "./gunicorn-start.ts";
import { importSite, siteKindOf, type SiteKind } from "./import-site.ts";
import { readProcfile } from "./procfile.ts";
import { translatePuma } from "./puma-settings.ts";
import { readText } from "./read-text.ts";
import { renderConfig, renderRemarks } from "./render-config.ts";
import { evaluateRubyFile } from "./ruby-file.ts";
import { translateUnicorn } from "./unicorn-settings.ts";
import { readUwsgiFile } from "./uwsgi-file.ts";
import { withPasteFiles } from "./uwsgi-ini.ts";
import { translateUwsgiStart } from "./uwsgi-start.ts";
import { translateUwsgi } from "./uwsgi-settings.ts";

/** The kinds of files. */
export const IMPORT_KINDS = ["gunicorn", "uwsgi", "puma", "unicorn", "procfile", "nginx", "apache"] as const;

/** A kind of file. */
export type ImportKind = (typeof IMPORT_KINDS)[number];

/** Options of `tsgi import`. */
export interface ImportOptions {
  /** @default by the name of the file */
  readonly from?: ImportKind;
  /** @default standard output */
  readonly output?: string;
  readonly force?: boolean;
}

/** What an import gives. */
export interface Imported {
  /** The configuration file. */
  readonly config: string;
  /** What is to be said about it. */
  readonly remarks: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Imports a file; writes the result when the options name a file for it.
 *
 * @param directory - in which the other server would be started
 * @throws UsageError when the kind is not known or the result exists already, FileUnusableError when a file cannot be used
 */
export function importFile(
  file: string,
  options: ImportOptions,
  directory: string,
  environment: Environment,
): Imported {
  const { output } = options;
  const kind = options.from ?? kindOf(file, directory);
  const form = output === undefined ? "json" : formOf(output, kind);
  if (output !== undefined && options.force !== true && isTaken(resolve(directory, output))) {
    throw new UsageError(`Cannot write ${output}: already there; give --force to overwrite`);
  }
  const imported = translate(file, kind, form, directory, environment);
  if (output !== undefined) writeOutput(resolve(directory, output), imported.config, options.force === true);
  return imported;
}

function translate(
  file: string,
  kind: ImportKind,
  form: "json" | "ts",
  directory: string,
  environment: Environment,
): Imported {
  if (isSite(kind)) {
    const { draft, config } = importSite(file, kind, directory);
    return { config, remarks: renderRemarks(draft, basename(file)) };
  }
  const draft = draftOf(file, kind, directory, environment);
  return { config: renderConfig(draft, form), remarks: renderRemarks(draft, basename(file)) };
}

function isSite(kind: ImportKind): kind is SiteKind {
  return kind === "nginx" || kind === "apache";
}

/**
 * Translates a file.
 *
 * @throws UsageError or FileUnusableError when it cannot be read
 */
export function draftOf(
  file: string,
  kind: Exclude<ImportKind, SiteKind>,
  directory: string,
  environment: Environment,
): Draft {
  const path = resolve(directory, file);
  const draft = new Draft();
  if (kind === "uwsgi") {
    const options = withPasteFiles(readUwsgiFile(path, directory, environment), path, directory, environment);
    translateUwsgi(options, draft, directory);
  } else if (kind === "gunicorn") translateGunicornStart({ file: path, words: [] }, draft, directory, environment);
  else if (kind === "puma") translatePuma(evaluateRubyFile(path, directory, environment), draft, environment);
  else if (kind === "unicorn") translateUnicorn(evaluateRubyFile(path, directory, environment), draft, environment);
  else importProcfile(path, draft, directory, environment);
  finishDraft(draft, directory);
  return draft;
}

/** Looks at the application that a draft names: whether it is there, and what it needs. */
export function finishDraft(draft: Draft, directory: string): void {
  checkTarget(draft, directory);
  warmDjangoUp(draft, directory);
}

function kindOf(file: string, directory: string): ImportKind {
  const name = basename(file);
  if (/^procfile/i.test(name)) return "procfile";
  if (name.endsWith(".py")) return "gunicorn";
  if (/unicorn[^/]*\.rb$/.test(name)) return "unicorn";
  if (name === "puma.rb" || /(?:^|\/)puma\/[^/]+\.rb$/.test(file)) return "puma";
  if (/\.(?:ini|ya?ml|xml)$/.test(name) || /^uwsgi.*\.json$/.test(name)) return "uwsgi";
  const site = name.endsWith(".conf") ? siteKindOf(file, readText(resolve(directory, file))) : null;
  if (site !== null) return site;
  throw new UsageError(
    `Cannot tell what kind of file "${file}" is: expected gunicorn.conf.py, uwsgi.ini, puma.rb, unicorn.rb, Procfile, nginx.conf or Apache's, or --from ${IMPORT_KINDS.join("|")}`,
  );
}

function formOf(output: string, kind: ImportKind): "json" | "ts" {
  const extension = extname(output);
  if (isSite(kind)) {
    if (extension === ".ini") return "json";
    throw new UsageError(`Cannot write ${output}: expected a name that ends in .ini, for what a web server serves`);
  }
  if (extension === ".json") return "json";
  if ([".ts", ".mts", ".js", ".mjs"].includes(extension)) return "ts";
  throw new UsageError(`Cannot write ${output}: expected a name that ends in .json, .ts or .js`);
}

function importProcfile(path: string, draft: Draft, directory: string, environment: Environment): void {
  const { server, words, directory: below, variables } = readProcfile(readText(path), draft);
  const place = below === undefined ? directory : resolve(directory, below);
  for (const [name, value] of variables) {
    if (name !== "GUNICORN_CMD_ARGS") draft.add("env", `${name}=${value}`, `${name}=${value}`);
  }
  const seen = { ...environment, ...Object.fromEntries(variables) };
  if (server === "gunicorn") translateGunicornStart({ words }, draft, place, seen);
  else translateUwsgiStart(words, draft, place, seen);
  if (below === undefined) return;
  // The directory that the server changes to itself is relative to the one that it is started in.
  const further = draft.text("chdir") ?? "";
  draft.set("chdir", isAbsolute(further) ? further : join(below, further), `cd ${below}`);
}

/** Says when the target is not where the server looks for it. */
function checkTarget(draft: Draft, directory: string): void {
  const target = draft.text("target");
  if (target === undefined) {
    draft.missing("the application", "the file does not name one; set target, or name it on the command line");
    return;
  }
  const base = resolve(directory, draft.text("chdir") ?? "");
  const { file } = isIniTarget(target) ? parseIniTarget(target, base) : { file: null };
  if (file !== null) {
    if (!existsSync(resolve(base, file))) draft.changed(`target = ${target}`, "no such file is there");
  } else if (target.endsWith(".ru")) {
    if (!existsSync(resolve(base, target))) draft.changed(`target = ${target}`, "no such file is there");
  } else if (!isIniTarget(target) && /^[\w.]+(?::|$)/.test(target) && !/\.py(?::|$)/.test(target)) {
    if (!isPythonTarget(target, null, base)) {
      draft.changed(
        `target = ${target}`,
        `no such Python module is in ${shortPath(base, directory)}; where it is elsewhere, name its file (path/app.py:attribute)`,
      );
    }
  }
}

function shortPath(path: string, directory: string): string {
  const short = relative(directory, path);
  return short === "" ? "this directory" : short.startsWith("..") || isAbsolute(short) ? path : short;
}

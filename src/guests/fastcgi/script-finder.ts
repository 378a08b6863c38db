// Finds the script that a path means below a root, as PHP wants it told: an existing file, chosen here. What comes behind the script is
// PATH_INFO; nothing is ever guessed from it (PHP's `cgi.fix_pathinfo` ran uploaded pictures that way).
import { realpathSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import { OptionError } from "../../deploy/option-error.ts";
import { ownText } from "../../http/own-text.ts";
import { decodeNative, encodeNative } from "../../wsgi/native-string.ts";

/** Where scripts are. */
export interface ScriptOptions {
  /** The directory whose files the paths name. */
  readonly root: string;
  /** The script of a path that ends with a slash. @default "index.php" */
  readonly index?: string;
  /** The script, below the root, for every path that names none: a front controller. @default such paths are 404 */
  readonly script?: string;
  /** The ending of scripts. @default ".php" */
  readonly extension?: string;
  /** The root is on another machine, so that nothing of it can be looked at: the upstream must check that a script exists. @default false */
  readonly remote?: boolean;
  /** Whether a script may be a symbolic link that leads out of the root. @default false */
  readonly symlinks?: boolean;
}

/** A script, and what the path says beside it. All are native strings. */
export interface FoundScript {
  /** Its part of the path, from the root: `/a/index.php`. */
  readonly name: string;
  readonly file: string;
  /** The rest of the path; may be empty. */
  readonly pathInfo: string;
}

/** How long a script that was found, or was not, is believed to be there, or not, in milliseconds. */
const REMEMBERED_MILLISECONDS = 1000;
const MAX_REMEMBERED = 1000;

/** Finds scripts. */
export class ScriptFinder {
  /** DOCUMENT_ROOT, a native string. */
  readonly documentRoot: string;
  readonly #root: string;
  readonly #index: string;
  readonly #frontController: string | null;
  readonly #pattern: RegExp;
  readonly #isRemote: boolean;
  readonly #maySymlinksLeave: boolean;
  readonly #remembered = new Map<string, { readonly file: string | null; readonly until: number }>();

  /** @throws OptionError when the root is no directory, or another option is wrong */
  constructor(options: ScriptOptions) {
    const { root, index = "index.php", script, extension = ".php", remote = false, symlinks = false } = options;
    if (!root.startsWith("/")) throw new OptionError(`Option "root" is "${root}"; expected an absolute path`);
    if (!/^\.\w+$/.test(extension))
      throw new OptionError(`Option "extension" is "${extension}"; expected an ending such as ".php"`);
    if (!isPlainPath(`/${index}`) || index.includes("/"))
      throw new OptionError(`Option "index" is "${index}"; expected the name of a file`);
    const front = script === undefined ? null : `/${script.replace(/^\//, "")}`;
    if (front !== null && !isPlainPath(front))
      throw new OptionError(`Option "script" is "${script ?? ""}"; expected the path of a file below the root`);
    this.#isRemote = remote;
    this.#maySymlinksLeave = symlinks;
    this.#root = remote ? root.replace(/(?<=.)\/+$/, "") : realRoot(root);
    this.documentRoot = encodeNative(this.#root);
    this.#index = encodeNative(index);
    this.#frontController = front === null ? null : encodeNative(front);
    // The first segment with the ending: what stands behind it cannot be another script.
    this.#pattern = new RegExp(String.raw`^((?:/[^/]*)*?/[^/]*${extension.replace(".", String.raw`\.`)})(/.*)?$`, "s");
  }

  /**
   * Finds the script of a path.
   *
   * @param path - PATH_INFO
   * @param now - of a clock that only goes forward, in milliseconds
   * @returns null when there is none; `slash` when the path is a directory with an index, and lacks only its slash
   */
  find(path: string, now: number = performance.now()): FoundScript | "slash" | null {
    if (!isPlainPath(path)) return null;
    const [, name, pathInfo = ""] = this.#pattern.exec(path) ?? [];
    if (name !== undefined) {
      const found = this.#script(name, pathInfo, now);
      if (found !== null) return found;
    } else if (path === "" || path.endsWith("/")) {
      const found = this.#script(`${path === "" ? "/" : path}${this.#index}`, "", now);
      if (found !== null) return path === "" ? "slash" : found;
    } else if (!this.#isRemote && this.#script(`${path}/${this.#index}`, "", now) !== null) return "slash";
    return this.#frontController === null ? null : this.#script(this.#frontController, "", now);
  }

  #script(name: string, pathInfo: string, now: number): FoundScript | null {
    if (this.#isRemote) return { name, file: this.documentRoot + name, pathInfo };
    const known = this.#remembered.get(name);
    if (known !== undefined && known.until > now) return scriptAt(name, known.file, pathInfo);
    const found = this.#lookUp(decodeNative(name));
    const file = found === null ? null : encodeNative(found);
    this.#remembered.delete(name);
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(ownText(name), { file, until: now + REMEMBERED_MILLISECONDS });
    return scriptAt(name, file, pathInfo);
  }

  #lookUp(name: string): string | null {
    try {
      const path = join(this.#root, name);
      // First, because most paths of a front controller name nothing, and an error costs ten times what this does.
      if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return null;
      const file = realpathSync.native(path);
      const isInside = this.#maySymlinksLeave || file.startsWith(this.#root === sep ? sep : this.#root + sep);
      return isInside && statSync(file).isFile() ? file : null;
    } catch {
      return null;
    }
  }
}

function scriptAt(name: string, file: string | null, pathInfo: string): FoundScript | null {
  return file === null ? null : { name, file, pathInfo };
}

/** Whether a path has no control characters, and no segment that is hidden or leads upwards. */
function isPlainPath(path: string): boolean {
  return !/[\0-\x1f\x7f]|(?:^|[/\\])\./.test(path);
}

function realRoot(root: string): string {
  try {
    const real = realpathSync(root);
    if (statSync(real).isDirectory()) return real;
  } catch {
    // The message is the same.
  }
  throw new OptionError(
    `Option "root" is "${root}", where no directory is; with "remote" it can be one of another machine`,
  );
}

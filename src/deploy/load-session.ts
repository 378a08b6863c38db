// What one load of a configuration shares: files already read, warnings, and how deep references have led.
import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import type { DeployWarning } from "./context.ts";
import { didYouMeanFile } from "../nearest-file.ts";
import { DeployError, describePlace, type Place } from "./errors.ts";
import { parseIni, type IniFile } from "./ini.ts";
import { SectionIndex } from "./section-index.ts";

/** How deep sections may refer to sections before that counts as a circle. */
export const MAX_REFERENCES = 100;

/** Called once for each warning. */
export type WarningListener = (warning: DeployWarning) => void;

/** Sends a warning to Node's own warning channel (`process.on("warning")`; on stderr by default). */
export function emitDeployWarning(warning: DeployWarning): void {
  process.emitWarning(warning.message + describePlace(warning), { type: "DeployWarning", code: "TSGI_DEPLOY_IGNORED" });
}

/** The state of one load. */
export class LoadSession {
  readonly warnings: DeployWarning[] = [];
  readonly #onWarning: WarningListener;
  readonly #files = new Map<string, IniFile>();
  readonly #indexes = new Map<IniFile, SectionIndex>();
  readonly #trail: string[] = [];
  readonly #warned = new Set<string>();

  constructor(onWarning: WarningListener = emitDeployWarning) {
    this.#onWarning = onWarning;
  }

  /**
   * Reads and parses a file, once.
   *
   * @throws {DeployError} when it cannot be read, is not UTF-8, or breaks the grammar
   */
  readFile(path: string, place: Place): IniFile {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const file = parseIni(readText(path, place), path);
    this.#files.set(path, file);
    return file;
  }

  /** The sections of a file by their names, put in order once. */
  index(file: IniFile): SectionIndex {
    const known = this.#indexes.get(file);
    if (known !== undefined) return known;
    const index = new SectionIndex(file);
    this.#indexes.set(file, index);
    return index;
  }

  /** Records a warning and tells the listener, unless the same was said before. */
  warn(message: string, place: Place): void {
    const identity = `${message}\0${place.file ?? ""}\0${place.line ?? ""}`;
    if (this.#warned.has(identity)) return;
    this.#warned.add(identity);
    const warning = { ...place, message };
    this.warnings.push(warning);
    this.#onWarning(warning);
  }

  /**
   * Follows one reference from section to section.
   *
   * @throws {DeployError} when references lead deeper than {@link MAX_REFERENCES}
   */
  follow<T>(label: string, place: Place, resolve: () => T): T {
    this.#trail.push(label);
    try {
      if (this.#trail.length > MAX_REFERENCES) throw circle(this.#trail, place);
      return resolve();
    } finally {
      this.#trail.pop();
    }
  }
}

function circle(trail: readonly string[], place: Place): DeployError {
  const last = trail[trail.length - 1] ?? "";
  const start = trail.lastIndexOf(last, -2);
  const loop = start === -1 ? trail.slice(-4) : trail.slice(start);
  const what = `Sections refer to each other in a circle: ${loop.join(" → ")}; expected a chain that ends`;
  return new DeployError("ERR_TSGI_DEPLOY_CYCLE", what, place);
}

function readText(path: string, place: Place): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    const reason = isMissing
      ? `no such file${didYouMeanFile(path)}`
      : error instanceof Error
        ? error.message
        : String(error);
    const what = `Cannot read the configuration file "${path}": ${reason}`;
    throw new DeployError("ERR_TSGI_DEPLOY_FILE", what, place, { cause: error, ...(isMissing ? { exitCode: 5 } : {}) });
  }
  if (isUtf8(bytes)) return bytes.toString("utf8");
  const what = `The configuration file "${path}" is not valid UTF-8`;
  throw new DeployError("ERR_TSGI_DEPLOY_FILE", what, { file: path });
}

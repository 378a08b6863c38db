// Checks a configuration file as a whole: every section that describes an object is resolved, and its factories are found.
import { resolve } from "node:path";
import type { Context } from "./context.ts";
import { ObjectBuilder } from "./create.ts";
import { DeployError, describePlace, type Place } from "./errors.ts";
import type { IniFile, IniSection } from "./ini.ts";
import { callerValues, type LoadOptions } from "./load.ts";
import { nearestName } from "../nearest-name.ts";
import { ALL_PREFIXES, SECTION_PREFIXES, splitSectionName, type ObjectType } from "./object-type.ts";
import { strip } from "./python-text.ts";
import { openConfig } from "./resolve-uri.ts";
import { LoadSession } from "./load-session.ts";
import { flatten, treeOf } from "./tree.ts";

/** A mistake (error) or something suspicious (warning) in a file. */
export interface ConfigProblem extends Place {
  readonly level: "error" | "warning";
  readonly message: string;
}

/** Options of {@link checkConfig}. */
export interface CheckOptions extends Pick<LoadOptions, "globalConf" | "guests"> {
  /** Whether modules are imported to find the factories (only TSGI's own filters are called). @default true */
  readonly isImporting?: boolean;
}

/**
 * Checks every section of a file.
 *
 * @param path - of the file, absolute or relative to the working directory
 * @returns problems in the order of finding; empty when all is well
 */
export async function checkConfig(path: string, options: CheckOptions = {}): Promise<ConfigProblem[]> {
  const problems = new Problems();
  const session = new LoadSession((warning) => problems.add({ ...warning, level: "warning" }));
  const globals = callerValues(options.globalConf);
  const builder = new ObjectBuilder(options.guests ?? []);
  await problems.collect(async () => {
    const loader = openConfig(session, resolve(path), globals, {});
    for (const [hidden, by] of loader.index.hidden()) {
      problems.warn(
        `Section [${hidden.name}] is hidden by [${by.name}] on line ${by.line}`,
        placeOf(loader.file, hidden),
      );
    }
    for (const section of loader.file.sections.values()) {
      const described = describes(section);
      if (described === null) {
        warnUnknown(loader.file, section, problems);
        continue;
      }
      await problems.collect(async () => {
        const { wanted, name } = described;
        const context = loader.resolve(wanted, name, globals, placeOf(loader.file, section));
        for (const node of flatten(treeOf(context))) {
          for (const error of node.errors) problems.addError(error);
          if (options.isImporting !== false && isImported(node.context, context, node.mount)) {
            await problems.collect(() => builder.check(node.context));
          }
        }
      });
    }
  });
  return problems.list;
}

/** Formats problems as text, one per line; says so if there are none. */
export function formatProblems(problems: readonly ConfigProblem[]): string {
  if (problems.length === 0) return "No problems found";
  return problems.map(({ level, message }) => `${level}: ${message}`).join("\n");
}

class Problems {
  readonly list: ConfigProblem[] = [];
  readonly #seen = new Set<string>();

  add(problem: ConfigProblem): void {
    const hasPlace = problem.level === "error";
    const message = hasPlace ? problem.message : problem.message + describePlace(problem);
    if (this.#seen.has(message)) return;
    this.#seen.add(message);
    this.list.push({ ...problem, message });
  }

  warn(message: string, place: Place): void {
    this.add({ ...place, level: "warning", message });
  }

  addError(error: DeployError): void {
    const { file, line, column, section, key, message } = error;
    const place = Object.fromEntries(
      Object.entries({ file, line, column, section, key }).filter(([, value]) => value !== undefined),
    ) as Place;
    this.add({ ...place, level: "error", message });
  }

  /** Runs a step; a mistake in the configuration becomes a problem, anything else is thrown. */
  async collect(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      if (!(error instanceof DeployError)) throw error;
      this.addError(error);
    }
  }
}

/**
 * Checking goes through the parts of a node by itself, but not through mounts. The server of a package is left out: the command
 * takes only the settings of such a section, and serves by itself.
 */
function isImported(context: Context, root: Context, mount: string | null): boolean {
  const isForeignServer = context.wanted === "server" && context.kind === "factory" && context.reference.kind === "egg";
  return !isForeignServer && (context === root || mount !== null);
}

function describes(section: IniSection): { wanted: ObjectType; name: string | null } | null {
  const parts = splitSectionName(section.name);
  if (parts === null) return null;
  const types = Object.keys(SECTION_PREFIXES) as ObjectType[];
  const wanted = types.find((type) => SECTION_PREFIXES[type].flat().includes(parts.prefix));
  return wanted === undefined ? null : { wanted, name: parts.name === null ? null : strip(parts.name) };
}

/** Other programs keep sections in the same file; only what looks like a slip of the pen is worth a word. */
function warnUnknown(file: IniFile, section: IniSection, problems: Problems): void {
  if (section.name.toLowerCase() === "default") {
    problems.warn(`Section [${section.name}] is an ordinary section; expected [DEFAULT]`, placeOf(file, section));
  }
  const colon = section.name.indexOf(":");
  const nearest = colon === -1 ? undefined : nearestName(section.name.slice(0, colon), ALL_PREFIXES);
  if (nearest !== undefined) {
    const message = `Section [${section.name}] is ignored; did you mean [${nearest}${section.name.slice(colon)}]`;
    problems.warn(message, placeOf(file, section));
  }
}

function placeOf(file: IniFile, section: IniSection): Place {
  return { file: file.path, line: section.line, section: section.name };
}

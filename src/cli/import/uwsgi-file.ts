// Reads a configuration file of uWSGI by its ending: INI, YAML, JSON or XML. The last three are read as far as uWSGI's own simple
// readers of them go: one section of options, a list where an option repeats. Source: uWSGI's documentation, "Configuring uWSGI".
import { resolve } from "node:path";
import { messageOf } from "../../server/errors.ts";
import { FileUnusableError } from "../errors.ts";
import { readText } from "./read-text.ts";
import { readUwsgiIni, readUwsgiLines, type UwsgiOption } from "./uwsgi-ini.ts";
import { readUwsgiXml } from "./uwsgi-xml.ts";
import { readUwsgiYaml } from "./uwsgi-yaml.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** An option as a line of INI would have it. */
type Pair = readonly [key: string, value: string];

const SECTION = "uwsgi";
const READERS: ReadonlyMap<string, (text: string, section: string) => Pair[] | undefined> = new Map([
  ["json", readJson],
  ["js", readJson],
  ["yaml", readUwsgiYaml],
  ["yml", readUwsgiYaml],
  ["xml", readUwsgiXml],
]);

/**
 * Reads a file.
 *
 * @param named - its path, and after a colon the section if it is another than `uwsgi`
 * @param directory - that the path is relative to
 * @param environment - for `$(NAME)`
 * @param placeholders - for `%(NAME)`, which a command line has set
 * @throws FileUnusableError when it cannot be read, or has no such section
 */
export function readUwsgiFile(
  named: string,
  directory: string,
  environment: Environment,
  placeholders: ReadonlyMap<string, string> = new Map(),
): UwsgiOption[] {
  const [, name = named, section = SECTION] = /^(.+?\.\w+)(?::([\w-]+))?$/.exec(named) ?? [];
  const path = resolve(directory, name);
  const reader = READERS.get(/\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? "");
  if (reader === undefined) return readUwsgiIni(path, environment, section, placeholders);
  let pairs: Pair[] | undefined;
  try {
    pairs = reader(readText(path), section);
  } catch (error) {
    if (error instanceof FileUnusableError) throw error;
    // V8 quotes the file in its own message, with its line feeds.
    const why = messageOf(error).replaceAll(/\s+/g, " ");
    throw new FileUnusableError(`Cannot read "${path}": ${why}`, { cause: error });
  }
  if (pairs === undefined) throw new FileUnusableError(`Cannot read "${path}": it has no options of "${section}"`);
  return readUwsgiLines(pairs.map(asLine), { path, section, environment, placeholders });
}

function asLine([key, value]: Pair): string {
  return value === "" ? key : `${key} = ${value}`;
}

/** `{"uwsgi": {"http": ":80", "env": ["A=1", "B=2"], "master": true}}`. */
function readJson(text: string, section: string): Pair[] | undefined {
  const content: unknown = JSON.parse(text);
  const options = isRecord(content) && Object.hasOwn(content, section) ? content[section] : undefined;
  if (!isRecord(options)) return undefined;
  return Object.entries(options).flatMap(([key, value]) => [value].flat().map((each): Pair => [key, plain(key, each)]));
}

function plain(key: string, value: unknown): string {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return String(value);
  const what = value === null ? "null" : Array.isArray(value) ? "a list in a list" : "an object";
  throw new Error(`the option "${key}" has ${what}; expected text, a number, true or false, or a list of these`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// Reads a configuration file of uWSGI by its ending: INI, YAML, JSON or XML. The last three are read as far as uWSGI's own simple
// readers of them go: one section of options, a list where an option repeats. Source: uWSGI's documentation, "Configuring uWSGI".
import { resolve } from "node:path";
import { messageOf } from "../../server/errors.ts";
import { FileUnusableError } from "../errors.ts";
import { readText } from "./read-text.ts";
import { readUwsgiIni, readUwsgiLines, type UwsgiOption } from "./uwsgi-ini.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** An option as a line of INI would have it. */
type Pair = readonly [key: string, value: string];

const SECTION = "uwsgi";
const READERS: Readonly<Record<string, (text: string, section: string) => Pair[] | undefined>> = {
  json: readJson,
  js: readJson,
  yaml: readYaml,
  yml: readYaml,
  xml: readXml,
};

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
  const reader = READERS[/\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? ""];
  if (reader === undefined) return readUwsgiIni(path, environment, section, placeholders);
  let pairs: Pair[] | undefined;
  try {
    pairs = reader(readText(path), section);
  } catch (error) {
    if (error instanceof FileUnusableError) throw error;
    throw new FileUnusableError(`Cannot read "${path}": ${messageOf(error)}`, { cause: error });
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
  const options = isRecord(content) ? content[section] : undefined;
  if (!isRecord(options)) return undefined;
  return Object.entries(options).flatMap(([key, value]) => [value].flat().map((each): Pair => [key, String(each)]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `uwsgi:`, and below it lines `key: value`, or `key:` with lines `- value`. */
function readYaml(text: string, section: string): Pair[] | undefined {
  const pairs: Pair[] = [];
  let isInside = false;
  let isFound = false;
  let listed = "";
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.replace(/(?:^|\s)#.*$/, "").trimEnd();
    if (line === "" || line === "---") continue;
    const [, indent = "", dash, key, value = ""] = /^(\s*)(?:(-)\s+|([\w-]+)\s*:(?=\s|$)\s*)(.*)$/.exec(line) ?? [];
    if (key !== undefined && indent === "") {
      isInside = key === section && value === "";
      isFound ||= isInside;
    } else if (isInside && dash !== undefined) pairs.push([listed, unquoted(value)]);
    else if (isInside && key !== undefined) {
      listed = key;
      const items = /^\[(.*)\]$/.exec(value)?.[1];
      if (items !== undefined) for (const item of items.split(",")) pairs.push([key, unquoted(item.trim())]);
      else if (value !== "") pairs.push([key, unquoted(value)]);
    } else if (isInside) throw new Error(`cannot understand the line "${line.trim()}"; expected "option: value"`);
  }
  return isFound ? pairs : undefined;
}

function unquoted(text: string): string {
  return /^(?:"[^"]*"|'[^']*')$/.test(text) ? text.slice(1, -1) : text;
}

/** `<uwsgi><http>:80</http><master/></uwsgi>`; a section of its own has the attribute `id`, which uWSGI's name for it ignores. */
function readXml(text: string): Pair[] | undefined {
  const body = text.replaceAll(/<!--[^]*?-->/g, "");
  const inside = /<uwsgi\b[^>]*>([^]*?)<\/uwsgi\s*>/.exec(body)?.[1];
  if (inside === undefined) return undefined;
  return [...inside.matchAll(/<([\w-]+)\s*(?:\/>|>([^<]*)<\/\1\s*>)/g)].map(([, key = "", value = ""]): Pair => [
    key,
    fromEntities(value.trim()),
  ]);
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function fromEntities(text: string): string {
  return text.replaceAll(/&(lt|gt|quot|apos|amp);/g, (all, name: string) => ENTITIES[name] ?? all);
}

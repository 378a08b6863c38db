// Makes configuration files at random, from a seed: sections of every kind that refer to each other, with defaults,
// interpolation, overrides and, now and then, a mistake.
import { seeded } from "../../seeded.ts";

/** One generated load. */
export interface GeneratedCase {
  /** Texts by file name; the first is the one that is loaded. */
  readonly files: Readonly<Record<string, string>>;
  readonly wanted: "application" | "filter" | "server";
  readonly name: string | null;
  readonly fragment: string | null;
  readonly globalConf: Readonly<Record<string, string>> | null;
}

/** Draws from a seed. */
export class Random {
  /** A number from 0 (inclusive) to 1. */
  readonly next: () => number;

  constructor(seed: number) {
    this.next = seeded(seed);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  some<T>(items: readonly T[], most: number): T[] {
    const left = [...items];
    return Array.from({ length: Math.min(this.below(most + 1), items.length) }, () => {
      const [item] = left.splice(this.below(left.length), 1);
      return item as T;
    });
  }
}

const KEYS = ["alpha", "beta", "gamma", "two words", "Delta", "debug", "1"];
const PLAIN = [
  "1",
  "true",
  "text",
  "a b  c",
  "x = y",
  "x : y",
  "a ; b",
  "# not",
  "",
  "50%%",
  "ä ö",
  "[x]",
  "%%(alpha)s",
];
const REFERENCES = ["%(here)s/data", "%(alpha)s", "<%(beta)s>", "%(gamma)s-%(alpha)s", "%(__file__)s", "%(Delta)s"];
const MISTAKES = ["%(nowhere)s", "50%", "%(unclosed", "%s", "%(alpha)", "%(set alpha)s"];

interface Names {
  readonly apps: readonly string[];
  readonly filters: readonly string[];
  readonly servers: readonly string[];
  readonly others: readonly string[];
}

/** Makes the case of a seed. */
export function generateCase(seed: number): GeneratedCase {
  const random = new Random(seed * 7919 + 13);
  const other = random.chance(0.35) ? fileOf(random, []) : null;
  const main = fileOf(random, other === null ? [] : other.names.apps);
  const wanted = random.chance(0.85) ? "application" : random.pick(["filter", "server"] as const);
  const pool = { application: main.names.apps, filter: main.names.filters, server: main.names.servers }[wanted];
  const target = random.chance(0.03) ? random.pick(["nope", "", "MAIN"]) : random.pick(pool);
  const globalConf = random.chance(0.4)
    ? Object.fromEntries(
        random
          .some([...KEYS, "extra"], 3)
          .map((key) => [key, random.pick(["caller", "", "c d", "x=y", random.chance(0.3) ? "9%" : "9"])]),
      )
    : null;
  const isFragment = random.chance(0.5);
  return {
    files: { "app.ini": main.text, ...(other === null ? {} : { "other file.ini": other.text }) },
    wanted,
    name: isFragment ? null : target,
    fragment: isFragment || random.chance(0.2) ? target : null,
    globalConf,
  };
}

function fileOf(random: Random, otherApps: readonly string[]): { text: string; names: Names } {
  const names: Names = {
    apps: ["main", ...random.some(["a1", "a2", "a3", "a4", "a5", "a6"], 6)],
    filters: ["f1", ...random.some(["main", "f2", "f3", "f4"], 4), "last"],
    servers: ["main"],
    others: otherApps,
  };
  const sections = [
    ...names.apps.map((name, index) => appSection(random, name, visible(random, names, "apps", index))),
    ...names.filters
      .slice(0, -1)
      .map((name, index) => filterSection(random, name, visible(random, names, "filters", index))),
    section(random, "filter:last", use("fakes:filter_one")),
    ...names.servers.map((name) => section(random, `server:${name}`, serverLines(random))),
  ];
  if (random.chance(0.7)) sections.unshift(section(random, "DEFAULT", defaultLines(random)));
  if (random.chance(0.2)) sections.push("[loggers]\nkeys = root, %bare\n");
  if (random.chance(0.1)) sections.push(section(random, random.pick(["app", "composite"]), use("fakes:app_two")));
  if (random.chance(0.05))
    sections.push(section(random, `application:${random.pick(names.apps)}`, use("fakes:app_two")));
  if (random.chance(0.03)) sections.push(random.pick(sections));
  if (random.chance(0.02)) sections.push(random.pick(["no delimiter here\n", "= no key\n", "[unclosed\n"]));
  if (random.chance(0.01)) sections.unshift(random.pick(["key = before\n", "\ufeff"]));
  return { text: sections.join(random.pick(["", "\n", "\n; comment\n", "\n\n"])), names };
}

/** What a section refers to: as a rule sections after it, so that few configurations are circles. */
function visible(random: Random, names: Names, kind: "apps" | "filters", index: number): Names {
  return random.chance(0.02) ? names : { ...names, [kind]: names[kind].slice(index + 1) };
}

function defaultLines(random: Random): string[] {
  const lines = random.some(KEYS, 4).map((key) => assign(random, key, value(random, 0.01)));
  if (random.chance(0.03)) lines.push(...use("fakes:app_one"));
  if (random.chance(0.03)) lines.push("set alpha = from-default-set");
  if (random.chance(0.02)) lines.push("here = /elsewhere");
  return lines;
}

function appSection(random: Random, name: string, names: Names): string {
  const kind = random.below(10);
  const header = (prefix: string): string => (random.chance(0.1) ? `${prefix}: ${name} ` : `${prefix}:${name}`);
  const filterWith = random.chance(kind < 6 ? 0.25 : 0.08) ? [`filter-with = ${filterName(random, names)}`] : [];
  if (kind < 5) {
    const lines = [...appFactory(random, names), ...keyLines(random, 0.012), ...filterWith];
    return section(random, header(random.chance(0.2) ? "application" : "app"), lines);
  }
  if (kind < 6) {
    const mounts = random.some(["/", "/one", "/two/x"], 3).map((path) => `${path} = ${appName(random, names)}`);
    const lines = [...compositeFactory(random), ...mounts, ...keyLines(random, 0.012), ...filterWith];
    return section(random, header(random.pick(["composite", "composit"])), lines);
  }
  if (kind < 8) {
    const filters = Array.from({ length: random.below(4) }, () => filterName(random, names));
    const chain = random.chance(0.02)
      ? ""
      : [...filters, appName(random, names)].join(random.pick([" ", "\n    ", "  "]));
    const lines = random.chance(0.02) ? [] : [`pipeline = ${chain}`];
    if (random.chance(0.3)) lines.push(assign(random, `set ${random.pick(KEYS)}`, value(random, 0.01)));
    if (random.chance(0.03)) lines.push(assign(random, random.pick(KEYS), "extra"));
    return section(random, header("pipeline"), [...lines, ...filterWith]);
  }
  const next = random.chance(0.02) ? [] : [`next = ${appName(random, names)}`];
  return section(random, header("filter-app"), [
    ...next,
    ...filterFactory(random, names),
    ...keyLines(random, 0.012),
    ...filterWith,
  ]);
}

function filterSection(random: Random, name: string, names: Names): string {
  const filterWith = random.chance(0.15) ? [`filter-with = ${filterName(random, names)}`] : [];
  return section(random, `filter:${name}`, [
    ...filterFactory(random, names),
    ...keyLines(random, 0.012),
    ...filterWith,
  ]);
}

function serverLines(random: Random): string[] {
  const factory = random.pick([
    "use = call:fakes:server",
    "paste.server_factory = fakes:server",
    "paste.server_runner = fakes:server_runner",
  ]);
  return [factory, ...keyLines(random, 0.01), ...(random.chance(0.1) ? ["filter-with = f1"] : [])];
}

function appFactory(random: Random, names: Names): string[] {
  const choice = random.next();
  if (choice < 0.3) return use("fakes:app_one");
  if (choice < 0.4) return use(random.chance(0.85) ? "fakes:app_two" : "fakes:holder.method");
  if (choice < 0.6) return ["paste.app_factory = fakes:app_one"];
  if (choice < 0.63)
    return [random.pick(["paste.app_factory = fakes:holder.method", "paste.composite_factory = fakes:composite"])];
  if (choice < 0.93) return [`use = ${appName(random, names)}`];
  if (choice < 0.94) return [];
  if (choice < 0.95) return ["paste.app_factory = fakes:app_one", "paste.composite_factory = fakes:composite"];
  return use(random.pick(["fakes:app_broken", "fakes:nothing", "nomodule:app", "fakes"]));
}

function compositeFactory(random: Random): string[] {
  return random.pick([
    use("fakes:composite"),
    ["paste.composite_factory = fakes:composite"],
    ["paste.composit_factory = fakes:composite"],
  ]);
}

function filterFactory(random: Random, names: Names): string[] {
  const choice = random.next();
  if (choice < 0.4) return use(random.pick(["fakes:filter_one", "fakes:filter_two"]));
  if (choice < 0.6) return ["paste.filter_factory = fakes:filter_one"];
  if (choice < 0.75) return ["paste.filter_app_factory = fakes:filter_app"];
  if (choice < 0.78) return ["paste.filter_factory = fakes:filter_two", "paste.filter_app_factory = fakes:filter_app"];
  if (choice < 0.97) return [`use = ${filterName(random, names)}`];
  return random.pick([[], use("fakes:nothing")]);
}

function appName(random: Random, names: Names): string {
  const choice = random.next();
  if (choice < 0.02) return random.pick(["nope", "http:x", "f1", "call:fakes", "egg", "main main"]);
  if (choice < 0.03) return "call:fakes:app_two";
  if (choice < 0.2 && names.others.length > 0) {
    const path = random.pick(["other file.ini", "other%20file.ini", "./other file.ini"]);
    // A pipeline splits at white space, so that only the escaped form arrives whole; both are worth a try.
    return `config:${path}${random.chance(0.8) ? `#${random.pick(names.others)}` : ""}`;
  }
  return names.apps.length === 0 ? "call:fakes:app_one" : random.pick(names.apps);
}

function filterName(random: Random, names: Names): string {
  const choice = random.next();
  if (choice < 0.02) return random.pick(["nope", "a1", "f1 f2"]);
  return choice < 0.03 ? "call:fakes:filter_two" : random.pick([...names.filters, "last"]);
}

function keyLines(random: Random, mistakes: number): string[] {
  const lines = random.some(KEYS, 3).map((key) => assign(random, key, value(random, mistakes)));
  if (random.chance(0.25)) lines.push(assign(random, `set ${random.pick(KEYS)}`, value(random, mistakes)));
  if (random.chance(0.15))
    lines.push(
      assign(random, `get ${random.pick(["alpha", "local"])}`, random.pick(["beta", "here", "here", "alpha"])),
    );
  if (random.chance(0.006)) lines.push(...lines.slice(0, 1));
  return lines;
}

function value(random: Random, mistakes: number): string {
  if (random.chance(mistakes)) return random.pick(MISTAKES);
  if (random.chance(0.09)) return random.pick(REFERENCES);
  const plain = random.pick(PLAIN);
  return random.chance(0.15)
    ? `${plain}${random.pick(["\n  more", "\n\n\tmore", "\n  # comment\n  [more]", "\n  k = v"])}`
    : plain;
}

function assign(random: Random, key: string, text: string): string {
  return `${key}${random.pick([" = ", "=", ": ", " :"])}${text}`;
}

function use(target: string): string[] {
  return [`use = call:${target}`];
}

function section(random: Random, header: string, lines: readonly string[]): string {
  const isShuffled = random.chance(0.2);
  const ordered = isShuffled ? random.some(lines, lines.length).concat([]) : lines;
  // "some" may leave lines out; a shuffled section keeps them all.
  const all = isShuffled ? [...ordered, ...lines.filter((line) => !ordered.includes(line))] : ordered;
  return `[${header}]\n${all.map((line) => `${line}\n${random.chance(0.05) ? "# comment\n" : ""}`).join("")}`;
}

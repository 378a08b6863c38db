// A strict reader of Prometheus's text format, written from its description alone; stricter than Prometheus: every family has help and
// type, counters end with _total, histograms are complete.

interface ParsedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A family as it was read. */
export interface ParsedFamily {
  readonly name: string;
  readonly type: string;
  readonly samples: ParsedSample[];
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (NaN|[+-]Inf|[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/;

/** @throws Error that quotes the first line which is not right */
export function parsePrometheusText(text: string): ParsedFamily[] {
  if (!text.endsWith("\n")) throw new Error("The last line has no line feed");
  const families: ParsedFamily[] = [];
  let helped = "";
  const seen = new Set<string>();
  for (const line of text.slice(0, -1).split("\n")) {
    const [, kind, name = "", rest = ""] = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(line) ?? [];
    if (kind === "HELP") {
      if (families.some((family) => family.name === name)) throw new Error(`A family in two places: ${line}`);
      helped = name;
    } else if (kind === "TYPE") {
      if (helped !== name || !["counter", "gauge", "histogram"].includes(rest))
        throw new Error(`No help before: ${line}`);
      if (rest === "counter" && !name.endsWith("_total")) throw new Error(`A counter ends with _total: ${line}`);
      families.push({ name, type: rest, samples: [] });
    } else {
      if (seen.has(line.slice(0, line.lastIndexOf(" ")))) throw new Error(`Repeated: ${line}`);
      seen.add(line.slice(0, line.lastIndexOf(" ")));
      addSample(families.at(-1), line);
    }
  }
  for (const family of families) if (family.type === "histogram") checkHistogram(family);
  return families;
}

function addSample(family: ParsedFamily | undefined, line: string): void {
  const [, name = "", labels = "", value = ""] = SAMPLE.exec(line) ?? [];
  const suffix = family !== undefined && name.startsWith(family.name) ? name.slice(family.name.length) : "?";
  const allowed = family?.type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
  if (name === "" || !allowed.includes(suffix)) throw new Error(`No sample of the family: ${line}`);
  family?.samples.push({ name, labels: parseLabels(labels), value: Number(value.replace("Inf", "Infinity")) });
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== "") {
    const [whole, name = "", value = ""] = LABEL.exec(rest) ?? [];
    if (whole === undefined || Object.hasOwn(labels, name)) throw new Error(`Bad labels: ${text}`);
    labels[name] = value.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
    rest = rest.slice(whole.length);
  }
  return labels;
}

function checkHistogram({ name, samples }: ParsedFamily): void {
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
  const bounds = buckets.map(({ labels }) => Number((labels["le"] ?? "").replace("Inf", "Infinity")));
  const isRising = buckets.every(({ value }, index) => index === 0 || value >= (buckets[index - 1]?.value ?? 0));
  const isOrdered = bounds.every((bound, index) => index === 0 || bound > (bounds[index - 1] ?? 0));
  const count = samples.find((sample) => sample.name === `${name}_count`)?.value;
  const hasSum = samples.some((sample) => sample.name === `${name}_sum`);
  if (
    !isRising ||
    !isOrdered ||
    !hasSum ||
    bounds.at(-1) !== Number.POSITIVE_INFINITY ||
    buckets.at(-1)?.value !== count
  ) {
    throw new Error(`The histogram ${name} is not whole`);
  }
}

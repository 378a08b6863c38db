// Prometheus's text exposition, version 0.0.4. Source: "Exposition formats", section "Text-based format".

/** The content type of the text. */
export const PROMETHEUS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Label names and values. */
export type Labels = Readonly<Record<string, string>>;

/** One value; `suffix` (`_sum`, `_count`, `_bucket`) is for histograms. */
export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
  readonly suffix?: "_bucket" | "_sum" | "_count";
}

/** All samples of one name. */
export interface MetricFamily {
  /** Letters, digits, underscores; the name of a counter ends with `_total`. */
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** Renders families in the given order; those without samples are left out. */
export function prometheusText(families: readonly MetricFamily[]): string {
  return families
    .filter((family) => family.samples.length > 0)
    .map(renderFamily)
    .join("");
}

/**
 * The samples of one histogram.
 *
 * @param bounds - upper bounds of the buckets, rising
 * @param counts - of each bucket alone, one more than there are bounds
 * @param sum - of all observed values
 */
export function histogramSamples(
  bounds: readonly number[],
  counts: readonly number[],
  sum: number,
  labels: Labels = {},
): Sample[] {
  let total = 0;
  const buckets = [...bounds.map(String), "+Inf"].map((le, index): Sample => {
    total += counts[index] ?? 0;
    return { suffix: "_bucket", labels: { ...labels, le }, value: total };
  });
  return [...buckets, { suffix: "_sum", labels, value: sum }, { suffix: "_count", labels, value: total }];
}

function renderFamily({ name, type, help, samples }: MetricFamily): string {
  const lines = samples.map(({ suffix = "", labels = {}, value }) => {
    return `${name}${suffix}${renderLabels(labels)} ${renderValue(value)}\n`;
  });
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function renderLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function renderValue(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? "+Inf" : "-Inf";
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

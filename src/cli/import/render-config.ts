// The texts that an import gives: the configuration file, and the remarks about it.
import type { Draft } from "./draft.ts";
import type { RemarkKind, RemarkList } from "./remark-list.ts";

const HEADINGS: Readonly<Record<RemarkKind, string>> = {
  missing: "Without equivalent",
  changed: "Translated, with a difference",
  needless: "Not needed",
};

/**
 * The configuration file.
 *
 * @param form - `ts` also holds the hooks to write, as comments
 */
export function renderConfig(draft: Draft, form: "json" | "ts"): string {
  if (form === "json") return `${JSON.stringify(Object.fromEntries(draft.values), null, 2)}\n`;
  const lines = draft.values.map(([name, value]) => `  ${name}: ${JSON.stringify(value)},`);
  const hooks = draft.hooks.flatMap(({ name, parameters, doc }) => [`  // ${doc}`, `  // ${name}(${parameters}) {},`]);
  return [
    'import { defineConfig } from "tsgi/server";',
    "",
    "export default defineConfig({",
    ...lines,
    ...hooks,
    "});",
    "",
  ].join("\n");
}

/** The remarks, those that ask for something first. */
export function renderRemarks(draft: RemarkList, source: string): string {
  const parts = (Object.keys(HEADINGS) as RemarkKind[]).map((kind) => {
    const remarks = draft.remarks.filter((remark) => remark.kind === kind);
    if (remarks.length === 0) return "";
    return `${HEADINGS[kind]}:\n${remarks.map(({ subject, why }) => `  ${subject}: ${why}\n`).join("")}`;
  });
  const text = parts.join("");
  return text === "" ? `Everything in ${source} has its equivalent\n` : text;
}

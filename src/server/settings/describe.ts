// Words about a setting, for help and documentation.
import { formatDuration, formatSize } from "./quantity.ts";
import type { Setting } from "./setting.ts";

/** The first sentence of a documentation, without markup and full stop. */
export function firstSentence(doc: string): string {
  const sentence = /^.*?(?<!\be\.g)\.(?=\s|$)/s.exec(doc)?.[0] ?? doc;
  return sentence.replaceAll("`", "").replace(/\.$/, "");
}

/** The default for a reader of help: `default: 30 s`; empty when there is none to speak of. */
export function defaultText(setting: Setting): string {
  const value = plainDefault(setting);
  return value === "" ? "" : `default: ${value}`;
}

/** The default as text, with its unit; empty for null, false, and no items. */
export function plainDefault(setting: Setting): string {
  switch (setting.type) {
    case "duration":
      return formatDuration(setting.default);
    case "size":
      return formatSize(setting.default);
    case "list":
      return setting.default.join(",");
    case "integer":
      return String(setting.default);
    case "boolean":
      return setting.default ? "on" : "";
    case "text":
    case "choice":
    case "address":
    case "mask":
      return setting.default ?? "";
    default:
      return setting satisfies never;
  }
}

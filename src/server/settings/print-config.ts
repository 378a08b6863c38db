// Prints the settings as a configuration file: each with its value and, behind it, where the value comes from.
import { masked } from "./layer.ts";
import type { ResolvedSettings } from "./resolve.ts";
import type { Setting } from "./setting.ts";
import { SECTIONS, type SettingName } from "./table.ts";

/**
 * The text of --print-config. It is a configuration file that gives the same settings; what such a file may not set, and hooks, are
 * comments, and what is probably a secret is hidden.
 *
 * @param resolved - from `resolveSettings`
 * @example
 * // workers: 4, // --workers
 */
export function printConfig({ settings, origins, hookOrigins }: ResolvedSettings): string {
  const lines = ["export default {"];
  for (const section of SECTIONS) {
    lines.push("", `  // ${section.title}`);
    for (const [name, setting] of Object.entries(section.settings as Record<string, Setting>)) {
      const key = name as SettingName; // the sections make up the table
      const value = `${key}: ${literal(masked(settings[key]))}, // ${origins[key]}`;
      lines.push(setting.isNotForFile === true ? `  // ${value}` : `  ${value}`);
    }
  }
  const hooks = Object.entries(hookOrigins);
  if (hooks.length > 0) lines.push("", "  // Hooks", ...hooks.map(([name, origin]) => `  // ${name}: ${origin}`));
  return `${[...lines, "};"].join("\n")}\n`;
}

/** JSON, which is a literal of JavaScript too, also as the text of a comment: it holds no line end. */
function literal(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll("\u2028", String.raw`\u2028`)
    .replaceAll("\u2029", String.raw`\u2029`);
}

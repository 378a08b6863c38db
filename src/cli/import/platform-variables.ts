// Options of another server that only pass on a variable which is read here anyway, such as `--bind 0.0.0.0:$PORT`.
import { flagOf, type Setting } from "../../server/settings/setting.ts";
import { settingList } from "../../server/settings/table.ts";

/** An option that may be left out. */
export interface FallbackForm {
  readonly variable: string;
  /** Our setting. */
  readonly name: string;
  /** The option with its value, in a command line. */
  readonly pattern: RegExp;
}

/** uWSGI's flags of the same meaning. */
const UWSGI_FLAGS: Readonly<Record<string, readonly string[]>> = {
  bind: ["--http", "--http-socket"],
  workers: ["--processes", "-p"],
};

/** The options, from the settings that have a variable of the platform in place of a default. */
export function fallbackForms(): readonly FallbackForm[] {
  return settingList().flatMap(([name, setting]: readonly [string, Setting]) => {
    const { fallback, short } = setting;
    if (fallback === undefined) return [];
    const flags = [
      flagOf(name, setting),
      short === undefined ? null : `-${short}`,
      ...(UWSGI_FLAGS[name] ?? []),
    ].filter((flag) => flag !== null);
    const [before = "", after = ""] = (fallback.form ?? "%").split("%");
    // Any address that means all interfaces.
    const start = before === "0.0.0.0:" ? String.raw`(?:0\.0\.0\.0|0|\[::\]|\*)?:` : escape(before);
    const variable = String.raw`\$(?:${fallback.variable}\b|\{${fallback.variable}(?::?-[^}]*)?\})`;
    const value = `(["']?)${start}${variable}${escape(after)}\\1`;
    return [
      {
        variable: fallback.variable,
        name,
        pattern: new RegExp(String.raw`\s(?:${flags.map(escape).join("|")})[\s=]?\s*${value}(?=\s|$)`, "g"),
      },
    ];
  });
}

function escape(text: string): string {
  return text.replaceAll(/[^\w\s-]/g, String.raw`\$&`);
}

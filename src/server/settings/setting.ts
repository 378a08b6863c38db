// What a setting is: one declaration, from which its flag, its environment variable, its type, the help and the documentation derive.

/** What every declaration says. */
interface Declaration {
  /** Markdown; the first sentence is the help of the command line. */
  readonly doc: string;
  /** Whose setting it is: `gunicorn` means the same name and meaning there. */
  readonly source: "gunicorn" | "tsgi";
  /** Name in gunicorn's configuration file, where it is not the name in snake_case. */
  readonly gunicorn?: string;
  /** Gunicorn's default, where it is another one. */
  readonly gunicornDefault?: string;
  /** Long flag; null for none. @default the name in kebab-case */
  readonly flag?: string | null;
  /** Other long flags of the same meaning. */
  readonly aliases?: readonly string[];
  /** Short flag. */
  readonly short?: string;
  /** Environment variable; null for none. @default `TSGI_` and the name in upper case */
  readonly variable?: string | null;
  /** A variable that platforms set, which replaces the default. */
  readonly fallback?: Fallback;
  /** True for the few that the short help names. */
  readonly isCommon?: boolean;
  /** True when a configuration file may not set it. */
  readonly isNotForFile?: boolean;
  /** True when a reload cannot change it: the server has to be started again. */
  readonly isForStartOnly?: boolean;
}

/** A variable of the environment that stands in for a default. */
export interface Fallback {
  readonly variable: string;
  /** Text in which `%` is the value. @default the value itself */
  readonly form?: string;
  /** What the value has to be, when the form hides it. */
  readonly pattern?: RegExp;
  readonly expected?: string;
}

/** One item of a list: how it is checked and how a text with several of them is parted. */
export type ItemType = "text" | "address" | "network" | "field" | "assignment" | "glob";

/** A declaration; `type` says how values are read and checked. */
export type Setting = Declaration &
  /** `pattern` is what a value has to match, and `expected` says so in words. */
  (
    | {
        readonly type: "text";
        readonly default: string | null;
        readonly value: string;
        readonly pattern?: RegExp;
        readonly expected?: string;
      }
    | {
        readonly type: "integer";
        readonly default: number;
        readonly minimum: number;
        readonly maximum: number;
        readonly unit: string;
      }
    /** In seconds; texts may have a unit: `30`, `30s`, `2m`, `1h`, `500ms`. */
    | { readonly type: "duration"; readonly default: number; readonly maximum?: number }
    /** In bytes; texts may have a unit: `8190`, `64K`, `10M`, `1G`. */
    | { readonly type: "size"; readonly default: number; readonly minimum?: number }
    | { readonly type: "boolean"; readonly default: boolean }
    /** `bare`: what the flag without a value means. */
    | { readonly type: "choice"; readonly default: string; readonly choices: readonly string[]; readonly bare?: string }
    | { readonly type: "list"; readonly default: readonly string[]; readonly item: ItemType }
    /** Where to listen, or null. */
    | { readonly type: "address"; readonly default: null }
    /** A file mode mask in octal, or null. */
    | { readonly type: "mask"; readonly default: null }
  );

/** Settings that belong together. */
export interface Section {
  readonly title: string;
  readonly settings: Readonly<Record<string, Setting>>;
}

/** The type of a setting's value, from its declaration. */
export type ValueOf<S extends Setting> = S extends { type: "list" }
  ? readonly string[]
  : S extends { type: "boolean" }
    ? boolean
    : S extends { type: "integer" | "duration" | "size" }
      ? number
      : S extends { type: "mask" }
        ? number | null
        : S extends { type: "choice"; choices: readonly (infer C)[] }
          ? C
          : S extends { default: string }
            ? string
            : string | null;

/** What a configuration file may write for it. */
export type InputOf<S extends Setting> =
  | ValueOf<S>
  | (S extends { type: "duration" | "size" | "mask" | "list" } ? string : never);

/** `maxRequests` as `max-requests`. */
export function kebabCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The long flag with its dashes; null when it has none. */
export function flagOf(name: string, setting: Setting): string | null {
  return setting.flag === null ? null : `--${setting.flag ?? kebabCase(name)}`;
}

/** The environment variable; null when it has none. */
export function variableOf(name: string, setting: Setting): string | null {
  if (setting.variable !== undefined) return setting.variable;
  return `TSGI_${kebabCase(name).replaceAll("-", "_").toUpperCase()}`;
}

/** What to write in place of a value: `<seconds>`; empty for a boolean. */
export function placeholderOf(setting: Setting): string {
  switch (setting.type) {
    case "boolean":
      return "";
    case "text":
      return `<${setting.value}>`;
    case "integer":
      return `<${setting.unit === "" ? "number" : setting.unit}>`;
    case "duration":
      return "<seconds>";
    case "size":
      return "<bytes>";
    case "choice":
      return setting.bare === undefined ? `<${choicesOf(setting)}>` : `[${choicesOf(setting)}]`;
    case "list":
      return `<${setting.item}>`;
    case "address":
      return "<address>";
    case "mask":
      return "<mask>";
    default:
      return setting satisfies never;
  }
}

/** The choices themselves while they are few. */
function choicesOf({ choices }: { readonly choices: readonly string[] }): string {
  const text = choices.join("|");
  return text.length > 30 ? "name" : text;
}

// A configuration as it comes together out of another server's, with what is to be said about it.
import { kebabCase, type Setting } from "../../server/settings/setting.ts";
import { checkLayer, type Layer, shown } from "../../server/settings/layer.ts";
import { SETTINGS, type SettingName, settingList } from "../../server/settings/table.ts";
import { SettingError } from "../../server/errors.ts";
import { RemarkList } from "./remark-list.ts";

/** A hook that is to be written anew. */
export interface HookNote {
  readonly name: string;
  readonly parameters: string;
  readonly doc: string;
}

/** The configuration while it is made. Every value is checked as the server itself would. */
export class Draft extends RemarkList {
  readonly #values = new Map<SettingName, unknown>();
  readonly #origins = new Map<SettingName, string>();
  readonly #hooks = new Map<string, HookNote>();

  /**
   * Sets a value; one that the server would refuse becomes a remark.
   *
   * @param subject - the setting as it was written
   * @returns whether it was taken
   */
  set(name: SettingName, raw: unknown, subject: string): boolean {
    const setting: Setting = SETTINGS[name];
    const value = asWritten(setting, raw);
    try {
      const checked = checkLayer([{ name, raw: value, origin: subject, place: `${name}: ${shown(value)}` }]);
      // Choices are known by their exact words.
      this.#values.set(name, setting.type === "choice" ? checked.get(name)?.value : value);
      this.#origins.set(name, subject);
    } catch (error) {
      if (!(error instanceof SettingError)) throw error;
      this.missing(subject, error.message);
      return false;
    }
    return true;
  }

  /** Adds to the items of a list. */
  add(name: SettingName, item: string, subject: string): void {
    const before = this.get(name);
    const items = Array.isArray(before) ? (before as readonly unknown[]) : before === undefined ? [] : [before];
    if (!items.includes(item)) this.set(name, [...items, item], subject);
  }

  /** A value that is text; undefined when it is not, or not set. */
  text(name: SettingName): string | undefined {
    const value = this.#values.get(name);
    return typeof value === "string" ? value : undefined;
  }

  get(name: SettingName): unknown {
    return this.#values.get(name);
  }

  hook(note: HookNote): void {
    this.#hooks.set(note.name, note);
  }

  /** The values in the order of the table. */
  get values(): readonly (readonly [SettingName, unknown])[] {
    return settingList().flatMap(([name]) => (this.#values.has(name) ? [[name, this.#values.get(name)] as const] : []));
  }

  /** The values as a source of settings. */
  get layer(): Layer {
    return this.values.map(([name, raw]) => {
      const origin = this.#origins.get(name) ?? name;
      return { name, raw, origin, place: `${name}: ${shown(raw)} (${origin})` };
    });
  }

  get hooks(): readonly HookNote[] {
    return [...this.#hooks.values()];
  }
}

/** The value in the form in which a person would write it into the file. */
function asWritten({ type }: Setting, raw: unknown): unknown {
  if (type === "text" && typeof raw === "number") return String(raw);
  if (type === "mask" && typeof raw === "number") return `0${raw.toString(8)}`;
  const isQuantity = type === "integer" || type === "duration" || type === "size";
  return isQuantity && typeof raw === "string" && /^(?:0|[1-9]\d*)$/.test(raw) ? Number(raw) : raw;
}

/** `maxRequests` as `max_requests`. */
export function snakeCase(name: string): string {
  return kebabCase(name).replaceAll("-", "_");
}

// uWSGI's options by name, as its translation reads them.

/** The options by name, each with its values in order. */
export type Options = ReadonlyMap<string, readonly string[]>;

const OFF = new Set(["false", "0", "off", "no"]);

/** Whether a value turns a switch off. */
export function isOff(value: string): boolean {
  return OFF.has(value.toLowerCase());
}

/** Whether a switch is given and not turned off. */
export function isOn(options: Options, key: string): boolean {
  const value = last(options, key);
  return value !== undefined && !isOff(value);
}

/** Of an option that is given several times the last counts. */
export function last(options: Options, key: string): string | undefined {
  return options.get(key)?.at(-1);
}

/** The option as a line of the file, for remarks. */
export function subjectOf(key: string, value: string): string {
  return value === "" ? key : `${key} = ${value}`;
}

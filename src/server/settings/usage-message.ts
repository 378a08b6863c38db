// What commander says of a command line that it cannot read, in one line and in the words of the other messages.

const FORMS: readonly (readonly [pattern: RegExp, text: string])[] = [
  [/^unknown (option|command) '(.*)'$/s, 'Unknown $1 "$2"'],
  [/^option '(.*)' argument missing$/s, 'The option "$1" needs a value'],
  [/^missing required argument '(.*)'$/s, "Missing argument <$1>"],
  [/^too many arguments.* Expected (\d+) arguments? but got (\d+)\.$/s, "Too many arguments: expected $1, got $2"],
];

/**
 * Turns a message of commander into one line.
 *
 * @param text - `error: unknown option '--bnid'\n(Did you mean --bind?)`
 * @returns `Unknown option "--bnid"; did you mean "--bind"`
 */
export function usageMessage(text: string): string {
  const [, message = "", meant] = /^(?:error: )?(.*?)(?:\n\(Did you mean (?:one of )?(.*)\?\))?\n*$/s.exec(text) ?? [];
  const guess = meant === undefined ? "" : `; did you mean ${meant.split(", ").map(quote).join(" or ")}`;
  const form = FORMS.find(([pattern]) => pattern.test(message));
  return (form === undefined ? capitalize(message) : message.replace(...form)) + guess;
}

function quote(name: string): string {
  return `"${name}"`;
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

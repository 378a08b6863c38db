// What the templates produce, and how they write texts into other languages.

/** A file that `tsgi init` writes. */
export interface GeneratedFile {
  /** Relative to the project. */
  readonly path: string;
  readonly text: string;
}

/** Words of a command as a shell of POSIX reads them. */
export function shellWords(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`))
    .join(" ");
}

/** Words of a command as systemd reads them. Source: systemd.service(5), "Command lines". */
export function systemdWords(words: readonly string[]): string {
  return words
    .map((word) => {
      const text = word.replaceAll("%", "%%").replaceAll("$", "$$$$");
      return /^[\w./:=@%+,$#-]+$/.test(text) ? text : `"${text.replaceAll(/[\\"]/g, String.raw`\$&`)}"`;
    })
    .join(" ");
}

/** Flags with their values as words: `{ "--bind": ":80" }` is `--bind`, `:80`. */
export function flagWords(flags: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(flags).flatMap(([flag, value]) => [flag, String(value)]);
}

/** A list as JSON, which YAML and Dockerfiles read too. */
export function jsonList(words: readonly string[]): string {
  return `[${words.map((word) => JSON.stringify(word)).join(", ")}]`;
}

/** A text as a scalar of YAML: quoted unless it cannot be anything else. */
export function yamlText(text: string): string {
  return /^[a-z][\w./-]*$/.test(text) && !/^(?:true|false|yes|no|on|off|null|y|n)$/.test(text)
    ? text
    : JSON.stringify(text);
}

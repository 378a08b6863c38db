// A form that was read: its text fields and its files, in the order of the body. Names are what a client sent, so they are keys of a Map
// only, never of an object.
import type { FormFile } from "./form-file.ts";
import type { Field } from "./urlencoded.ts";

/** A form that was read. */
export class Form {
  readonly #fields: readonly Field[];
  readonly #files: readonly FormFile[];
  readonly #release: () => Promise<void>;
  #values: Map<string, string[]> | null = null;

  /**
   * @param fields - in their order
   * @param files - in their order
   * @param release - frees what the files hold
   */
  constructor(fields: readonly Field[], files: readonly FormFile[] = [], release: () => Promise<void> = nothing) {
    this.#fields = fields;
    this.#files = files;
    this.#release = release;
  }

  /** Gives the first value of a text field; undefined when there is none. */
  get(name: string): string | undefined {
    return this.#byName().get(name)?.[0];
  }

  /** Gives all values of a text field, in their order. */
  getAll(name: string): string[] {
    return [...(this.#byName().get(name) ?? [])];
  }

  /** Tells whether there is a text field or a file of this name. */
  has(name: string): boolean {
    return this.#byName().has(name) || this.file(name) !== undefined;
  }

  /** Gives the names of the text fields, each once, in the order of their first values. */
  names(): string[] {
    return [...this.#byName().keys()];
  }

  /** Gives all text fields in their order. */
  entries(): Field[] {
    return this.#fields.map(([name, value]) => [name, value]);
  }

  /** Iterates over the text fields in their order. */
  [Symbol.iterator](): Iterator<Field> {
    return this.entries()[Symbol.iterator]();
  }

  /** Gives the first file of this name; undefined when there is none, or when the user chose none. */
  file(name: string): FormFile | undefined {
    return this.#files.find((file) => file.name === name);
  }

  /** Gives all files, or all of one name, in their order. */
  files(name?: string): FormFile[] {
    return this.#files.filter((file) => name === undefined || file.name === name);
  }

  /** Frees memory and temporary file. It is done at the end of the request too; files cannot be read afterwards. */
  close(): Promise<void> {
    return this.#release();
  }

  #byName(): Map<string, string[]> {
    if (this.#values === null) {
      this.#values = new Map();
      for (const [name, value] of this.#fields) {
        const values = this.#values.get(name);
        if (values === undefined) this.#values.set(name, [value]);
        else values.push(value);
      }
    }
    return this.#values;
  }
}

async function nothing(): Promise<void> {}

// Changes of the document, each with a condition and with what takes it back. All values are texts.
//
// A condition must hold for what the person has seen. The tag of a value says that; below an array it is not enough, because elements
// move: `/people/3/name` may be another person's by now. So there the condition is on the element of the topmost array (its *guard*), and
// the change is a JSON Patch of it.
import { escapeKey } from "../src/text/json-key.ts";
import { formatPointer, type Path } from "../src/text/pointer.ts";
import type { JsonType } from "../src/text/spans.ts";
import { Refusal, type StoreClient, type WriteRequest } from "./store-client.ts";

/** A node as a person has seen it. */
export interface Seen {
  readonly path: Path;
  readonly guard: Path;
  /** Of the guard. */
  readonly tag: string;
  readonly text: string;
}

/** A change that was made. */
export interface Written {
  /** Number of the write, by which it is known among the events. */
  readonly version: number;
  /** Takes it back; null when that would need more than is kept. */
  readonly undo: (() => Promise<Written>) | null;
  /** Where it was. */
  readonly path: Path;
  /** What has become of the document, as an event would tell it. */
  readonly changes: readonly { readonly op: "put" | "delete" | "insert"; readonly path: Path }[];
  /** Characters that are kept for the undo. */
  readonly kept: number;
}

/** Somebody else was first. */
export class Conflict extends Error {
  readonly path: Path;
  /** What the change would have written; null when it was no value. */
  readonly mine: string | null;
  /** Makes the change all the same, in what is there now. */
  readonly insist: () => Promise<Written>;

  constructor(path: Path, mine: string | null, insist: () => Promise<Written>) {
    super("Somebody else has changed this meanwhile");
    this.path = path;
    this.mine = mine;
    this.insist = insist;
  }
}

/** A member of this name is there already. */
export class NameTaken extends Error {}

/** Characters of a text that is edited or kept for an undo. */
export const LONGEST_TEXT = 8 * 1024 * 1024;
/** Members behind one that is put back whose order is restored. */
const MOST_SIBLINGS = 1000;
/** How often a change that does not depend on what others do is tried. */
const TRIES = 4;

type PatchOperation =
  | { readonly op: "add" | "replace"; readonly path: Path; readonly value: string }
  | { readonly op: "remove"; readonly path: Path }
  | { readonly op: "move"; readonly from: Path; readonly path: Path };

/** Changes one document. */
export class DocumentEditing {
  readonly #client: StoreClient;

  constructor(client: StoreClient) {
    this.#client = client;
  }

  /**
   * Reads a node that is going to be changed.
   *
   * @throws TooLong
   */
  async see(path: Path): Promise<Seen> {
    const guard = await this.#guardOf(path);
    // First the tag: what changes after it makes the condition fail.
    const tag = guard.length === path.length ? null : await this.#client.tag(guard);
    const read = await this.#client.text(path, LONGEST_TEXT);
    return { path, guard, tag: tag ?? read.tag, text: read.value };
  }

  /** Gives a node another value. */
  async replace(seen: Seen, text: string): Promise<Written> {
    const { path, guard, tag } = seen;
    const request: WriteRequest =
      guard.length === path.length
        ? { method: "PUT", path, body: text, condition: { ifMatch: tag } }
        : patch(guard, [{ op: "replace", path, value: text }], tag);
    const written = await this.#writeOr(request, path, text, async () => this.replace(await this.see(path), text));
    const tagAfter = written.tag === "" ? await this.#client.tag(guard) : written.tag;
    const after = { ...seen, tag: tagAfter ?? "", text };
    return {
      version: written.version,
      path,
      changes: [{ op: "put", path }],
      kept: seen.text.length,
      undo: () => this.replace(after, seen.text),
    };
  }

  /** Removes a node. Without its text, this cannot be taken back. */
  async remove(path: Path, seen: Seen | null): Promise<Written> {
    const { guard, tag } = seen ?? (await this.#seeTag(path));
    const parent = path.slice(0, -1);
    const isElement = path.length > 0 && (await this.#typeOf(parent)) === "array";
    const later = isElement || seen === null ? [] : await this.#siblingsAfter(path);
    const request: WriteRequest =
      guard.length === path.length
        ? { method: "DELETE", path, condition: { ifMatch: tag } }
        : patch(guard, [{ op: "remove", path }], tag);
    const written = await this.#writeOr(request, path, null, async () =>
      this.remove(path, seen === null ? null : await this.see(path)),
    );
    const undo =
      seen === null
        ? null
        : () =>
            isElement ? this.insert(parent, Number(path.at(-1)), seen.text) : this.#putBack(path, seen.text, later);
    return { version: written.version, path, changes: [{ op: "delete", path }], kept: seen?.text.length ?? 0, undo };
  }

  /**
   * Adds a member to an object, or makes the document.
   *
   * @throws NameTaken
   */
  async add(path: Path, text: string): Promise<Written> {
    return await this.#putBack(path, text, []);
  }

  /**
   * Adds an element to an array.
   *
   * @param index - null behind the last
   * @param tag - what the array was when the position was chosen
   */
  async insert(array: Path, index: number | null, text: string, tag?: string): Promise<Written> {
    const scope = await this.#guardOf(array);
    const path = [...array, index === null ? "-" : String(index)];
    const operations: readonly PatchOperation[] = [{ op: "add", path, value: text }];
    if (index === null) {
      // Behind the last is behind the last, whatever others do.
      const written = await this.#persist(async () => this.#patchNow(scope, operations));
      const { value } = await this.#client.listing(array, { limit: 1 });
      const added = [...array, String((value.count ?? 1) - 1)];
      return this.#added(written.version, "insert", added, text);
    }
    const known = tag ?? (await this.#client.tag(scope)) ?? "";
    const written = await this.#writeOr(patch(scope, operations, known), array, text, () =>
      this.insert(array, index, text),
    );
    return this.#added(written.version, "insert", path, text);
  }

  /**
   * Gives a member another name. It keeps its place among the others as long as they are not too many.
   *
   * @throws NameTaken
   */
  async rename(path: Path, name: string): Promise<Written> {
    const parent = path.slice(0, -1);
    const renamed = [...parent, name];
    const later = await this.#siblingsAfter(path);
    const scope = await this.#guardOf(parent);
    const operations: PatchOperation[] = [{ op: "move", from: path, path: renamed }, ...reorder(parent, later)];
    const written = await this.#persist(async () => {
      const tag = (await this.#client.tag(scope)) ?? "";
      if ((await this.#client.tag(renamed)) !== null) throw new NameTaken(`There is a member "${name}" already`);
      return await this.#client.write(patch(scope, operations, tag));
    });
    return {
      version: written.version,
      path: renamed,
      changes: [
        { op: "delete", path },
        { op: "put", path: renamed },
      ],
      kept: 0,
      undo: () => this.rename(renamed, path.at(-1) ?? ""),
    };
  }

  /** Moves an element to another position of its array. */
  async move(array: Path, from: number, to: number): Promise<Written> {
    const scope = await this.#guardOf(array);
    const path = [...array, String(to)];
    const operations: readonly PatchOperation[] = [{ op: "move", from: [...array, String(from)], path }];
    const tag = (await this.#client.tag(scope)) ?? "";
    const written = await this.#writeOr(patch(scope, operations, tag), array, null, () => this.move(array, from, to));
    return {
      version: written.version,
      path,
      changes: [
        { op: "delete", path: [...array, String(from)] },
        { op: "insert", path },
      ],
      kept: 0,
      undo: () => this.move(array, to, from),
    };
  }

  /** What an array is, for a later {@link insert}. */
  async tagOf(array: Path): Promise<string | undefined> {
    return (await this.#client.tag(await this.#guardOf(array))) ?? undefined;
  }

  async #seeTag(path: Path): Promise<Pick<Seen, "guard" | "tag">> {
    const guard = await this.#guardOf(path);
    return { guard, tag: (await this.#client.tag(guard)) ?? "" };
  }

  /** The element of the topmost array above a node, or the node itself. */
  async #guardOf(path: Path): Promise<Path> {
    for (const [depth, token] of path.entries()) {
      if (!/^[0-9]+$/.test(token)) continue;
      if ((await this.#typeOf(path.slice(0, depth))) === "array") return path.slice(0, depth + 1);
    }
    return path;
  }

  async #typeOf(path: Path): Promise<JsonType> {
    return (await this.#client.listing(path, { limit: 1 })).value.type;
  }

  /** The members behind one; none when there are too many to restore their order. */
  async #siblingsAfter(path: Path): Promise<readonly string[]> {
    if (path.length === 0) return [];
    const { value } = await this.#client.listing(path.slice(0, -1), { limit: MOST_SIBLINGS });
    if (value.next !== null) return [];
    const keys = value.rows.map(({ key }) => key ?? "");
    return keys.slice(keys.indexOf(escapeKey(path.at(-1) ?? "")) + 1).map((key) => JSON.parse(`"${key}"`) as string); // of an object
  }

  /** Makes a member that is not there, in front of others. */
  async #putBack(path: Path, text: string, later: readonly string[]): Promise<Written> {
    const parent = path.slice(0, -1);
    const scope = path.length === 0 ? path : await this.#guardOf(parent);
    const isFree = scope.length === parent.length && later.length === 0 && !(await this.#isElement(scope));
    const written = await this.#persist(async () => {
      if (path.length === 0 || isFree) {
        return await this.#client
          .write({ method: "PUT", path, body: text, condition: { ifNoneMatch: "*" } })
          .catch(taken(path));
      }
      const tag = (await this.#client.tag(scope)) ?? "";
      if ((await this.#client.tag(path)) !== null) throw new NameTaken(`There is a member "${path.at(-1)}" already`);
      return await this.#client.write(patch(scope, [{ op: "add", path, value: text }, ...reorder(parent, later)], tag));
    });
    return this.#added(written.version, "put", path, text);
  }

  #added(version: number, op: "put" | "insert", path: Path, text: string): Written {
    return { version, path, changes: [{ op, path }], kept: text.length, undo: () => this.#removeEqual(path, text) };
  }

  async #isElement(path: Path): Promise<boolean> {
    return path.length > 0 && (await this.#typeOf(path.slice(0, -1))) === "array";
  }

  /** Takes back what was added, unless it is something else by now. */
  async #removeEqual(path: Path, text: string): Promise<Written> {
    const seen = await this.see(path);
    if (seen.text !== text) throw new Conflict(path, null, () => this.remove(path, seen));
    return await this.remove(path, seen);
  }

  async #patchNow(scope: Path, operations: readonly PatchOperation[]): Promise<{ tag: string; version: number }> {
    return await this.#client.write(patch(scope, operations, (await this.#client.tag(scope)) ?? ""));
  }

  async #writeOr(
    request: WriteRequest,
    path: Path,
    mine: string | null,
    insist: () => Promise<Written>,
  ): Promise<{ tag: string; version: number }> {
    try {
      return await this.#client.write(request);
    } catch (error) {
      if (error instanceof Refusal && error.status === 412) throw new Conflict(path, mine, insist);
      throw error;
    }
  }

  /** Tries again with the state of now, for what is right in any state. */
  async #persist<T>(attempt: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof Refusal) || error.status !== 412 || tries >= TRIES) throw error;
      }
    }
  }
}

function taken(path: Path): (error: unknown) => never {
  return (error) => {
    if (error instanceof Refusal && error.status === 412) {
      throw new NameTaken(
        path.length === 0 ? "There is a document already" : `There is a member "${path.at(-1)}" already`,
      );
    }
    throw error;
  };
}

/** Moves members to the end of their object, one after the other: in this order they stand then. */
function reorder(parent: Path, names: readonly string[]): PatchOperation[] {
  let aside = "moving";
  while (names.includes(aside)) aside += "_";
  const away = [...parent, aside];
  return names.flatMap((name) => [
    { op: "move" as const, from: [...parent, name], path: away },
    { op: "move" as const, from: away, path: [...parent, name] },
  ]);
}

/** A JSON Patch of a node; the paths of its operations begin at the root. */
function patch(scope: Path, operations: readonly PatchOperation[], tag: string): WriteRequest {
  const pointer = (path: Path): string => JSON.stringify(formatPointer(path.slice(scope.length)));
  const list = operations.map((each) => {
    const head = `"op":"${each.op}","path":${pointer(each.path)}`;
    if ("value" in each) return `{${head},"value":${each.value}}`;
    return "from" in each ? `{${head},"from":${pointer(each.from)}}` : `{${head}}`;
  });
  return { method: "PATCH", path: scope, body: `[${list.join(",")}]`, condition: { ifMatch: tag } };
}

// Writes the text of a node, in pieces. With a stack of its own: a document may be as deep as it likes.
import { entriesOf, getPage, linesOf } from "./array-pages.ts";
import { referredId, type ContainerRow } from "./rows.ts";
import { getContainer } from "./locate.ts";
import { oneRow, type Work } from "./work.ts";

/** Members that one statement joins. */
const MEMBERS = 512;
/** Pages that one statement joins. */
const PAGES = 32;

/** What is left to write: the end of a container, a value that is a reference, or the rest of an object. */
type Rest =
  | { readonly kind: "end"; readonly text: string; readonly id: number }
  | { readonly kind: "values"; readonly lines: readonly string[]; next: number }
  | { readonly kind: "pages"; readonly pages: readonly number[]; next: number; readonly above: number }
  | { readonly kind: "members"; readonly id: number; after: number; isFirst: boolean }
  | { readonly kind: "joined"; readonly id: number; readonly parts: readonly string[]; next: number };

interface PagesText {
  /** Ids of the pages, in order; null when there are none. */
  readonly ids: string | null;
  readonly level: number;
  /** Whether there is more in them than elements; then a number that is not 0. */
  readonly isMore: number;
  readonly text: string | null;
}

interface TextPart {
  readonly text: string | null;
  readonly last: number | null;
  readonly number: number;
}

/**
 * Writes the text of a value.
 *
 * @param value - as it lies in a row
 * @param emit - takes each piece
 */
export function* copyText(value: string, emit: (piece: string) => void): Work<void> {
  const id = referredId(value);
  if (id === null) return emit(value);
  const stack: Rest[] = [];
  yield* openContainer(id, stack, emit);
  for (let rest = stack.at(-1); rest !== undefined; rest = stack.at(-1)) {
    switch (rest.kind) {
      case "end":
        stack.pop();
        emit(rest.text);
        break;
      case "values":
        yield* nextValue(rest, stack, emit);
        break;
      case "pages":
        yield* nextPage(rest, stack, emit);
        break;
      case "members":
        yield* nextMembers(rest, stack, emit);
        break;
      case "joined":
        yield* nextJoined(rest, stack, emit);
        break;
    }
  }
}

function* openContainer(id: number, stack: Rest[], emit: (piece: string) => void): Work<void> {
  // Inside of itself it would never end.
  if (stack.some((rest) => rest.kind === "end" && rest.id === id))
    throw new Error(`The database is damaged: container ${id} is inside of itself`);
  const container: ContainerRow = yield* getContainer(id);
  if (container.kind === "object") {
    emit("{");
    stack.push({ kind: "end", text: "}", id }, { kind: "members", id, after: 0, isFirst: true });
  } else {
    emit("[");
    stack.push({ kind: "end", text: "]", id });
    if (container.root !== null) {
      const above = Number.POSITIVE_INFINITY;
      stack.push({ kind: "pages", pages: [container.root], next: 0, above });
    }
  }
}

function* nextMembers(rest: Rest & { kind: "members" }, stack: Rest[], emit: (piece: string) => void): Work<void> {
  const { text, last, number } = yield* oneRow<TextPart>("memberText", rest.id, rest.after, MEMBERS);
  if (number < MEMBERS) stack.pop();
  if (text === null || last === null) return;
  if (!rest.isFirst) emit(",");
  rest.isFirst = false;
  rest.after = last;
  if (!text.includes("\n")) return emit(text);
  stack.push({ kind: "joined", id: rest.id, parts: text.split("\n"), next: 0 });
}

/** Every second part is a reference, or the order of a member with a long value. */
function* nextJoined(rest: Rest & { kind: "joined" }, stack: Rest[], emit: (piece: string) => void): Work<void> {
  const part = rest.parts[rest.next];
  const isText = rest.next % 2 === 0;
  rest.next += 1;
  if (rest.next >= rest.parts.length) stack.pop();
  if (part === undefined) return;
  if (isText) return emit(part);
  const id = referredId(part);
  if (id !== null) return yield* openContainer(id, stack, emit);
  const { value } = yield* oneRow<{ readonly value: string }>("memberAt", rest.id, Number(part.slice(1)));
  return emit(value);
}

function* nextPage(rest: Rest & { kind: "pages" }, stack: Rest[], emit: (piece: string) => void): Work<void> {
  const ids = rest.pages.slice(rest.next, rest.next + PAGES);
  if (ids.length === 0) {
    stack.pop();
    return;
  }
  if (rest.next > 0) emit(",");
  rest.next += ids.length;
  const list = ids.join(",");
  const { ids: found, level, isMore, text } = yield* oneRow<PagesText>("pagesText", `[${list}]`);
  if (text === null || found !== list || level >= rest.above)
    throw new Error(
      `The database is damaged: of the pages ${list} one is missing or too high, or they are in another order`,
    );
  if (isMore === 0) return emit(text);
  const lines: string[] = [];
  for (const id of ids) lines.push(...linesOf((yield* getPage(id)).data));
  if (level === 0) stack.push({ kind: "values", lines, next: 0 });
  else stack.push({ kind: "pages", pages: lines.flatMap(entriesOf).map(({ page }) => page), next: 0, above: level });
}

function* nextValue(rest: Rest & { kind: "values" }, stack: Rest[], emit: (piece: string) => void): Work<void> {
  const line = rest.lines[rest.next];
  if (line === undefined) {
    stack.pop();
    return;
  }
  if (rest.next > 0) emit(",");
  rest.next += 1;
  const id = referredId(line);
  if (id === null) return emit(line);
  return yield* openContainer(id, stack, emit);
}

// GET and HEAD: the text of a node. What is short is read at once; for the rest one state of the document is kept while the client takes it.
import type { HeaderList, WSGIBody } from "tsgi/wsgi";
import { statusLine } from "tsgi/middleware/writing";
import { found, writeText } from "../storage/document.ts";
import { entityTag, textTag } from "../storage/entity-tag.ts";
import { locate, walkCall, walkedText, type Found } from "../storage/locate.ts";
import type { Snapshot } from "../storage/store.ts";
import type { Work } from "../storage/work.ts";
import { pretty, PrettyPrinter } from "../text/pretty.ts";
import { collectText } from "./collect-text.ts";
import { factHeaders, sendNothing, sendText } from "./answer.ts";
import { isKnown, REPRESENTATION_MARK } from "./conditions.ts";
import type { Exchange } from "./exchange.ts";
import type { Query } from "./query.ts";
import type { ApiSettings } from "./settings.ts";

/** Characters that are read at once. */
const SHORT = 128 * 1024;

/** What was read of a node. */
interface Reading {
  readonly version: number;
  readonly tag: string;
  /** Null when the client has it already, or when it is not short. */
  readonly text: string | null;
  readonly isKnown: boolean;
}

/** Answers GET and HEAD. */
export function readNode(exchange: Exchange, { store }: ApiSettings): WSGIBody | Promise<WSGIBody> {
  const { path } = exchange;
  const read = store.read(() => reading(exchange, store.epoch), {
    call: walkCall(path),
    see: (row) => readingOf(exchange, row),
  });
  return read instanceof Promise ? read.then((value) => answer(value)) : answer(read);

  function answer({ version, tag, text, isKnown: isKept }: Reading): WSGIBody | Promise<WSGIBody> {
    if (isKept) return sendNothing(exchange, 304, factHeaders({ version, tag }));
    if (text === null) return store.snapshot().then((snapshot) => stream(exchange, snapshot, store.epoch));
    return sendText(exchange, 200, exchange.query.isPretty ? pretty(text) : text, factHeaders({ version, tag }));
  }
}

/** The reading of a short text that lies inline, as most do. */
function readingOf({ path, query, conditions }: Exchange, row: unknown): Reading | null {
  const walked = walkedText(row, path);
  if (walked === null || walked.text.length > SHORT) return null;
  const { text, seq: version } = walked;
  const tag = representationTag(textTag(text), query);
  return isKnown(conditions, tag)
    ? { version, tag, text: null, isKnown: true }
    : { version, tag, text, isKnown: false };
}

function* reading(exchange: Exchange, epoch: string): Work<Reading> {
  const { node, ...head } = yield* readHead(exchange, epoch);
  if (head.isKnown) return { ...head, text: null };
  return { ...head, text: yield* collectText(node, SHORT) };
}

function* readHead(
  { path, query, conditions }: Exchange,
  epoch: string,
): Work<Omit<Reading, "text"> & { readonly node: Found }> {
  const lookup = yield* locate(path);
  const node = found(lookup, path);
  const tag = representationTag(entityTag(node, epoch), query);
  return { version: lookup.seq, node, tag, isKnown: isKnown(conditions, tag) };
}

/** Each representation of a node has its own. */
function representationTag(tag: string, { isPretty }: Query): string {
  return isPretty ? `${tag}${REPRESENTATION_MARK}pretty` : tag;
}

async function stream(exchange: Exchange, snapshot: Snapshot, epoch: string): Promise<WSGIBody> {
  try {
    const { version, tag, node } = await snapshot.read(() => readHead(exchange, epoch));
    const headers: HeaderList = [...factHeaders({ version, tag }), ["Content-Type", "application/json"]];
    exchange.startResponse(statusLine(200), headers);
    if (exchange.environ.REQUEST_METHOD === "HEAD") {
      await snapshot.close();
      return [];
    }
    const pieces = snapshot.pieces((emit) => writeText(node, emit));
    const bytes = toBytes(pieces, exchange.query.isPretty ? new PrettyPrinter() : null);
    return { [Symbol.asyncIterator]: () => bytes, close: () => snapshot.close() };
  } catch (error) {
    await snapshot.close();
    throw error;
  }
}

async function* toBytes(
  pieces: AsyncGenerator<string, void>,
  printer: PrettyPrinter | null,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield Buffer.from(printer === null ? piece : printer.write(piece));
  if (printer !== null) yield Buffer.from(printer.end());
}

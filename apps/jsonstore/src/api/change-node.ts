// PUT, POST and DELETE. Conditions are checked in the transaction that makes the change.
import type { HeaderList, WSGIBody } from "tsgi/wsgi";
import { Problem } from "../problem.ts";
import type { Write } from "../storage/change-tree.ts";
import { append, find, found, put, remove, type Placed } from "../storage/document.ts";
import { entityTag, textTag } from "../storage/entity-tag.ts";
import { locate } from "../storage/locate.ts";
import { linkStaged } from "../storage/stage.ts";
import type { Work } from "../storage/work.ts";
import type { Path } from "../text/pointer.ts";
import { nodeUrl } from "./address.ts";
import { factHeaders, headerText, sendNothing, sendText } from "./answer.ts";
import { readJsonBody, type JsonBody } from "./body.ts";
import { checkChange, type Conditions } from "./conditions.ts";
import { prefersRepresentation, type Exchange } from "./exchange.ts";
import { isJsonType, mediaType, PATCH_TYPES } from "./media-type.ts";
import { Patience } from "./patience.ts";
import type { ApiSettings } from "./settings.ts";

/** Characters of a text that is laid out before the write that links it. */
const STAGED_FROM = 64 * 1024;

/** What a change has done. */
interface Outcome extends Placed {
  readonly version: number;
  readonly tag: string;
}

/** Answers PUT. */
export async function putNode(exchange: Exchange, settings: ApiSettings): Promise<WSGIBody> {
  const { path, query, conditions } = exchange;
  checkPath(path, settings);
  const { outcome, body } = await storing(exchange, settings, path, function* putting(write, value): Work<Placed> {
    yield* checkNode(conditions, path, settings);
    return yield* put(write, path, value, query.hasParents);
  });
  return sendStored(exchange, outcome, body, outcome.isNew ? 201 : 204, body.isUnchanged);
}

/** Answers POST. */
export async function postNode(exchange: Exchange, settings: ApiSettings): Promise<WSGIBody> {
  const { environ, path, query, conditions } = exchange;
  const type = mediaType(environ);
  if (type !== null && PATCH_TYPES.includes(type)) {
    throw new Problem("unsupported-type", { detail: `A body of type ${type} is for the method PATCH` });
  }
  if (type === null || !isJsonType(type)) {
    throw new Problem("unsupported-type", {
      detail: `Expected Content-Type: application/json, got ${type ?? "none"}; curl sends it with --json`,
    });
  }
  const place = [...path, "-"];
  const { outcome, body } = await storing(exchange, settings, place, function* posting(write, value): Work<Placed> {
    yield* checkNode(conditions, path, settings, true);
    return { path: yield* append(write, path, value, query.at), isNew: true };
  });
  return sendStored(exchange, outcome, body, 201, true);
}

/** Answers DELETE. */
export async function deleteNode(exchange: Exchange, settings: ApiSettings): Promise<WSGIBody> {
  const { path, conditions } = exchange;
  const patience = new Patience(exchange.environ);
  const version = await patience.write(settings.store, function* deleting(write): Work<number> {
    yield* checkNode(conditions, path, settings, true);
    yield* remove(write, path);
    return write.seq;
  });
  return sendNothing(exchange, 204, factHeaders({ version }));
}

/**
 * Checks what a request expects of the node.
 *
 * @param mustExist - whether a missing node is 404 whatever the request expects (RFC 9110 section 13.2.1)
 */
export function* checkNode(
  conditions: Conditions,
  path: Path,
  { store, isMatchRequired }: ApiSettings,
  mustExist = false,
): Work<void> {
  const { ifMatch, ifNoneMatch } = conditions;
  if (ifMatch === null && ifNoneMatch === null) {
    if (isMatchRequired) throw new Problem("match-required");
    return;
  }
  const lookup = yield* locate(path);
  if (mustExist) found(lookup, path);
  checkChange(conditions, lookup.isFound ? entityTag(lookup.node, store.epoch) : null);
}

/** Keys of a path that may be made, and how deep they may lead. */
export function checkPath(path: Path, { text: { keyBytes, depth } }: ApiSettings): void {
  if (path.length > depth) throw new Problem("too-deep", { detail: `Containers may be ${depth} deep` });
  for (const token of path) {
    if (token.length * 3 > keyBytes && Buffer.byteLength(token) > keyBytes) {
      throw new Problem("key-too-long", { detail: `A key may have ${keyBytes} bytes` });
    }
  }
}

/** Tag of a value that was just stored. */
function* tagOf({ layout }: Write, { store }: ApiSettings, path: Path, text: string): Work<string> {
  // So short, it lies inline.
  return text.length <= 2 * layout.size ? textTag(text) : entityTag(yield* find(path), store.epoch);
}

async function readBody(
  { environ }: Exchange,
  { maxBody, text }: ApiSettings,
  path: Path,
  patience: Patience,
): Promise<JsonBody> {
  const depth = Math.max(0, text.depth - path.length);
  return await readJsonBody(environ, maxBody, depth === text.depth ? text : { ...text, depth }, path, patience);
}

/**
 * Reads the body and stores it; a long text is laid out before.
 *
 * @param place - of the value, as far as it is known
 * @param work - puts the value there
 */
async function storing(
  exchange: Exchange,
  settings: ApiSettings,
  place: Path,
  work: (write: Write, value: string) => Work<Placed>,
): Promise<{ readonly outcome: Outcome; readonly body: JsonBody }> {
  const { store } = settings;
  const patience = new Patience(exchange.environ);
  const body = await readBody(exchange, settings, place, patience);
  const { text } = body;
  const storeValue = function* storeValue(write: Write, value: string): Work<Outcome> {
    const { path, isNew } = yield* work(write, value);
    return { version: write.seq, path, isNew, tag: yield* tagOf(write, settings, path, text) };
  };
  if (text.length < STAGED_FROM) {
    return { outcome: await patience.write(store, (write) => storeValue(write, text)), body };
  }
  // What is refused now needs no room; what is accepted now is checked again.
  await store.read(() => checkNode(exchange.conditions, exchange.path, settings));
  const staged = await store.stage(text, { onProgress: () => patience.check() });
  const outcome = await linkStaged(store, staged, (write) => patience.whileAwaited(storeValue(write, staged.value)));
  return { outcome, body };
}

/** An answer may have a tag only if the client knows what it belongs to. Source: RFC 9110 section 9.3.4. */
function sendStored(
  exchange: Exchange,
  { version, path, tag, isNew }: Outcome,
  { text }: JsonBody,
  status: number,
  isTagged: boolean,
): WSGIBody {
  const isShown = prefersRepresentation(exchange.environ);
  // Most writes change what is there, and tell no address.
  const url = isNew || isShown ? headerText(nodeUrl(exchange.environ, path)) : "";
  const location: HeaderList = isNew ? [["Location", url]] : [];
  if (isShown) {
    const headers: HeaderList = [
      ...factHeaders({ version, tag }),
      ...location,
      ["Content-Location", url],
      ["Preference-Applied", "return=representation"],
    ];
    return sendText(exchange, isNew ? 201 : 200, text, headers);
  }
  const headers: HeaderList = [...factHeaders(isTagged ? { version, tag } : { version }), ...location];
  // PEP 3333's validators want a type where there may be a body; an empty one is not JSON.
  if (status === 201) headers.push(["Content-Type", "text/plain"], ["Content-Length", "0"]);
  return sendNothing(exchange, status, headers);
}

// PATCH. Source: RFC 5789, RFC 7396, RFC 6902.
import type { WSGIBody } from "tsgi/wsgi";
import { Problem } from "../problem.ts";
import { found } from "../storage/document.ts";
import { entityTag } from "../storage/entity-tag.ts";
import { jsonPatch } from "../storage/json-patch.ts";
import { locate } from "../storage/locate.ts";
import { mergePatch } from "../storage/merge-patch.ts";
import type { Write } from "../storage/change-tree.ts";
import type { Work } from "../storage/work.ts";
import { readOperations } from "../text/patch-operations.ts";
import { pretty } from "../text/pretty.ts";
import { nodeUrl } from "./address.ts";
import { factHeaders, headerText, sendNothing, sendText } from "./answer.ts";
import { readJsonBody } from "./body.ts";
import { checkNode, checkPath } from "./change-node.ts";
import { prefersRepresentation, type Exchange } from "./exchange.ts";
import { JSON_PATCH, mediaType, MERGE_PATCH, PATCH_TYPES } from "./media-type.ts";
import { collectText } from "./collect-text.ts";
import { Patience } from "./patience.ts";
import type { ApiSettings } from "./settings.ts";

/** Arrays and objects around a value of a patch. */
const PATCH_DEPTH = 2;

interface Patched {
  readonly version: number;
  /** Null when the patch has removed the node. */
  readonly tag: string | null;
  readonly text: string | null;
}

/** Answers PATCH. */
export async function patchNode(exchange: Exchange, settings: ApiSettings): Promise<WSGIBody> {
  const { environ, path, conditions } = exchange;
  const patience = new Patience(environ);
  const apply = await readPatch(exchange, settings, patience);
  const isShown = prefersRepresentation(environ);
  const { version, tag, text } = await patience.write(settings.store, function* patching(write): Work<Patched> {
    found(yield* locate(path), path);
    yield* checkNode(conditions, path, settings, true);
    yield* apply(write);
    const lookup = yield* locate(path);
    if (!lookup.isFound) return { version: write.seq, tag: null, text: null };
    const { node } = lookup;
    const shown = isShown ? yield* collectText(node, settings.maxBody) : null;
    return { version: write.seq, tag: entityTag(node, settings.store.epoch), text: shown };
  });
  const headers = factHeaders(tag === null ? { version } : { version, tag });
  if (text === null) return sendNothing(exchange, 204, headers);
  headers.push(
    ["Content-Location", headerText(nodeUrl(environ, path))],
    ["Preference-Applied", "return=representation"],
  );
  return sendText(exchange, 200, exchange.query.isPretty ? pretty(text) : text, headers);
}

/** @returns what the body does to the node */
async function readPatch(
  exchange: Exchange,
  settings: ApiSettings,
  patience: Patience,
): Promise<(write: Write) => Work<void>> {
  const { environ, path } = exchange;
  const { text: limits, maxBody, maxOperations } = settings;
  const type = mediaType(environ);
  if (type === MERGE_PATCH) {
    const depth = Math.max(0, limits.depth - path.length);
    const { text } = await readJsonBody(environ, maxBody, { ...limits, depth }, path, patience);
    return (write) => mergePatch(write, path, text, maxOperations);
  }
  if (type === JSON_PATCH) {
    const { text } = await readJsonBody(
      environ,
      maxBody,
      { ...limits, depth: limits.depth + PATCH_DEPTH },
      [],
      patience,
    );
    const operations = readOperations(text, maxOperations);
    const patchLimits = {
      depth: limits.depth,
      read: maxBody,
      checkPath: (added: readonly string[]) => checkPath(added, settings),
    };
    return (write) => jsonPatch(write, path, operations, patchLimits);
  }
  throw new Problem("unsupported-type", { detail: `Expected ${PATCH_TYPES.join(" or ")}, got ${type ?? "no type"}` });
}

// REQUEST frames, each preceded by a KEYS frame if the guest does not know the keys. Source: docs/lane-protocol.md, "Requests".
import { Buffer } from "node:buffer";
import { encodeEnviron, KeyLists } from "../../protocols/lane/environ-text.ts";
import { FrameFlag, FrameType, frameHeader, frameText } from "../../protocols/lane/frame.ts";
import type { GuestExchange } from "./guest-exchange.ts";

/** Writes the requests of one lane. */
export class RequestFrames {
  readonly #keyLists: KeyLists;

  /** @param keys - how many key lists the guest remembers */
  constructor(keys: number) {
    this.#keyLists = new KeyLists(keys);
  }

  /**
   * The frame of a request without its body. A body in memory is sent next.
   *
   * @param exchange - the request, with its id
   * @param isBatched - whether more may follow before it is answered
   * @returns latin-1 text
   */
  head(exchange: GuestExchange, isBatched: boolean): string {
    const { environ, body, inner } = exchange;
    let flags = isBatched ? FrameFlag.batched : 0;
    if (inner !== null) flags |= FrameFlag.inner;
    if (environ["wsgi.early_hints"] !== undefined) flags |= FrameFlag.hints;
    if (environ["tsgi.upgrade"] !== undefined) flags |= FrameFlag.upgrade;
    if (body.kind === "file") flags |= FrameFlag.bodyFile;
    if (body.kind === "stream") flags |= FrameFlag.bodyStream;
    const path = body.kind === "file" ? Buffer.from(body.path).toString("latin1") : "";
    const bodyBytes = body.kind === "memory" ? body.bytes.length : path.length;
    const keyed = this.#keyLists.encode(environ);
    if (keyed === null) {
      const { text, pairs, hasJson } = encodeEnviron(environ);
      if (hasJson) flags |= FrameFlag.json;
      return frameHeader(FrameType.request, exchange.id, text.length, bodyBytes, flags, pairs) + text + path;
    }
    const { text, list, hasJson, definition } = keyed;
    flags |= hasJson ? FrameFlag.json | FrameFlag.keyed : FrameFlag.keyed;
    const frame = frameHeader(FrameType.request, exchange.id, text.length, bodyBytes, flags, list) + text + path;
    return definition === null ? frame : frameText(FrameType.keys, 0, definition, "", 0, list) + frame;
  }
}

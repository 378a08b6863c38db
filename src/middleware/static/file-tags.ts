// Entity tags of files. Source: RFC 9110 sections 8.8.1 (a strong tag changes with each change of the bytes) and 8.8.3.3 (one for each
// coding); Apache's mod_http_etag for files that are too young; stat(2).
//
// Length and time of modification do not tell versions apart: builds that can be repeated give all files one time, and copies keep that of
// their source. Who replaces a file cannot help its inode or its time of change to be another.
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import type { OpenFile } from "./open-file.ts";

/** What a tag is made of. */
export type TagPolicy = "stat" | "content";

/** The clocks of file systems may tick every few milliseconds only: until then a second change would not be seen. */
const SETTLED_MILLISECONDS = 1000;
const BLOCK_BYTES = 262_144;
const KNOWN_FILES = 10_000;
/** 27 characters of base64url hold 160 bits of the hash. */
const TAG_CHARACTERS = 27;

/** Gives the tag of an open file; null where it may be changing. */
export type FileTags = (file: OpenFile, coding: string) => string | null | Promise<string | null>;

/**
 * Gives what makes tags.
 *
 * @param policy - "stat": inode, time of change and length, so one for each copy of a file. "content": the hash of the bytes, equal on
 *   every machine; who asks first for a file waits until it has been read
 */
export function fileTags(policy: TagPolicy): FileTags {
  if (policy === "stat") return ({ stats }, coding) => (isSettled(stats) ? quoted(identityOf(stats), coding) : null);
  const known = new Map<string, Promise<string | null>>();
  return async (file, coding) => {
    if (!isSettled(file.stats)) return null;
    const identity = identityOf(file.stats);
    let hash = known.get(identity);
    if (hash === undefined) {
      hash = hashOf(file);
      remember(known, identity, hash);
      hash.catch(() => known.delete(identity));
    }
    const value = await hash;
    return value === null ? null : quoted(value, coding);
  };
}

function isSettled({ ctimeMs }: fs.Stats): boolean {
  return Date.now() - ctimeMs >= SETTLED_MILLISECONDS;
}

function identityOf({ dev, ino, ctimeMs, size }: fs.Stats): string {
  return [dev, ino, Math.round(ctimeMs * 1000), size].map((part) => part.toString(36)).join("-");
}

function quoted(tag: string, coding: string): string {
  return coding === "" ? `"${tag}"` : `"${tag}-${coding}"`;
}

/** @returns null when the file has changed meanwhile */
async function hashOf({ descriptor, stats }: OpenFile): Promise<string | null> {
  const hash = createHash("sha256");
  const block = Buffer.allocUnsafeSlow(Math.max(1, Math.min(BLOCK_BYTES, stats.size)));
  for (let position = 0; position < stats.size;) {
    const bytesRead = await readAt(descriptor, block, position);
    if (bytesRead === 0) return null;
    hash.update(block.subarray(0, bytesRead));
    position += bytesRead;
  }
  return identityOf(fs.fstatSync(descriptor)) === identityOf(stats)
    ? hash.digest("base64url").slice(0, TAG_CHARACTERS)
    : null;
}

function readAt(descriptor: number, block: Buffer, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(descriptor, block, 0, block.length, position, (error, bytesRead) => {
      if (error === null) resolve(bytesRead);
      else reject(error);
    });
  });
}

/** A map keeps the order of insertion: the first key is the oldest. */
function remember(known: Map<string, Promise<string | null>>, identity: string, hash: Promise<string | null>): void {
  known.set(identity, hash);
  const [oldest] = known.keys();
  if (known.size > KNOWN_FILES && oldest !== undefined) known.delete(oldest);
}

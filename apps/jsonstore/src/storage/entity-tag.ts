// Entity tags. They change whenever the text of a node can have changed: that of an inline text is its hash, that of a container with
// rows is made of its id and the number of the last write in it.
// Source: RFC 9110 section 8.8.3.
import { hash } from "node:crypto";
import { inlineText, type Found } from "./locate.ts";

/** 96 bits of a hash, in base64url. */
const HASH_LENGTH = 16;

/** Returns the opaque part of the tag of a node, without quotes. */
export function entityTag(node: Found, epoch: string): string {
  if (node.split === null) return textTag(inlineText(node));
  return `${epoch}.${node.split.id.toString(36)}.${node.split.version.toString(36)}`;
}

/** Returns the tag of an inline text. */
export function textTag(text: string): string {
  return hash("sha256", text, "base64url").slice(0, HASH_LENGTH);
}

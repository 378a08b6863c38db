// Names of fields in answers → what they mean to their reader. Each spelling is checked once, then found in a cache.
// Source: RFC 9110 section 5.1.
import { TOKEN } from "./grammar.ts";
import { HOP_BY_HOP } from "./hop-by-hop.ts";
import { ownText } from "./own-text.ts";

/** What a field is to the reader of an answer. */
export const AnswerRole = {
  /** Handed on. */
  plain: 0,
  contentLength: 1,
  transferEncoding: 2,
  connection: 3,
  keepAlive: 4,
  upgrade: 5,
  /** Belongs to the connection in another way; left out. */
  hopByHop: 6,
} as const;

const ROLES = new Map<string, number>([
  ...HOP_BY_HOP.map((name) => [name, AnswerRole.hopByHop] as const),
  ["content-length", AnswerRole.contentLength],
  ["transfer-encoding", AnswerRole.transferEncoding],
  ["connection", AnswerRole.connection],
  ["keep-alive", AnswerRole.keepAlive],
  ["upgrade", AnswerRole.upgrade],
]);

/** Spellings remembered at most. */
const MAX_CACHED = 512;
const cache = new Map<string, AnswerFieldName>();

/** A field's name, understood. */
export interface AnswerFieldName {
  /** As received; a copy of its own, which keeps no head alive. */
  readonly spelling: string;
  /** One of {@link AnswerRole}. */
  readonly role: number;
}

/**
 * Understands a field name.
 *
 * @param raw - as received
 * @returns null when it is not a token
 */
export function answerFieldName(raw: string): AnswerFieldName | null {
  return cache.get(raw) ?? understand(raw);
}

function understand(raw: string): AnswerFieldName | null {
  if (!TOKEN.test(raw)) return null;
  const name = { spelling: ownText(raw), role: ROLES.get(raw.toLowerCase()) ?? AnswerRole.plain };
  if (cache.size < MAX_CACHED) cache.set(name.spelling, name);
  return name;
}

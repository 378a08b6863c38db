// The items of lists: what each kind accepts, and how one text holds several.
import { FORWARDED_FIELDS, forwardedFieldNamed } from "../../gateways/forwarded.ts";
import { TrustedProxies } from "../../gateways/trusted-proxies.ts";
import { parseBind } from "../sockets/bind-address.ts";
import type { ItemType } from "./setting.ts";

/** What is known about a kind of item. */
interface ItemKind {
  readonly expected: string;
  readonly isRight: (text: string) => boolean;
  /** What parts the items of one text; null when a text is one item. */
  readonly separator: string | null;
}

/** The kinds of items. */
export const ITEM_KINDS: Readonly<Record<ItemType, ItemKind>> = {
  text: { expected: "a text", isRight: () => true, separator: "," },
  glob: { expected: "a path or pattern", isRight: (text) => text !== "", separator: null },
  address: {
    expected:
      "HOST:PORT, [IPV6]:PORT, :PORT (all interfaces), unix:PATH or fd://N, for a web server in front with fastcgi://, scgi:// or uwsgi:// before it",
    isRight: isAddress,
    separator: ",",
  },
  network: {
    expected: 'an IP address, a network such as 10.0.0.0/8, "unix" or "*"',
    isRight: isNetwork,
    separator: ",",
  },
  field: {
    expected: FORWARDED_FIELDS.join(", ").replace(/, (?=[^,]*$)/, " or "),
    isRight: (text) => forwardedFieldNamed(text) !== undefined,
    separator: ",",
  },
  assignment: { expected: "NAME=VALUE", isRight: (text) => /^[^=\0]+=[^\0]*$/.test(text), separator: null },
};

/** Whether a text names a place to listen; whether it can be listened on shows only there. */
export function isAddress(text: string): boolean {
  try {
    parseBind(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether a text names peers: an address, a network, `unix` or `*`. */
export function isNetwork(text: string): boolean {
  try {
    TrustedProxies.parse([text]);
    return true;
  } catch {
    return false;
  }
}

/** The items of one text. */
export function splitItems(text: string, kind: ItemKind): string[] {
  if (kind.separator === null) return [text];
  return text
    .split(kind.separator)
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

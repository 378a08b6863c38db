// What the parent and the child of --reload tell each other: the parent which addresses to use again, the child which it got.
import type { ServerAddress } from "../server/make-server.ts";
import { type BindAddress, formatBindAddress, parseBindAddress } from "./bind-address.ts";

/** Environment variable of the child: a JSON list of addresses in the form of --bind, or an empty one for the settings' own. */
export const RELOAD_VARIABLE = "TSGI_RELOAD_ADDRESSES";

/** Message of the child: it listens now. */
export interface ListeningMessage {
  readonly type: "listening";
  readonly addresses: readonly string[];
}

/** The child's end of the conversation. */
export interface ReloadChild {
  /** Addresses of the process before; undefined at the first start. */
  readonly addresses: BindAddress[] | undefined;
  reportListening(addresses: readonly ServerAddress[]): void;
  onParentGone(listener: () => void): void;
}

/** Whether a message is a child's. */
export function isListeningMessage(message: unknown): message is ListeningMessage {
  return typeof message === "object" && message !== null && "type" in message && message.type === "listening";
}

/** The conversation with the parent; undefined when this process was not started by --reload. Hides the variable from the application. */
export function reloadChild(): ReloadChild | undefined {
  const value = process.env[RELOAD_VARIABLE];
  if (value === undefined || process.send === undefined) return undefined;
  delete process.env[RELOAD_VARIABLE];
  const before = JSON.parse(value) as string[];
  return {
    addresses: before.length === 0 ? undefined : before.map(parseBindAddress),
    reportListening(addresses) {
      const message: ListeningMessage = { type: "listening", addresses: addresses.map(formatBindAddress) };
      process.send?.(message);
    },
    onParentGone(listener) {
      process.once("disconnect", listener);
    },
  };
}

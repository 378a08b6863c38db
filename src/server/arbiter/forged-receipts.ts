// Node confirms each handle that is sent through an IPC channel by a message of its own, `{ cmd: "NODE_HANDLE_ACK" }` or `…_NACK`, and
// ends the receiving process with a failed assertion when one comes that nobody waits for (setupChannel in Node's
// internal/child_process). The application in a worker can send such a message; the arbiter must not die of it.
import type { ChildProcess } from "node:child_process";

const RECEIPTS: ReadonlySet<unknown> = new Set(["NODE_HANDLE_ACK", "NODE_HANDLE_NACK"]);

/**
 * Lets Node hear receipts only for handles that were sent.
 *
 * @param child - with an IPC channel
 * @returns to be called for each handle that is sent to the child
 */
export function ignoreForgedReceipts(child: ChildProcess): () => void {
  let expected = 0;
  const listeners = child.listeners("internalMessage");
  child.removeAllListeners("internalMessage");
  child.on("internalMessage", (message: { readonly cmd?: unknown }, handle: unknown) => {
    if (RECEIPTS.has(message.cmd)) {
      if (expected === 0) return;
      // After the other one Node sends the handle once more.
      if (message.cmd === "NODE_HANDLE_ACK") expected -= 1;
    }
    for (const listener of listeners) listener.call(child, message, handle);
  });
  return () => {
    expected += 1;
  };
}

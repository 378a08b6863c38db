// Asks a running server through its control socket.
import { connect } from "node:net";
import type { ControlAnswer, ControlRequest } from "../server/control/control-protocol.ts";
import { CommandError } from "./errors.ts";
import { EXIT_CODES } from "./exit-codes.ts";

/**
 * Sends one request.
 *
 * @param path - of the control socket
 * @returns the answer, however long it takes
 * @throws CommandError when nobody answers there
 */
export function askServer(path: string, request: ControlRequest): Promise<ControlAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    let text = "";
    socket.setEncoding("utf8");
    socket.once("connect", () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on("data", (chunk: string) => {
      text += chunk;
      // Looked for in what is new alone: the answer may come in many pieces.
      if (!chunk.includes("\n")) return;
      const end = text.indexOf("\n");
      socket.destroy();
      resolve(JSON.parse(text.slice(0, end)) as ControlAnswer);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => reject(unreachable(path, error)));
    socket.once("end", () => reject(unreachable(path, new Error("the server ended the conversation"))));
  });
}

function unreachable(path: string, error: NodeJS.ErrnoException): CommandError {
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: "there is no such socket; start the server with --control-socket",
    ECONNREFUSED: "no server answers there",
    EACCES: "permission denied",
  };
  const reason = reasons[error.code ?? ""] ?? error.message;
  return new CommandError(
    EXIT_CODES.addressUnusable,
    "ERR_TSGI_CONTROL",
    `Cannot ask the server at ${path}: ${reason}`,
    {
      cause: error,
    },
  );
}

// Lets in the connections of those who may speak for clients.
import type { Socket } from "node:net";
import { plainAddress } from "../../http/endpoints.ts";
import type { ServerShare } from "../../http/served-connection.ts";
import type { FrontGateway } from "./front-gateway.ts";
import { type Conversation, FrontSocket } from "./front-socket.ts";

/**
 * Serves a socket, or cuts it at once when its peer may not connect.
 *
 * @param converse - makes the conversation
 */
export function serveFront(
  socket: Socket,
  share: ServerShare,
  gateway: FrontGateway,
  converse: (own: FrontSocket) => Conversation,
): FrontSocket {
  const served = new FrontSocket(socket, share, converse);
  if (!gateway.mayConnect(plainAddress(socket.remoteAddress ?? ""))) served.destroy();
  return served;
}

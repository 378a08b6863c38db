// The SCGI gateway: serves the connections of a web server in front, such as nginx with scgi_pass.
import type { Socket } from "node:net";
import type { ServedConnection, ServerShare, SocketProtocol } from "../../http/served-connection.ts";
import { ScgiHeadDecoder } from "../../protocols/scgi/scgi-head.ts";
import type { ApplicationCalls } from "../application-calls.ts";
import { FrontGateway, type FrontGatewayOptions } from "../front/front-gateway.ts";
import { serveFront } from "../front/serve-front.ts";
import { SingleConversation } from "../front/single-conversation.ts";

/**
 * Makes what serves the connections of a SCGI listener.
 *
 * @param calls - of the application
 */
export function scgiGateway(calls: ApplicationCalls, options: FrontGatewayOptions = {}): SocketProtocol {
  const protocol = { name: "SCGI", form: "status-field", bufferDirective: "scgi_buffer_size" } as const;
  const gateway = new FrontGateway(calls, protocol, options);
  return {
    serve(socket: Socket, share: ServerShare): ServedConnection {
      return serveFront(socket, share, gateway, (own) => new SingleConversation(own, gateway, new ScgiHeadDecoder()));
    },
  };
}

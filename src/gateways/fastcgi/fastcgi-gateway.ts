// The FastCGI gateway: serves the connections of a web server in front, such as nginx with fastcgi_pass.
import type { Socket } from "node:net";
import type { ServedConnection, ServerShare, SocketProtocol } from "../../http/served-connection.ts";
import type { ApplicationCalls } from "../application-calls.ts";
import { FrontGateway, type FrontGatewayOptions } from "../front/front-gateway.ts";
import { serveFront } from "../front/serve-front.ts";
import { FastCGIConversation } from "./fastcgi-conversation.ts";

/**
 * Makes what serves the connections of a FastCGI listener.
 *
 * @param calls - of the application
 */
export function fastcgiGateway(calls: ApplicationCalls, options: FrontGatewayOptions = {}): SocketProtocol {
  const protocol = { name: "FastCGI", form: "status-field", bufferDirective: "fastcgi_buffer_size" } as const;
  const gateway = new FrontGateway(calls, protocol, options);
  return {
    serve(socket: Socket, share: ServerShare): ServedConnection {
      return serveFront(socket, share, gateway, (own) => new FastCGIConversation(own, gateway));
    },
  };
}

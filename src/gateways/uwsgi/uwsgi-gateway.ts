// The uwsgi gateway: serves the connections of a web server in front, such as nginx with uwsgi_pass.
import type { Socket } from "node:net";
import type { ServedConnection, ServerShare, SocketProtocol } from "../../http/served-connection.ts";
import { UwsgiHeadDecoder } from "../../protocols/uwsgi/uwsgi-head.ts";
import type { ApplicationCalls } from "../application-calls.ts";
import { FrontGateway, type FrontGatewayOptions } from "../front/front-gateway.ts";
import { serveFront } from "../front/serve-front.ts";
import { SingleConversation } from "../front/single-conversation.ts";

/**
 * Makes what serves the connections of a uwsgi listener.
 *
 * @param calls - of the application
 */
export function uwsgiGateway(calls: ApplicationCalls, options: FrontGatewayOptions = {}): SocketProtocol {
  const protocol = { name: "uwsgi", form: "status-line", bufferDirective: "uwsgi_buffer_size" } as const;
  const gateway = new FrontGateway(calls, protocol, options);
  return {
    serve(socket: Socket, share: ServerShare): ServedConnection {
      return serveFront(socket, share, gateway, (own) => new SingleConversation(own, gateway, new UwsgiHeadDecoder()));
    },
  };
}

// What a worker speaks at the addresses where web servers in front connect. A gateway is imported only where an address needs it.
import type { ApplicationCalls } from "../../gateways/application-calls.ts";
import type { FrontGatewayOptions } from "../../gateways/front/front-gateway.ts";
import { TrustedProxies } from "../../gateways/trusted-proxies.ts";
import type { SocketProtocol } from "../../http/served-connection.ts";
import { encodeNative } from "../../wsgi/native-string.ts";
import type { RefusalLog } from "../logging/refusal-log.ts";
import type { Settings } from "../settings/table.ts";
import { type FrontProtocolName, parseFrontBind } from "../sockets/bind-address.ts";

type GatewayMaker = (calls: ApplicationCalls, options: FrontGatewayOptions) => SocketProtocol;

const GATEWAYS: Readonly<Record<FrontProtocolName, () => Promise<GatewayMaker>>> = {
  fastcgi: async () => (await import("../../gateways/fastcgi/fastcgi-gateway.ts")).fastcgiGateway,
  scgi: async () => (await import("../../gateways/scgi/scgi-gateway.ts")).scgiGateway,
  uwsgi: async () => (await import("../../gateways/uwsgi/uwsgi-gateway.ts")).uwsgiGateway,
};

/** The protocols of a worker's listeners that are not HTTP. */
export class FrontListeners {
  readonly #protocols: ReadonlyMap<string, SocketProtocol>;

  private constructor(protocols: ReadonlyMap<string, SocketProtocol>) {
    this.#protocols = protocols;
  }

  /** Makes the gateways for some addresses. @param calls - of the application, and refusals: HTTP shares both */
  static async open(
    listeners: readonly { readonly bind: string }[],
    calls: ApplicationCalls,
    settings: Pick<Settings, "gatewayAllowIps" | "trustRemoteUser" | "scriptName">,
    refusals: RefusalLog,
  ): Promise<FrontListeners> {
    const { gatewayAllowIps, trustRemoteUser, scriptName } = settings;
    const protocols = new Map<string, SocketProtocol>();
    for (const { bind } of listeners) {
      const front = parseFrontBind(bind);
      if (front === null) continue;
      const makeGateway = await GATEWAYS[front.protocol]();
      const gateway = makeGateway(calls, {
        mount: front.mount === null ? encodeNative(scriptName).replace(/\/$/, "") || null : encodeNative(front.mount),
        trustRemoteUser,
        allowedPeers: TrustedProxies.parse(gatewayAllowIps),
        refused: (error, remoteAddress) => refusals.tell(front.protocol, remoteAddress, error.message),
      });
      protocols.set(bind, gateway);
    }
    return new FrontListeners(protocols);
  }

  /** @returns undefined for an address of HTTP */
  protocolOf(bind: string): SocketProtocol | undefined {
    return this.#protocols.get(bind);
  }
}

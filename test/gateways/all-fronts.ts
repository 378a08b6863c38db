// Each web server by each of its protocols, in front of one application that is mounted at /app.
import { relayProgram } from "./cgi-relay.ts";
import { type Front, startApache, startLighttpd, startNginx } from "./fronts.ts";
import { Served, type ServedOptions } from "./served.ts";

/** A web server that was asked for, and the paths of those that are installed. */
export type FrontPrograms = Readonly<Partial<Record<"nginx" | "apache" | "lighttpd", string>>>;

/** Web servers that run. */
export interface AllFronts {
  readonly served: Served;
  /** Ports by names such as `nginx fastcgi`. */
  readonly ports: Readonly<Record<string, number>>;
  /** What the error logs hold. */
  errors(): string;
  close(): Promise<void>;
}

/** Starts the web servers, one process each. */
export async function openFronts(programs: FrontPrograms, options: ServedOptions): Promise<AllFronts> {
  const served = await Served.open(options);
  const starting: Promise<Front>[] = [];
  if (programs.nginx !== undefined) starting.push(startNginx(programs.nginx, nginxServers(), nginxUpstreams(served)));
  const relay = relayProgram(served.ports.cgi);
  if (programs.apache !== undefined) starting.push(startApache(programs.apache, apacheServers(served), { app: relay }));
  if (programs.lighttpd !== undefined)
    starting.push(startLighttpd(programs.lighttpd, lighttpdServers(served), { app: relay }));
  const fronts = await Promise.all(starting);
  const ports = Object.assign({}, ...fronts.map((front) => front.ports)) as Record<string, number>;
  return {
    served,
    ports,
    errors: () => fronts.map((front) => front.errors()).join("\n"),
    async close() {
      await Promise.all(fronts.map((front) => front.close()));
      await served.close();
    },
  };
}

function nginxUpstreams(served: Served): string {
  const pools = (["fastcgi", "scgi", "uwsgi"] as const).map(
    (name) => `upstream ${name}_app { server unix:${served.path(name)}; keepalive 4; }`,
  );
  return `${pools.join(" ")} upstream http_app { server 127.0.0.1:${served.ports.http}; keepalive 4; }`;
}

/** With the stock parameters of the packages. */
function nginxServers(): Record<string, string> {
  const location = (protocol: string, more: string): string =>
    `location / { ${protocol}_pass ${protocol}_app; include /etc/nginx/${protocol}_params; ${protocol}_buffering off; ${protocol}_buffer_size 64k; ${protocol}_buffers 8 64k; ${more} }`;
  return {
    "nginx http": `location / { proxy_pass http://http_app; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host; proxy_buffering off; proxy_buffer_size 64k; proxy_buffers 8 64k; proxy_request_buffering off; }`,
    "nginx fastcgi": location(
      "fastcgi",
      "fastcgi_param HTTP_HOST $http_host; fastcgi_keep_conn on; fastcgi_request_buffering off;",
    ),
    "nginx scgi": location("scgi", "scgi_param HTTP_HOST $http_host;"),
    "nginx uwsgi": location("uwsgi", "uwsgi_param HTTP_HOST $http_host;"),
  };
}

/** For what is proxied, the directive counts in a location only. */
const PASS_AUTHORIZATION = '<Location "/">\nCGIPassAuth On\n</Location>';

const apacheServers =
  ({ ports }: Served) =>
  (folder: string): Record<string, string> => ({
    "apache http": `ProxyPass / http://127.0.0.1:${ports.http}/ nocanon flushpackets=on\nProxyPreserveHost On`,
    "apache fastcgi": `ProxyPass / fcgi://127.0.0.1:${ports.fastcgi}/ enablereuse=on flushpackets=on\nProxyFCGIBackendType GENERIC\n${PASS_AUTHORIZATION}`,
    "apache scgi": `ProxyPass / scgi://127.0.0.1:${ports.scgi}/ flushpackets=on\n${PASS_AUTHORIZATION}`,
    "apache uwsgi": `ProxyPass / uwsgi://127.0.0.1:${ports.uwsgi}/ flushpackets=on`,
    "apache cgi": `ScriptAlias /app ${folder}/cgi/app`,
  });

const lighttpdServers =
  ({ ports }: Served) =>
  (folder: string): Record<string, string> => {
    const peer = (port: number): string => `"host" => "127.0.0.1", "port" => ${port}`;
    const stream = "server.stream-response-body = 2";
    return {
      "lighttpd http": `proxy.server = ("" => ((${peer(ports.http)})))\nproxy.header = ("upgrade" => "disable")\n${stream}`,
      "lighttpd fastcgi": `fastcgi.server = ("/app" => ((${peer(ports.fastcgi)}, "check-local" => "disable")))\n${stream}`,
      "lighttpd scgi": `scgi.server = ("/app" => ((${peer(ports.scgi)}, "check-local" => "disable")))\n${stream}`,
      "lighttpd uwsgi": `scgi.protocol = "uwsgi"\nscgi.server = ("/app" => ((${peer(ports.uwsgi)}, "check-local" => "disable")))\n${stream}`,
      "lighttpd cgi": `cgi.assign = ("/app" => "")\n${stream}`,
      // The program stands for the whole server.
      "lighttpd root": `alias.url = ("/" => "${folder}/cgi/app/")\ncgi.assign = ("" => "")\n${stream}`,
    };
  };

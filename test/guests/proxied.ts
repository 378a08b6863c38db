// What tests of the proxy are made of. Everything ends with its test.
import { onTestFinished } from "vitest";
import { proxyApplication, type ProxyOptions } from "../../src/guests/proxy/proxy-application.ts";
import type { UpstreamApplication } from "../../src/guests/upstream/upstream-application.ts";
import { TestClient } from "../../src/testing/test-client.ts";
import type { WSGIApplication } from "../../src/wsgi/types.ts";
import { ScriptedUpstream, type UpstreamScript } from "./scripted-upstream.ts";

/** A whole answer. */
export const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** A proxy. */
export function proxyTo(
  upstream: ProxyOptions["upstream"],
  options: Omit<ProxyOptions, "upstream"> = {},
): UpstreamApplication {
  const application = proxyApplication({ ...options, upstream });
  onTestFinished(() => application.close());
  return application;
}

/** A client of a proxy; an upstream need not send what the validator wants. */
export function clientOf(application: WSGIApplication): TestClient {
  return new TestClient(application, { validate: false });
}

/** A server that says what a test wants. */
export async function scripted(script: UpstreamScript): Promise<ScriptedUpstream> {
  const upstream = await ScriptedUpstream.listen(script);
  onTestFinished(() => upstream.close());
  return upstream;
}

/** The URL of a server of this machine. */
export function urlOf({ port }: { readonly port: number }, path = ""): string {
  return `http://127.0.0.1:${port}${path}`;
}

// The conformance list through a real nginx, by each of the protocols that it speaks to applications.
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { TestClient } from "../../src/testing/test-client.ts";
import { runConformance } from "../../src/testing/conformance/run-conformance.ts";
import { program } from "../needs.ts";
import { type Front, startNginx } from "./fronts.ts";
import { PROTOCOLS, Served } from "./served.ts";

const nginx = program("nginx");

describe.skipIf(nginx === undefined)("behind nginx", () => {
  let served: Served;
  let front: Front;
  beforeAll(async () => {
    served = await Served.open();
    const location = (protocol: string, more: string): string =>
      `location / { ${protocol}_pass ${protocol}_app; include /etc/nginx/${protocol}_params; ${protocol}_buffering off; ${protocol}_buffer_size 64k; ${protocol}_buffers 8 64k; ${more} }`;
    front = await startNginx(
      nginx ?? "",
      {
        fastcgi: location(
          "fastcgi",
          "fastcgi_param HTTP_HOST $http_host; fastcgi_keep_conn on; fastcgi_request_buffering off;",
        ),
        scgi: location("scgi", "scgi_param HTTP_HOST $http_host;"),
        uwsgi: location("uwsgi", "uwsgi_param HTTP_HOST $http_host;"),
      },
      PROTOCOLS.map((name) => `upstream ${name}_app { server unix:${served.path(name)}; keepalive 4; }`).join(" "),
    );
  });
  afterAll(async () => {
    await front.close();
    await served.close();
  });

  describe.each(PROTOCOLS)("by %s", (protocol) => {
    const leftOut = runConformance(test, {
      // An answer without a length that is cut looks complete behind nginx, and nginx passes no more of a body on when the answer has
      // begun. Early hints have no place in these protocols.
      lacks: ["break-off", "early-answer", "early-hints"],
      serve(application) {
        served.application = application;
        return { client: new TestClient(`http://127.0.0.1:${front.ports[protocol]}`), close() {} };
      },
    });
    test("what it cannot carry is known", () =>
      expect(leftOut).toMatchInlineSnapshot(`
        [
          "A body may be echoed while it is read",
          "A generator that throws after its first chunk breaks the answer off",
          "An async generator that throws after its first chunk breaks the answer off",
          "excInfo after the first chunk is thrown again, which breaks the answer off",
          "A streamed body shorter than its Content-Length breaks the answer off",
          "close() is called once when the body throws later",
          "Early hints reach the client before the response",
        ]
      `));
  });
});

import { expect, test } from "vitest";
import { TSGI_SIGNAL } from "../../wsgi/environ.ts";
import { newEnviron } from "../gateway-environ.ts";
import { newFrontEnviron } from "./front-environ.ts";

const facts = { errors: { write() {}, writelines() {}, flush() {} }, isMultiprocess: true, serverSoftware: "tsgi" };
const ends = { serverName: "", serverPort: "", remoteAddress: "", remotePort: "", isSecure: false };

test("is a plain object, as that of HTTP is, with the same keys but those that a front sends", () => {
  const environ = newFrontEnviron(facts, false);
  const ofHttp = newEnviron(facts, ends);
  expect([Object.getPrototypeOf(environ), environ.constructor]).toEqual([Object.prototype, Object]);
  const sent = new Set<string | symbol>(["REQUEST_URI", "REMOTE_ADDR", "REMOTE_PORT"]);
  expect(Reflect.ownKeys(environ)).toEqual(Reflect.ownKeys(ofHttp).filter((key) => !sent.has(key)));
  for (const key of Reflect.ownKeys(environ)) {
    const [own, ofOther] = [environ, ofHttp].map((each) => Object.getOwnPropertyDescriptor(each, key));
    expect(own, String(key)).toEqual(ofOther);
  }
  expect([TSGI_SIGNAL in environ, environ["wsgi.run_once"], newFrontEnviron(facts, true)["wsgi.run_once"]]).toEqual([
    true,
    false,
    true,
  ]);
});

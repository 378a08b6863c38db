// How a server calls an application. Source: PEP 3333, "The Application/Framework Side".
import { show } from "../rule.ts";
import type { Rule, RuleSection } from "../rule.ts";

/** The rule about the call. */
export const APPLICATION_ARGUMENTS: Rule<readonly unknown[]> = {
  code: "ERR_TSGI_APPLICATION_ARGUMENTS",
  text: "The server must call the application with exactly two arguments, the environ and the function `startResponse`",
  check(args) {
    if (args.length !== 2) return `got ${args.length}`;
    return typeof args[1] === "function" ? null : `got ${show(args[1])} as startResponse`;
  },
};

/** Section of SPEC.md. */
export const APPLICATION_SECTION: RuleSection = {
  title: "The application",
  introduction:
    "An application is a function `(environ, startResponse) => body`. It may return a promise of the body. A server calls it once " +
    "per request, and may call it again before an earlier call has been answered. Wherever you configure an application, you may " +
    "also give an object with a `call` method, or a class that is constructed for each request and then iterated; `toApplication` " +
    "turns both into functions. Middleware is a function from application to application. It acts as an application towards its " +
    "server and as a server towards its application, so every rule applies to it on both sides.",
  rules: [APPLICATION_ARGUMENTS],
};

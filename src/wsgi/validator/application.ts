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
    "An application is a function `(environ, startResponse) => body`. It may return a promise of the body. A server calls it once for " +
    "each request, and may call it again before an earlier call has been answered. Where an application is configured, an object with " +
    "the method `call` and a class that is constructed per request and then iterated are accepted too; `toApplication` makes functions " +
    "of them. Middleware is a function from application to application: to its server it is an application, to its application a " +
    "server, so each rule binds it from both sides.",
  rules: [APPLICATION_ARGUMENTS],
};

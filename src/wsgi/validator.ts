// Checks both sides of the contract while a request passes. Source: PEP 3333; wsgiref.validate, whose checks are all here, and the ones it
// lacks. The rules stand in validator/, one file per section of SPEC.md, each sentence beside its check.
import { isPromise } from "./is-promise.ts";
import { enforce } from "./rule.ts";
import type { StartResponse, WSGIApplication, WSGIEnvironment } from "./types.ts";
import { APPLICATION_ARGUMENTS } from "./validator/application.ts";
import { guardBody } from "./validator/body.ts";
import { guardEarlyHints } from "./validator/early-hints.ts";
import { checkEnviron, guardEnviron } from "./validator/environ.ts";
import { CheckedErrors } from "./validator/errors.ts";
import { newCheckedCall } from "./validator/checked-call.ts";
import type { CheckedCall } from "./validator/checked-call.ts";
import { CheckedInput } from "./validator/input.ts";
import { guardStartResponse } from "./validator/start-response.ts";
import { guardUpgrade } from "./validator/upgrade.ts";

/**
 * Wraps an application and checks the contract on both sides. If the server or the application breaks it, the validator throws at that
 * point. Requests and responses pass unchanged. For rules that PEP 3333 only recommends, it emits a process warning named `WSGIWarning`.
 *
 * The application sees a view of the environ, which refuses to be used after the end of the request; a test that looks at an environ
 * later copies it while the request lasts.
 *
 * @param application - to be wrapped; wrap middleware on both sides: `validator(middleware(validator(application)))`
 * @throws ContractViolation with the code of the broken rule, see SPEC.md (from the returned application, `startResponse`, `write`, the
 *   streams and the body)
 */
export function validator(application: WSGIApplication): WSGIApplication {
  return function validated(...args: unknown[]) {
    enforce(APPLICATION_ARGUMENTS, args);
    const [environ, startResponse] = args as [unknown, StartResponse]; // the rule above
    checkEnviron(environ);
    const exchange = newCheckedCall(environ.REQUEST_METHOD);
    const fail = (error: unknown): never => {
      exchange.isEnded = true;
      throw error;
    };
    try {
      const body = application(guarded(environ, exchange), guardStartResponse(startResponse, exchange));
      return isPromise(body)
        ? body.then((settled) => guardBody(settled, exchange)).catch(fail)
        : guardBody(body, exchange);
    } catch (error) {
      return fail(error);
    }
  };
}

function guarded(environ: WSGIEnvironment, exchange: CheckedCall): WSGIEnvironment {
  const { "wsgi.early_hints": earlyHints, "tsgi.upgrade": upgrade } = environ;
  return guardEnviron(
    environ,
    {
      "wsgi.input": new CheckedInput(environ["wsgi.input"], exchange),
      "wsgi.errors": new CheckedErrors(environ["wsgi.errors"], exchange),
      ...(earlyHints === undefined ? {} : { "wsgi.early_hints": guardEarlyHints(earlyHints, exchange) }),
      ...(upgrade === undefined ? {} : { "tsgi.upgrade": guardUpgrade(upgrade, exchange) }),
    },
    exchange,
  );
}

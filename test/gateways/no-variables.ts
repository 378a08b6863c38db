// What a request of a web server in front is read into.
import type { FrontVariables } from "../../src/gateways/front/front-request.ts";

/** The variables of no request yet. */
export function noVariables(): FrontVariables & Record<string, string> {
  return {
    REQUEST_METHOD: "",
    SCRIPT_NAME: "",
    PATH_INFO: "",
    QUERY_STRING: "",
    SERVER_NAME: "",
    SERVER_PORT: "",
    SERVER_PROTOCOL: "",
  };
}

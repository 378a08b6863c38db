// The environment of this process as bytes. Node decodes it as UTF-8, and a path that is not UTF-8 would be lost.
import { readFileSync } from "node:fs";
import type { Variable } from "../../protocols/variables.ts";
import { encodeNative } from "../../wsgi/native-string.ts";
import { isOfRequest } from "./cgi-variables.ts";

/**
 * Reads the environment that this process was started with.
 *
 * @returns names and values as native strings, one code point per byte
 */
export function processVariables(): Variable[] {
  try {
    return splitEnvironment(readFileSync("/proc/self/environ", "latin1"));
  } catch {
    // Only Linux has it.
    return Object.entries(process.env).map(([name, value]) => [encodeNative(name), encodeNative(value ?? "")]);
  }
}

/** @param text - `NAME=value` pairs, each with a NUL behind it */
export function splitEnvironment(text: string): Variable[] {
  return text.split("\0").flatMap((pair): Variable[] => {
    const mark = pair.indexOf("=");
    return mark < 1 ? [] : [[pair.slice(0, mark), pair.slice(mark + 1)]];
  });
}

/**
 * Removes what the request has put into this process's environment. Clients of HTTP libraries would take HTTP_PROXY, which is a header of the
 * client, for the address of a proxy (CVE-2016-5385), and processes that the application starts would inherit all headers.
 *
 * @param environment - is changed
 */
export function forgetRequest(environment: NodeJS.ProcessEnv = process.env): void {
  for (const name of Object.keys(environment)) if (isOfRequest(name)) Reflect.deleteProperty(environment, name);
}

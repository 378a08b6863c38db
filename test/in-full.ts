// What of long tests everybody runs, and what only those who ask for it.

/**
 * How often something is repeated whose fault only chance would show, or how many cases of it are tried.
 *
 * @param usual - as `npm test` and CI do it
 * @param full - with TSGI_TEST_FULL=1
 * @returns one of the two
 */
export function inFull<T>(usual: T, full: T): T {
  return process.env["TSGI_TEST_FULL"] === "1" ? full : usual;
}

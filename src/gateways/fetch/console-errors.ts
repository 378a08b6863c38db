// `wsgi.errors` where there is no stderr: runtimes of the web log what the console gets.

/** @param text - whole lines */
export function writeToConsole(text: string): void {
  console.error(text.replace(/\n$/, ""));
}

// Picks one thread out of what faulthandler wrote. Source: CPython Python/traceback.c, _Py_DumpTracebackThreads.

/**
 * The stack of one thread.
 *
 * @param dump - what the process wrote to stderr
 * @param thread - the thread as the guest names it, for example `0x00007f3a5c0e1740`
 * @returns the lines of its last dump, most recent call first; all of the dump when the thread is not in it
 */
export function stackOfThread(dump: string, thread: string): string {
  const lines = dump.split("\n");
  const start = lines.findLastIndex((line) => isThreadLine(line) && line.includes(thread));
  if (start === -1) return dump.trim();
  const end = lines.findIndex((line, index) => index > start && !line.startsWith("  "));
  return lines.slice(start, end === -1 ? undefined : end).join("\n");
}

/**
 * The lines of a process's stderr that say why it died.
 *
 * @param text - the end of its stderr
 * @returns from `Fatal Python error` on, if there is one; otherwise the last twenty lines
 */
export function fatalReport(text: string): string {
  const fatal = text.lastIndexOf("Fatal Python error");
  return fatal === -1 ? text.trimEnd().split("\n").slice(-20).join("\n") : text.slice(fatal).trimEnd();
}

function isThreadLine(line: string): boolean {
  return line.startsWith("Thread 0x") || line.startsWith("Current thread 0x");
}

// Finds the stack of one thread in the output of faulthandler. Source: CPython Python/traceback.c, _Py_DumpTracebackThreads.

/**
 * The stack of one thread.
 *
 * @param dump - what faulthandler has written
 * @param thread - the thread as the guest names it, for example `0x00007f3a5c0e1740`
 * @returns the lines of its last dump, most recent call first; the whole dump if the thread is not in it
 */
export function stackOfThread(dump: string, thread: string): string {
  const lines = dump.split("\n");
  const start = lines.findLastIndex((line) => isThreadLine(line) && line.includes(thread));
  if (start === -1) return dump.trim();
  const end = lines.findIndex((line, index) => index > start && !line.startsWith("  "));
  return lines.slice(start, end === -1 ? undefined : end).join("\n");
}

/**
 * The lines of a process's reports that explain a crash.
 *
 * @param text - what faulthandler has written
 * @returns from `Fatal Python error` on, if there is one; otherwise nothing
 */
export function fatalReport(text: string): string {
  const fatal = text.lastIndexOf("Fatal Python error");
  return fatal === -1 ? "" : text.slice(fatal).trimEnd();
}

function isThreadLine(line: string): boolean {
  return line.startsWith("Thread 0x") || line.startsWith("Current thread 0x");
}

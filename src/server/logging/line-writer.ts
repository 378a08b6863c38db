// What logs write to: a file, syslog, or both.

/** Takes lines. */
export interface LineWriter {
  /** @param text - lines, each ended by a line feed; they may be kept for a moment */
  write(text: string): void;
}

/** Gives each line to several writers. */
export function writeToAll(writers: readonly LineWriter[]): LineWriter {
  const [only] = writers;
  if (writers.length === 1 && only !== undefined) return only;
  return {
    write(text) {
      for (const writer of writers) writer.write(text);
    },
  };
}

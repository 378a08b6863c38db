// What an application prints becomes part of the error log. Source: gunicorn's setting capture_output.
import type { LogFile } from "./log-file.ts";

type Write = typeof process.stdout.write;

/**
 * Whether output is captured. Where the error log is standard error the streams stay what they are, as with gunicorn: what is written to
 * standard output is for whoever reads that.
 */
export function isCapturing(settings: { readonly captureOutput: boolean; readonly errorLogfile: string }): boolean {
  return settings.captureOutput && settings.errorLogfile !== "-";
}

/**
 * Sends all that this process writes to standard output and standard error (`console.log`, libraries) to a log instead. What native
 * code or a child process writes to the descriptors themselves is not seen.
 *
 * @returns a function that ends it
 */
export function captureOutput(file: LogFile): () => void {
  const streams = [process.stdout, process.stderr];
  const originals = streams.map((stream): unknown => Reflect.get(stream, "write"));
  for (const stream of streams) stream.write = captured(file);
  return function release() {
    for (const [index, stream] of streams.entries()) stream.write = originals[index] as Write;
  };
}

function captured(file: LogFile): Write {
  return function write(
    chunk: Uint8Array | string,
    encodingOrDone?: BufferEncoding | ((error?: Error | null) => void),
    whenDone?: (error?: Error | null) => void,
  ): boolean {
    const isEncoding = typeof encodingOrDone === "string";
    file.write(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8"));
    const done = isEncoding ? whenDone : (encodingOrDone ?? whenDone);
    if (done !== undefined) process.nextTick(done);
    return true;
  };
}

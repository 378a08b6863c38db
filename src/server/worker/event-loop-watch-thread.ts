// The thread of event-loop-watch.ts.
import { Session } from "node:inspector";
import { workerData } from "node:worker_threads";
import type { WatchConfig } from "./event-loop-watch.ts";
import { ErrorLog } from "../logging/error-log.ts";
import { LogFile } from "../logging/log-file.ts";
import { Silence } from "./silence.ts";

const CHECK_MILLISECONDS = 100;
const MAX_FRAMES = 30;

interface Frame {
  readonly functionName: string;
  readonly url: string;
  readonly location: { readonly scriptId: string; readonly lineNumber: number; readonly columnNumber?: number };
}

const { beats, afterSeconds, errorLogfile, logLevel } = workerData as WatchConfig;
const counter = new Int32Array(beats);
const silence = new Silence(afterSeconds);

setInterval(() => {
  if (silence.look(Atomics.load(counter, 0), performance.now())) takeStack();
}, CHECK_MILLISECONDS);

/** Interrupts the main thread where it is, reads its stack and lets it go on. */
function takeStack(): void {
  const session = new Session();
  session.connectToMainThread();
  // Frames name their script by number.
  const urls = new Map<string, string>();
  session.on("Debugger.scriptParsed", ({ params }) => urls.set(params.scriptId, params.url));
  session.once("Debugger.paused", ({ params }) => {
    const frames = (params.callFrames as readonly Frame[])
      .slice(0, MAX_FRAMES)
      .map((frame) => renderFrame(frame, urls));
    session.post("Debugger.resume");
    session.disconnect();
    report(frames);
  });
  session.post("Debugger.enable");
  session.post("Debugger.pause");
}

function renderFrame({ functionName, url, location }: Frame, urls: ReadonlyMap<string, string>): string {
  const script = url === "" ? (urls.get(location.scriptId) ?? "") : url;
  const place = `${script}:${location.lineNumber + 1}:${(location.columnNumber ?? 0) + 1}`;
  return `    at ${functionName === "" ? place : `${functionName} (${place})`}`;
}

function report(frames: readonly string[]): void {
  const file = LogFile.open(errorLogfile === "-" ? 2 : errorLogfile);
  const log = new ErrorLog(file, logLevel);
  log.error(`The event loop has been blocked for ${afterSeconds} seconds, here:\n${frames.join("\n")}`);
  file.close();
}

// @ts-check
// Preloaded into Node servers whose memory is measured at rest: collects garbage once a second, so that two readings compare
// what is in use and not when the collector last ran.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const INTERVAL_MILLISECONDS = 1000;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");
setInterval(() => collect({ type: "major", execution: "sync", flavor: "last-resort" }), INTERVAL_MILLISECONDS).unref();

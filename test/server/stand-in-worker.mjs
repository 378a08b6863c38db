// In the place of a worker, for tests of the arbiter: it says what a worker says, and serves nothing. Node imports it before the worker's
// program, which it never lets begin. The target of the settings says how it behaves.
const { id, generation, isHeld, options } = JSON.parse(process.env.TSGI_WORKER);
const say = (message, sent) => process.send(message, sent);

const BEHAVIOUR = {
  good: () => {
    say({ type: "ready", pid: process.pid, bootSeconds: 0.1, files: [] });
    if (!isHeld) say({ type: "serving" });
  },
  broken: () => {
    const failure = {
      type: "boot-failed",
      stage: "app",
      message: "No such module",
      detail: "at app.ts:1",
      exitCode: 3,
    };
    say({ ...failure, code: "ERR_TEST" }, () => process.exit(3));
  },
  dying: () => process.exit(7),
  // The first one of the server is good.
  "good once": () => BEHAVIOUR[id === 1 ? "good" : "broken"](),
  stubborn: () => BEHAVIOUR.good(),
};

function leave() {
  if (options.target === "stubborn") return;
  say({ type: "listeners-closed" });
  say({ type: "ending" });
  say({ type: "drained" }, () => process.exit(0));
}

/** What it does about messages of the arbiter. */
const TOLD = {
  serve: () => say({ type: "serving" }),
  drain: ({ isQueueKept }) => isQueueKept && leave(),
  seal: leave,
  quit: () => process.exit(0),
  "list-requests": () => {
    const request = { ageSeconds: 1.5, method: "GET", path: `/of/${generation}`, state: "working", python: null };
    say({ type: "requests", requests: [{ ...request, requestId: "r1" }], leftOut: 2 });
  },
};

process.on("message", (message) => TOLD[message.type]?.(message));
process.on("disconnect", () => process.exit(0));
// For the test to say that the application uses too much memory.
process.on("SIGUSR2", () => say({ type: "retire", reason: "memory" }));
BEHAVIOUR[options.target]();
await new Promise(() => {});

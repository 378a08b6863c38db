// The entry of a worker process. It imports nothing before it listens to the signals.

// A terminal sends these to all processes of its group, but what they mean is the arbiter's decision. Without a listener SIGUSR1 opens
// Node's inspector.
for (const signal of ["SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGTTIN", "SIGTTOU", "SIGWINCH"] as const) {
  process.on(signal, () => {});
}

const [{ takeWorkerConfig }, { Worker }] = await Promise.all([import("./worker-config.ts"), import("./worker.ts")]);
const config = takeWorkerConfig();
process.title = `${config.options.procName ?? "tsgi"}: worker [${config.options.target}]`;
await new Worker(config).run();



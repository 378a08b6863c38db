// The thread of password-threads.ts: checks passwords, one after the other.
import { setPriority } from "node:os";
import { parentPort } from "node:worker_threads";
import { verifyPassword } from "./password-hash.ts";
import type { PasswordJob } from "./password-threads.ts";

const NICENESS = 10;

if (process.platform === "linux") {
  try {
    // Linux keeps a priority for each thread: requests go before log-ins.
    setPriority(NICENESS);
  } catch {
    // A sandbox forbids it; then it is checked with the usual one.
  }
}

parentPort?.on("message", ({ password, hash, decoys }: PasswordJob) => {
  const isRight = hash !== null && verifyPassword(password, hash);
  if (!isRight) for (const decoy of decoys) verifyPassword(password, decoy);
  parentPort?.postMessage(isRight, []);
});

// systemd's side: sockets that it hands over (sd_listen_fds(3)), what it is told (sd_notify(3)), and its watchdog.
//
// sd_notify is a datagram on a unix socket, which Node cannot send. The program systemd-notify can, and where it is missing python3 does
// it; either is another process than the arbiter, so the unit needs NotifyAccess=all.
import { spawn } from "node:child_process";
import type { InheritedSocket } from "../sockets/listeners.ts";

const FIRST_FD = 3;

const PYTHON_NOTIFY = `import os, socket, sys
path = os.environ["NOTIFY_SOCKET"]
path = "\\0" + path[1:] if path.startswith("@") else path
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto("\\n".join(sys.argv[1:]).encode(), path)
`;

/**
 * The sockets that systemd has handed to this process. Removes the variables that say so, since children would take them for theirs.
 *
 * @returns an empty list when the process was not started by socket activation
 */
export function takeActivatedSockets(env: NodeJS.ProcessEnv = process.env, pid = process.pid): InheritedSocket[] {
  const { LISTEN_PID, LISTEN_FDS } = env;
  for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]) delete env[name];
  if (LISTEN_PID === undefined || LISTEN_FDS === undefined || Number(LISTEN_PID) !== pid) return [];
  return Array.from({ length: Number(LISTEN_FDS) }, (_, index) => {
    const fd = FIRST_FD + index;
    return { fd, bind: `fd://${fd}` };
  });
}

/** Tells systemd how the service is. Does nothing when nobody wants to know. */
export class SystemdNotifier {
  readonly #env: NodeJS.ProcessEnv;
  readonly #watchdogMilliseconds: number;
  #watchdog: NodeJS.Timeout | null = null;
  #command: "systemd-notify" | "python3" | null = "systemd-notify";

  /** Takes the variables of systemd out of the environment, so that applications do not speak in the server's name. */
  constructor(env: NodeJS.ProcessEnv = process.env) {
    const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = env;
    this.#env = { ...env };
    for (const name of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]) delete env[name];
    if (NOTIFY_SOCKET === undefined) this.#command = null;
    const isMine = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid;
    this.#watchdogMilliseconds = isMine ? Number(WATCHDOG_USEC ?? 0) / 1000 : 0;
  }

  /** True when somebody listens. */
  get isOn(): boolean {
    return this.#command !== null;
  }

  /** Says for example `READY=1`. */
  notify(...assignments: readonly string[]): void {
    if (this.#command === null) return;
    const args =
      this.#command === "systemd-notify"
        ? [`--pid=${process.pid}`, ...assignments]
        : ["-c", PYTHON_NOTIFY, ...assignments];
    const child = spawn(this.#command, args, { env: this.#env, stdio: "ignore" });
    child.once("error", () => {
      this.#command = this.#command === "systemd-notify" ? "python3" : null;
      this.notify(...assignments);
    });
  }

  /** Feeds the watchdog from now on, twice in each of its periods. @param isWell - asked each time; when false, systemd will act */
  startWatchdog(isWell: () => boolean): void {
    if (this.#watchdogMilliseconds === 0 || !this.isOn) return;
    this.#watchdog = setInterval(() => {
      if (isWell()) this.notify("WATCHDOG=1");
    }, this.#watchdogMilliseconds / 2);
    this.#watchdog.unref();
  }

  close(): void {
    if (this.#watchdog !== null) clearInterval(this.#watchdog);
  }
}

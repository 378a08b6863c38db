// Ends the processes that a program started and left behind (a reloader's child would keep serving): the rest of its process group.
const LOOKS = 20;
const LOOK_MILLISECONDS = 50;

/**
 * Ends the processes of a group whose leader has exited: SIGTERM first, then SIGKILL for those still running a second later.
 *
 * @param group - the id of the leader, which Node has started as one (`detached`)
 * @returns resolves when none is left, or the rest has been killed
 */
export async function endGroup(group: number): Promise<void> {
  if (!signalGroup(group, "SIGTERM")) return;
  for (let look = 0; look < LOOKS; look += 1) {
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_MILLISECONDS);
    });
    if (!signalGroup(group, 0)) return;
  }
  signalGroup(group, "SIGKILL");
}

/** False when there is no such group any more. */
function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal);
  } catch {
    return false;
  }
}

// The thread that answers on a lane and the one that watches it both receive: neither may wait for what the other has got.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { shimPath } from "../../src/guests/python/shim-path.ts";

const PROGRAM = `
import importlib.util, os, socket, sys, threading, time, types

spec = importlib.util.spec_from_file_location("shim", sys.argv[1])
shim = importlib.util.module_from_spec(spec)
sys.modules["shim"] = shim
spec.loader.exec_module(shim)

ours, theirs = socket.socketpair()
guest = types.SimpleNamespace(threads=1, memory=None, kept=[(None, 0, 0)], started=None, aborted=None, is_multithread=False, is_multiprocess=False)
lane = shim.Lane(guest, 0, ours)
lane.current = 1
got = []
lane.reading.acquire()  # as the watcher does in receive_waiting()
answering = threading.Thread(target=lambda: got.append(lane.wait(1, shim.BODY)), daemon=True)
answering.start()
time.sleep(0.3)  # it has found nothing, and waits for the lock by now
theirs.sendall(shim.HEADER.pack(5, 1, 0, shim.BODY, 0, 0) + b"piece")
lane.file(lane.raw.recv(65536))
lane.reading.release()
answering.join(5)
print(got[0][3].decode() if got else "waits for ever", flush=True)
os._exit(0)
`;

test("a frame that the watcher has received reaches the thread that waits for it", async () => {
  const { stdout } = await promisify(execFile)("python3", ["-c", PROGRAM, shimPath()]);
  expect(stdout).toBe("piece\n");
});

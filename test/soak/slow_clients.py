"""Clients that read a little at a time: python3 slow_clients.py PORT COUNT. Ends when its input does, with a line of totals."""

import json
import os
import resource
import select
import socket
import sys
import time

BYTES_PER_SECOND = 65_536
READS_PER_SECOND = 4
TICK_SECONDS = 0.002

port, count = map(int, sys.argv[1:])
# They give way to the server and to the load that is measured: what they take of the machine is not the server's fault.
if hasattr(os, "SCHED_IDLE"):
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)

sockets = []
for _ in range(count):
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    client.setblocking(False)
    sockets.append(client)

# Each reads four times in a second, and no two at the same moment: they know nothing of each other.
reads_per_second = count * READS_PER_SECOND
buffer = memoryview(bytearray(BYTES_PER_SECOND // READS_PER_SECOND))
closed = set()
reads = total = 0
start = time.monotonic()
while not select.select([sys.stdin], [], [], TICK_SECONDS)[0]:
    due = int((time.monotonic() - start) * reads_per_second)
    for number in range(reads, due):
        try:
            received = sockets[number % count].recv_into(buffer)
        except BlockingIOError:
            continue
        except OSError:
            received = 0
        total += received
        if received == 0:
            closed.add(number % count)
    reads = due
print(json.dumps({"open": count - len(closed), "bytes": total}))

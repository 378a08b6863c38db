# Starts programs for a worker, by posix_spawn: the system shares the memory of this process with the new one until it runs its program, in
# place of copying it. Names and values pass as bytes. What it reads and writes: src/guests/cgi/spawner-frames.ts. It ends, and ends its
# programs, when the worker has gone.
import errno
import os
import select
import shutil
import signal
import sys
import time

DIRECTORY = os.fsencode(sys.argv[1])
MEANT_FOR_THE_WORKER = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)
OUR_OWN = (*MEANT_FOR_THE_WORKER, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD)
KILL_SECONDS = 3

id_of = {}  # by process id
made_outputs = made_inputs = 0
group = {"setsid": True}  # how a program gets a group of its own, so that all of it can be ended


def say(*words):
    try:
        os.write(1, b" ".join(words) + b"\n")
    except OSError:
        finish()


def number(value):
    return b"%d" % value


def make(outputs, inputs):
    global made_outputs, made_inputs
    wanted = [b"%d%s" % (name, stream) for name in range(made_outputs, outputs) for stream in (b"o", b"e")]
    wanted += [b"%di" % name for name in range(made_inputs, inputs)]
    for name in wanted:
        os.mkfifo(b"%s/%s" % (DIRECTORY, name), 0o600)
    made_outputs, made_inputs = max(made_outputs, outputs), max(made_inputs, inputs)
    say(b"have", number(made_outputs), number(made_inputs))


def open_pipe(path, mode):
    """Never waits: the other end of a named pipe may have gone with its worker."""
    both = os.open(path, os.O_RDWR)
    try:
        return os.open(path, mode)
    finally:
        os.close(both)


def start(request_id, outputs, source, directory, program, count, *rest):
    count = int(count)
    opened = []
    try:
        if source:
            opened.append(open_pipe(b"%s/%si" % (DIRECTORY, source), os.O_RDONLY))
        else:
            opened.append(os.open("/dev/null", os.O_RDONLY))
        for stream in b"o", b"e":
            opened.append(open_pipe(b"%s/%s%s" % (DIRECTORY, outputs, stream), os.O_WRONLY))
        environment = dict(text.split(b"=", 1) for text in rest[count:])
        os.chdir(directory)
        pid = run(program, rest[:count], environment, opened)
    except (OSError, ValueError) as error:
        return say(b"failed", request_id, number(getattr(error, "errno", None) or errno.EINVAL))
    finally:
        for descriptor in opened:
            os.close(descriptor)
    id_of[pid] = request_id
    say(b"pid", request_id, number(pid))


def run(program, arguments, environment, descriptors):
    streams = [(os.POSIX_SPAWN_DUP2, descriptor, stream) for stream, descriptor in enumerate(descriptors)]
    try:
        return spawn(program, (program, *arguments), environment, streams)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
        # A script without a first line that names its interpreter is the shell's, as for execvp.
        return spawn(b"/bin/sh", (b"sh", program, *arguments), environment, streams)


def spawn(program, arguments, environment, streams):
    try:
        return os.posix_spawn(
            program, arguments, environment, file_actions=streams, setsigmask=(), setsigdef=OUR_OWN, **group
        )
    except NotImplementedError:  # the system's library knows no sessions here
        group.clear()
        group["setpgroup"] = 0
        return spawn(program, arguments, environment, streams)


def reap(report=True):
    while id_of:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        request_id = id_of.pop(pid, None)
        if not report or request_id is None:
            continue
        if os.WIFSIGNALED(status):
            say(b"exit", request_id, b"0", number(os.WTERMSIG(status)))
        else:
            say(b"exit", request_id, number(os.WEXITSTATUS(status)), b"0")


def finish():
    for name in signal.SIGTERM, signal.SIGKILL:
        for pid in id_of:
            try:
                os.killpg(pid, name)
            except OSError:
                pass  # it has just ended
        until = time.monotonic() + KILL_SECONDS
        while id_of and time.monotonic() < until:
            reap(report=False)
            time.sleep(0.05)
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    os._exit(0)


def close_inherited():
    """What the worker was given beyond its streams is no program's business."""
    for name in os.listdir("/dev/fd"):
        if int(name) > 2:
            try:
                os.close(int(name))
            except OSError:
                pass  # the list's own


def main():
    close_inherited()
    for name in MEANT_FOR_THE_WORKER:
        signal.signal(name, signal.SIG_IGN)
    woken, waker = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    make(32, 32)
    data = b""
    while True:
        readable, _, _ = select.select([0, woken], [], [])
        if woken in readable:
            os.read(woken, 4096)
            reap()
        if 0 not in readable:
            continue
        chunk = os.read(0, 65536)
        if not chunk:
            finish()
        data += chunk
        while len(data) >= 4 and len(data) >= 4 + (length := int.from_bytes(data[:4], "big")):
            verb, *fields = data[4 : 4 + length].split(b"\0")
            data = data[4 + length :]
            if verb == b"make":
                make(*map(int, fields))
            else:
                start(*fields)


main()

import json
import os
import signal
import socket
import tempfile
import unittest

from ..control import ControlChannel, dump_signal
from ..wire import FORK, HEADER, HELLO, LOG, STOP
from .host import frame, frames_of


class ControlTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name + "/tsgi-x"
        os.mkdir(self.directory)
        self.listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(self.listener.close)
        self.options = {"socket": self.directory + "/socket", "status": self.directory + "/status", "token": "secret"}
        self.listener.bind(self.options["socket"])
        self.listener.listen(8)
        self.channel = ControlChannel(self.options, ends_group=False)
        self.channel.open(4)
        self.addCleanup(lambda: self.channel.sock.close())
        self.host = self.listener.accept()[0]
        self.addCleanup(lambda: self.host.close())

    def told(self):
        return [(each.kind, json.loads(each.text)) for each in frames_of(self.host.recv(1 << 20))]


class Telling(ControlTest):
    def test_it_says_first_who_it_is(self):
        ((kind, hello),) = self.told()
        self.assertEqual((kind, hello["token"], hello["process"], hello["lane"], hello["pid"]), (HELLO, "secret", 4, -1, os.getpid()))
        self.assertEqual(hello["dump"]["signal"], dump_signal())

    def test_what_is_no_json_is_told_as_text(self):
        self.told()
        self.channel.tell(LOG, {"message": dump_signal})
        self.assertIn("function dump_signal", self.told()[0][1]["message"])

    def test_after_a_fork_the_channel_is_another(self):
        self.told()
        self.channel.rest = b"of the parent"
        self.channel.open_again(5)
        self.host.close()
        self.host = self.listener.accept()[0]
        self.assertEqual((self.told()[0][1]["process"], self.channel.rest), (5, b""))

    def test_the_signal_for_stacks_is_none_that_programs_use(self):
        self.assertNotIn(dump_signal(), (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGCHLD))


class Hearing(ControlTest):
    def test_messages_may_be_split_anywhere(self):
        data = frame(FORK, b'{"process": 1}') + frame(STOP) + frame(FORK, b'{"process": 2}')
        for cut in range(1, len(data)):
            self.host.sendall(data[:cut])
            heard = []
            if cut >= HEADER.size + 14:
                heard.append(self.channel.hear())
            self.host.sendall(data[cut:])
            while len(heard) < 3:
                heard.append(self.channel.hear())
            self.assertEqual(heard, [(FORK, {"process": 1}), (STOP, None), (FORK, {"process": 2})])

    def test_the_end_of_the_channel_is_heard(self):
        self.host.sendall(frame(STOP) + frame(STOP)[:5])
        self.host.close()
        self.assertEqual([self.channel.hear(), self.channel.hear()], [(STOP, None), None])

    def test_while_tsgi_is_there_nobody_leaves(self):
        self.channel.leave_if_alone()
        self.host.sendall(frame(STOP))
        self.channel.leave_if_alone()
        self.assertEqual(self.channel.hear(), (STOP, None))  # it was only looked at

    def test_a_socket_of_another_class_is_the_same_socket(self):
        self.channel.renew()
        self.host.sendall(frame(STOP))
        self.assertEqual(self.channel.hear(), (STOP, None))


class Leaving(ControlTest):
    def end_of(self, act):
        """How a process ends that does this."""
        pid = os.fork()
        if pid == 0:
            try:
                act()
            finally:
                os._exit(9)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def test_a_process_that_is_alone_ends_and_clears_up(self):
        for name in ("status", "process-1"):
            open(os.path.join(self.directory, name), "w").close()
        self.listener.close()
        self.host.close()

        def act():
            os.rename(self.directory + "/process-1", self.directory + "/process-%d" % os.getpid())
            self.channel.leave_if_alone()

        self.assertEqual(self.end_of(act), 0)
        self.assertFalse(os.path.exists(self.directory))

    def test_what_others_have_left_there_stays(self):
        open(os.path.join(self.directory, "theirs"), "w").close()
        self.listener.close()
        self.host.close()
        self.assertEqual(self.end_of(self.channel.leave), 0)
        self.assertEqual(os.listdir(self.directory), ["theirs"])

    def test_who_finds_nobody_listening_ends(self):
        self.listener.close()
        self.assertEqual(self.end_of(self.channel.connect), 0)

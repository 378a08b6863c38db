"""Values of the environ that live in TSGI: changes made here are sent before the response that depends on them."""

import collections.abc
import json
import sys

from .wire import HEADER, SHARED

MOST_SHARED_CHARACTERS = 1048576
LARGEST_INTEGER = 2**53 - 1


class Sharing:
    """The shared values of one request."""

    def __init__(self, lane, response, received):
        self.lane = lane
        self.response = response
        self.values = {key: SHARED_VALUES[kind](self, text) for key, (kind, text) in received.items()}
        self.is_announced = False

    def start_response(self, status, headers, exc_info=None):
        write = self.response.start_response(status, headers, exc_info)
        if not self.is_announced:
            self.tell()
            self.is_announced = True
        return write

    def touched(self):
        """A value was accessed for the first time. A response head that was already sent cannot reflect that."""
        if self.is_announced:
            self.tell()

    def tell(self):
        lane, request_id = self.lane, self.response.request_id
        if self.response.done or lane.current != request_id:
            return
        changes = {key: value.take_change() for key, value in self.values.items()}
        text = ",".join("%s:%s" % (json.dumps(key), change) for key, change in changes.items() if change is not None)
        if text:
            lane.send(HEADER.pack(len(text) + 2, request_id, 0, SHARED, 0, 0), b"{%s}" % text.encode("ascii"))


class SharedValue:
    """Base class: records accesses, and changes that TSGI does not know of yet."""

    def __init__(self, sharing, text):
        self._sharing = sharing
        self._text = text
        self._is_untold = self._is_seen = False

    def _see(self):
        if not self._is_seen:
            self._is_seen = self._is_untold = True
            self._sharing.touched()

    def take_change(self):
        """The pending change as JSON; None if there is none. It counts as sent from now on."""
        if not self._is_untold:
            return None
        self._is_untold = False
        return "{}"

    def refresh(self, text):
        self._text = text


class Token(SharedValue):
    """`environ["tsgi.csrf_token"]()` returns a token for a form, `environ["tsgi.csp_nonce"]()` the nonce of a page."""

    def __call__(self):
        if not self._is_seen and self._sharing.is_announced and not self._text.startswith(" "):
            raise RuntimeError("Ask for the first token, or the nonce, before start_response is called, because the headers tell of it")
        self._see()
        return self._text.lstrip(" ")


class Session(SharedValue, collections.abc.MutableMapping):
    """`environ["tsgi.session"]`: the session of a browser. Names are str, values are JSON values."""

    def __init__(self, sharing, text):
        super().__init__(sharing, text)
        self._values = None
        self._assigned = set()  # names that were set or deleted; other values may have been changed in place
        self._acts = {}

    def __getitem__(self, name):
        return self._look()[name]

    def __setitem__(self, name, value):
        if not isinstance(name, str):
            raise TypeError("A name in the session is %r, expected a str" % (name,))
        check_json(name, value)
        self._change()[name] = value
        self._assigned.add(name)

    def __delitem__(self, name):
        del self._change()[name]
        self._assigned.add(name)

    def __iter__(self):
        return iter(self._look())

    def __len__(self):
        return len(self._look())

    def __repr__(self):
        return "<tsgi session %r>" % (self._look(),)

    def clear(self):
        """Removes everything; use it to log a user out."""
        self._change().clear()
        self._assigned.clear()
        self._acts = {"cleared": True}

    def renew(self):
        """Gives the session a new id and keeps its values. Call it when a user logs in."""
        self._change()
        self._acts["renewed"] = True

    def _look(self):
        self._see()
        if self._values is None:
            self._values = json.loads(self._text or "{}")
        return self._values

    def _change(self):
        if self._sharing.is_announced:
            raise RuntimeError("Change the session before start_response is called, not after it")
        values = self._look()
        self._is_untold = True
        return values

    def take_change(self):
        if self._values is None or self._sharing.is_announced:
            return super().take_change()
        known = {} if "cleared" in self._acts else json.loads(self._text or "{}")
        changed = {}
        for name, value in self._values.items():
            check_json(name, value)
            if name in self._assigned or name not in known or json.dumps(value) != json.dumps(known[name]):
                changed[name] = value
        deleted = [name for name in self._assigned.union(known) if name not in self._values]
        if not (changed or deleted or self._acts):
            return super().take_change()
        text = json.dumps(dict(self._acts, set=changed, deleted=deleted))
        if len(text) > MOST_SHARED_CHARACTERS:
            raise ValueError(
                "The session would take %d characters, expected at most %d" % (len(text), MOST_SHARED_CHARACTERS)
            )
        self._text = json.dumps(self._values)
        self._assigned.clear()
        self._acts = {}
        self._is_untold = False
        return text

    def refresh(self, text):
        super().refresh(text)
        self._values = None


SHARED_VALUES = {"session": Session, "token": Token}


def check_json(name, value):
    """Raises if a value would change on its way through JSON; tuples become lists."""
    if value is None or isinstance(value, (str, bool)):
        return
    if isinstance(value, int):
        if abs(value) > LARGEST_INTEGER:
            raise ValueError("The session's value %r holds the number %d, expected at most 2**53 - 1" % (name, value))
    elif isinstance(value, float):
        if not abs(value) <= sys.float_info.max:
            raise ValueError("The session's value %r holds %r, which JSON cannot carry" % (name, value))
    elif isinstance(value, (list, tuple)):
        for item in value:
            check_json(name, item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError("The session's value %r has a dict with the key %r, expected a str" % (name, key))
            check_json(name, item)
    else:
        raise TypeError(
            "The session's value %r holds a %s, expected what JSON can carry: str, numbers, bool, None, lists and dicts"
            % (name, type(value).__name__)
        )

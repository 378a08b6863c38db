"""The response head: the arguments of `start_response`, checked and encoded."""

import re

from .reports import warn_once
from .wire import MAX_HEAD_BYTES

CACHE_ENTRIES = 512
CACHE_BYTES = 8192

HOP_BY_HOP = frozenset(
    "connection keep-alive proxy-authenticate proxy-authorization te trailer trailers transfer-encoding upgrade".split()
)
is_status = re.compile(r"[1-9][0-9][0-9] [\t\x20-\x7e\x80-\xff]*\Z").match
is_token = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z").match
is_value = re.compile(r"[\t\x20-\x7e\x80-\xff]*\Z").match


class Head:
    """A checked status and header list, encoded for the lane."""

    __slots__ = ("data", "code", "length", "has_body")

    def __init__(self, status, headers):
        if not isinstance(status, str):
            raise TypeError("The status is %r, expected a str such as '200 OK'" % (status,))
        if not is_status(status):
            raise ValueError("The status is %r, expected three digits, a space and a reason" % (status,))
        if type(headers) is not list:
            raise TypeError("The headers are a %s, expected a list" % type(headers).__name__)
        parts = [status]
        self.code = int(status[:3])
        self.length = None
        self.has_body = self.code >= 200 and self.code != 204 and self.code != 304
        for item in headers:
            if not isinstance(item, tuple) or len(item) != 2:
                raise TypeError("A header is %r, expected a (name, value) tuple" % (item,))
            name, value = item
            if not isinstance(name, str) or not isinstance(value, str):
                raise TypeError("The header %r has the value %r, expected both to be str" % (name, value))
            if not is_token(name):
                raise ValueError("The header name %r is not a token" % (name,))
            if not is_value(value):
                raise ValueError("The header %r has the value %r, which no header may hold" % (name, value))
            lower = name.lower()
            if lower in HOP_BY_HOP:
                warn_once("hop:" + lower, "Dropped the header %r: it belongs to the server (PEP 3333)" % name)
                continue
            if lower == "content-length":
                if not (value.isascii() and value.isdigit()):
                    raise ValueError("The header 'Content-Length' has the value %r, expected digits" % value)
                if self.length is not None and self.length != int(value):
                    raise ValueError("The header 'Content-Length' is given twice with different values")
                self.length = int(value)
            elif lower == "status":
                raise ValueError("The header 'Status' is for CGI; the status goes to start_response")
            parts.append(name)
            parts.append(value)
        self.data = "\0".join(parts).encode("latin-1")
        if len(self.data) > MAX_HEAD_BYTES:
            raise ValueError("The headers have %d bytes, expected at most %d" % (len(self.data), MAX_HEAD_BYTES))


_heads = {}


def head_of(status, headers):
    """The checked head, from the cache if the same status and headers were seen before."""
    try:
        key = (status, *headers)
        head = _heads.get(key)
    except TypeError:
        return Head(status, headers)
    if head is None or type(headers) is not list:
        head = Head(status, headers)
        if len(head.data) > CACHE_BYTES:
            return head
        if len(_heads) >= CACHE_ENTRIES:
            _heads.clear()
        _heads[key] = head
    return head

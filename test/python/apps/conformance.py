"""The applications of the conformance list, in Python, by the names of their cases: each under wsgiref's validator, every warning an
error, unless the case breaks the contract on purpose. The case of a request is named by the key `conformance.case`."""

import hashlib
import io
import json
import sys
import threading
import time
import warnings
from urllib.parse import unquote
from wsgiref.validate import validator

warnings.simplefilter("error")

PLAIN = ("Content-Type", "text/plain; charset=utf-8")
BINARY = ("Content-Type", "application/octet-stream")
JSON = ("Content-Type", "application/json")
SECRET = "a secret of the application"
BLOCK = (b"0123456789abcdef" * 4096)[:65536]

cases = {}
breaking = set()
valid = {}


def application(environ, start_response):
    name = unquote(environ.pop("conformance.case"))
    if name in breaking:
        return cases[name](environ, start_response)
    if name not in valid:
        valid[name] = validator(cases[name])
    return valid[name](environ, start_response)


def case(*names, breaks=False):
    def register(app):
        for name in names:
            cases[name] = app
            if breaks:
                breaking.add(name)
        return app

    return register


def answering(name, status, headers, body=lambda environ: [], breaks=False):
    @case(name, breaks=breaks)
    def app(environ, start_response):
        start_response(status, list(headers))
        return body(environ)


def answering_json(name, value, breaks=False):
    @case(name, breaks=breaks)
    def app(environ, start_response):
        text = json.dumps(value(environ))
        start_response("200 OK", [JSON])
        return [text.encode()]


# Statuses.

answering("A 200 with a body arrives", "200 OK", [PLAIN], lambda environ: [b"hello"])
answering("The reason of the status arrives", "299 Quite Fine, Thanks", [PLAIN], lambda environ: [b"x"])
for status in ("204 No Content", "304 Not Modified"):
    answering("A %s has no body and leaves the connection usable" % status, status, [("ETag", '"1"')])
answering("A body that a 204 returns is not sent", "204 No Content", [], lambda environ: [b"not to be seen"], breaks=True)


@case("Every class of status arrives")
def every_status(environ, start_response):
    start_response("%s Some Reason" % environ["QUERY_STRING"], [PLAIN])
    return [environ["QUERY_STRING"].encode()]


@case("HEAD gets the headers of GET and no body")
def head(environ, start_response):
    start_response("200 OK", [PLAIN, ("Content-Length", "5"), ("X-Method", environ["REQUEST_METHOD"])])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"hello"]


for count in (1, 3):
    answering(
        "A body of %d chunk(s) that the application returns for HEAD is not sent" % count,
        "200 OK",
        [PLAIN],
        lambda environ, count=count: (b"hidden" for _ in range(count)),
        breaks=True,
    )

# Headers.

HEADERS = {
    "Set-Cookie may come several times, in order": [
        ("Set-Cookie", "a=1; Path=/"),
        ("Set-Cookie", "b=2; Expires=Wed, 09 Jun 2100 10:18:14 GMT"),
        ("Set-Cookie", "a=3; Path=/x"),
    ],
    "An empty header value arrives": [("X-Empty", "")],
    "A header value keeps its inner spaces, commas and quotes": [("X-Inner", 'a  b, "c; d" = \\e')],
    "A header value beyond ASCII arrives as the same latin-1 bytes": [("X-Name", "caf\xe9 \xff")],
    "UTF-8 in a header value, written as a native string, arrives byte for byte": [
        ("X-Name", "\u20ac \u2013 \u65e5\u672c".encode().decode("latin-1"))
    ],
    "A long header value arrives whole": [("X-Long", "x" * 6000)],
    "A hundred headers arrive in order": [("X-Number-%d" % (index % 50), str(index)) for index in range(100)],
    "Header names in any case, with digits and underscores, arrive": [("x-lower-9", "1"), ("X_Under_Score", "2")],
}
for name, headers in HEADERS.items():
    answering(name, "200 OK", [PLAIN] + headers, lambda environ: [b"x"])


@case("The list of headers may be changed by the application after startResponse")
def changes_headers(environ, start_response):
    headers = [PLAIN, ("X-A", "first")]
    start_response("200 OK", headers)
    headers.clear()
    return [b"x"]


# Bodies.


def slowly(chunks):
    for chunk in chunks:
        time.sleep(0.001)
        yield chunk


BODIES = {
    "A list of one chunk gets its Content-Length": lambda environ: ["gr\u00fc\u00dfe".encode()],
    "An empty list is an empty body": lambda environ: [],
    "A list of several chunks arrives in order": lambda environ: [b"one ", b"two ", b"three"],
    "Empty chunks are nothing": lambda environ: [b"", b"a", b"", b"b", b""],
    "Only empty chunks are an empty body": lambda environ: iter([b"", b""]),
    "A generator arrives": lambda environ: (digit for digit in (b"0", b"1", b"2")),
    "An async generator arrives": lambda environ: slowly([b"0", b"1", b"2"]),
    "A thousand tiny chunks arrive": lambda environ: (b"%d," % index for index in range(1000)),
    "wsgi.file_wrapper sends a file and closes it": lambda environ: environ["wsgi.file_wrapper"](
        io.BytesIO(b"x" * 20000), 4096
    ),
}
for name, body in BODIES.items():
    # The validator's wrapper around a body hides that it is a list of one.
    answering(name, "200 OK", [PLAIN], body, breaks=name.startswith("A list of one chunk"))
answering(
    "A streamed body with a Content-Length keeps it",
    "200 OK",
    [PLAIN, ("Content-Length", "6")],
    lambda environ: slowly([b"abc", b"def"]),
)
answering("All 256 bytes arrive unchanged", "200 OK", [BINARY], lambda environ: [bytes(range(256))])
answering("Three megabytes in one chunk arrive", "200 OK", [BINARY], lambda environ: [BLOCK * 48])
answering(
    "Three megabytes in many chunks arrive", "200 OK", [BINARY], lambda environ: (BLOCK for _ in range(48))
)


@case("A promise of a body arrives")
def later(environ, start_response):
    time.sleep(0.001)
    start_response("200 OK", [PLAIN])
    return [b"later"]


@case("An application may itself be a generator, which calls startResponse late")
def late(environ, start_response):
    start_response("200 OK", [PLAIN])
    yield b"late"


class Callable:
    def __call__(self, environ, start_response):
        start_response("200 OK", [PLAIN])
        return [b"from an object"]


case("An application may be an object with call()")(Callable())


@case("An application may be a class that is iterated")
class Iterated:
    def __init__(self, environ, start_response):
        self.start_response = start_response

    def __iter__(self):
        self.start_response("200 OK", [PLAIN])
        yield b"from a class"


@case("write() sends a body")
def writes(environ, start_response):
    write = start_response("200 OK", [PLAIN])
    write(b"one ")
    write(b"two")
    return []


@case("What write() sends comes before what is returned")
def writes_and_returns(environ, start_response):
    start_response("200 OK", [PLAIN])(b"written ")
    return [b"returned"]


gates = {}


@case("A chunk reaches the client before the next one exists")
def gated(environ, start_response):
    key = environ["QUERY_STRING"]
    start_response("200 OK", [PLAIN])
    if environ["PATH_INFO"] == "/open":
        gate = gates.pop(key, None)
        if gate is not None:
            gate.set()
        return [b"unknown" if gate is None else b"opened"]
    gate = gates[key] = threading.Event()

    def waiting():
        yield b"first"
        gate.wait(20)
        yield b"second"

    return waiting()


# Input.

READING = {
    "read() without a size gives the whole body": lambda stream: stream.read(-1),
    "read(size) gives exactly that many bytes": lambda stream: stream.read(8),
    "read(size) past the end gives what is left, then nothing": lambda stream: [
        stream.read(3),
        stream.read(100),
        stream.read(100),
    ],
    "readline() gives a line with its end": lambda stream: [stream.readline(), stream.readline(), stream.readline()],
    "readline(size) gives at most so many bytes of a line": lambda stream: [stream.readline(3), stream.readline(100)],
    "readlines() gives all lines": lambda stream: stream.readlines(),
    "readlines(hint) stops when it has enough": lambda stream: stream.readlines(7),
    "Iteration over wsgi.input gives the lines": lambda stream: list(stream),
    "An empty body reads as nothing": lambda stream: stream.read(10),
    "A request without a body reads as nothing": lambda stream: stream.read(10),
}


def texts(result):
    return [part.decode() for part in result] if isinstance(result, list) else result.decode()


for name, read in READING.items():
    answering_json(name, lambda environ, read=read: texts(read(environ["wsgi.input"])))


def digest(environ):
    total = hashlib.sha256()
    size = 0
    while True:
        block = environ["wsgi.input"].read(65536)
        if not block:
            return {"size": size, "sha256": total.hexdigest()}
        total.update(block)
        size += len(block)


answering_json("A big body with a length arrives unchanged", digest)
answering_json("A big body without a length arrives unchanged", digest)
answering_json(
    "A body arrives with its length and type",
    lambda environ: [environ["CONTENT_LENGTH"], environ["CONTENT_TYPE"], environ["wsgi.input"].read(-1).decode()],
)
answering_json(
    "A body without a length arrives whole",
    lambda environ: [
        environ.get("CONTENT_LENGTH"),
        environ.get("wsgi.input_terminated", False),
        environ["wsgi.input"].read(-1).decode(),
    ],
)
answering(
    "A body that the application does not read harms no later request", "200 OK", [PLAIN], lambda environ: [b"ignored"]
)
answering(
    "A body may be echoed while it is read",
    "200 OK",
    [BINARY],
    lambda environ: iter(lambda: environ["wsgi.input"].read(30000), b""),
)

# The environ.


def mirror(environ):
    return {
        key: value if isinstance(value, str) else {"type": type(value).__name__} for key, value in environ.items()
    }


for name in (
    "REQUEST_METHOD is the method",
    "PATH_INFO is the path, SCRIPT_NAME empty at the root",
    "The root is a slash",
    "PATH_INFO is percent-decoded once",
    "PATH_INFO holds UTF-8 as native strings",
    "PATH_INFO keeps bytes that are not UTF-8",
    "QUERY_STRING stays encoded",
    "QUERY_STRING may hold question marks",
    "Without a query QUERY_STRING is empty",
    "REQUEST_URI is the target as it was sent",
    "Header fields are HTTP_ variables",
    "A header field that comes twice is joined by a comma",
    "Cookies arrive as HTTP_COOKIE",
    "A header value beyond ASCII is the same latin-1 bytes",
    "HTTP_HOST is what the client asked for",
    "A header with an underscore cannot forge another variable",
    "CONTENT_TYPE and CONTENT_LENGTH come without the prefix",
):
    answering_json(name, mirror)
answering_json("A method that the gateway does not know is the application's to judge", mirror, breaks=True)


def type_of(value):
    return {bool: "boolean"}.get(type(value)) or ("function" if callable(value) else type(value).__name__)


answering_json(
    "The environ has all keys that PEP 3333 requires, of their types",
    lambda environ: {
        "version": environ["wsgi.version"],
        "scheme": environ["wsgi.url_scheme"],
        "flags": [type_of(environ["wsgi." + flag]) for flag in ("multithread", "multiprocess", "run_once")],
        "protocol": environ["SERVER_PROTOCOL"],
        "port": environ["SERVER_PORT"],
        "name": environ["SERVER_NAME"],
        "reads": type_of(environ["wsgi.input"].read),
        "writes": type_of(environ["wsgi.errors"].write),
    },
)


@case("What a middleware adds to the environ of one request is not in the next")
def marks(environ, start_response):
    before = environ.get("example.mark")
    environ["example.mark"] = "left behind"
    start_response("200 OK", [JSON])
    return [json.dumps(before).encode()]


# Errors.


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("no text, but " + SECRET)


def error_case(what, breaks=False, ending=" gives a 500"):
    def register(app):
        @case(what + ending, breaks=breaks)
        def unless_fine(environ, start_response):
            if environ["PATH_INFO"] != "/fine":
                return app(environ, start_response)
            start_response("200 OK", [PLAIN])
            return [b"fine"]

        return app

    return register


def broken_case(what, breaks=False):
    return error_case(what, breaks, " breaks the answer off")


@error_case("An application that throws")
def throws(environ, start_response):
    raise RuntimeError(SECRET)


@error_case("An application that throws something other than an Error")
def throws_unprintable(environ, start_response):
    raise Unprintable


@error_case("An application that rejects")
def throws_when_iterated(environ, start_response):
    raise RuntimeError(SECRET)
    yield b""


@error_case("Throwing after startResponse")
def throws_after_start(environ, start_response):
    start_response("200 OK", [PLAIN, ("X-Injected", "no")])
    raise RuntimeError(SECRET)


@error_case("A generator that throws before its first chunk")
def throws_before_chunk(environ, start_response):
    start_response("200 OK", [PLAIN])
    return throws_when_iterated(environ, start_response)


@error_case("An async generator that throws after an empty chunk")
def throws_after_empty(environ, start_response):
    start_response("200 OK", [PLAIN])
    yield b""
    raise RuntimeError(SECRET)


@broken_case("A generator that throws after its first chunk")
@broken_case("An async generator that throws after its first chunk")
def throws_after_chunk(environ, start_response):
    start_response("200 OK", [PLAIN])
    yield b"begun"
    raise RuntimeError(SECRET)


@broken_case("excInfo after the first chunk is thrown again, which")
def too_late(environ, start_response):
    start_response("200 OK", [PLAIN])
    yield b"begun"
    try:
        raise RuntimeError(SECRET)
    except RuntimeError:
        start_response("500 Too Late", [PLAIN], sys.exc_info())
    yield b"never"


@case("excInfo replaces status and headers that have not been sent")
def changes_mind(environ, start_response):
    start_response("200 OK", [PLAIN, ("X-Old", "1"), ("Content-Length", "100")])
    yield b""
    try:
        raise RuntimeError(SECRET)
    except RuntimeError:
        start_response("503 Changed My Mind", [PLAIN, ("X-New", "1")], sys.exc_info())
    yield b"sorry"


@error_case("No startResponse", True)
def no_start(environ, start_response):
    return [b"x"]


@error_case("No startResponse and no body", True)
def nothing_at_all(environ, start_response):
    return []


@error_case("startResponse twice without excInfo", True)
def starts_twice(environ, start_response):
    start_response("200 OK", [PLAIN])
    start_response("200 OK", [PLAIN])
    return [b"x"]


def announcing(what, status, headers, body):
    @error_case(what, True)
    def app(environ, start_response):
        start_response(status, list(headers))
        return body


announcing("Returning a string", "200 OK", [PLAIN], "text")
announcing("Returning nothing", "200 OK", [PLAIN], None)
announcing("Returning bare bytes", "200 OK", [PLAIN], b"x")
announcing("A chunk that is a string", "200 OK", [PLAIN], ["text"])
for status in ("200", "OK", "20 OK", "2000 OK", "", 200, "200 OK\r\nX-Injected: yes"):
    announcing("The status " + json.dumps(status), status, [PLAIN], [b"x"])
for pair in (
    ("X-A", "1\r\nX-Injected: yes"),
    ("X-A", "1\nX-Injected: yes"),
    ("X-A", "1\0"),
    ("X-A", "\u20ac"),
    ("X-A: 1\r\nX-Injected", "yes"),
    ("X A", "1"),
    ("", "1"),
    ("Connection", "close"),
    ("Transfer-Encoding", "chunked"),
    ("Content-Length", "-1"),
    ("Content-Length", "5, 5"),
):
    what = "The header " + json.dumps(pair, ensure_ascii=False, separators=(",", ":"))
    announcing(what, "200 OK", [PLAIN, pair], [b"x"])


@broken_case("A streamed body shorter than its Content-Length", True)
def too_short(environ, start_response):
    start_response("200 OK", [PLAIN, ("Content-Length", "10")])
    return iter([b"beg", b"un"])


@error_case("A body never gets longer than its Content-Length", True, "")
def too_long(environ, start_response):
    start_response("200 OK", [PLAIN, ("Content-Length", "5")])
    if environ["QUERY_STRING"] == "list":
        return [b"begun and more"]
    return iter([b"begun", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])


# Lifetime. The signal is TSGI's half of it, and comes from there.

events = {}


class Closing:
    def __init__(self, body, log):
        self.body = body
        self.log = log

    def __iter__(self):
        return iter(self.body)

    def close(self):
        if hasattr(self.body, "close"):
            self.body.close()
        self.log.append("close")


def endless(log):
    try:
        while True:
            time.sleep(0.001)
            yield b"." * 1000
    finally:
        log.append("finally")


def silent(log):
    yield b"begun"
    time.sleep(0.3)
    yield b"nobody hears this"


def fails_at_once(log):
    raise RuntimeError("on purpose")
    yield b""


def fails_later(log):
    yield b"begun"
    raise RuntimeError("on purpose")


HOW = {
    "list": lambda log: [b"done"],
    "empty": lambda log: [],
    "async": lambda log: slowly([b"done"]),
    "throws": fails_later,
    "throwsAtOnce": fails_at_once,
    "endless": endless,
    "silent": silent,
}


@case(
    "close() is called once after a body, and the signal does not fire",
    "close() is called once after an empty body",
    "close() is called once after an async body",
    "close() is called once after HEAD",
    "close() is called once when the body throws at once",
    "close() is called once when the body throws later",
    "A client that leaves stops the body: the signal, finally and close()",
    "A client that leaves fires the signal though the body is silent",
)
def observed(environ, start_response):
    how = environ["PATH_INFO"][1:]
    log = events.setdefault(environ["QUERY_STRING"], [])
    start_response("200 OK", [PLAIN])
    if how == "events":
        return [json.dumps(log + ["signal"] * int(environ["conformance.signals"])).encode()]
    return Closing(HOW[how](log), log)


@case("Early hints reach the client before the response")
def hints(environ, start_response):
    environ["wsgi.early_hints"]([("Link", "</style.css>; rel=preload; as=style")])
    environ["wsgi.early_hints"]([("Link", "</code.js>; rel=preload; as=script"), ("X-Hint", "2")])
    start_response("200 OK", [PLAIN])
    return [b"page"]


@case("What is written to wsgi.errors is not in the answer")
def logs(environ, start_response):
    environ["wsgi.errors"].write("conformance: a line for the log\n")
    environ["wsgi.errors"].writelines(["conformance: one\n", "conformance: two\n"])
    environ["wsgi.errors"].flush()
    start_response("200 OK", [PLAIN])
    return [b"clean"]


@case("Many requests at once each get their own answer")
def numbered(environ, start_response):
    start_response("200 OK", [PLAIN])
    yield b"%s:" % environ["QUERY_STRING"].encode()
    time.sleep(0.001)
    yield environ["wsgi.input"].read(-1)

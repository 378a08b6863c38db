"""Has an application and no server, and ends with sys.exit as a program does."""

import sys


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"no server"]


if __name__ == "__main__":
    sys.exit()

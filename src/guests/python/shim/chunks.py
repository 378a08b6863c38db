"""Chunks of a body: bytes, and for scripts also `str`, which programs for Python 2 returned."""

from .reports import warn_once

takes_text = False


def encoded(value):
    """Text as bytes, if text is allowed; None for everything else."""
    if not takes_text or not isinstance(value, str):
        return None
    warn_once("text", "The application returned str; it is sent as bytes because this is a script run as it is")
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-8")


def bytes_of(chunk):
    """A chunk that is not of type bytes, as bytes."""
    data = encoded(chunk)
    if data is None:
        raise TypeError("The application returned a body with a chunk of type %s, expected bytes" % type(chunk).__name__)
    return data


def joined(chunks):
    """All chunks of a list."""
    for chunk in chunks:
        if not isinstance(chunk, bytes):
            return b"".join([each if isinstance(each, bytes) else bytes_of(each) for each in chunks])
    return b"".join(chunks)

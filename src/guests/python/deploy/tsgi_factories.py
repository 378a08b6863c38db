"""Builds the Python parts of a configuration file: applications, filters and composites, from a description in JSON.

The shim loads this module and calls `application` or `middleware`. A part is a list of layers, outermost first, which call each
other without leaving Python. Standard library only, CPython 3.9 and later.
"""

import importlib
import json
import os
import re
import sys

# The shim puts the directory of what it loads on the search path; this one holds nothing for others.
sys.path[:] = [path for path in sys.path if path != os.path.dirname(os.path.abspath(__file__))]

PART = "tsgi.deploy.part"
INNER = "tsgi.deploy.inner"


class FactoryFailed(Exception):
    """A factory could not be loaded or called; its own error is the cause.

    TSGI finds the layer's place in the configuration by its index, and that of the key that is to blame.
    """

    def __init__(self, layer, reason, key=None):
        where = "" if key is None else ", key " + json.dumps(key)
        super().__init__('Factory "%s" (layer %d%s) failed: %s' % (layer["location"], layer["index"], where, reason))


class NothingMounted(FactoryFailed, LookupError):
    """A composite asks for what its configuration does not name."""


class MountFailed(FactoryFailed, LookupError):
    """A composite asks for what does not load; the message of TSGI says why, and where."""

    def __init__(self, message):
        Exception.__init__(self, message)


def application(_global_conf, parts):
    """The application of several parts; which of them is meant, the environ says."""
    applications = [build(part, None) for part in json.loads(parts)]
    if len(applications) == 1:
        return applications[0]

    def tsgi_parts(environ, start_response):
        return applications[int(environ.pop(PART))](environ, start_response)

    return tsgi_parts


def middleware(_global_conf, parts):
    """The filter of one part, around the application of TSGI that it is given."""
    (part,) = json.loads(parts)
    return lambda inner: build(part, inner)


def build(part, inner):
    """An application out of the description of its layers."""
    if "error" in part:
        raise MountFailed(part["error"])
    if "inner" in part:
        return inner_application(inner, part["inner"])
    layers = list(part["layers"])
    app = inner
    if layers[-1]["kind"] in ("app", "composite"):
        app = call(layers.pop(), inner, None)
    for layer in reversed(layers):
        app = call(layer, inner, app)
    return app


def inner_application(inner, name):
    """An application in TSGI, called over the lane, where several are behind one."""

    def tsgi_application(environ, start_response):
        return inner(dict(environ, **{INNER: name}), start_response)

    return tsgi_application


def call(layer, inner, app):
    """What one factory makes. Source: PasteDeploy, "Factories"."""
    global_conf, local_conf = dict(layer["globalConf"]), layer["localConf"]
    kind = layer["kind"]
    factory = None
    try:
        factory = find(layer)
        if kind == "filter_app":
            made = factory(app, global_conf, **local_conf)
        elif kind == "filter":
            made = factory(global_conf, **local_conf)(app)
        elif kind == "composite":
            made = factory(Loader(layer, inner), global_conf, **local_conf)
        else:
            made = factory(global_conf, **local_conf)
        if not callable(made):
            raise TypeError("It returned %r, expected a WSGI application (something to call)" % (made,))
        return made
    except FactoryFailed:
        raise
    except (Exception, SystemExit) as error:
        key = unexpected_key(error, local_conf)
        hint = "" if key is None else did_you_mean(key, arguments_of(factory))
        reason = "%s: %s%s" % (type(error).__name__, error, hint)
        raise FactoryFailed(layer, reason, key) from error.with_traceback(without_this_file(error.__traceback__))


def find(layer):
    """The factory of a layer."""
    factory = importlib.import_module(layer["module"])
    for name in layer["attribute"].split("."):
        try:
            factory = getattr(factory, name)
        except AttributeError as error:
            raise AttributeError(str(error) + did_you_mean(name, dir(factory))) from None
    return factory


def without_this_file(trace):
    """The traceback from the factory's own first frame on; all of it when the factory was not reached."""
    first = trace
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    return trace or first


def unexpected_key(error, local_conf):
    """The key of the section that a factory does not take."""
    match = re.search(r"unexpected keyword argument '(.*?)'", str(error)) if isinstance(error, TypeError) else None
    return match[1] if match is not None and match[1] in local_conf else None


def arguments_of(factory):
    import inspect

    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):
        return ()
    return [each.name for each in parameters if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)]


def did_you_mean(name, names):
    """Ready to be put after an error; empty when no name is near."""
    import difflib

    near = difflib.get_close_matches(name, names, 1)
    return '; did you mean "%s"' % near[0] if near else ""


class Loader:
    """What a composite factory gets: applications and filters that the values of its section name, in either language."""

    def __init__(self, layer, inner):
        self.filename = layer["filename"]
        self.spec = None if self.filename is None else "config:" + self.filename
        self._layer = layer
        self._inner = inner

    def get_app(self, name=None, global_conf=None):
        return build(self._find("apps", name, global_conf), self._inner)

    def get_filter(self, name=None, global_conf=None):
        part = self._find("filters", name, global_conf)
        if "error" in part:
            raise MountFailed(part["error"])
        return lambda app: build_around(part, self._inner, app)

    def get_server(self, name=None, global_conf=None):
        raise NotImplementedError("A composite of a pipeline that TSGI serves cannot load servers")

    def app_context(self, name=None, global_conf=None):
        raise NotImplementedError("TSGI gives a composite applications and filters, not the contexts of PasteDeploy")

    filter_context = server_context = get_context = app_context

    def _find(self, kind, name, global_conf):
        name = "main" if name is None else name
        found = self._layer[kind].get(name)
        if found is None:
            raise self._missing(kind, name)
        if global_conf is None:
            return found["bare"]
        known = self._layer["globalConf"]
        changes = {key: value for key, value in global_conf.items() if known.get(key) != value}
        return with_globals(found["passed"], changes) if changes else found["passed"]


    def _missing(self, kind, name):
        local_conf, known = self._layer["localConf"], self._layer["sections"][kind]
        key = next((key for key, value in local_conf.items() if name in re.split(r"[\s,]+", value)), None)
        what = "application" if kind == "apps" else "filter"
        if name in known:
            reason = 'No value of its section names the %s "%s", which it asks for; expected one that does' % (what, name)
        else:
            reason = 'No section describes the %s "%s", which it asks for%s' % (what, name, did_you_mean(name, known))
        return NothingMounted(self._layer, reason, key)


def build_around(part, inner, app):
    for layer in reversed(part["layers"]):
        app = call(layer, inner, app)
    return app


def with_globals(part, changes):
    """The same part where a composite hands down other global values than it was given."""
    if "layers" not in part:
        return part
    return {"layers": [dict(layer, globalConf=dict(layer["globalConf"], **changes)) for layer in part["layers"]]}

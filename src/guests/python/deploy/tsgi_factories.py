"""Builds the Python parts of a configuration file: applications, filters and composites, from a description in JSON.

The shim loads this module and calls `application` or `middleware`. A part is a list of layers, outermost first, which call each
other without leaving Python. Standard library only, CPython 3.9 and later.
"""

import importlib
import json
import os
import sys

# The shim puts the directory of what it loads on the search path; this one holds nothing for others.
sys.path[:] = [path for path in sys.path if path != os.path.dirname(os.path.abspath(__file__))]

PART = "tsgi.deploy.part"
INNER = "tsgi.deploy.inner"


class FactoryFailed(Exception):
    """A factory could not be loaded or called; its own error is the cause."""


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
        raise LookupError(part["error"])
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
    try:
        factory = importlib.import_module(layer["module"])
        for name in layer["attribute"].split("."):
            factory = getattr(factory, name)
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
        text = "%s: %s" % (type(error).__name__, error)
        raise FactoryFailed('Factory "%s" failed: %s' % (layer["location"], text)) from error


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
            raise LookupError(part["error"])
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
            raise LookupError(
                "The composite asks for %r, which TSGI has not prepared: no value of its section names %s of that name"
                % (name, "an application" if kind == "apps" else "a filter")
            )
        if global_conf is None:
            return found["bare"]
        known = self._layer["globalConf"]
        changes = {key: value for key, value in global_conf.items() if known.get(key) != value}
        return with_globals(found["passed"], changes) if changes else found["passed"]


def build_around(part, inner, app):
    for layer in reversed(part["layers"]):
        app = call(layer, inner, app)
    return app


def with_globals(part, changes):
    """The same part where a composite hands down other global values than it was given."""
    if "layers" not in part:
        return part
    return {"layers": [dict(layer, globalConf=dict(layer["globalConf"], **changes)) for layer in part["layers"]]}

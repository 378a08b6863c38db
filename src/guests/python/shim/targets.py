"""Targets: names of applications, which are found and loaded here."""

import ast
import importlib
import importlib.machinery
import importlib.util
import os
import re
import sys


def literal_arguments(text):
    """Positional and keyword arguments of `factory(...)`, literals only."""
    try:
        call = ast.parse("f(%s)" % text, mode="eval").body
        return (
            [ast.literal_eval(argument) for argument in call.args],
            {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords},
        )
    except (SyntaxError, ValueError):
        raise ValueError("The arguments (%s) of the factory are not literals" % text) from None


class TargetMistake(Exception):
    """A target that cannot be loaded; `kind` says what is wrong with it."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


def did_you_mean(name, names):
    import difflib

    near = difflib.get_close_matches(name, [known for known in names if isinstance(known, str)], 1)
    return "; did you mean %r" % near[0] if near else ""


def check_file(place):
    """Reports that the file of a target is missing, and suggests the nearest name."""
    path = os.path.abspath(place)
    if os.path.isfile(path):
        return
    if os.path.isdir(path):
        raise TargetMistake("not-found", "Cannot find %r: it is a directory, expected a file or a module" % place)
    try:
        names = os.listdir(os.path.dirname(path))
    except OSError:
        names = []
    meant = did_you_mean(os.path.basename(path), names)
    raise TargetMistake("not-found", "Cannot find %r: No such file (looked for %s)%s" % (place, path, meant))


def import_target(name):
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name + ".").startswith(error.name + "."):
            raise
        names = [os.path.splitext(entry)[0] for entry in os.listdir() if entry.endswith(".py") or os.path.isdir(entry)]
        message = "Cannot find the module %r: No module named %r" % (name, error.name)
    raise TargetMistake("not-found", message + did_you_mean(name, names))


def split_target(target):
    """`module:attribute` or `path.py:attribute` as (place, attribute or None)."""
    place, separator, attribute = target.partition(":")
    if separator and not attribute:
        raise ValueError("The target %r has no attribute after the colon" % target)
    return place, attribute or None


def load_module(place):
    """The module of a target: a dotted name, or a file."""
    if not is_file(place):
        return import_target(place)
    check_file(place)
    path = os.path.abspath(place)
    name = os.path.splitext(os.path.basename(path))[0]
    sys.path.insert(0, os.path.dirname(path))
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) == path:
        return known
    if not name.isidentifier() or name in sys.builtin_module_names or importlib.util.find_spec(name) is None:
        name = "tsgi_target_" + re.sub(r"\W", "_", name)
    elif importlib.util.find_spec(name).origin != path:
        name = "tsgi_target_" + name
    loader = importlib.machinery.SourceFileLoader(name, path)
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def is_file(place):
    return place.endswith((".py", ".pyw")) or "/" in place or os.path.isfile(place)


def find_attribute(module, attribute, what):
    """The object that a target names. `factory(...)` is called; without an attribute, the usual names are tried."""
    if attribute is None:
        for name in ("application", "app"):
            if hasattr(module, name):
                return getattr(module, name)
        raise TargetMistake("no-attribute", "%s has neither 'application' nor 'app'" % what)
    arguments = None
    if attribute.endswith(")") and "(" in attribute:
        attribute, _, text = attribute[:-1].partition("(")
        arguments = literal_arguments(text)
    value = module
    for name in attribute.split("."):
        if not hasattr(value, name):
            meant = did_you_mean(name, dir(value))
            raise TargetMistake("no-attribute", "%s has no attribute %r%s" % (what, attribute, meant))
        value = getattr(value, name)
    if arguments is not None:
        value = value(*arguments[0], **arguments[1])
    return value


def load_object(target):
    place, attribute = split_target(target)
    return find_attribute(load_module(place), attribute, place)


def is_program(part):
    """Whether a target is run as a program: a file without an attribute. `.wsgi` files are imported, as in mod_wsgi."""
    return isinstance(part, str) and ":" not in part and is_file(part) and not part.endswith(".wsgi")


# A statement of a module, not of a function or of `if __name__ == "__main__"`, that calls what starts a server.
starts_at_import = re.compile(
    rb"^[A-Za-z_].*\b(?:run|run_simple|serve|serve_forever|handle_request|start|quickstart|block|main)\s*\(", re.M
).search


def starts_server(place):
    """Whether a module starts a server as soon as it is imported."""
    try:
        if not is_file(place):
            place = importlib.util.find_spec(place).origin
        with open(place, "rb") as source:
            return starts_at_import(source.read()) is not None
    except Exception:
        return False  # whoever imports it says what is wrong


def load_part(part):
    """An application or filter: a target, or a PasteDeploy factory with its configuration."""
    if isinstance(part, str):
        return load_object(part)
    value = load_object(part["target"])
    kind = part.get("kind")
    if kind in ("appFactory", "filterFactory"):
        return value(part.get("globalConf") or {}, **(part.get("localConf") or {}))
    if kind == "filterAppFactory":
        return lambda app: value(app, part.get("globalConf") or {}, **(part.get("localConf") or {}))
    return value

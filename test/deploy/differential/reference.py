"""Answers what the real PasteDeploy makes of configuration files. One JSON request on a line, one JSON answer on a line.

Each request is answered twice: by PasteDeploy as it is, and by a copy with the deliberate differences of TSGI patched in
(docs/deploy-ini.md, "Differences"). A difference that is not patched in here makes the test fail.
"""
import configparser
import importlib.util
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.setrecursionlimit(300)

from paste.deploy import util  # noqa: E402


def load_copy(name):
    import paste.deploy.loadwsgi as original

    spec = importlib.util.spec_from_file_location(name, original.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Missing:
    """A factory that cannot be found: the error is kept until objects are built."""

    __name__ = "missing"

    def __init__(self, error):
        self.error = error


def children(context):
    for attribute in ("next_context", "app_context", "filter_context"):
        if hasattr(context, attribute):
            yield getattr(context, attribute)
    yield from getattr(context, "filter_contexts", ())


def raise_missing(context):
    if isinstance(context.object, Missing):
        raise context.object.error
    for child in children(context):
        raise_missing(child)


def patch(paste):
    # Values from the caller or an including file are literal; an interpolated empty default is empty.
    def update_defaults(self, new_defaults, overwrite=True):
        for key, value in new_defaults.items():
            if overwrite or key not in self.parser._defaults:
                self.parser._defaults[key] = value.replace("%", "%%")

    def defaults(self):
        own = configparser.ConfigParser.defaults(self)
        return {key: self.get("DEFAULT", key) for key in own}

    paste.ConfigLoader.update_defaults = update_defaults
    paste.NicerConfigParser.defaults = defaults

    # Files are resolved first, factories are imported later; call: takes dotted attributes.
    def lookup(spec):
        module, target = spec.split(":")
        try:
            found = __import__(module)
            for part in module.split(".")[1:] + target.split("."):
                found = getattr(found, part)
            return found
        except (ImportError, AttributeError) as error:
            return Missing(error)

    class EntryPoint(util.importlib_metadata.EntryPoint):
        def load(self):
            try:
                return super().load()
            except (ImportError, AttributeError) as error:
                return Missing(error)

    class Metadata:
        distribution = staticmethod(util.importlib_metadata.distribution)

    Metadata.EntryPoint = EntryPoint
    paste.lookup_object = lookup
    paste.importlib_metadata = Metadata

    # call: without a section that names the protocol, and call: in a filter-app, get the usual protocol.
    def create(self):
        raise_missing(self)
        fix_protocols(self)
        return self.object_type.invoke(self)

    usual = {paste.APP: "paste.app_factory", paste.FILTER: "paste.filter_factory", paste.SERVER: "paste.server_factory"}

    def fix_protocols(context):
        if context.protocol == "paste.filter-app_factory":
            context.protocol = "paste.filter_factory"
        if context.protocol is None:
            context.protocol = usual.get(context.object_type)
        for child in children(context):
            fix_protocols(child)

    paste.LoaderContext.create = create

    # filter-with around anything that is an application gives an application; the inner object is built first.
    def is_application(context):
        if context.object_type is paste.FILTER_WITH:
            return is_application(context.next_context)
        return context.object_type is not paste.FILTER

    def invoke(self, context):
        filtered = context.next_context.create()
        filter = context.filter_context.create()
        if is_application(context.next_context):
            return filter(filtered)
        return lambda app: filter(filtered(app))

    paste._FilterWith.invoke = invoke


CODES = [
    ("No section", "SECTION_MISSING"),
    ("Ambiguous section", "SECTION_AMBIGUOUS"),
    ("No loader given", "NO_FACTORY"),
    ("Multiple protocols", "MULTIPLE_PROTOCOLS"),
    ("is missing a", "KEY_MISSING"),
    ("has extra (disallowed)", "KEY_EXTRA"),
    ("URI", "URI"),
    ("Configuration not in format", "URI"),
]
CLASSES = {
    "MissingSectionHeaderError": "ERR_TSGI_INI_NO_SECTION",
    "ParsingError": "ERR_TSGI_INI_SYNTAX",
    "DuplicateSectionError": "ERR_TSGI_INI_DUPLICATE_SECTION",
    "DuplicateOptionError": "ERR_TSGI_INI_DUPLICATE_KEY",
    "InterpolationSyntaxError": "ERR_TSGI_INTERPOLATION_SYNTAX",
    "InterpolationMissingOptionError": "ERR_TSGI_INTERPOLATION_MISSING",
    "InterpolationDepthError": "ERR_TSGI_INTERPOLATION_DEPTH",
    "FileNotFoundError": "ERR_TSGI_DEPLOY_FILE",
    "IndexError": "ERR_TSGI_DEPLOY_PIPELINE_EMPTY",
    "KeyError": "ERR_TSGI_DEPLOY_GLOBAL_MISSING",
    "RecursionError": "ERR_TSGI_DEPLOY_CYCLE",
    "ModuleNotFoundError": "ERR_TSGI_DEPLOY_FACTORY",
    "AttributeError": "ERR_TSGI_DEPLOY_FACTORY",
    "RuntimeError": "ERR_TSGI_DEPLOY_FACTORY",
}


def code_of(error):
    name = type(error).__name__
    if name == "LookupError":
        for start, code in CODES:
            if start in str(error):
                return "ERR_TSGI_DEPLOY_" + code
    return CLASSES.get(name, name + ": " + str(error))


def dump(context):
    node = {"global": dict(context.global_conf), "local": dict(context.local_conf)}
    kind = context.object_type.name
    if kind == "pipeline":
        return {**node, "kind": kind, "filters": list(map(dump, context.filter_contexts)), "app": dump(context.app_context)}
    if kind in ("filter_app", "filtered_with"):
        kind = {"filter_app": "filter-app", "filtered_with": "filter-with"}[kind]
        return {**node, "kind": kind, "filter": dump(context.filter_context), "next": dump(context.next_context)}
    return {**node, "kind": kind, "factory": context.object.__name__}


def answer(paste, request):
    kinds = {"application": paste.APP, "filter": paste.FILTER, "server": paste.SERVER}
    try:
        context = paste.loadcontext(
            kinds[request["wanted"]], request["uri"], name=request["name"], global_conf=request["globalConf"]
        )
        tree = dump(context)
        made = context.create()
        if request["wanted"] != "application":
            made = made({"app": "innermost"})
        return {"context": tree, "made": made if isinstance(made, dict) else "no application: " + type(made).__name__}
    except Exception as error:
        return {"error": code_of(error)}


def main():
    original, patched = load_copy("paste_original"), load_copy("paste_patched")
    patch(patched)
    for line in sys.stdin:
        request = json.loads(line)
        answers = {"original": answer(original, request), "patched": answer(patched, request)}
        sys.stdout.write(json.dumps(answers, default=lambda made: "no application: " + type(made).__name__) + "\n")
    sys.stdout.flush()


main()

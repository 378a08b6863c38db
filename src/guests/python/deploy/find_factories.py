"""Tells where the factories of a configuration file are, without calling any.

Reads questions from standard input, one JSON object a line, and answers each with one line on standard output. It runs in the
interpreter of the applications, so that it sees what they will see. Standard library only, CPython 3.9 and later.
"""

import os
import sys

# Next to the questions' directories stands the working directory, as in the process of the application. Python has put the directory
# of this file first, unless it was told not to (PYTHONSAFEPATH, -P, -I).
if sys.path and os.path.realpath(sys.path[0]) == os.path.dirname(os.path.realpath(__file__)):
    del sys.path[0]
sys.path.insert(0, "")

import importlib
import importlib.util
import json
import pkgutil
import re
import traceback

REFERENCE = re.compile(r"\s*(?P<module>[\w.]+)\s*(?::\s*(?P<attribute>[\w.]+)\s*)?(?:\[.*\]\s*)?\Z")


def find_call(question):
    """A module and an attribute in it: null when there is no such module."""
    found = find_module(question["module"])
    if not found:
        return None
    if question["isImporting"]:
        return examine(question["module"], question["attribute"])
    return {}


def find_module(name):
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(error.name + ".")):
            return False
        raise
    except ValueError:
        return name in sys.modules
    # A directory without code is a package too; it has no factories.
    return spec is not None and spec.origin is not None


def examine(module, attribute):
    """Imports a module and looks for the attribute; a word about what is missing, and the names that are there."""
    value = importlib.import_module(module)
    if attribute is None:
        return {"missing": "", "names": names_of(value)}
    for name in attribute.split("."):
        if not hasattr(value, name):
            return {"missing": attribute, "names": names_of(value)}
        value = getattr(value, name)
    if not callable(value):
        return {"type": type(value).__name__}
    return {}


def names_of(value):
    return [name for name in dir(value) if not name.startswith("_")]


def find_entry_points(question):
    """The entry points of a distribution that have a name: null when it is not installed."""
    distribution = installed(question["distribution"])
    if distribution is None:
        return None
    entries = []
    for entry in distribution.entry_points:
        if entry.name != question["name"] or entry.group not in question["groups"]:
            continue
        match = REFERENCE.match(entry.value)
        if match is None:
            raise ValueError("The entry point %r has the value %r, expected 'module:attribute'" % (entry.name, entry.value))
        found = {"protocol": entry.group, "module": match["module"], "attribute": match["attribute"]}
        if question["isImporting"]:
            found.update(examine(match["module"], match["attribute"]))
        entries.append(found)
    return entries


def installed(name):
    from importlib import metadata

    # Before CPython 3.10 the name of the directory has to be met.
    for spelling in (name, re.sub(r"[-_.]+", "-", name).lower(), re.sub(r"[-_.]+", "_", name)):
        try:
            return metadata.distribution(spelling)
        except (metadata.PackageNotFoundError, ValueError):
            continue
    return None


def has_distribution(question):
    return installed(question["distribution"]) is not None


def find_candidates(question):
    """Names that could have been meant: what can be imported, what is installed, or what a distribution offers."""
    if question["kind"] == "module":
        return modules_near(question["name"])
    if question["kind"] == "distribution":
        from importlib import metadata

        return sorted({name for name in (each.metadata["Name"] for each in metadata.distributions()) if name})
    distribution = installed(question["distribution"])
    entries = () if distribution is None else distribution.entry_points
    return sorted({entry.name for entry in entries if entry.group in question["groups"]})


def modules_near(name):
    """The modules beside the first part of a name that does not exist, followed by the rest of the name."""
    parts = name.split(".")
    paths, parents = None, ""
    for index, part in enumerate(parts):
        names = [module.name for module in pkgutil.iter_modules(paths) if not module.name.startswith("_")]
        if part not in names or index == len(parts) - 1:
            rest = "".join("." + other for other in parts[index + 1 :])
            return [parents + other + rest for other in names]
        spec = importlib.util.find_spec(parents + part)
        if spec is None or not spec.submodule_search_locations:
            return []
        paths, parents = list(spec.submodule_search_locations), parents + part + "."
    return []


QUESTIONS = {
    "call": find_call,
    "entryPoints": find_entry_points,
    "distribution": has_distribution,
    "candidates": find_candidates,
}


def answer(question):
    directory = question["directory"]
    if directory not in sys.path:
        sys.path.insert(0, directory)
        importlib.invalidate_caches()
    try:
        return {"found": QUESTIONS[question["ask"]](question)}
    except (Exception, SystemExit) as error:
        return {"error": "%s: %s" % (type(error).__name__, error), "stack": traceback.format_exc()}


def main():
    # What an imported package prints must not stand between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        answers.write(json.dumps(answer(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()

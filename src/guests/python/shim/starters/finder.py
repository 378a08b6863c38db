"""Finds the import of a server's module, and changes the module."""

import importlib.util
import sys
import threading

from .servers import PATCHES


class StarterFinder:
    """Changes a server's module right after its import, however other finders find it; what nobody imports costs nothing."""

    def __init__(self, stage):
        self.stage = stage
        self.searching = threading.local()

    def find_spec(self, name, path=None, target=None):
        if name == "gevent.wsgi":  # the name of gevent.pywsgi until gevent 1.3
            return importlib.util.find_spec("gevent.pywsgi")
        if name not in PATCHES or name in vars(self.searching):
            return None
        # Other finders may ask from the beginning: then this one has nothing to say.
        setattr(self.searching, name, True)
        try:
            spec = self.next_spec(name, path, target)
        finally:
            delattr(self.searching, name)
        if spec is not None and spec.loader is not None:
            spec.loader = StarterLoader(spec.loader, PATCHES[name], self.stage)
        return spec

    def next_spec(self, name, path, target):
        for finder in sys.meta_path:
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec = find and find(name, path, target)
            if spec is not None:
                return spec
        return None


class StarterLoader:
    """The loader of a server's module; the module itself does not see it."""

    def __init__(self, loader, patch, stage):
        self.loader = loader
        self.patch = patch
        self.stage = stage

    def create_module(self, spec):
        create = getattr(self.loader, "create_module", None)
        return create and create(spec)

    def exec_module(self, module):
        if module.__spec__.loader is self:
            module.__spec__.loader = module.__loader__ = self.loader
        self.loader.exec_module(module)
        self.patch(module, self.stage)

    def __getattr__(self, name):
        return getattr(self.loader, name)

"""Factories for the differential test: each result is a plain tree that says who was called, with what, around what."""


def _app(kind):
    def factory(global_conf, **local_conf):
        return {"app": kind, "global": dict(global_conf), "local": local_conf}

    factory.__name__ = kind
    return factory


app_one = _app("app_one")
app_two = _app("app_two")


def app_broken(global_conf, **local_conf):
    raise RuntimeError("This factory always fails")


class holder:
    method = staticmethod(_app("method"))


def composite(loader, global_conf, **local_conf):
    children = {
        key: loader.get_app(value, global_conf=global_conf)
        for key, value in local_conf.items()
        if key.startswith("/")
    }
    return {"app": "composite", "global": dict(global_conf), "local": local_conf, "children": children}


def _filter(kind):
    def factory(global_conf, **local_conf):
        def wrap(app):
            return {"filter": kind, "global": dict(global_conf), "local": local_conf, "inner": app}

        return wrap

    factory.__name__ = kind
    return factory


filter_one = _filter("filter_one")
filter_two = _filter("filter_two")


def filter_app(app, global_conf, **local_conf):
    return {"filter": "filter_app", "global": dict(global_conf), "local": local_conf, "inner": app}


def server(global_conf, **local_conf):
    return lambda app: {"server": "server", "global": dict(global_conf), "local": local_conf, "inner": app}


def server_runner(app, global_conf, **local_conf):
    return {"server": "server_runner", "global": dict(global_conf), "local": local_conf, "inner": app}

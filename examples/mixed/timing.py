"""A filter in Python: adds the seconds that the application behind it took, in whatever language that is."""

import time


def filter_factory(global_conf, header="X-Seconds"):
    def timing(application):
        def timed(environ, start_response):
            started = time.perf_counter()

            def start(status, headers, exc_info=None):
                seconds = "%.6f" % (time.perf_counter() - started)
                return start_response(status, headers + [(header, seconds)], exc_info)

            return application(environ, start)

        return timed

    return timing

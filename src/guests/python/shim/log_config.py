"""Configures Python's logging. Loaded only if a setting asks for it."""

import configparser
import json
import logging.config
import os


def configure_logging(options):
    """Python's logging, as gunicorn's --log-config and --log-config-json and pserve's INI files configure it."""
    path = options["file"]
    if options["format"] == "json":
        with open(path, "rb") as file:
            logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, **json.load(file)})
        return
    if options.get("isOptional"):
        # The INI file has another purpose.
        parser = configparser.RawConfigParser(strict=False)
        parser.read(path, encoding="utf-8")
        if not parser.has_section("loggers"):
            return
    defaults = {name: value.replace("%", "%%") for name, value in (options.get("defaults") or {}).items()}
    defaults.update({"__file__": path, "here": os.path.dirname(path)})
    logging.config.fileConfig(path, defaults, disable_existing_loggers=False)

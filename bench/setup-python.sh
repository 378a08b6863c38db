#!/bin/sh
# Installs the Python peers of the python suite into bench/.cache/venv, with the interpreter that Debian's uWSGI embeds,
# so that all peers run the same Python. PYTHON names another one.
set -eu
cd "$(dirname "$0")"

PYTHON=${PYTHON:-/usr/bin/python3}
[ -x "$PYTHON" ] || PYTHON=python3
VENV=.cache/venv

if [ ! -x "$VENV/bin/pip" ]; then
  rm -rf "$VENV"
  mkdir -p .cache
  if ! "$PYTHON" -m venv "$VENV"; then
    echo "'$PYTHON -m venv' fails; on Debian and Ubuntu: apt-get install python3-venv" >&2
    exit 1
  fi
fi
"$VENV/bin/pip" install --quiet --disable-pip-version-check -r python-requirements.txt

# uWSGI has no binary packages on PyPI: Debian's is used where it can be installed, else it is compiled.
if ! command -v uwsgi >/dev/null || ! ls /usr/lib/uwsgi/plugins/python3_plugin.so >/dev/null 2>&1; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get install -y --no-install-recommends uwsgi-core uwsgi-plugin-python3
  else
    "$VENV/bin/pip" install --quiet --disable-pip-version-check uwsgi
  fi
fi
echo "Python peers are ready: $("$VENV/bin/python" --version), $("$VENV/bin/gunicorn" --version)"

#!/usr/bin/env bash
# Serve this checkout on http://127.0.0.1:8000 and reload it when a source file changes.
# Makes .venv and .env the first time and reuses them afterwards. Arguments go to uvicorn, for example: --port 8001
set -euo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

python=${PYTHON:-python3}
venv=$PWD/.venv
installed=$venv/.installed-editable

if [[ ! -x $venv/bin/python ]]; then
  if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "kessai needs Python 3.11 or newer; name it with PYTHON=/path/to/python3.11" >&2
    exit 4
  fi
  # The outer pip installs into .venv, because Debian's python3 may come without ensurepip.
  "$python" -m venv --without-pip "$venv"
fi

# An install takes a while, so it waits for a change of the dependencies; `make` keeps a mark of its own.
if [[ ! $installed -nt pyproject.toml && ! $venv/.installed-dev -nt pyproject.toml ]]; then
  "$python" -m pip --python "$venv/bin/python" --disable-pip-version-check install --editable '.[dev]'
  touch -- "$installed"
fi

if [[ ! -e .env ]]; then
  cp -- .env.example .env
fi

export PATH="$venv/bin:$PATH"
kessai migrate
exec uvicorn kessai.asgi:app --reload --reload-dir src "$@"

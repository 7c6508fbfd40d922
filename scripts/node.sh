#!/bin/sh
# Runs the pinned Node of this checkout, whatever Node the machine has.
set -e
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
exec "$root/node_modules/.bin/node" "$@"

#!/bin/sh
# Keeps the control plane running: starts it again, later and later, when it dies; stops when it ended by itself (0).
# A server that never came up is not tried again: whoever started it is waiting to tell the person why.
# HAVN_DATA and HAVN_PORT are in the environment; the data directory is an argument too, so that the process list tells
# whose supervisor this is. Its process id stands in $HAVN_DATA/supervisor.pid. Output goes to $HAVN_DATA/server.log,
# kept below about 20 MB.
set -u

# In a function, so that all of it is read before it runs: an upgrade may replace this file meanwhile.
main() {
  here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
  node=$here/../../node_modules/.bin/node
  log=$HAVN_DATA/server.log
  record=$HAVN_DATA/server.json
  own=$HAVN_DATA/supervisor.pid
  HAVN_SUPERVISOR_PID=$$
  export HAVN_SUPERVISOR_PID

  exec >>"$log" 2>&1 </dev/null
  echo "$$" >"$own"

  say() { printf '%s supervisor: %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*"; }

  # Copied and emptied rather than moved: the server holds the file open (in append mode, so it goes on at the start).
  rotate() {
    if [ "$(wc -c <"$log")" -gt 10000000 ]; then
      cp "$log" "$log.1"
      : >"$log"
    fi
  }
  (
    trap 'kill "$nap" 2>/dev/null; exit 0' TERM
    # Also where the supervisor was killed, and could not end this.
    while kill -0 "$$" 2>/dev/null; do
      sleep 60 &
      nap=$!
      wait "$nap"
      rotate
    done
  ) &
  rotator=$!

  server=
  nap=
  stopping=
  stop() {
    stopping=yes
    [ -z "$nap" ] || kill "$nap" 2>/dev/null
    [ -z "$server" ] || kill -TERM "$server" 2>/dev/null
  }
  trap stop TERM INT
  trap '' HUP

  delay=1
  code=0
  while :; do
    rm -f "$record"
    started=$(date +%s)
    # A small young generation and few arenas: left to themselves they are a third of what it holds under ingestion.
    # pg, below the workflow engine, warns of its own next version at every start.
    MALLOC_ARENA_MAX=2 "$node" --max-semi-space-size=4 --disable-warning=DeprecationWarning "$here/main.ts" &
    server=$!
    # A signal ends `wait` early: wait until the server itself has ended.
    while :; do
      wait "$server"
      code=$?
      kill -0 "$server" 2>/dev/null || break
    done
    server=
    [ "$code" -eq 0 ] && break
    [ -n "$stopping" ] && break
    if [ ! -e "$record" ]; then
      if [ -z "${came_up:-}" ]; then
        say "the server ended with $code before it was up; not starting it again"
        break
      fi
    fi
    came_up=yes
    # Ran well for a while: this fall has nothing to do with the last one.
    [ $(($(date +%s) - started)) -gt 60 ] && delay=1
    say "the server ended with $code; starting it again in $delay s"
    sleep "$delay" &
    nap=$!
    wait "$nap"
    nap=
    [ -n "$stopping" ] && break
    delay=$((delay * 2))
    [ "$delay" -gt 30 ] && delay=30
  done
  kill "$rotator" 2>/dev/null
  rm -f "$record" "$own"
  exit "$code"
}
main "$@"

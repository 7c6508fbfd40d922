/**
 * For /bin/sh: `$0` is a key, the rest a command. It is begun apart from whoever asks, so that it goes on when the way
 * there falls, and what came of it is kept for a week: who asks again under the same key gets that, and nothing begins.
 * Of one that was cut off in the middle (the host fell) nobody knows how far it came: that is a failure, not begun anew.
 */
const script = `
base=/var/tmp/havn-once-$(id -u)
mkdir -m 700 "$base" 2>/dev/null
if [ -L "$base" ] || ! [ -O "$base" ]; then echo "$base belongs to somebody else" >&2; exit 126; fi
find "$base" -mindepth 1 -maxdepth 1 -mtime +7 -exec rm -rf {} + 2>/dev/null
own=$base/$0
if mkdir "$own" 2>/dev/null; then
  setsid sh -c 'echo $$ >"$0/pid"; "$@" >"$0/out" 2>"$0/err"; echo $? >"$0/new"; mv "$0/new" "$0/code"' "$own" "$@" </dev/null >/dev/null 2>&1 &
fi
waited=0
until [ -e "$own/code" ]; do
  pid=$(cat "$own/pid" 2>/dev/null)
  if [ -n "$pid" ]; then
    kill -0 "$pid" 2>/dev/null || [ -e "$own/code" ] || { echo "it was cut off in the middle" >&2; exit 125; }
  elif [ "$waited" -gt 600 ]; then echo "it was cut off as it began" >&2; exit 125
  fi
  waited=$((waited + 1))
  sleep 0.1
done
cat "$own/out"
cat "$own/err" >&2
exit "$(cat "$own/code")"
`;

/** A command that runs once under a key, whoever asks how often. */
export function onceCommand(key: string, { command, shell }: { command: readonly string[]; shell: boolean }) {
  const words = shell ? ["sh", "-c", command.join(" ")] : command;
  return { command: ["/bin/sh", "-c", script, key, ...words], shell: false };
}

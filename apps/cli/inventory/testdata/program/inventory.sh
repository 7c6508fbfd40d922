#!/bin/sh
# Answers as dynamic inventories do.
[ "$1" = --list ] || exit 1
cat <<'JSON'
{"web": {"hosts": ["a", "b"], "vars": {"tier": "gold"}}, "short": ["c"], "top": {"children": ["web"]},
 "_meta": {"hostvars": {"a": {"ansible_host": "192.0.2.1"}}}}
JSON

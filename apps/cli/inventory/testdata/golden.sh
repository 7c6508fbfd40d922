#!/bin/sh
# Writes what ansible-inventory (package ansible-core, here 2.14) says of each inventory, which read.test.ts compares with.
cd "$(dirname "$0")" || exit 1
for inventory in ini/hosts yaml/hosts.yml program/inventory.sh; do
  ANSIBLE_LOCALHOST_WARNING=False ansible-inventory -i "$inventory" --list > "$(dirname "$inventory").golden.json"
done

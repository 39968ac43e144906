#!/bin/sh
# A list of tasks in tasks.txt: one a line, finished ones begin with "x ".
set -eu
list=tasks.txt
touch "$list"
case "${1:-}" in
add)
  shift
  [ -n "$*" ] || { echo "add what?" >&2; exit 1; }
  printf '%s\n' "$*" >>"$list"
  ;;
done)
  case "${2:-}" in '' | *[!0-9]*) echo "done which number?" >&2; exit 1 ;; esac
  sed -i "$2s/^\(x \)\{0,1\}/x /" "$list"
  ;;
list) ;;
*)
  echo "usage: tasks.sh add <text> | done <number> | list" >&2
  exit 1
  ;;
esac
awk '{ open = !/^x /; sub(/^x /, ""); printf "%d. [%s] %s\n", NR, open ? " " : "x", $0 }' "$list"

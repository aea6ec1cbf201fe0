#!/usr/bin/env bash
# Builds the page and tests it in Debian's chromium. Installs what it needs. What this machine cannot have is said loudly,
# and is no failure: where it is installed the tests run.
set -euo pipefail
cd "$(dirname "$0")"

main() {
  if ! command -v node >/dev/null; then
    not_checked 'node'
  fi
  need_browser
  local status=0
  ./build.sh || status=$?
  case $status in
    0) ;;
    3) not_checked 'what the page is built with' ;;
    *) exit "$status" ;;
  esac
  node --test --test-concurrency=1 --test-reporter=spec test/page.mjs test/pictures.mjs
}

need_browser() {
  command -v chromium >/dev/null || command -v chromium-browser >/dev/null || install_browser ||
    not_checked "Debian's chromium"
}

install_browser() {
  local root=''
  [ "$(id -u)" -eq 0 ] || root=sudo
  command -v apt-get >/dev/null || return 1
  $root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $root apt-get install -qq -y --no-install-recommends chromium
}

not_checked() {
  printf '\n!!! NOT CHECKED: the playground in a browser: %s cannot be had on this machine\n\n' "$*" >&2
  exit 3
}

main

#!/usr/bin/env bash
# Whether the public interface has changed more than the version says: `scripts/semver.sh TAG`, as in
# `scripts/semver.sh v0.1.0`. All features are compared, the tag's against what is checked out.
set -euo pipefail
cd "$(dirname "$0")/.."

tag=${1:-}
tags="there are: $(git tag --list | paste -sd' ' -)"

stop() {
  printf '%s\n' "$*" >&2
  exit 2
}

[ -n "$tag" ] || stop "Which release is compared with? scripts/semver.sh TAG; $tags"
git rev-parse --quiet --verify "refs/tags/$tag^{commit}" >/dev/null ||
  stop "There is no tag $tag here. Is it fetched (git fetch --tags)? $tags"
command -v cargo-semver-checks >/dev/null || cargo install --locked cargo-semver-checks ||
  stop 'cargo-semver-checks cannot be had on this machine: nothing was compared.'

# Both are built apart from this folder's .cargo/config.toml.
export K8S_OPENAPI_ENABLED_VERSION=1.36
exec cargo semver-checks --package pod-lifecycle --all-features --baseline-rev "$tag"

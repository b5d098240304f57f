#!/bin/sh
# What `npm test`, `npm run test:stores`, `npm run demo`, `npm run build`, `npm run bench`, `npm run campaign` and `npm pack` start: finds or fetches Node.js, installs dependencies, runs the part named by $1.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd -P)
. "$root/scripts/runtime.sh"

part=${1:-}
[ $# -gt 0 ] && shift
find_or_fetch_node
# Programs started from here on (vitest's workers, npm) take this Node.js too.
PATH=$(dirname "$node"):$PATH
export PATH
cd "$root"
case $part in
  test)
    ensure_dependencies all
    exec "$node" --disable-warning=ExperimentalWarning scripts/test.ts "$@"
    ;;
  test-stores)
    ensure_dependencies all
    NGWBACKUP_TEST_STORES=1
    export NGWBACKUP_TEST_STORES
    [ $# -gt 0 ] || set -- test/stores
    exec "$node" --disable-warning=ExperimentalWarning scripts/test.ts "$@"
    ;;
  demo)
    case " $* " in *" --serve "*) ensure_page ;; esac
    ensure_dependencies runtime
    exec "$node" --disable-warning=ExperimentalWarning src/cli.ts demo "$@"
    ;;
  bench)
    ensure_dependencies runtime
    exec "$node" --disable-warning=ExperimentalWarning bench/main.ts "$@"
    ;;
  campaign)
    ensure_dependencies all
    exec "$node" --disable-warning=ExperimentalWarning test/campaigns/main.ts "$@"
    ;;
  build)
    ensure_dependencies all
    rm -rf dist
    # npm reads the package's description from this script's stdout.
    "$node" node_modules/typescript/bin/tsc -p tsconfig.build.json >&2
    "$node" --disable-warning=ExperimentalWarning scripts/page.ts >&2
    ;;
  *) fail "nothing to run is called '$part'" "npm test, npm run test:stores, npm run demo, npm run build, npm run bench, or npm run campaign" ;;
esac

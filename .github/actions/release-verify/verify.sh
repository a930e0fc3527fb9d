#!/usr/bin/env bash
# Verify $RELEASE, anchored by $ROOT and $TAG where they are given; tell the result to GitHub and to the reader.
set -euo pipefail

package=$(cd "$GITHUB_ACTION_PATH/../../.." && pwd)
python=$RUNNER_TEMP/release-verify/bin/python
if [ "${RUNNER_OS:-}" = Windows ]; then
  python=$RUNNER_TEMP/release-verify/Scripts/python.exe
  package=$(cygpath --windows "$package")
fi

options=(--json)
case $FULL in
  true) options+=(--full) ;;
  false) ;;
  *) echo "::error::full is true or false"; exit 3 ;;
esac
if [ -n "$ROOT" ]; then options+=("--root=$ROOT"); fi
if [ -n "$TAG" ]; then options+=("--tag=$TAG"); fi

report=$RUNNER_TEMP/release-verify.json
# -P: nothing is imported from the folder that is verified.
code=0
PYTHONPATH=$package "$python" -P -m release_tasks verify "${options[@]}" -- "$RELEASE" > "$report" || code=$?
cat "$report"
if [ "$code" != 0 ]; then
  echo "::error::the release does not verify"
  exit "$code"
fi
# What stands in a release may be anybody's text: only what looks as it should goes on.
"$python" -P - "$report" >> "$GITHUB_OUTPUT" <<'PYTHON'
import json, re, sys

with open(sys.argv[1], encoding="utf-8") as stream:
    report = json.load(stream)
for key in ("version", "root", "exact_root", "anchor"):
    value = report.get(key) or ""
    if not re.fullmatch(r"[A-Za-z0-9:+._/-]*", value):
        sys.exit(f"{key} is no plain text: {value!r}")
    print(f"{key}={value}")
PYTHON

#!/usr/bin/env bash
# Installs tr-apply into an environment of its own, and puts it on the PATH of the steps that follow.
set -euo pipefail

environment="$RUNNER_TEMP/tr-apply"
python3 -m venv "$environment"
"$environment/bin/python" -m pip install --disable-pip-version-check --quiet -- "$TR_ACTION_INSTALL"
printf '%s\n' "$environment/bin" >> "$GITHUB_PATH"

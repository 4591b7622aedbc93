#!/usr/bin/env bash
# One command of the action. Everything it is told arrives in TR_ACTION_* variables; bash 3.2, as macOS has it, will do.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d "${RUNNER_TEMP:-/tmp}/tr-apply.XXXXXX")
trap 'rm -rf "$work"' EXIT

token=${TR_ACTION_TOKEN:-}
unset TR_ACTION_TOKEN # nobody but pull_request.py needs it

fail() { # CODE MESSAGE
  printf '::error title=tr-apply::%s\n' "$2"
  exit "$1"
}

# One argument a line, empty lines left out, white space around them too.
lines() {
  printf '%s\n' "$1" | sed -e 's/^[[:space:]]*//' -e 's/[[:space:]]*$//' -e '/^$/d'
}

paths=()
while IFS= read -r line; do paths+=("$line"); done < <(lines "$TR_ACTION_PATHS")
arguments=()
while IFS= read -r line; do arguments+=("$line"); done < <(lines "${TR_ACTION_ARGUMENTS:-}")
[ "${#paths[@]}" -gt 0 ] || fail 64 "The input paths is empty."

# tr-apply's own exit code ends up in $code. What a file says must not be taken for a command to the runner.
code=0
tr_apply() { # COMMAND [OPTION...]
  tr-apply "$@" ${arguments[@]+"${arguments[@]}"} -- "${paths[@]}" || code=$?
}
quietly() {
  local pause
  pause=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  printf '::stop-commands::%s\n' "$pause"
  "$@"
  printf '::%s::\n' "$pause"
}

pull_request() {
  TR_ACTION_TOKEN=$token python3 "$here/pull_request.py" "$@"
}

summarize() { # FILE
  cat "$1" >> "${GITHUB_STEP_SUMMARY:-/dev/null}"
}

finish() { # CODE
  printf 'exit_code=%s\n' "$code" >> "${GITHUB_OUTPUT:-/dev/null}"
  exit "$1"
}

# What is kept as artifacts of the run lies in this folder; a later step uploads it.
kept=$(mktemp -d "${RUNNER_TEMP:-/tmp}/tr-apply-artifact.XXXXXX")
artifact() { # KIND
  printf 'artifact=tr-apply-%s-%s\nartifact_path=%s\n' \
    "$1" "$(printf '%s' "${TR_ACTION_NAME:-}" | sed 's/[^A-Za-z0-9_-]/_/g')" "$kept" >> "${GITHUB_OUTPUT:-/dev/null}"
}

# plan writes plan_id and has_changes to $GITHUB_OUTPUT by itself.
planned() {
  GITHUB_OUTPUT="$work/output" tr_apply plan --detailed-exitcode --format markdown --out "$kept/plan.json" \
    --also "html=$kept/plan.html" > "$work/report.md"
  touch "$work/output"
  cat "$work/output" >> "${GITHUB_OUTPUT:-/dev/null}"
}
run_plan() {
  artifact plan
  quietly planned
  if [ "$code" -ne 0 ] && [ "$code" -ne 2 ]; then
    printf '\n**tr-apply ended with exit code %s.** What went wrong is in the log of this run.\n' "$code" >> "$work/report.md"
  fi
  summarize "$work/report.md"
  if [ "${TR_ACTION_COMMENT:-true}" = true ]; then
    pull_request comment "$work/report.md" ||
      printf '::warning title=tr-apply::The plan could not be put on the pull request; it is in the summary of this run.\n'
  fi
  finish "$([ "$code" -eq 2 ] && echo 0 || echo "$code")"
}

run_apply() {
  local ids=() expected=()
  if [ -n "$(lines "${TR_ACTION_EXPECT:-}")" ]; then
    printf '%s\n' "$TR_ACTION_EXPECT" | tr -s ', \t' '\n' | sed '/^$/d' > "$work/ids"
  elif ! went_on; then
    pull_request reviewed > "$work/ids" ||
      fail 6 "No reviewed plan was found, so nothing is applied. Merge a pull request that was planned, or give its ids as the input expect."
  fi
  while IFS= read -r line; do ids+=("$line"); done < "$work/ids"
  for id in ${ids[@]+"${ids[@]}"}; do
    [[ $id =~ ^[0-9a-f]{64}$ ]] || fail 64 "The input expect holds something that is no plan id."
    expected+=(--expect "$id")
  done
  artifact apply
  cp "$work/ids" "$kept/plan-ids"
  quietly applied ${expected[@]+"${expected[@]}"}
  { printf '<pre>\n'; sed -e 's/&/\&amp;/g' -e 's/</\&lt;/g' -e 's/>/\&gt;/g' "$work/log"; printf '</pre>\n'; } > "$work/report.md"
  summarize "$work/report.md"
  if [ -d .tr-apply/begun ]; then cp -R .tr-apply/begun "$kept/"; fi
  finish "$code"
}
# The plans that an earlier run or attempt has begun: the input finish names a run, a second attempt is one of its own.
went_on() {
  local run=${TR_ACTION_FINISH:-}
  if [ -z "$run" ] && [ "${GITHUB_RUN_ATTEMPT:-1}" != 1 ]; then
    pull_request begun "$GITHUB_RUN_ID" .tr-apply/begun > "$work/ids" 2> "$work/why"
    return
  fi
  [ -n "$run" ] || return 1
  pull_request begun "$run" .tr-apply/begun > "$work/ids" ||
    fail 6 "The input finish names no run that can be finished."
}
applied() { # OPTION...
  set +e
  tr-apply apply --no-color --journal "$kept/journal" --undo-out "$kept/undo.json" "$@" ${arguments[@]+"${arguments[@]}"} -- "${paths[@]}" 2>&1 | tee "$work/log"
  code=${PIPESTATUS[0]}
  set -e
}

run_drift() {
  quietly planned
  summarize "$work/report.md"
  if [ "$code" -eq 2 ]; then
    printf '::error title=Drift::The live workspace is not as the files say; the summary of this run tells what differs.\n'
  fi
  finish "$code"
}

case "$TR_ACTION_COMMAND" in
  validate) tr_apply validate --format github; finish "$code" ;;
  test) quietly tr_apply test; finish "$code" ;;
  plan) run_plan ;;
  apply) run_apply ;;
  drift) run_drift ;;
  *) fail 64 "The input command is none of validate, test, plan, apply and drift." ;;
esac

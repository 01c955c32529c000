#!/usr/bin/env bash
# Load the lake every night, and tell somebody if that fails or if no new data arrives.
#
#   15 3 * * *  SPARKIFY_SOURCE=/data/lake WEBHOOK_URL=https://hooks.example.com/x /opt/sparkify/cron.sh
#
# SPARKIFY_SOURCE, SPARKIFY_WAREHOUSE and SPARKIFY_PUBLISH are Sparkify's settings. Besides:
#   SPARKIFY      the command, if it is not on the PATH, as in /opt/sparkify/.venv/bin/sparkify
#   MAX_AGE       how old the newest event and the newest load may be (26h)
#   ATTEMPTS      how often to try if that may help: exit codes 4 and 5 (3)
#   PAUSE         seconds between two attempts (300)
#   MAIL_TO       where to send a mail on failure, with the command `mail`
#   WEBHOOK_URL   where to POST {"text": "..."} on failure, as chat services accept it
set -uo pipefail
sparkify=${SPARKIFY:-sparkify}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

load() {
    "$sparkify" run || return
    "$sparkify" status --max-age "${MAX_AGE:-26h}" >/dev/null
}

tell() {
    local text
    text="sparkify on $HOSTNAME ended with exit code $1: $(tail -n 5 "$log")"
    echo "$text" >&2
    if [ -n "${MAIL_TO:-}" ]; then
        mail -s "sparkify: exit code $1" "$MAIL_TO" <<<"$text"
    fi
    if [ -n "${WEBHOOK_URL:-}" ]; then
        python3 -c 'import json, sys; print(json.dumps({"text": sys.argv[1]}))' "$text" |
            curl --silent --show-error --fail --max-time 30 --retry 3 \
                --header 'Content-Type: application/json' --data @- "$WEBHOOK_URL" >/dev/null
    fi
}

for ((attempt = 1; ; attempt++)); do
    load 2>"$log"
    code=$?
    cat "$log" >&2
    if [[ $code != [45] ]] || ((attempt >= ${ATTEMPTS:-3})); then
        break
    fi
    sleep "${PAUSE:-300}"
done
[ "$code" = 0 ] || tell "$code"
exit "$code"

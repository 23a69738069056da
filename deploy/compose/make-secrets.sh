#!/usr/bin/env bash
# Makes what docker-compose.yml keeps secret: one file each, random, readable by you alone. What is there already stays.
#   deploy/compose/make-secrets.sh && docker compose up --detach --build
# Writes deploy/compose/secrets/ and, in the folder of docker-compose.yml, .env. Neither belongs into git or an image.
set -euo pipefail
umask 077
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
secrets=${SECRETS_DIR:-$here/secrets}
env_file=${ENV_FILE:-$here/../../.env}
# What containers run as: a bind-mounted file keeps its owner, and only its owner may read it.
uid=$(id -u)
# Run by root, everything belongs to the user of the image instead: no container of ours runs as root.
[ "$uid" -ne 0 ] || uid=10001

mkdir -p "$secrets"

random() { # bytes: that many, in hex
  od -An -v -tx1 -N "$1" /dev/urandom | tr -d ' \n'
}

keep() { # name, text: writes it unless there is something already; whole or not at all
  [ ! -s "$secrets/$1" ] || return 0
  printf '%s\n' "$2" >"$secrets/.$1.new"
  mv "$secrets/.$1.new" "$secrets/$1"
  echo "made $1"
}

for name in ingest_token admin_token metrics_token pepper grafana_admin_password postgres_password; do
  keep "$name" "$(random 32)"
done
# LiteLLM wants keys of this form. litellm_key is what respond blocks keys with: with a LiteLLM of your own, put the key
# made there into this file instead (README, "On your own gateway").
for name in litellm_key litellm_master_key; do
  keep "$name" "sk-$(random 32)"
done

# Passwords have no sign that an address would need to escape. The addresses follow from them at each run.
for role in migrate ingest detect respond api grafana; do
  keep "clickhouse_${role}_password" "$(random 32)"
  password=$(cat "$secrets/clickhouse_${role}_password")
  printf 'http://gatewatch_%s_user:%s@clickhouse:8123/gatewatch\n' "$role" "$password" >"$secrets/clickhouse_${role}_url"
done
rm -f "$secrets/clickhouse_grafana_url" # Grafana takes user and password by themselves.

chmod 0700 "$secrets"
chmod 0600 "$secrets"/*
touch "$env_file"
chmod 0600 "$env_file"
if ! grep -q '^GATEWATCH_UID=' "$env_file"; then
  printf 'GATEWATCH_UID=%s\n' "$uid" >>"$env_file"
fi
[ "$(id -u)" -ne 0 ] || chown -R "$uid" "$secrets"
echo "Secrets are in $secrets. The password of admin at Grafana: grafana_admin_password; the token to sign in with: admin_token."

#!/usr/bin/env bash
# What "npm test" cannot check by itself: the chart, rendered by Helm and decoded into the types of Kubernetes;
# docker-compose.yml, read by the loader of Compose; the rules for Prometheus, played through by promtool. Needs Go and, the
# first time, its module proxy and some ten minutes of one core; what was built is kept in GATEWATCH_CHECK_CACHE.
#   deploy/check/run.sh
# Without Go it says so and checks nothing; where CI=true, that is a failure.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
helm_version=v3.19.5
tools=${GATEWATCH_CHECK_CACHE:-$HOME/.cache/gatewatch-check}
chart=deploy/helm/gatewatch
# The oldest one the chart is for, and a newer one.
kubernetes=(1.27.0 1.34.0)
failed=0

bad() { echo "FAILED: $*" >&2; failed=$((failed + 1)); }

not_run() {
  echo "================================================================" >&2
  echo "NOT RUN: the Helm chart, docker-compose.yml and the rules for Prometheus were not checked: $*" >&2
  echo "================================================================" >&2
  [ "${CI:-}" != true ]
  exit
}

command -v go >/dev/null || PATH="$PATH:/usr/local/go/bin"
command -v go >/dev/null || not_run 'there is no Go'
mkdir -p "$tools"
export GOFLAGS="${GOFLAGS:-} -mod=readonly"

build() { # name, folder, package: again when its source has changed
  local stamp
  stamp=$(find "$2" -type f | sort | xargs cat | sha256sum | cut -d ' ' -f 1)
  if [ ! -x "$tools/$1-$stamp" ]; then
    echo "Building $1."
    (cd "$2" && go build -o "$tools/$1-$stamp" "${3:-.}") || return 1
  fi
  ln -sf "$1-$stamp" "$tools/$1"
}

if [ ! -x "$tools/helm-$helm_version" ]; then
  echo "Building Helm $helm_version: some minutes, once."
  GOFLAGS='' GOBIN="$tools/build" go install "helm.sh/helm/v3/cmd/helm@$helm_version" || not_run 'Helm does not build'
  mv "$tools/build/helm" "$tools/helm-$helm_version"
fi
ln -sf "helm-$helm_version" "$tools/helm"
build manifests deploy/check/manifests || not_run 'the decoder of manifests does not build'
build compose deploy/check/compose || not_run 'the loader of Compose does not build'
build promtool deploy/check/prometheus github.com/prometheus/prometheus/cmd/promtool || not_run 'promtool does not build'
export HELM_CACHE_HOME="$tools/helm-home" HELM_CONFIG_HOME="$tools/helm-home" HELM_DATA_HOME="$tools/helm-home"
helm() { "$tools/helm" "$@"; }

# Scripts and Dockerfile
while read -r script; do
  bash -n "$script" || bad "bash -n $script"
done < <(find deploy -name '*.sh')
linted() { # tool, argument…: where the tool is there
  if command -v "$1" >/dev/null; then "$@" || bad "$*"; else echo "NOT RUN: $1 (not installed)" >&2; fi
}
mapfile -t scripts < <(find deploy -name '*.sh')
linted shellcheck "${scripts[@]}"
linted hadolint Dockerfile

# Chart
for values in "$chart/values.yaml" "$chart"/ci/*.yaml; do
  helm lint --strict --quiet --values "$values" "$chart" || bad "helm lint with $values"
  for version in "${kubernetes[@]}"; do
    echo "$values on Kubernetes $version:"
    helm template gw "$chart" --namespace gatewatch --kube-version "$version" --values "$values" |
      "$tools/manifests" || bad "helm template with $values on $version"
  done
done

# What must be refused is refused.
refused() { # why, argument…
  local why=$1
  shift
  if helm template gw "$chart" --kube-version 1.34.0 "$@" >/dev/null 2>&1; then bad "the chart takes $why"; fi
}
refused 'a value that does not exist' --set kafka.broker=b:9092
refused 'brokers without a port' --set kafka.brokers=b
refused 'a mode that does not exist' --set mode=block
refused 'an image without a version' --set image.tag=latest
refused 'a secret among the settings' --set settings.GATEWATCH_ADMIN_TOKEN=0123456789abcdef
refused 'a Secret without a name' --set secrets.pepper.name=
if printf 'apiVersion: v1\nkind: Service\nmetadata: { name: a }\nspec: { port: 1 }\n' | "$tools/manifests" >/dev/null 2>&1; then
  bad 'the decoder takes a field that does not exist'
fi

# What the pods may know and reach, by the code that reads it.
GATEWATCH_HELM="$tools/helm" npx vitest run --project unit test/deploy/helm.test.ts || bad 'test/deploy/helm.test.ts'

# Compose
for profile in '' litellm; do
  "$tools/compose" docker-compose.yml $profile || bad "docker-compose.yml with profile '$profile'"
done

# Prometheus. Where its secrets lie is known in the container only.
"$tools/promtool" check config --syntax-only deploy/prometheus/prometheus.yml || bad 'prometheus.yml'
"$tools/promtool" check rules deploy/prometheus/alerts.yml || bad 'alerts.yml'
"$tools/promtool" test rules deploy/prometheus/alerts.test.yml || bad 'alerts.test.yml'

[ "$failed" -eq 0 ] && echo 'The chart, docker-compose.yml and the rules for Prometheus are good.'
exit "$((failed > 0))"

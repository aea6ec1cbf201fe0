#!/usr/bin/env bash
# A Kubernetes control plane on loopback, from the programs in KUBEBUILDER_ASSETS: etcd, kube-apiserver,
# kube-controller-manager, kube-scheduler. It has no node.
#
#   control-plane.sh up WORK                starts what does not run yet; everything is kept in WORK: keys, data, logs,
#                                           kubeconfig
#   control-plane.sh down WORK [PROGRAM…]   ends what `up` has started, or only these of it, and nothing else
#
# PORT_BASE (26440)          the first of five ports on 127.0.0.1
# NODE_MONITOR_GRACE (20s)   how long a silent node counts as ready
# API_SERVER_ONLY ()         anything: only the API server runs, no scheduler and no controllers
# EVICTION_SECONDS (300)     how long Pods stay on a node that is gone, where they do not say themselves
set -euo pipefail

usage() { sed -n '2,/^set/{/^set/!p}' "$0" >&2; exit 2; }
[ $# -ge 2 ] || usage
programs=(etcd kube-apiserver kube-controller-manager kube-scheduler)
mkdir -p "$2/pid" "$2/log" "$2/pki"
work=$(realpath "$2")
pki=$work/pki
base=${PORT_BASE:-26440}
etcd=http://127.0.0.1:$base peer=http://127.0.0.1:$((base + 1))
api=$((base + 2)) manager=$((base + 3)) scheduler=$((base + 4))

# runs NAME: whether the process that was started under this name is still it
runs() {
    local pid
    pid=$(cat "$work/pid/$1" 2> /dev/null) || return 1
    [ "$(cat "/proc/$pid/comm" 2> /dev/null)" = "${1:0:15}" ]
}

# launch NAME OPTION…: in the background, with a log of its own
launch() {
    local name=$1
    shift
    runs "$name" && return
    setsid "$KUBEBUILDER_ASSETS/$name" "$@" > "$work/log/$name" 2>&1 < /dev/null &
    echo $! > "$work/pid/$name"
}

# until_ready NAME COMMAND…: within two minutes, or the end of the log is shown
until_ready() {
    local name=$1
    shift
    for _ in $(seq 240); do
        if "$@" > /dev/null 2>&1; then
            return
        fi
        sleep 0.5
    done
    echo "$name does not get ready:" >&2
    tail -n 20 "$work/log/$name" >&2
    exit 1
}

ask() { curl --silent --fail --max-time 5 "$@"; }

# One authority, one certificate for the API server, one pair of keys for the tokens of service accounts.
certificates() {
    [ -s "$pki/server.crt" ] && return
    local names=IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc
    openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=loopback-ca \
        -keyout "$pki/ca.key" -out "$pki/ca.crt" 2> /dev/null
    openssl req -newkey rsa:2048 -nodes -subj /CN=kube-apiserver -keyout "$pki/server.key" -out "$pki/server.csr" 2> /dev/null
    openssl x509 -req -days 3650 -in "$pki/server.csr" -CA "$pki/ca.crt" -CAkey "$pki/ca.key" -CAcreateserial \
        -extfile <(echo "subjectAltName=$names") -out "$pki/server.crt" 2> /dev/null
    openssl genrsa -out "$pki/service-account.key" 2048 2> /dev/null
    openssl rsa -in "$pki/service-account.key" -pubout -out "$pki/service-account.pub" 2> /dev/null
    echo "$(openssl rand -hex 16),admin,admin,\"system:masters\"" > "$pki/tokens.csv"
}

kubeconfig() {
    cat > "$work/kubeconfig" << END
apiVersion: v1
kind: Config
current-context: loopback
contexts: [{name: loopback, context: {cluster: loopback, user: admin}}]
clusters: [{name: loopback, cluster: {server: "https://127.0.0.1:$api", certificate-authority: "$pki/ca.crt"}}]
users: [{name: admin, user: {token: "$(cut -d, -f1 "$pki/tokens.csv")"}}]
END
}

up() {
    umask 077
    certificates
    kubeconfig
    local plugins=()
    # Without controllers no service account is created, and the plugin would refuse every Pod.
    if [ -n "${API_SERVER_ONLY:-}" ]; then plugins=(--disable-admission-plugins ServiceAccount); fi
    launch etcd --data-dir "$work/etcd" --unsafe-no-fsync --log-level warn \
        --listen-client-urls "$etcd" --advertise-client-urls "$etcd" \
        --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer"
    until_ready etcd ask "$etcd/health"
    launch kube-apiserver --etcd-servers "$etcd" --bind-address 127.0.0.1 --advertise-address 127.0.0.1 \
        --secure-port $api "${plugins[@]}" --endpoint-reconciler-type none --service-cluster-ip-range 10.0.0.0/24 \
        --tls-cert-file "$pki/server.crt" --tls-private-key-file "$pki/server.key" \
        --token-auth-file "$pki/tokens.csv" --authorization-mode RBAC --allow-privileged \
        --service-account-issuer https://kubernetes.default.svc \
        --service-account-key-file "$pki/service-account.pub" \
        --service-account-signing-key-file "$pki/service-account.key" \
        --default-not-ready-toleration-seconds "${EVICTION_SECONDS:-300}" \
        --default-unreachable-toleration-seconds "${EVICTION_SECONDS:-300}"
    until_ready kube-apiserver ask --cacert "$pki/ca.crt" "https://127.0.0.1:$api/readyz"
    if [ -n "${API_SERVER_ONLY:-}" ]; then
        echo "export KUBECONFIG=$work/kubeconfig"
        return
    fi
    local common=(--kubeconfig "$work/kubeconfig" --leader-elect=false --bind-address 127.0.0.1)
    launch kube-controller-manager "${common[@]}" --secure-port $manager --cert-dir "$pki/manager" \
        --service-account-private-key-file "$pki/service-account.key" --root-ca-file "$pki/ca.crt" \
        --kube-api-qps 500 --kube-api-burst 1000 \
        --node-monitor-period 2s --node-monitor-grace-period "${NODE_MONITOR_GRACE:-20s}"
    launch kube-scheduler "${common[@]}" --secure-port $scheduler --cert-dir "$pki/scheduler" \
        --kube-api-qps 500 --kube-api-burst 1000
    until_ready kube-controller-manager ask --insecure "https://127.0.0.1:$manager/healthz"
    until_ready kube-scheduler ask --insecure "https://127.0.0.1:$scheduler/healthz"
    echo "export KUBECONFIG=$work/kubeconfig"
}

down() {
    local name pid
    for name in "$@"; do
        if runs "$name"; then
            pid=$(cat "$work/pid/$name")
            kill "$pid"
            for _ in $(seq 100); do
                runs "$name" || break
                sleep 0.1
            done
            if runs "$name"; then kill -9 "$pid"; fi
        fi
        rm -f "$work/pid/$name"
    done
}

case $1 in
up) up ;;
down)
    shift 2
    if [ $# -eq 0 ]; then
        # shellcheck disable=SC2046 # Each is a word.
        set -- $(printf '%s\n' "${programs[@]}" | tac)
    fi
    down "$@"
    ;;
*) usage ;;
esac

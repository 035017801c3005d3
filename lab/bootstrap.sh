#!/usr/bin/env bash
# Sets up what the make targets need: distribution packages (through apt, saying so first) and this
# checkout's virtual environment in .venv. Quick when all is there. Safe to interrupt and run again.
set -euo pipefail
cd "$(dirname "$0")/.."

# command or file that must exist -> package that has it
needs=(
    /usr/bin/ssh:openssh-client
    /usr/bin/mmdebstrap:mmdebstrap
    /sbin/mke2fs:e2fsprogs
    /usr/share/keyrings/debian-archive-trixie-automatic.gpg:debian-archive-keyring
    /bin/ip:iproute2
    /usr/sbin/nft:nftables
    /usr/bin/wg:wireguard-tools
    /usr/bin/iperf3:iperf3
    /usr/sbin/openvpn:openvpn
    /usr/bin/openssl:openssl
    /usr/sbin/haproxy:haproxy
    /usr/bin/mptcpize:mptcpize
    /bin/ping:iputils-ping
    /usr/bin/git:git
    /usr/bin/shellcheck:shellcheck
)
missing=()
for need in "${needs[@]}"; do
    [ -e "${need%%:*}" ] || missing+=("${need##*:}")
done

usable_python() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}
python=
for candidate in python3 /usr/bin/python3 python3.13 python3.12 python3.11; do
    if usable_python "$candidate"; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || missing+=(python3 python3-venv)

if [ ${#missing[@]} -gt 0 ]; then
    if ! command -v apt-get > /dev/null; then
        echo "Please install what these Debian packages hold, then try again: ${missing[*]}" >&2
        exit 1
    fi
    as_root=
    [ "$(id -u)" = 0 ] || as_root=sudo
    echo "==> packages: installing ${missing[*]} with ${as_root:+$as_root }apt-get"
    $as_root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
    [ -n "$python" ] || python=/usr/bin/python3
fi

want=$({ cat requirements-dev.txt; "$python" --version; } | sha256sum)
if [ "$(cat .venv/.made-for 2>/dev/null)" != "$want" ]; then
    echo "==> .venv: installing the pinned Python packages of requirements-dev.txt (a minute, once)"
    rm -rf .venv
    "$python" -m venv .venv
    .venv/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement requirements-dev.txt
    echo "$want" > .venv/.made-for
fi
mkdir -p build/collections/ansible_collections/linkagg
[ -e build/collections/ansible_collections/linkagg/wan ] || ln -sfn "$PWD" build/collections/ansible_collections/linkagg/wan

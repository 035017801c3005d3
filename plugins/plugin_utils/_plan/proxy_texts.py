# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What HAProxy reads at either end of the MPTCP proxy. Source: HAProxy 2.6 configuration manual (Debian 12).

Both run below ``mptcpize``, which makes every TCP socket of theirs an MPTCP one. HAProxy binds what it needs as root,
and is then a user of its own, whom nothing else gives a number to (systemd, UIDS-GIDS.md), and nftables knows it by.
"""

from __future__ import annotations

from collections.abc import Collection

from .deps import IPAddress, IPNetwork

USER_ID = 2000076001
# Of the relay.
RELAY_USER_ID = 2000076002
# Where the gateway's relay listens, with the proxy's port. Not a unix socket, which cannot hand on a reset.
RELAY_ADDRESS = "127.0.76.1"
STATS_SOCKET = "/run/linkagg-proxy.sock"
LOOPBACK = ("127.0.0.1", "::1")

# How long a destination may take to answer, in seconds: TCP sends its first packet again after 1 and 3 s more.
CONNECT_S = 8
# After an end that closes without having said anything within this time, the client gets a reset, as from a
# destination that refuses; it has to be longer than the above.
REFUSAL_S = 12

_COMMON = """\
# Made by linkagg.wan; changes are lost at its next run.
global
    maxconn {max_connections}
    uid {user_id}
    gid {user_id}
    # with fewer files than these take it runs all the same
    no strict-limits
    stats socket {stats} user root group root mode 600 level operator

defaults
    mode tcp
    # An idle connection lives for a day; one whose other end is gone for a quarter of an hour (10 min and 5 x 1 min).
    timeout client 24h
    timeout server 24h
    timeout client-fin 5m
    timeout server-fin 5m
    option clitcpka
    option srvtcpka
    clitcpka-idle 10m
    clitcpka-intvl 1m
    clitcpka-cnt 5
    srvtcpka-idle 10m
    srvtcpka-intvl 1m
    srvtcpka-cnt 5
"""

_GATEWAY = """
frontend lan
    # nftables hands over connections of the LAN; nobody else can reach these.
{binds}
    # someone on this node who means it, and would be sent to himself again and again
    tcp-request connection reject if {{ dst 127.0.0.0/8 ::1 }}
    tcp-request content set-var(sess.began) date
    default_backend concentrator

backend concentrator
    timeout connect 4s
    # The LAN's connection was accepted before the far end was asked. One that refuses has to look so: a reset.
    tcp-response inspect-delay {refusal_s}s
    tcp-response content accept if {{ res.len gt 0 }}
    tcp-response content accept if {{ date,sub(sess.began) ge {refusal_s} }}
    tcp-response content silent-drop
    # While the concentrator's end does not answer, connections go over the bond from here.
    retries 2
    option redispatch 1
{servers}
    server bond 0.0.0.0:0 backup
"""

_RELAY = "    # The relay refuses while no lane of it is up. Of backups the first one that is up is used."
_SERVER = (
    "    server {name} {place} send-proxy-v2 check inter 30s fastinter 1s downinter 2s rise 1 fall 2 observe layer4 "
    "error-limit 1 on-error mark-down"
)

_CONCENTRATOR = """
frontend sites
    bind {inner}:{port} accept-proxy transparent
    # nftables keeps whatever else is not for sites from this user.
    tcp-request session reject if {{ dst {never} }}
    default_backend internet

backend internet
    timeout connect {connect_s}s
    retries 0
    server any 0.0.0.0:0
"""


def gateway_config(*, max_connections: int, port: int, inner: IPAddress, versions: Collection[int], relay: bool) -> str:
    """Takes what nftables hands over and sends it on to the concentrator's inner address; with ``relay`` through that,
    and by MPTCP while no lane of it is up."""
    binds = [f"    bind {LOOPBACK[0]}:{port} transparent", f"    bind [{LOOPBACK[1]}]:{port} transparent"]
    servers = [_SERVER.format(name="concentrator", place=f"{inner}:{port}")]
    if relay:
        servers = [_RELAY, _SERVER.format(name="relay", place=f"{RELAY_ADDRESS}:{port}"), f"{servers[0]} backup"]
    return _common(max_connections) + _GATEWAY.format(
        binds="\n".join(binds if 6 in versions else binds[:1]), refusal_s=REFUSAL_S, servers="\n".join(servers)
    )


def concentrator_config(*, max_connections: int, port: int, inner: IPAddress, never: list[IPNetwork]) -> str:
    """Takes connections of all sites and connects to their original destinations. It depends on no site, so that no
    change of a site ends the connections of the others."""
    words = " ".join(str(network) for network in never)
    return _common(max_connections) + _CONCENTRATOR.format(inner=inner, port=port, never=words, connect_s=CONNECT_S)


def _common(max_connections: int) -> str:
    return _COMMON.format(max_connections=max_connections, user_id=USER_ID, stats=STATS_SOCKET)

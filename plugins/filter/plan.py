# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""linkagg.wan.plan"""

from __future__ import annotations

DOCUMENTATION = r"""
name: plan
author:
  - linkagg.wan contributors (@linkagg)
version_added: "0.1.0"
short_description: Compute from the inventory everything that gateways and concentrators need
description:
  - Turns the C(linkagg_concentrator) and C(linkagg_site) variables of an inventory into the desired state of each
    node, that is addresses, tunnel ids, marks, tables, MTUs and the arguments of the modules of this collection.
  - It is computed on the controller from the data alone. The same data gives the same plan in whatever order it
    is written, and adding or removing a site or a link changes no number of another.
  - All mistakes in the data are reported at once, one per line.
requirements:
  - netaddr on the controller
  - jmespath on the controller
positional: _input
options:
  _input:
    description:
      - A dictionary with the keys C(concentrators) and C(sites), each a dictionary from the name of a host to
        its C(linkagg_concentrator) or C(linkagg_site).
      - C(linkagg_concentrator) has C(address) (required, IPv4 or IPv6), C(interface) (of the way out, for NAT),
        C(listen_port) (51820), C(mtu) (of the way out, 1500), C(carrier_pool) (10.208.0.0/12), C(bond_pool)
        (10.200.0.0/13), C(bond_pool_ipv6) (a private /64 made of a hash of the address), C(masquerade_ipv6)
        (V(private), the default, hides unique local addresses behind the concentrator's own, V(all) every IPv6
        address, V(none) none), C(vxlan_port) (4789), C(proxy_port) (7600, TCP, for the proxy, and UDP
        for its relay) and C(addresses), its further public addresses.
        C(forward_addresses) are the server's own IPv4 addresses whose ports are forwarded (its C(address); name others
        where the provider has that by NAT). C(proxy_arp) says that the provider has the sites' public subnets on the
        server's wire (it then answers for them on C(interface)).
        C(table_base) (7600), C(mark_base) (30208) and C(priority_base) (7600) are as those of a site, counted by
        C(site_id).
      - Sites of a concentrator may have the same LAN, as far as the concentrator hides its addresses. A LAN
        that no other site has is in the concentrator's main table; others are in table C(table_base) +
        C(site_id), and mark C(mark_base) + C(site_id) leads there (C(ping -m)).
      - C(services) are ports at which sites may reach the concentrator itself, at its end of their bonds, each with
        C(port) (one, or a range) and C(protocol) (V(tcp), the default, V(udp) or V(both)).
      - Sites do not reach each other. C(reaches) of a site lists those to whose LAN it may open connections; it
        has to be a LAN that no other site has.
      - C(linkagg_site) has C(site_id) (required, 1 to 16383), C(concentrator) (the only one), C(lan) with
        C(interface) and C(subnets) (IPv4 and IPv6), C(links) (required), C(bonds) (one over all links), C(policies),
        C(proxy), and the first numbers of its routing tables, firewall marks and rules, C(table_base) (7600),
        C(mark_base) (30208) and C(priority_base) (7600).
      - With C(proxy) a site's TCP connections end at HAProxy on the gateway, cross the links as one MPTCP connection
        with a subflow over each carrier (8 at most), and go on from HAProxy on the concentrator to where they were
        meant to go. One connection so has the rate of all links. Those take part whose source address the concentrator
        hides behind its own anyway. Local and private addresses, and what policies have a way for, bypass it.
      - A bond of which neither C(mode) nor C(schedule) nor anything that belongs to one of them is said deals packets
        by weight (C(schedule) V(packet)) where every link has a rate and one is followed, or packets round the legs
        would use less than 90 % of all rates in a direction; else it has C(mode) V(balance-rr). A site that says
        nothing of its aggregate (the bond with the lowest number) and has no C(proxy) gets it, if its links are two
        or more, its LAN has an IPv4 subnet and the proxy can go over all links, or over three quarters of all rates;
        and has no C(qos) gets it, if its links are two or more and all have rates. What is said always wins, and
        C(choices) of the plan tells what was decided and why.
      - C(proxy) has C(enabled) (V(true) when C(proxy) is there), C(bypass) with lists C(destinations) (addresses and
        subnets) and C(ports) that are reached over the bond instead, C(transport) (V(mptcp) or V(relay)), C(quic)
        (V(allow), or V(reject), which turns UDP port 443 away so that browsers use TCP), C(congestion_control) of the
        subflows (V(bbr) or V(cubic); if left out, V(bbr) over links of which C(loss_percent) of the C(rate) is 0.1 or
        more, the system's own over the others) and C(max_connections) (8000).
      - With C(transport) V(relay) connections cross the links in packets of UDP, over a lane on each carrier, by a
        program of this collection at both ends. Other links do not wait for one that has just become slow, as with
        MPTCP they do. It is the default where the rate of a link is followed (C(follow)) over which the proxy can go,
        and then C(qos) is there only if it was said, since the relay keeps queues short by itself. All carriers that
        the proxy can go over have a lane, slow ones as well. While no lane answers, connections go by MPTCP.
      - With C(transport) V(mptcp) links that are more than five times slower than the fastest get nothing from the
        proxy, the slowest first, while that leaves out a quarter of all rates at most; a note says so.
      - Without HAProxy at the gateway, and while that at the concentrator does not answer, connections go over the
        bond. A destination that refuses, or that cannot be reached, is seen as a reset after the connection was made.
      - C(public_subnets) of a site are routed to its LAN without NAT, in both directions. Its provider has to
        route them to the concentrator, and the gateway's interface on the LAN needs an address of each, as of
        the LAN's own subnets. What may come in is for the site's firewall to say.
      - C(forwards) of a site are ports of the concentrator that lead to hosts on its LAN, each with C(port)
        (one, or a range such as V(5000-5100)), C(to) (an IPv4 address on the LAN), C(to_port) (the same),
        C(protocol) (V(tcp), the default, V(udp) or V(both)), C(from) (subnets that may use it; all) and
        C(instead_of_ssh) (has to be true for port 22). The host sees who really calls; whoever calls from a
        site is hidden behind the concentrator's end of the bond.
      - C(routing) of a site says how its carriers find their links. With V(marks), the default, they mark their
        packets, and one public address of the concentrator is enough. With V(host_routes) each link goes to a public
        address of its own, for which the main table has a static host route over that link.
      - When the LAN has an IPv6 subnet, the bonds carry IPv6 as well, with addresses of C(bond_pool_ipv6), and
        the site's way out for IPv6 is over them.
      - A link has C(name), C(link_id) (1 to 62) and C(interface) (required), C(address) (V(dhcp), V(pppoe),
        V(unmanaged), the default, or an address with prefix length), C(next_hop) (required with such an address),
        C(mtu) (1500), C(rate) with C(down_mbit), C(up_mbit) and C(loss_percent), of each way while it is idle (0), and
        C(carrier) (that of the site).
      - With V(pppoe) the modem on C(interface) is a bridge, and the gateway dials. Everything else of the link
        is then of the interface C(ppp-) with the link's name. C(pppoe) of the link has C(user) and C(password)
        (required), and C(service) and C(ac) (the access concentrator), if the provider names them. C(mtu) is
        that of the Ethernet, of which PPPoE takes 8 bytes. The password is in the plan, so that whoever keeps
        that has to keep it from others.
      - A carrier is V(wireguard), the default, V(openvpn), V(pptp), or V(direct), legs straight over the link between
        its static public address and the concentrator's, with nothing encrypted. C(carrier) of a site is that of its
        links that have none. Options of a carrier are a mapping with its name, of the link, or of the site for all its
        links.
      - C(openvpn) of a link has C(device) (V(tun), the default, with legs in it, or V(tap), a leg itself), C(cipher)
        (V(AES-256-GCM), the default, V(AES-128-GCM), V(CHACHA20-POLY1305) or V(none), which only authenticates) and
        C(port) (the UDP port at the concentrator). C(openvpn) of a concentrator has C(port_base) (16384); the port of a
        link is that plus 64 times C(site_id) plus C(link_id).
      - C(pptp) of a link has C(password) (required), C(user) (site_id-link_id), C(auth) (V(chap), the default, or
        V(pap), which sends the password) and C(mrru) (the size of packets that are to be split and rejoined, 1280 to
        2000, so that the bond can have the LAN's MTU; links have to be of one MTU then). It protects nothing.
      - C(concentrator_address) of a link is one of the concentrator's C(address) and C(addresses), the former by
        default.
      - C(check) of a link, V(ping) or a dictionary with C(ping) (V(next_hop) or an address), C(interval_s) (1),
        C(lost) (3) and C(back) (2), has C(linkagg.service) on the gateway ask whether the link works. While it does
        not, its default routes and its host route are withdrawn.
      - A bond has C(bond_id) (0 to 7), C(name) (agg0 for bond 0), C(mode) (V(balance-rr), the default,
        V(balance-xor), V(active-backup), V(broadcast), V(balance-tlb) or V(balance-alb)), C(leg) (V(gretap), the
        default, or V(vxlan)), C(links) (all), C(fragment), C(mtu), C(prefer), and of the kernel's options, by the
        names of its document about bonding, C(xmit_hash_policy) (V(layer3+4) with V(balance-xor)),
        C(packets_per_slave), C(primary) (the name of a link), C(primary_reselect), C(fail_over_mac),
        C(all_slaves_active), C(num_peer_notif), C(resend_igmp), C(lp_interval), C(tlb_dynamic_lb), C(arp_interval),
        C(arp_ip_target), C(ns_ip6_target), C(arp_validate), C(arp_all_targets) and C(arp_missed_max). An option that
        is not given is not in the plan.
      - C(fragment) of a bond is V(refuse), the default, with which the bond's MTU is what fits every leg, and nothing
        is split, or V(allow), with which it is 1500, legs split what does not fit and join it again at the other end,
        and TCP is told segments that need no splitting. C(mtu) is another MTU than these.
      - C(prefer), with V(active-backup), V(balance-tlb) and V(balance-alb), lists links in the order in which one of
        them is to be the active one. Links that are not in it come last. With V(active-backup), C(linkagg.service) at
        both ends keeps the legs that wait known to the kernel, for which C(arp_validate) must be V(none) or V(active).
      - C(schedule) of a bond says who chooses the leg. V(mode), the default where C(mode) is said, is the bond's mode.
        V(packet) deals packets and V(flow) connections by weight, see M(linkagg.wan.weights), in modes V(balance-rr)
        and V(active-backup), with the latter if C(all_slaves_active) is true. Each end deals what it sends, by
        C(rate.up_mbit) of the links at the gateway and C(rate.down_mbit) at the concentrator. C(weights) of the bond, a
        mapping from links to numbers, counts instead of the rate, at both ends; 0 leaves a link out.
      - V(802.3ad) is refused, as LACP joins no ports of unknown duplex, and so are C(miimon) and what needs it, as a
        leg always has a carrier. A dead link is noticed with C(arp_interval), which all modes but V(balance-tlb) and
        V(balance-alb) have.
      - With C(arp_interval) and no target, each end of the bond watches the other. Targets are meant for both ends;
        each leaves out its own address, and watches the other end if none is left.
      - C(policies) of a site is a list of which the first that matches decides, over which way a new connection of the
        LAN or of the gateway goes. A policy has C(name) (required), C(match), C(via), C(weights), C(per), C(otherwise)
        and C(dscp).
      - C(match) (everything, if left out) has lists, C(destinations) and C(sources) (addresses and subnets), C(domains)
        (whose addresses the gateway looks up at the run and every five minutes; they are further destinations),
        C(interfaces) (of the LAN), C(protocols), C(ports) and C(source_ports) (numbers and ranges; of TCP and UDP
        unless C(protocols) says otherwise) and C(dscp) (names and numbers). All that are given have to be true.
      - C(via) is the name of a link, which the traffic then leaves by directly, behind the link's own address; the name
        or the C(bond_id) of a bond; a list of up to three of those, of which the first that works is used; V(spread),
        which spreads connections over links by C(weights) (C(rate.down_mbit) where all links have it, else all alike; 0
        leaves a link out), each C(per) V(connection) (the default), V(destination) or V(source); or V(drop). A
        connection stays on its link while that works. A link works while its interface is up, has a carrier and has
        its default route; a bond while one of its legs is heard, or while it is up if it does not watch them.
      - C(otherwise) is what happens while none of them works, V(next), the default, that is the way of all other
        traffic, or V(drop). C(dscp) is the class that packets get; with it alone, they go the way of all other traffic.
      - With C(qos) of a site (C({}) is enough; C(enabled) V(false) is without it) what its links send is
        shaped by CAKE to C(share) (98) percent of their C(rate), with C(classes) (V(diffserv4), the default,
        V(diffserv3), V(diffserv8) or V(besteffort)) and C(rtt_ms) (200); on the link, on the carrier, where classes
        still show, and at the concentrator in one queue a link, legs and subflows together. Links without a rate are
        left alone.
      - With C(concentrator) V(none) a site has no carriers and no bonds; what its policies leave is spread over all
        links by C(rate.down_mbit), each connection over one, behind the links' own addresses.
      - A link carries the IP version of its address or next hop; for the other one it does not work.
    type: dict
    required: true
  public_keys:
    description:
      - Public keys of the WireGuard interfaces as M(linkagg.wan.wireguard_keys) returns them, by host and
        interface.
      - The key of a peer that is not in it is V(none) in the plan, which M(linkagg.wan.tunnels) takes as "leave
        the peer as it is".
    type: dict
    default: {}
  ra_interfaces:
    description:
      - Interfaces that learn IPv6 from router advertisements, as M(linkagg.wan.preflight) returns them, by host.
      - Where IPv6 is carried, they are told to go on with it (C(accept_ra) 2), which routers do not by themselves.
    type: dict
    default: {}
seealso:
  - plugin: linkagg.wan.plan_problems
    plugin_type: filter
  - plugin: linkagg.wan.mtu_budget
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show the plan of a site with two links
  ansible.builtin.debug:
    msg: "{{ inventory | linkagg.wan.plan }}"
  vars:
    inventory:
      concentrators:
        vps: {address: 203.0.113.2}
      sites:
        home:
          site_id: 1
          lan: {subnets: [192.168.1.0/24]}
          links:
            - {name: lte1, link_id: 1, interface: wwan0, address: dhcp}
            - {name: dsl, link_id: 2, interface: eth1, address: 10.0.1.2/24, next_hop: 10.0.1.1, mtu: 1492}
"""

RETURN = r"""
_value:
  description:
    - C(nodes) has for each host C(concentrator) (its concentrator, or itself), C(key_interfaces) (for
      M(linkagg.wan.wireguard_keys)), C(tunnels) (for M(linkagg.wan.tunnels)), C(bonds) (for
      M(linkagg.wan.bonds)), C(weights) (for M(linkagg.wan.weights)), C(links), C(routes) and C(rules) (for
      M(linkagg.wan.link_routes)), C(shapers) (for M(linkagg.wan.shapers)), C(nft) and C(names) (for
      M(linkagg.wan.nft_table)), and the texts C(sysctl) and C(networkd).
    - C(sites) has for each site, for people, C(site_id), C(concentrator) and C(bonds), each with C(bond_id), C(name),
      C(mode), C(schedule) and C(weights) unless the mode decides, C(mtu) and C(budget), the MTU layer by layer for each
      of its links; and C(notes), what is to be known of its carriers, if there is something; and C(proxy), where it has
      one, with C(sources), the subnets whose connections go through it, and C(subflows), the links it goes over.
    - C(choices) of a site has C(what) was decided, the C(value) and C(why), where the inventory says nothing;
      C(predicted) has the Mbit/s of payload that one TCP connection (C(tcp_1)), 11 of them (C(tcp_11)) and one flow of
      UDP (C(udp), without loss) are to get, in C(down_mbit) and C(up_mbit), where rates are known. They are rates less
      headers, shared out as the site does; what reordering and loss cost is not in them.
  type: dict
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.pipeline import make_plan
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.problems import PlanError


def plan(
    data: Any,
    public_keys: Mapping[str, Mapping[str, str]] | None = None,
    ra_interfaces: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """See DOCUMENTATION. Raises AnsibleFilterError with every mistake on a line of its own."""
    try:
        return make_plan(data, public_keys, ra_interfaces)
    except PlanError as exc:
        raise AnsibleFilterError(exc.report()) from exc


class FilterModule:
    """Filters of this file by name."""

    def filters(self) -> dict[str, Any]:
        """What Ansible asks for."""
        return {"plan": plan}

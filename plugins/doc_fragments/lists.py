# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lists that more than one module takes: of its own, and of M(linkagg.wan.network)."""

from __future__ import annotations


class ModuleDocFragment:
    """``extends_documentation_fragment: linkagg.wan.lists.tunnels`` and so on. Whether a list has to be given differs
    between the modules, which is theirs to say.
    """

    TUNNELS = r"""
options:
  tunnels:
    description:
      - The tunnels, carriers before the legs that use them.
    type: list
    elements: dict
    suboptions:
      kind:
        description: What it is.
        type: str
        choices: [wireguard, gretap, ip6gretap, vxlan]
        required: true
      name:
        description: Name of the interface, at most 15 characters.
        type: str
        required: true
      mtu:
        description: Largest packet in bytes. Not given, it is left as it is.
        type: int
      up:
        description: Whether the interface is up. Without it, it is.
        type: bool
      alias:
        description: Its description. Has to begin with C(linkagg.wan), which is also what it is without this
          option.
        type: str
      addresses:
        description:
          - All its addresses with prefix length; others are removed.
          - Without it, a V(wireguard) has none, and of a leg they are left as they are.
        type: list
        elements: str
      listen_port:
        description: For V(wireguard), the UDP port. 0, as without it, leaves the choice to the kernel.
        type: int
      fwmark:
        description:
          - For V(wireguard), V(gretap) and V(ip6gretap), the mark on its own packets, for policy rules. 0 is none.
          - Without it, a V(wireguard) has none, and of the others it is left as it is.
        type: int
      private_key_file:
        description:
          - For V(wireguard), the file on the node with its private key, as M(linkagg.wan.wireguard_keys)
            makes it.
          - Without it, C(/etc/linkagg/keys/NAME.key).
        type: path
      peers:
        description: For V(wireguard), all its peers; others are removed.
        type: list
        elements: dict
        suboptions:
          public_key:
            description:
              - The peer's public key. Without it, whatever peer has exactly these
                O(tunnels[].peers[].allowed_ips) is
                left as it is, and if there is none, none is made.
            type: str
          endpoint:
            description:
              - Where it is, C(address:port) or C([address]:port). Without it, the kernel learns it from its
                packets.
            type: str
          allowed_ips:
            description: The networks behind it. They are what tells peers apart.
            type: list
            elements: str
            required: true
          persistent_keepalive_s:
            description: Seconds between keepalives. 0, as without it, is none.
            type: int
          preshared_key_file:
            description:
              - File on the node with the key that both ends share besides, as C(wg genpsk) makes it, readable by its
                owner only. The key is never returned. Without it, there is none.
            type: path
      local:
        description: For legs, the own outer address, IPv4 for V(gretap), IPv6 for V(ip6gretap), either for V(vxlan).
        type: str
      remote:
        description:
          - For legs, the other end's outer address. For V(vxlan), it can be a multicast group, with O(tunnels[].link).
          - A V(vxlan) takes another one in place, but not one of the other IP version.
        type: str
      link:
        description:
          - For legs, the interface over which outer packets leave, whatever the routes say; V("") is none.
          - A V(vxlan) that has one has to be made again to have none.
        type: str
      key:
        description: For V(gretap) and V(ip6gretap), the GRE key, 0 to 4294967295. Without it, there is none or it is
          left as it is.
        type: int
      csum:
        description: For V(gretap) and V(ip6gretap), whether GRE packets have a checksum. Both ends need the same.
        type: bool
      seq:
        description:
          - For V(gretap) and V(ip6gretap), whether GRE packets are numbered, and those out of order dropped. Both ends
            need the same.
        type: bool
      ttl:
        description: For legs, time to live (hop limit) of outer packets. Without it, 64.
        type: int
      tos:
        description: For legs, type of service (traffic class) of outer packets; 1 takes it from the inner ones.
        type: int
      flowlabel:
        description: For V(ip6gretap) and V(vxlan) over IPv6, the flow label of outer packets, 0 to 1048575.
        type: int
      encaplimit:
        description:
          - For V(ip6gretap), how often packets may be encapsulated again, which takes 8 bytes of each packet.
          - -1, as without it, is no limit, and takes none.
        type: int
      pmtudisc:
        description: For V(gretap), whether routers may not fragment outer packets.
        type: bool
      ignore_df:
        description: For V(gretap), whether outer packets are fragmented where inner ones say not to. Needs
          O(tunnels[].pmtudisc) V(false).
        type: bool
      vni:
        description: For V(vxlan), its number, 0 to 16777215. It cannot be changed in place.
        type: int
      port:
        description: For V(vxlan), the UDP port. Without it, 4789. It cannot be changed in place.
        type: int
      port_range:
        description: For V(vxlan), the UDP source ports C(LOW-HIGH), one for each flow. It cannot be changed in place.
        type: str
      df:
        description: For V(vxlan), whether outer packets must not be fragmented; V(inherit) asks the inner ones.
        type: str
        choices: [unset, set, inherit]
      learning:
        description: For V(vxlan), whether it learns which hardware address is behind which end.
        type: bool
      ageing_s:
        description: For V(vxlan), after how many seconds it forgets a learnt address.
        type: int
      limit:
        description: For V(vxlan), how many addresses it learns at most, 0 is any number. It cannot be changed in place.
        type: int
      udp_csum:
        description: For V(vxlan) over IPv4, whether outer packets have a UDP checksum. It cannot be changed in place.
        type: bool
      udp6_zero_csum_tx:
        description: For V(vxlan) over IPv6, whether outer packets go without a checksum. It cannot be changed in place.
        type: bool
      udp6_zero_csum_rx:
        description: For V(vxlan) over IPv6, whether such packets are taken. It cannot be changed in place.
        type: bool
      mac_address:
        description:
          - For legs, the hardware address; the kernel makes one up. A leg that is in a bond leaves it for the change
            and comes back; the result says so.
        type: str
      txqueuelen:
        description: For legs, how many packets its queue holds.
        type: int
      gso_max_size:
        description: For legs, largest packet in bytes that is handed to it to be cut up.
        type: int
      gro_max_size:
        description: For legs, largest packet in bytes that is put together of received ones. Linux 5.19 or newer.
        type: int
"""

    BONDS = r"""
options:
  bonds:
    description:
      - The bonds.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the interface, at most 15 characters.
        type: str
        required: true
      mode:
        description: How packets are spread over the ports; see the kernel's document about bonding.
        type: str
        choices: [balance-rr, active-backup, balance-xor, broadcast, 802.3ad, balance-tlb, balance-alb]
        default: balance-rr
      miimon:
        description:
          - Milliseconds between looks at the carrier of ports, 0 is never. A tunnel always reports carrier.
          - The kernel sets it to 100 in modes V(802.3ad), V(balance-tlb) and V(balance-alb) where it is 0, and to 0
            where O(bonds[].arp_interval) is given.
        type: int
      updelay:
        description: Milliseconds that a port has to have carrier before it is used, a multiple of O(bonds[].miimon).
        type: int
      downdelay:
        description: Milliseconds without carrier after which a port is given up, a multiple of O(bonds[].miimon).
        type: int
      peer_notif_delay:
        description: Milliseconds between announcements after a change of port, a multiple of O(bonds[].miimon).
        type: int
      use_carrier:
        description: Whether O(bonds[].miimon) trusts the driver's carrier. Kernels from 6.18 on take only V(true).
        type: bool
      arp_interval:
        description:
          - Milliseconds between questions to O(bonds[].arp_ip_target) and O(bonds[].ns_ip6_target), by whose answers
            ports are watched. It excludes O(bonds[].miimon); whichever is given ends the other.
          - Not in modes V(802.3ad), V(balance-tlb) and V(balance-alb).
        type: int
      arp_ip_target:
        description: IPv4 addresses to ask, 16 at most; an empty list removes them.
        type: list
        elements: str
      ns_ip6_target:
        description: IPv6 addresses to ask, 16 at most; an empty list removes them. Linux 5.18 or newer.
        type: list
        elements: str
      arp_validate:
        description: On which ports answers are checked, and whether other traffic counts as a sign of life.
        type: str
        choices: [none, active, backup, all, filter, filter_active, filter_backup]
      arp_all_targets:
        description: Whether V(any) or V(all) targets have to answer.
        type: str
        choices: [any, all]
      arp_missed_max:
        description: How many answers may be missed, 1 to 255. Linux 5.17 or newer.
        type: int
      xmit_hash_policy:
        description: What V(balance-xor), V(802.3ad) and V(balance-tlb) choose the port by.
        type: str
        choices: [layer2, layer3+4, layer2+3, encap2+3, encap3+4, vlan+srcmac]
      packets_per_slave:
        description: How many packets V(balance-rr) sends over one port before the next, 0 is random.
        type: int
      primary:
        description: The preferred port of V(active-backup), V(balance-tlb) and V(balance-alb); V("") is none.
        type: str
      primary_reselect:
        description: When to go back to the O(bonds[].primary).
        type: str
        choices: [always, better, failure]
      active_slave:
        description:
          - The port in use now, of V(active-backup), V(balance-tlb) and V(balance-alb). The kernel moves on by itself;
            each run comes back to this one. O(bonds[].primary) is what usually is meant.
        type: str
      fail_over_mac:
        description: Whether ports of V(active-backup) keep their own hardware address.
        type: str
        choices: [none, active, follow]
      all_slaves_active:
        description: Whether frames that come in on inactive ports are accepted.
        type: bool
      min_links:
        description: How many ports have to work before the bond reports carrier.
        type: int
      lp_interval:
        description: Seconds between learning packets of V(balance-tlb) and V(balance-alb).
        type: int
      tlb_dynamic_lb:
        description: Whether V(balance-tlb) and V(balance-alb) move flows by load; otherwise by hash.
        type: bool
      resend_igmp:
        description: How many membership reports follow a change of port, 0 to 255.
        type: int
      num_peer_notif:
        description:
          - How many announcements follow a change of port, 0 to 255. The kernel's document calls it C(num_grat_arp)
            and C(num_unsol_na).
        type: int
      lacp_rate:
        description: How often the other end of V(802.3ad) is to send; V(slow) is every 30 seconds, V(fast) each one.
        type: str
        choices: [slow, fast]
      lacp_active:
        description: Whether V(802.3ad) sends by itself or only answers. Linux 5.15 or newer.
        type: bool
      ad_select:
        description: When V(802.3ad) chooses another aggregator, and by what.
        type: str
        choices: [stable, bandwidth, count]
      ad_actor_sys_prio:
        description: The priority of the system in V(802.3ad), 1 to 65535.
        type: int
      ad_user_port_key:
        description: The upper 10 bits of the port key in V(802.3ad), 0 to 1023.
        type: int
      ad_actor_system:
        description: The hardware address of the system in V(802.3ad); V("00:00:00:00:00:00") is the bond's own.
        type: str
      coupled_control:
        description: Whether V(802.3ad) couples collecting and distributing. Linux 6.10 or newer.
        type: bool
      ports:
        description: All its ports, interfaces that exist. Others are released.
        type: list
        elements: str
        default: []
      port_options:
        description:
          - What single ports have of their own. A port that is not listed, or an option that is not given, is left as
            it is; a port that is taken in begins with none.
        type: list
        elements: dict
        suboptions:
          port:
            description: The port, one of O(bonds[].ports).
            type: str
            required: true
          queue_id:
            description:
              - Packets with this queue mapping go over this port, in modes V(balance-rr) and V(active-backup).
                0 is none. Up to O(bonds[].tx_queues); two ports cannot have the same.
              - It goes with O(bonds[].queue_mark) when that is taken away.
            type: int
          prio:
            description:
              - Which port is next in V(active-backup), V(balance-tlb) and V(balance-alb), higher first.
                Linux 6.1 or newer.
            type: int
      queue_mark:
        description:
          - Packets with this firewall mark plus 1 to 15 go over the port with that C(queue_id) of
            O(bonds[].port_options), while it is up, and lose the mark; all others go by the bond's own policy. In modes
            V(balance-rr) and V(active-backup). V(0) is none.
          - Filters of traffic control with preferences 7600 and 7601 do that. M(linkagg.wan.weights) sets such marks.
        type: int
        default: 0
      tx_queues:
        description:
          - How many transmit queues it has, and by that the largest C(queue_id); the kernel makes 16. It cannot be
            changed in place.
        type: int
      mac_address:
        description:
          - Its hardware address. Not given, it is that of the first port, and stays when ports come and go.
        type: str
      addresses:
        description: All its addresses with prefix length; others are removed.
        type: list
        elements: str
        default: []
      mtu:
        description: Largest packet in bytes. Not given, it is left as it is.
        type: int
      txqueuelen:
        description: How many packets its queue holds.
        type: int
      gso_max_size:
        description: Largest packet in bytes that is handed to it to be cut up.
        type: int
      gro_max_size:
        description: Largest packet in bytes that is put together of received ones. Linux 5.19 or newer.
        type: int
      up:
        description: Whether it is up.
        type: bool
        default: true
      alias:
        description: Its description. Has to begin with C(linkagg.wan).
        type: str
        default: linkagg.wan
"""

    LINK_ROUTES = r"""
options:
  links:
    description:
      - Interfaces that somebody else makes (modems, network cards).
      - Addresses on a listed link that this module gave it earlier and that are not listed are removed.
    type: list
    elements: dict
    suboptions:
      interface:
        description: Its name.
        type: str
        required: true
      up:
        description: Whether it is up.
        type: bool
        default: true
      addresses:
        description: Static addresses with prefix length.
        type: list
        elements: str
        default: []
      check:
        description:
          - How C(linkagg.service) finds out whether the link works, see M(linkagg.wan.agent). While nothing answers,
            the routes over the link that lead on (defaults, and those with a next hop) are withdrawn, and of a route
            with several next hops this one.
          - Without it, the link is not checked.
        type: dict
        suboptions:
          ping:
            description:
              - Whom to ping over this interface, V(next_hop), that of a route over it or the other end of a
                point-to-point link, or an address. Of the routes over it, one to just that address is never withdrawn.
            type: str
            default: next_hop
          interval_s:
            description: Seconds between pings.
            type: float
            default: 1.0
          lost:
            description: How many pings in a row must be lost for the link to be taken out of use.
            type: int
            default: 3
          back:
            description: How many pings in a row must be answered for it to be used again.
            type: int
            default: 2
          fwmark:
            description: The mark of the pings, for policy rules. 0 is none.
            type: int
            default: 0
  routes:
    description:
      - Routes. Table, destination and metric tell them apart. A route is replaced as a whole, so what is not given it
        does not have.
    type: list
    elements: dict
    suboptions:
      destination:
        description: A network, or V(default).
        type: str
        required: true
      via:
        description:
          - The next hop. V(learn) takes the one that DHCP gave (from the leases of systemd-networkd), or the
            one of any
            default route over O(routes[].device) that is not ours, and waits for it.
        type: str
      device:
        description: The interface.
        type: str
      table:
        description: The routing table.
        type: int
        default: 254
      metric:
        description: The metric, lower ones are preferred. 0 becomes 1024 for IPv6, as the kernel does it.
        type: int
        default: 0
      source:
        description: The source address for packets that have none yet.
        type: str
      type:
        description: What happens to packets. With V(local) the node takes them itself, over O(routes[].device) V(lo).
        type: str
        choices: [unicast, local, blackhole, unreachable, prohibit, throw]
        default: unicast
      family:
        description: V(ipv4) or V(ipv6). Without it, by the addresses in the route, and V(ipv4) if there are
          none.
        type: str
        choices: [ipv4, ipv6]
      nexthops:
        description:
          - Several next hops at once, in place of O(routes[].via) and O(routes[].device). The kernel spreads
            connections
            over them by their weights.
        type: list
        elements: dict
        suboptions:
          via:
            description: The next hop. Without it, what is looked for is on the interface itself, which only IPv4 can.
            type: str
          device:
            description: The interface.
            type: str
            required: true
          weight:
            description: Its share, 1 to 256.
            type: int
            default: 1
      scope:
        description: How far the destination is, for IPv4. Without it, V(link) if there is no next hop, else V(global).
        type: str
        choices: [global, link, host]
      onlink:
        description: Whether O(routes[].via) is behind O(routes[].device) though no subnet there has it. Without it, no.
        type: bool
      give_way:
        description:
          - While O(routes[].device) is a bond of which no leg is heard, C(linkagg.service) withdraws the route, so that
            the next policy rule decides.
          - It cannot be known of a bond that does not watch its legs (C(arp_interval) of M(linkagg.wan.bonds) 0 or not
            given), except in modes V(balance-tlb) and V(balance-alb).
        type: bool
      flow_mark:
        description:
          - The mark of connections that use the route. When it gives way they are forgotten, so that their next packets
            get the address of the way that they take then.
        type: int
      flow_mask:
        description: The bits of O(routes[].flow_mark) that count.
        type: int
      mtu:
        description: Largest packet in bytes. Without it, as of this and of the other metrics, the route says nothing.
        type: int
      window:
        description: Largest TCP window to advertise, in bytes.
        type: int
      advmss:
        description: TCP segment size to advertise, in bytes.
        type: int
      reordering:
        description: How far packets of a TCP connection are expected to overtake each other.
        type: int
      hoplimit:
        description: Time to live (hop limit) of packets, 1 to 255.
        type: int
      initcwnd:
        description: The congestion window that TCP connections start with, in segments.
        type: int
      initrwnd:
        description: The receive window that TCP connections start with, in segments.
        type: int
      rto_min_ms:
        description: Shortest time to wait for an acknowledgement before TCP sends again, in milliseconds.
        type: int
      quickack:
        description: Whether TCP acknowledges at once. Without it, no.
        type: bool
      congctl:
        description:
          - The congestion control of TCP connections, which the kernel has to know. Without it, the node's.
          - Behind the word C(lock), as in V(lock bbr), programs cannot choose another one, nor does MPTCP give the
            subflows that come in that of the socket that listens.
        type: str
  rules:
    description:
      - Policy rules. They are never changed, only made and removed.
    type: list
    elements: dict
    suboptions:
      priority:
        description: Its place among the rules, 1 to 32765.
        type: int
        required: true
      from:
        description: Network of source addresses.
        type: str
      to:
        description: Network of destination addresses.
        type: str
      tos:
        description: Type of service of packets, a multiple of 4, up to 28 for IPv4.
        type: int
      fwmark:
        description: Mark of packets.
        type: int
      fwmask:
        description: The bits of marks to compare with O(rules[].fwmark). Without it, all.
        type: int
      iif:
        description: Interface where packets came in.
        type: str
      oif:
        description: Interface that a socket of the node is bound to.
        type: str
      uidrange:
        description: Users of the node whose packets these are, C(1000) or C(1000-1999).
        type: str
      ipproto:
        description: IP protocol, by name (C(tcp), C(udp), C(icmp), C(icmpv6), C(gre), C(esp), ...) or number.
        type: str
      sport:
        description: Source ports, C(53) or C(5000-5999).
        type: str
      dport:
        description: Destination ports, C(443) or C(5000-5999).
        type: str
      table:
        description: The routing table to look into.
        type: int
        required: true
      suppress_prefixlength:
        description: Ignore routes found whose prefix length is not above this.
        type: int
      family:
        description: V(ipv4) or V(ipv6). Without it, by O(rules[].from) and O(rules[].to), and V(ipv4) if neither is
          given.
        type: str
        choices: [ipv4, ipv6]
  learn_timeout_s:
    description:
      - How many seconds to wait for next hops that are to be learnt, all together.
    type: int
    default: 20
"""

    SHAPERS = r"""
options:
  shapers:
    description:
      - The shapers. An interface has one at its root; with V(htb) there, any number of classes, and in each another.
    type: list
    elements: dict
    suboptions:
      kind:
        description:
          - What it is. V(cake) shapes to a rate and keeps the queue short and fair; V(fq_codel) does the latter only;
            V(tbf) is a plain token bucket; V(netem) makes a line worse, for tests.
          - V(htb) lets an interface have many rates. Each is a V(htb_class), and how packets wait in that is said by a
            shaper whose O(shapers[].parent) it is. A packet is of the class that its priority names, such as C(meta
            priority set ip daddr map) of nft(8) gives it; what names none passes as it is.
        type: str
        choices: [cake, tbf, netem, fq_codel, htb, htb_class]
        required: true
      interface:
        description: The interface that it is for.
        type: str
        required: true
      parent:
        description:
          - For all but V(htb) and V(htb_class), where on the interface it is, V(root) or a class such as C(7600:41). In
            a class, let V(cake) have no rate, as the class has one. Without it, V(root).
        type: str
      classid:
        description:
          - For V(htb_class), its number, C(7600:1) to C(7600:fffe) in hexadecimal, but not C(7600:7600).
        type: str
      rate:
        description:
          - For V(cake), V(tbf), V(netem) and V(htb_class), the rate. For V(cake) and V(netem) also V(unlimited), as
            without it. A class lends nothing to others and borrows nothing.
        type: str
      rtt:
        description: For V(cake), a usual round trip time, by which it judges queues. Without it, 100ms.
        type: str
      overhead:
        description:
          - For V(cake), bytes that the line below adds to the IP packet, -64 to 256. Without it, packets count as they
            are.
          - For V(htb_class), bytes that the line below adds to a packet of the interface, 0 to 65535. Without it, 0.
        type: int
      mpu:
        description: For V(cake), bytes that a packet counts at least, 0 to 256. Without it, 0.
        type: int
      atm:
        description: For V(cake), how the line packs, V(atm) for cells of ADSL, V(ptm) for VDSL. Without it, V(none).
        type: str
        choices: [none, atm, ptm]
      diffserv:
        description: For V(cake), how packets are put into classes by their DSCP mark. Without it, V(diffserv3).
        type: str
        choices: [diffserv3, diffserv4, diffserv8, besteffort, precedence]
      flow_mode:
        description: For V(cake), what gets a fair share. Without it, V(triple-isolate).
        type: str
        choices: [flowblind, srchost, dsthost, hosts, flows, dual-srchost, dual-dsthost, triple-isolate]
      nat:
        description: For V(cake), whether hosts are told apart by their addresses before NAT. Without it, no.
        type: bool
      wash:
        description: For V(cake), whether DSCP marks are cleared. Without it, no.
        type: bool
      ack_filter:
        description: For V(cake), whether TCP acknowledgements that say nothing new are dropped. Without it, V(none).
        type: str
        choices: [none, filter, aggressive]
      split_gso:
        description: For V(cake), whether packets joined for speed are split again. Without it, yes.
        type: bool
      ingress:
        description:
          - For V(cake), whether it shapes what has come over the line already, so that what it drops counts, too.
            Without it, no.
        type: bool
      autorate_ingress:
        description:
          - For V(cake), whether the kernel guesses the rate from what comes in. The rate then changes by itself and is
            not compared. Without it, no.
        type: bool
      memory_limit:
        description:
          - For V(cake) and V(fq_codel), the size of all that waits, at most. Without it, 0 for V(cake), which leaves it
            to the kernel, and 32mb for V(fq_codel).
        type: str
      fwmark:
        description: For V(cake), the bits of a packet's mark that choose its class. 0, as without it, are none.
        type: int
      burst:
        description:
          - For V(tbf), the size of what may go at once, at least a full packet. Rate times 10 ms is a good start.
          - For V(htb_class), the same; without it, that, and 1600 at least.
        type: str
      latency:
        description: For V(tbf), how long a packet may wait. Becomes a O(shapers[].limit); one of both is needed.
        type: str
      limit:
        description:
          - For V(tbf), the size of all that waits, at most. For V(netem) and V(fq_codel), the number of packets;
            without it, 1000 and 10240.
        type: str
      peakrate:
        description: For V(tbf), the rate at which a burst goes. Without it, at once.
        type: str
      mtu:
        description: For V(tbf), the size of what may go at once at O(shapers[].peakrate), at least a full packet.
        type: str
      delay:
        description: For V(netem), the time that packets come later. Without it, 0.
        type: str
      jitter:
        description: For V(netem), how much later or earlier than that a packet can come. Without it, 0.
        type: str
      delay_correlation:
        description: For V(netem), how much a packet's delay depends on that of the one before. Without it, 0.
        type: float
      loss:
        description: For V(netem), the share of packets lost. Without it, 0.
        type: float
      loss_correlation:
        description: For V(netem), how much a loss depends on the one before. Without it, 0.
        type: float
      duplicate:
        description: For V(netem), the share of packets that come twice. Without it, 0.
        type: float
      duplicate_correlation:
        description: For V(netem), how much that depends on the one before. Without it, 0.
        type: float
      reorder:
        description: For V(netem), the share of packets that are not delayed, and so overtake. Without it, 0.
        type: float
      reorder_correlation:
        description: For V(netem), how much that depends on the one before. Without it, 0.
        type: float
      gap:
        description:
          - For V(netem), that only every so many packets can overtake. Without it, 1 with O(shapers[].reorder).
        type: int
      corrupt:
        description: For V(netem), the share of packets in which a bit is wrong. Without it, 0.
        type: float
      corrupt_correlation:
        description: For V(netem), how much that depends on the one before. Without it, 0.
        type: float
      ecn:
        description:
          - For V(netem), whether packets are marked instead of lost. Without it, no.
          - For V(fq_codel), whether they are marked instead of dropped. Without it, yes.
        type: bool
      flows:
        description: For V(fq_codel), the number of queues. Without it, 1024. It cannot be changed in place.
        type: int
      target:
        description: For V(fq_codel), how long packets may wait for good. Without it, 5ms.
        type: str
      interval:
        description: For V(fq_codel), for how long they may wait longer. Without it, 100ms.
        type: str
      quantum:
        description:
          - For V(fq_codel), the bytes that a queue may send in its turn, 256 or more. Without it, it is left as it is,
            which is a full packet in the beginning.
        type: int
      drop_batch:
        description: For V(fq_codel), how many packets are dropped at once when there is no room. Without it, 64.
        type: int
"""

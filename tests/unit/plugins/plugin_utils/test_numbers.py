# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses and ids are functions of site_id, bond_id and link_id, and no two of anything are the same."""

from __future__ import annotations

import pytest
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan import limits, names, numbers
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.carriers import CARRIERS
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.deps import IPAddress, IPNetwork
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.reading import defaults
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.tables import LINK_OPTIONS

CARRIER_POOL = IPNetwork("10.208.0.0/12")
BOND_POOL = IPNetwork("10.200.0.0/13")
BOND_POOL_IPV6 = IPNetwork("fd00:1:2:3::/64")
KERNELS_OWN_RULE = 32766
SITE_IDS = (1, 2, 63, 64, 8191, 16383)
DEFAULTS = defaults(LINK_OPTIONS)


def test_the_contracts_examples() -> None:
    assert numbers.tunnel_id(1, 0, 1) == 513
    assert str(numbers.carrier_address(CARRIER_POOL, 1, 1)) == "10.208.0.65"
    assert str(numbers.concentrator_carrier_address(CARRIER_POOL)) == "10.208.0.1"
    assert [str(address) for address in numbers.bond_addresses(BOND_POOL, 1, 0)] == ["10.200.0.33", "10.200.0.34"]
    assert numbers.link_table(7600, 1) == 7601
    assert numbers.link_mark(0x7600, 1) == 30209


def test_the_ends_of_all_bonds_have_hardware_addresses_of_their_own() -> None:
    assert numbers.bond_mac_address(1, 0, at_gateway=False) == "02:6c:61:00:02:00"
    assert numbers.bond_mac_address(16383, 7, at_gateway=True) == "02:6c:61:7f:ff:c1"
    ends = [(site, bond, end) for site in SITE_IDS for bond in range(8) for end in (False, True)]
    assert len({numbers.bond_mac_address(site, bond, at_gateway=end) for site, bond, end in ends}) == len(ends)


@pytest.mark.parametrize(("sites", "links"), [(1024, 63), (2047, 32), (4095, 16), (8191, 8), (16383, 4)])
def test_links_have_a_class_of_their_own_within_these_bounds(sites: int, links: int) -> None:
    found = {numbers.shaper_class(site, link) for site in range(1, sites) for link in range(1, links)}
    assert len(found) == (sites - 1) * (links - 1)
    assert not found & {0, 0x7600, 0xFFFF}
    assert max(found) < 1 << 16


def test_an_ipv6_address_on_a_bond_shows_site_and_bond() -> None:
    ends = numbers.bond_addresses(BOND_POOL_IPV6, 16383, 7)
    assert [str(address) for address in ends] == ["fd00:1:2:3:0:3fff:7:1", "fd00:1:2:3:0:3fff:7:2"]


def test_the_private_ipv6_pool_is_the_same_each_time_and_another_for_each_address() -> None:
    pools = {text: numbers.private_pool(IPAddress(text)) for text in ("203.0.113.2", "203.0.113.3", "2001:db8::2")}
    assert str(pools["203.0.113.2"]) == "fddc:491d:23b3::/64"
    assert len(set(pools.values())) == 3
    for pool in pools.values():
        assert pool in IPNetwork("fd00::/8")
        assert pool.prefixlen == 64


def test_the_largest_ids_fit_their_fields_and_the_default_pools() -> None:
    assert numbers.tunnel_id(16383, 7, 62) < 2 ** min(numbers.TUNNEL_ID_BITS.values())
    assert numbers.carrier_address(CARRIER_POOL, 16383, 62) in CARRIER_POOL
    assert int(numbers.carrier_address(CARRIER_POOL, 16383, 62)) < CARRIER_POOL.last
    assert numbers.bond_addresses(BOND_POOL, 16383, 7)[1] in BOND_POOL
    assert numbers.bond_addresses(BOND_POOL_IPV6, 16383, 7)[1] in BOND_POOL_IPV6


@pytest.mark.parametrize("ids", [(16384, 0, 1), (1, 8, 1), (1, 0, 63), (-1, 0, 1), (1, 0, True), ("1", 0, 1)])
def test_an_id_beyond_its_field_is_refused(ids: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="allowed: a whole number from 0 to"):
        numbers.tunnel_id(*ids)


def test_no_two_legs_carriers_bonds_or_names_are_the_same() -> None:
    links = [(site, link) for site in SITE_IDS for link in range(1, 63)]
    bonds = [(site, bond) for site in SITE_IDS for bond in range(8)]
    legs = [(site, bond, link) for site, bond in bonds for link in range(1, 63)]
    assert len({numbers.carrier_address(CARRIER_POOL, *ids) for ids in links}) == len(links)
    for pool in (BOND_POOL, BOND_POOL_IPV6):
        assert len({end for ids in bonds for end in numbers.bond_addresses(pool, *ids)}) == 2 * len(bonds)
    assert len({numbers.tunnel_id(*ids) for ids in legs}) == len(legs)
    made = [names.concentrator_leg(*ids) for ids in legs] + [names.concentrator_bond(*ids) for ids in bonds]
    assert len(set(made)) == len(made)


def test_names_have_at_most_15_characters() -> None:
    longest = "x" * 10
    carriers = [(carrier, DEFAULTS.get(name, {})) for name, carrier in CARRIERS.items()]
    made = [
        *(carrier.gateway_interface(longest, options) for carrier, options in carriers),
        *(carrier.concentrator_interface(16383, 62, options) for carrier, options in carriers),
        names.gateway_leg(7, longest),
        names.concentrator_leg(16383, 7, 62),
        names.concentrator_bond(16383, 7),
    ]
    assert max(len(name) for name in made if name) <= 15


def test_priorities_of_different_purposes_stay_apart() -> None:
    last = limits.MAX_LINK_ID
    assert numbers.RULE_MARK + last < numbers.RULE_CARRIER
    assert numbers.RULE_CARRIER + last < numbers.RULE_LINK
    assert numbers.RULE_LINK + last < numbers.RULE_MAIN < numbers.RULE_AGGREGATE
    assert limits.MAX_PRIORITY_BASE + numbers.RULE_AGGREGATE < KERNELS_OWN_RULE

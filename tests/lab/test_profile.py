# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Profiles: what the shipped ones are, what they become, and what is said of wrong ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from lab import profile_schema
from lab.guest import config, pppoe
from lab.profile import PROFILES, ProfileError, load_profile, shipped, site_links

CASES = Path(__file__).parent / "test_profile_cases"


def written(tmp_path: Path, **link: object) -> Path:
    """Return a profile of one link, with these keys on top of the least that a link needs."""
    least = {"name": "one", "rate": {"down_mbit": 4, "up_mbit": 1}, "delay_ms": 20}
    path = tmp_path / "one.yml"
    path.write_text(yaml.safe_dump({"name": "one", "links": [{**least, **link}]}))
    return path


def test_the_shipped_profiles_are_those_of_the_documentation():
    assert shipped() == [
        "carriers",
        "equal-3g",
        "fiber-lte",
        "hilink",
        "quarter-3g",
        "seed-3g",
        "two-sites",
        "umts-trace",
    ]


def test_seed_3g_has_the_articles_links():
    profile = load_profile("seed-3g")
    assert [link.rate_mbit for link in profile.links] == [(6, 1), (6, 1), (6, 1), (5, 1), (3.5, 1), (2, 1)]
    assert [link.delay_ms for link in profile.links] == [30, 35, 28, 40, 33, 45]
    assert profile.capacity() == (28.5, 6)


def test_a_static_link_is_the_second_address_and_the_modem_the_first():
    assert site_links(load_profile("seed-3g"))[4] == {
        "name": "umts5",
        "link_id": 5,
        "interface": "wwan5",
        "address": "10.0.5.2/24",
        "next_hop": "10.0.5.1",
        "mtu": 1500,
        "rate": {"down_mbit": 3.5, "up_mbit": 1},
    }


def test_hilink_modems_all_hand_out_the_same_address():
    profile = load_profile("hilink")
    assert {(link.modem_address, link.gateway_address) for link in profile.links} == {("192.168.8.1", "192.168.8.100")}
    assert all(entry["address"] == "dhcp" and "next_hop" not in entry for entry in site_links(profile))


def test_a_link_without_nat_has_a_public_subnet_of_its_own_and_any_may_have_more_keys():
    links = {link["name"]: link for link in site_links(load_profile("carriers"))}
    assert (links["direct"]["address"], links["direct"]["next_hop"]) == ("192.0.2.26/29", "192.0.2.25")
    assert {name: link.get("carrier") for name, link in links.items()} == {
        "wg": None,
        "tap": "openvpn",
        "tun": "openvpn",
        "direct": "direct",
        "dsl": "pptp",
        "pptp": "pptp",
    }


def test_a_dialled_link_says_what_the_provider_would(tmp_path):
    profile = load_profile(written(tmp_path, address="pppoe"))
    (entry,) = site_links(profile)
    assert entry["address"] == "pppoe"
    assert entry["pppoe"] == {"user": pppoe.USER, "password": pppoe.PASSWORD}
    assert "next_hop" not in entry
    assert profile.to_guest()["links"][0]["pppoe"] is True


def test_defaults_are_filled_in(tmp_path):
    (link,) = load_profile(written(tmp_path)).links
    assert (link.jitter_ms, link.loss_percent, link.queue_packets, link.mtu, link.dhcp) == (0, 0, 60, 1500, False)
    assert str(link.subnet) == "10.0.1.0/24"


@pytest.mark.parametrize("name", shipped())
def test_the_guest_reads_what_a_profile_becomes(name):
    profile = load_profile(name)
    raw = {"lab_id": "t", "rootfs": "/", "authorized_key": "k", "profile": json.loads(json.dumps(profile.to_guest()))}
    lab = config.parse(raw)
    assert [link.name for link in lab.links] == [link.name for link in profile.links]
    assert [link.rate_mbit for link in lab.links] == [link.rate_mbit for link in profile.links]
    assert [link.gateway_address for link in lab.links] == [link.gateway_address for link in profile.links]


def test_the_guest_plays_what_the_capacity_counts():
    profile = load_profile("umts-trace")
    raw = {"lab_id": "t", "rootfs": "/", "authorized_key": "k", "profile": profile.to_guest()}
    lab = config.parse(raw)
    played = [lab.traces[link.trace].at(100 + link.offset_s) for link in lab.links]
    assert profile.capacity_between(100, 100.5) == pytest.approx(
        (sum(down for down, _up in played), sum(up for _down, up in played)), abs=1e-3
    )


def test_links_with_a_constant_rate_offer_it_at_any_time():
    assert load_profile("fiber-lte").capacity_between(3, 4) == (70, 15)


def test_links_are_numbered_through_all_sites_and_what_is_measured_is_the_first():
    profile = load_profile("two-sites")
    assert [(link.index, link.site) for link in profile.links] == [(1, 1), (2, 1), (3, 2), (4, 2)]
    assert {str(link.subnet) for link in profile.links} == {"192.168.8.0/24"}
    assert profile.capacity() == profile.capacity_between(0, 1) == (10, 2.5)
    assert [link["name"] for link in site_links(profile)] == ["stick1", "stick2"]
    assert [link["site"] for link in profile.to_guest()["links"]] == [1, 1, 2, 2]


def test_sites_may_have_static_links_with_the_same_subnet_unless_the_core_would_see_it(tmp_path):
    def two(**more):
        link = {"name": "a", "rate": {"down_mbit": 4, "up_mbit": 1}, "delay_ms": 20, "subnet": "10.9.0.0/24", **more}
        path = tmp_path / "two.yml"
        path.write_text(
            yaml.safe_dump({"name": "two", "sites": [{"links": [link]}, {"links": [{**link, "name": "b"}]}]})
        )
        return load_profile(path)

    assert two().sites == 2
    with pytest.raises(ProfileError, match=r"links 1 \(a\) and 2 \(b\) have overlapping subnets"):
        two(nat=False)


def test_a_path_is_a_profile_too(tmp_path):
    assert load_profile(written(tmp_path)).capacity() == (4, 1)


def test_a_trace_lies_beside_its_profile(tmp_path):
    (tmp_path / "mine.csv").write_text("t_s,down_mbit,up_mbit\n0,1,2\n0.5,3,2\n")
    path = tmp_path / "mine.yml"
    path.write_text("name: mine\nlinks: [{name: a, trace: {file: mine.csv, offset_s: 0.5}, delay_ms: 1}]")
    profile = load_profile(path)
    assert profile.capacity() == (2, 2)
    assert profile.capacity_between(0, 0.5) == (3, 2)


@pytest.mark.parametrize("case", sorted(path.stem for path in CASES.glob("*.profile")))
def test_every_mistake_is_told_at_once(case, monkeypatch):
    monkeypatch.chdir(CASES)
    with pytest.raises(ProfileError) as caught:
        load_profile(f"{case}.profile")
    assert str(caught.value) + "\n" == (CASES / f"{case}.txt").read_text()


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (
            "seed3g",
            "profile 'seed3g' is not shipped (did you mean seed-3g?); give a path, or one of: carriers,",
        ),
        ("no/such.yml", "no/such.yml: there is no such file; give a path, or a shipped profile: carriers,"),
    ],
)
def test_an_unknown_profile_is_told_with_the_shipped_ones(wanted, said):
    with pytest.raises(ProfileError) as caught:
        load_profile(wanted)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("delay_ms", -1),
        ("delay_ms", float("inf")),
        ("loss_percent", 101),
        ("queue_packets", 1.5),
        ("queue_packets", 0),
        ("mtu", 500),
        ("mtu", True),
        ("subnet", "10.0.1.1/24"),
        ("subnet", "10.0.1.0/31"),
        ("subnet", "fd00::/64"),
        ("subnet", 7),
        ("address", "ppp"),
        ("name", "way-too-long-for-an-interface"),
        ("name", 3),
        ("rate", 6),
    ],
)
def test_a_value_out_of_range_names_the_key_the_value_and_what_is_allowed(tmp_path, key, value):
    path = written(tmp_path, **{key: value})
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    allowed = next(field.allowed for field in profile_schema.LINK_FIELDS if field.key == key)
    name = value if key == "name" and isinstance(value, str) else "one"
    where = f"link 1 ({name})" if key != "name" or isinstance(value, str) else "link 1"
    assert caught.value.problems == [f"{path}: {where}: {key} is {value!r}; set it to {allowed}"]


@pytest.mark.parametrize("subnet", ["192.168.1.0/24", "203.0.113.128/25", "100.64.9.0/24", "10.208.0.0/24"])
def test_a_subnet_that_the_lab_uses_itself_is_refused(tmp_path, subnet):
    with pytest.raises(ProfileError, match=r"overlaps .* of the lab; take another"):
        load_profile(written(tmp_path, subnet=subnet))


def test_the_readme_documents_the_schema_and_the_shipped_profiles():
    readme = (PROFILES / "README.md").read_text()
    assert profile_schema.schema_table() in readme
    for name in shipped():
        assert f"| `{name}` | {load_profile(name).description} |" in readme

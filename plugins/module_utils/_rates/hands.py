# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What following does to the node: the effects, each one small."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from .._engine.errors import EngineError, KernelError
from .._engine.objects import Obj, Step
from .._kinds import SHAPERS
from .._kinds.shaped import with_rate
from .._netlink.kernel import NetlinkKernel
from .._netlink.nft import Nft, reconcile
from .._netlink.rates import Count, Meters
from .._weights import table
from .._weights.model import Weights
from .items import Counter
from .told import Told, forget, path_of, write, write_links


class Hands:
    """See follow.Hands."""

    def __init__(self, state_directory: str) -> None:
        self._path = path_of(state_directory)
        forget(self._path)  # of one that was killed, and whom nobody believed any longer
        self._meters = Meters()
        self._kernel: NetlinkKernel | None = None

    def counts(self, counters: Iterable[Counter]) -> Mapping[Counter, Count]:
        """See follow.Hands."""
        some = list(counters)
        interfaces = self._interfaces({one.interface for one in some if not one.peer})
        peers = {name: self._meters.peers(name) for name in {one.interface for one in some if one.peer}}
        found = {one: (peers[one.interface] if one.peer else interfaces).get(one.peer or one.interface) for one in some}
        return {one: count for one, count in found.items() if count is not None}

    def _interfaces(self, names: set[str]) -> Mapping[str, Count]:
        try:
            return self._meters.interfaces(names)
        except KernelError:
            return {}

    def shape(self, rates: Iterable[tuple[Obj, str]]) -> None:
        """See follow.Hands. What waits in a shaper goes on waiting."""
        refusal = None
        for obj, rate in rates:
            if self._kernel is None:
                self._kernel = NetlinkKernel()
            try:
                self._kernel.apply(Step("change", obj.key, obj, with_rate(obj, rate), ("rate",)), SHAPERS)
            except KernelError as exc:
                refusal = exc
                self._forget()  # an interface that was made anew has another number
        if refusal:
            raise refusal

    def _forget(self) -> None:
        if self._kernel is not None:
            self._kernel.close()
            self._kernel = None

    def deal(self, before: Weights, after: Weights, everything: Sequence[Weights]) -> None:
        """See follow.Hands. In one transaction; the whole table only if that is not as it should be."""
        nft = Nft(table.FAMILY, table.NAME)
        try:
            nft.add(table.transition(before, after))
        except EngineError:
            reconcile(nft, table.content(everything), False)

    def tell(self, told: Told) -> None:
        """See follow.Hands. EngineError if there is no room for it."""
        try:
            write(told, self._path)
        except OSError as exc:
            raise EngineError([f"{self._path} could not be written: {exc.strerror}"]) from exc

    def tell_links(self, links: Sequence[Mapping[str, Any]]) -> None:
        """See follow.Hands."""
        with suppress(OSError):  # a full /run keeps nothing from working
            write_links(links, self._path)

    def end(self) -> None:
        """See follow.Hands."""
        forget(self._path)
        self._meters.close()
        self._forget()

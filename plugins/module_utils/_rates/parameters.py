# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The numbers of the estimator, with units and reasons. Tried against lab/traces with tests/perf/bench_rates.py, which
prints what they give.
"""

from __future__ import annotations

# How often a link is looked at, and a probe leaves: while it carries something worth it, and while it does not.
BUSY_S = 0.2  # recorded mobile links change within half a second; a probe each is 10 kbit/s each way
IDLE_S = 1.0
BUSY_SHARE = 0.1  # of the nominal rate, either way: below it there is nothing to follow

# Delay.
BLOAT_MS = 30.0  # above the least delay; the jitter of radio links stays below, a call does not notice it
BLOAT_SAMPLES = 2  # in a row: one alone is jitter
PACKET_BIT = 12_112.0  # a full packet of the link, whose own time at the present rate is no queue
CLEARED = 0.3  # of that; below, the queue is gone. It has to go now and then, or it would pass for the way's own
BASELINE_S = 60.0  # the least delay of so long is what the way itself takes
SLOT_S = 10.0
MOVED_S = 3.0  # delay that does not fall for so long although less is sent is the way's own: it has become longer
STAYS = 0.8  # of the queue that was: more, and it has not fallen
BLIND_MOVED_S = 10.0  # the same where the other end does not tell what gets through: less may not be little enough

# Rate.
LOADED = 0.8  # of what the shaper lets through: more, and the link could be asked for more
USED = 0.5  # of what the shaper lets through: less, and the queue is not ours, unless less arrives than is sent
DRAIN_S = 0.5  # what waits beyond the shaper is to be gone after about so long
LEAST_DRAIN, MOST_DRAIN = 0.05, 0.5  # shares of what gets through, by which less is sent meanwhile
MOST_BLIND_DRAIN = 0.3  # where the other end does not tell what gets through, at a time
BLIND_S = 0.4  # and the time between two, in which the last one shows
BACK = 3.0  # a second, as a share: up to what got through last, which the link was seen to carry
BEYOND, FASTER, MOST_BEYOND = 0.05, 3.0, 1.0  # beyond it, a second: carefully, then more with each quiet second, up to
KNOWN = 0.9  # of what got through last: from here on it is new ground
FORGET_S = 2.0  # how long less than got through last has to get through to be believed
FORGET_SHARE = 0.02  # a second: what got through last is believed the less the longer ago it was
IDLE_TO_NOMINAL_S = 30.0  # time constant; nobody knows what an idle link carries

# A window for what gets through: less is counted in packets, more is late.
WINDOW_S = 0.35
FRESH_S = 1.0  # what the other end told earlier says nothing of now

# Links that are of no use at the moment.
LATE_S = 1.0  # more than that above the way's own delay, or no answer for as long
LATE_PROBES = 3  # and so many of them without an answer, since one alone can be lost
OVERDUE_S = 0.3  # an answer that late is looked after as if the link were busy
IN_TIME_S = 0.5  # answers that are this good again
BACK_ANSWERS = 2  # so many in a row end it
AFTERWARDS = 0.5  # of what got through last, to begin with
STALLED_BUSY_S = 10.0  # after that it is asked no more often than when idle: who pays by volume pays for nothing

# How long the other end may tell nothing before it counts as not there.
TOLD_S = 3.0

# What follows.
SHAPER_STEP = 0.02  # a shaper is told of changes from that share of its rate on
MOVE_SHARE = 0.05  # of all buckets: weights are told of changes that move so many
MOVE_S = {"packet": 1.0, "flow": 3.0}  # no more often, as connections that move see their packets overtaken

"""Whose fault is it that a worker failed: the item's or the device's?

An item in work when something fails is tried once more, alone, on another device where there is
one. If that fails too, it is the item's fault; else it was the device's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

MOST_STRIKES = 3
_MOST_IN_A_ROW = 2 * MOST_STRIKES  # each of three items in a row that kill takes two tries


@dataclass(eq=False)
class Card:
    """A device, and what speaks against it.

    Attributes:
        device: its name, such as "npu:1".
        label: names it in messages, different for each.
        strikes: the ids of the items in work, for each failure that no item explains.
        in_a_row: failures since it last did an item.
        erred: ids of the items that it failed at since then, while its worker lived.
        last_failure: in words.
        is_out: whether it has failed too often.
    """

    device: str
    label: str
    strikes: list[frozenset[str]] = field(default_factory=list)
    in_a_row: int = 0
    erred: list[str] = field(default_factory=list)
    last_failure: str = ""
    is_out: bool = False

    def succeed(self) -> None:
        """Note that it has done an item."""
        self.in_a_row = 0
        self.erred.clear()

    def fail(self, why: str, item_ids: Iterable[str] = ()) -> None:
        """Note a failure.

        Args:
            why: in words.
            item_ids: of the items that it may be due to.
        """
        self.strikes.append(frozenset([*item_ids, *self.erred]))
        self.in_a_row += 1
        self.erred.clear()
        self.last_failure = why

    def judge(self) -> bool:
        """Leave it out if it has failed too often, and tell whether that is so now."""
        too_often = len(self.strikes) >= MOST_STRIKES or self.in_a_row >= _MOST_IN_A_ROW
        is_new = too_often and not self.is_out
        self.is_out |= too_often
        return is_new


def explain(item_id: str, cards: Iterable[Card]) -> None:
    """Take back what an item did, that has failed twice, from what speaks against devices."""
    for card in cards:
        card.strikes = [items for items in card.strikes if item_id not in items]

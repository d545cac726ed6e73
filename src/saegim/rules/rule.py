"""A rule: what it needs, what forbids it, what follows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """If all facts of `if_` hold and none of `unless`, then `derives` hold too and `label` has a vote.

    `strength` is above 0; `because` is for people. At least one of `if_` and `unless`, and one of `label`
    and `derives`, is not empty; a `RuleSet` checks this.
    """

    id: str
    if_: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    label: str | None = None
    derives: tuple[str, ...] = ()
    because: str = ""
    strength: float = 1

    def to_dict(self) -> dict[str, object]:
        """The rule as it stands in a rule file."""
        then: dict[str, object] = {}
        if self.label is not None:
            then["label"] = self.label
        if self.derives:
            then["fact"] = self.derives[0] if len(self.derives) == 1 else list(self.derives)
        entry: dict[str, object] = {"id": self.id}
        if self.if_:
            entry["if"] = list(self.if_)
        if self.unless:
            entry["unless"] = list(self.unless)
        entry["then"] = then
        if self.because:
            entry["because"] = self.because
        if self.strength != 1:
            entry["strength"] = self.strength
        return entry

"""The policy in a model folder: policy.json beside the network's files and rules.yaml.

It holds the digests of config.json and rules.yaml, since it was measured with this network and these rules: with others
it is refused. Like them it is data alone, and checked before it is used.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from saegim.__about__ import __version__
from saegim.errors import ModelFileError
from saegim.rules import RuleSet, load_rules
from saegim.together.policy import Policy, Who
from saegim.together.wording import card
from saegim.training import files
from saegim.training.folder import CARD, CONFIG, POLICY

__all__ = ["RULES", "load", "read", "save", "save_rules", "who_answers"]

RULES = "rules.yaml"
FORMAT = 1
_AGAIN = "fit it again: the same `saegim train` with --resume"


def save(folder: Path, policy: Policy) -> None:
    """Writes policy.json beside the model and the rules that it was fitted with, and says so in the model card."""
    rules = folder / RULES
    content = {
        "format": FORMAT,
        "saegim": __version__,
        **policy.to_dict(),
        "model": files.digest(folder / CONFIG),
        "ruleset": files.digest(rules) if policy.rules else None,
    }
    files.write_together(folder, {POLICY: files.json_writer(content | {"digest": _digest(content)})})
    _say_in_card(folder / CARD, card(policy))


def save_rules(folder: Path, rules: RuleSet | None) -> None:
    """Writes rules.yaml; rules of an earlier model do not stay."""
    if rules is None:
        (folder / RULES).unlink(missing_ok=True)
    else:
        files.write_atomically(folder / RULES, rules.to_yaml().encode())


def who_answers(folder: Path) -> Who:
    """Who answers in a model folder: what its policy says, the network where there is none.

    Raises ModelFileError for a policy that is damaged; whether it is of this model, `load` asks.
    """
    return _read(folder)[0].answers if (folder / POLICY).exists() else "network"


def load(folder: Path) -> tuple[Policy, RuleSet | None]:
    """The policy and the rules that it speaks of, None if of none. Raises ModelFileError, RuleError."""
    policy = read(folder)
    return policy, load_rules(folder / RULES) if policy.rules else None


def read(folder: Path) -> Policy:
    """The policy in a model folder. Raises ModelFileError where there is none, or one that is not of this model."""
    policy, content = _read(folder)
    with blamed(folder):
        _check_digest(folder / CONFIG, content["model"])
        if policy.rules:
            _check_digest(folder / RULES, content["ruleset"])
    return policy


def _read(folder: Path) -> tuple[Policy, dict[str, Any]]:
    path = folder / POLICY
    if not path.exists():
        raise ModelFileError(
            f"{folder} holds no {POLICY}, so nothing says when rules go first or the network is not sure enough; train "
            "with --policy together"
        )
    try:
        content = json.loads(files.read_content(path).decode("utf-8"))
    except (ValueError, RecursionError):
        raise ModelFileError(f"{path} is not whole JSON (it was truncated or altered); {_AGAIN}") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ModelFileError(f"{path} is not of format {FORMAT}, the one this version reads; {_AGAIN}")
    with blamed(folder):
        if content["digest"] != _digest({key: each for key, each in content.items() if key != "digest"}):
            raise ValueError("it was altered after it was saved")
        return Policy.from_dict(content), content


@contextmanager
def blamed(folder: Path) -> Iterator[None]:
    """Whatever cannot be made of policy.json, as ModelFileError."""
    try:
        yield
    except ModelFileError as error:
        raise ModelFileError(f"{folder / POLICY}: {error}") from None
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        reason = str(error)[:200]
        raise ModelFileError(f"{folder / POLICY} is no policy of this version ({reason}); {_AGAIN}") from None


def _check_digest(path: Path, expected: Any) -> None:
    if files.digest(path) != expected:
        raise ValueError(f"it was fitted with another {path.name}")


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _say_in_card(path: Path, section: str) -> None:
    """Puts the section at the end of the model card, in place of an earlier one."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return  # the card is for people, who may have removed or changed it
    heading = section.split("\n", 1)[0]
    before = text.split(f"\n{heading}\n", 1)[0].rstrip("\n")
    files.write_atomically(path, f"{before}\n\n{section}".encode("utf-8", "replace"))

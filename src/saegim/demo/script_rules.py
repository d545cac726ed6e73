"""Rules that tell languages by their script: what an expert knows about writing, checked against training texts.

Three kinds: a script that only one of the languages uses; Chinese characters, which are Japanese among kana and Chinese
otherwise; and letters that only one alphabet has. They explain themselves and cannot tell most languages in Latin
letters apart.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from saegim.demo.languages import USED, Text, cldr_version, language_name, scripts_in
from saegim.rules import RuleSet

__all__ = ["rules_from", "rules_yaml"]

PRECISE = 0.99  # a script or letter speaks for a language if this share of the training texts that hold it are its
NEARLY_ALWAYS = 0.95  # the same for Chinese characters without kana: a few Japanese names are written so
KANA = frozenset({"Hiragana", "Katakana"})

# Letters that one language alone has among those of its script: code, letters, reason. Alphabets decide these, not
# counts; a rule that the training texts contradict is left out all the same.
LETTERS = (
    ("uk", "їґ", "Only Ukrainian writes the Cyrillic letters ї and ґ."),
    ("be", "ў", "Only Belarusian writes the Cyrillic letter ў (short u)."),
    ("mk", "ѓќѕ", "Only Macedonian writes the Cyrillic letters ѓ, ќ and ѕ."),
    ("sr", "ђћ", "Only Serbian writes the Cyrillic letters ђ and ћ."),
    ("kk", "ұ", "Only Kazakh writes the Cyrillic letter ұ (straight u with a stroke)."),
    ("cv", "ӑӗҫӳ", "Only Chuvash writes the Cyrillic letters ӑ, ӗ, ҫ and ӳ."),
    ("as", "ৰৱ", "Only Assamese writes ৰ and ৱ in the Bengali script."),
    ("ps", "ښړګ", "Only Pashto writes the Arabic letters ښ, ړ and ګ."),
    ("sd", "ٻڄڳڱ", "Only Sindhi writes the implosive and nasal letters ٻ, ڄ, ڳ and ڱ."),
    ("ug", "ۈ", "Only Uyghur writes the Arabic vowel letter ۈ."),
    ("hu", "őű", "Only Hungarian writes o and u with a double acute accent, ő and ű."),
    ("is", "þ", "Only Icelandic still writes the letter þ (thorn)."),
    ("vi", "ơư", "Only Vietnamese writes o and u with a horn, ơ and ư."),
    ("ro", "țș", "Only Romanian writes t and s with a comma below, ț and ș."),
    ("cs", "ů", "Only Czech writes u with a ring, ů."),
    ("cy", "ŵŷ", "Only Welsh writes w and y with a circumflex, ŵ and ŷ."),
    ("lv", "ģķļņ", "Only Latvian writes g, k, l and n with a cedilla, ģ, ķ, ļ and ņ."),
    ("lt", "ėų", "Only Lithuanian writes ė and ų."),
)


@dataclass(frozen=True)
class _Rule:
    """One rule with the fact that it needs (and the one that keeps it from firing), as a rule file has them."""

    fact: str
    seen: dict[str, Any]
    language: str
    because: str
    strength: int
    unless: str | None = None

    def to_dict(self) -> dict[str, Any]:
        rule: dict[str, Any] = {"id": f"{self.fact}-is-{self.language}", "if": [self.fact]}
        if self.unless is not None:
            rule["unless"] = [self.unless]
        return rule | {"then": {"label": self.language}, "because": self.because, "strength": self.strength}


def rules_from(training: Iterable[Text]) -> RuleSet:
    """The rules that the training texts do not contradict."""
    known = [(each.language, each.text, _scripts_with_kana(each.text)) for each in training]
    rules = [*_script_rules([(code, scripts) for code, _, scripts in known]), *_letter_rules(known)]
    return RuleSet.from_dict(
        {
            "name": "language-id",
            "language": "en",
            "default": "abstain",
            "facts": {rule.fact: rule.seen for rule in rules},
            "rules": [rule.to_dict() for rule in rules],
        }
    )


def rules_yaml(rules: RuleSet) -> str:
    """The rule file, with a line that says where it comes from."""
    return f"# Made from the names in Unicode CLDR {cldr_version()}.\n{rules.to_yaml()}"


def _scripts_with_kana(text: str) -> frozenset[str]:
    """The scripts of a text; the two of Japanese syllables count as one."""
    scripts = scripts_in(text)
    return (scripts - KANA) | {"kana"} if scripts & KANA else scripts


def _script_rules(known: list[tuple[str, frozenset[str]]]) -> list[_Rule]:
    """A rule for each script that one language has for itself."""
    texts = Counter(code for code, _ in known)
    holding: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for code, scripts in known:
        for script in scripts:
            holding[script][code] += 1
        if "Han" in scripts and "kana" not in scripts:
            holding["Han alone"][code] += 1
    found = []
    for script in sorted(holding):
        counts = holding[script]
        users = [code for code in counts if counts[code] >= USED * texts[code]]
        enough = NEARLY_ALWAYS if script == "Han alone" else PRECISE
        if len(users) == 1 and counts[users[0]] >= enough * counts.total():
            found.append(_script_rule(script, users[0]))
    with_kana = any(rule.fact == "kana" for rule in found)
    return [rule for rule in found if with_kana or rule.unless is None]


def _script_rule(script: str, code: str) -> _Rule:
    name = language_name(code)
    if script == "kana":
        either = {"any": [{"script": each} for each in sorted(KANA)]}
        return _Rule("kana", either, code, f"Only {name} is written with kana.", 2)
    if script == "Han alone":
        because = f"Chinese characters without kana are {name}, but for a few Japanese words that need no kana."
        return _Rule("han", {"script": "Han"}, code, because, 1, unless="kana")
    spoken = script.replace("_", " ")
    because = f"Of these languages only {name} is written in the {spoken} script."
    return _Rule(script.lower(), {"script": script}, code, because, 2)


def _letter_rules(known: list[tuple[str, str, frozenset[str]]]) -> list[_Rule]:
    """The rules about letters that the training texts bear out."""
    owner = {letter: code for code, small, _ in LETTERS for letter in small + small.upper()}
    hits: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for language, text, _ in known:
        for code in {owner[letter] for letter in owner.keys() & set(text)}:
            hits[code][language] += 1
    found = []
    for code, small, because in LETTERS:
        if hits[code][code] and hits[code][code] >= PRECISE * hits[code].total():
            pattern = {"pattern": f"[{''.join(sorted(set(small + small.upper())))}]"}
            found.append(_Rule(f"letters_{code}", pattern, code, because, 1))
    return found

"""Hostile rule files: no YAML, YAML that rule files have no use for, wrong forms, names and patterns that cannot be."""

from __future__ import annotations

from pathlib import Path

from cli.hostile_case import BAD_INPUT, MODEL, Case

GOOD = "facts:\n  praise: {words: [재미*]}\nrules:\n  - {id: good, if: praise, then: {label: good}}\n"
CHECK = ("rules", "check", "rules.yaml")


def refused(name: str, content: bytes | str, says: str, **more) -> Case:
    """A rule file that is not accepted."""
    return Case(name, CHECK, says, {"rules.yaml": content}, BAD_INPUT, **more)


def fact(name: str, definition: str, says: str) -> Case:
    """The good file with one more fact, defined like this."""
    return refused(name, GOOD.replace("facts:\n", f"facts:\n  odd: {definition}\n"), says)


def rule(name: str, written: str, says: str) -> Case:
    """The good file with one more rule, written like this."""
    return refused(name, f"{GOOD}  - {written}\n", says)


def usable(name: str, content: bytes | str, says: str) -> Case:
    """An odd file that is accepted."""
    return Case(name, CHECK, says, {"rules.yaml": content}, 0)


def looped(folder: Path) -> None:
    (folder / "rules.yaml").symlink_to("rules.yaml")


LAUGHS = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefghi", "bcdefghij", strict=True))
CYCLE = """facts: {a: {words: x}}
rules:
  - {id: one, if: a, unless: q, then: {fact: p}}
  - {id: two, if: p, then: {fact: q}}
"""

FILES = [
    refused("empty", "", "rules.yaml: the file is empty"),
    refused("only a comment", "# nothing\n", "rules.yaml: the file is empty"),
    refused("random bytes", bytes(range(128, 256)) * 10, "rules.yaml, line 1", process=True),
    refused("NULs", b"\0" * 100, "rules.yaml"),
    refused("UTF-16", GOOD.encode("utf-16"), "rules.yaml, line 1: the file is not UTF-8"),
    refused("CP949", GOOD.encode("cp949"), "rules.yaml, line 2: the file is not UTF-8"),
    refused("cut inside a character", GOOD.encode()[:27], "not UTF-8"),
    refused("too large", "# " + "x" * 4_000_001, "larger than 4 MB"),
    refused("a control character", GOOD.replace("good", "go\x07od"), "rules.yaml"),
    refused("a tab as indentation", GOOD.replace("  praise", "\tpraise"), "rules.yaml, line 2"),
    refused("a bracket left open", GOOD.replace("]", ""), "rules.yaml, line"),
    refused("a quote left open", GOOD.replace("재미*", '"재미*'), "rules.yaml, line"),
    refused("JSON cut in half", '{"facts": {"a": {"words": ["x"', "rules.yaml, line 2"),
    refused("a table", "text,label\na,b\n", "rules.yaml"),
    Case("missing", CHECK, "rules.yaml", process=True),
    Case("a folder", CHECK, "rules.yaml", prepare=lambda folder: (folder / "rules.yaml").mkdir()),
    Case("a link to itself", CHECK, "rules.yaml", prepare=looped),
    Case("an empty path", ("rules", "check", ""), "cannot read the rule file"),
]

YAML = [
    refused("aliases that unfold without end", LAUGHS, "line 1: &a is a YAML anchor"),
    refused("an alias to nothing", "rules: *gone\n", "rules.yaml, line 1"),
    refused("an alias to itself", "rules: &r [*r]\n", "rules.yaml, line 1: &r is a YAML anchor"),
    refused("an object of Python", "!!python/object/apply:os.system ['touch owned']\n", "the YAML tag", process=True),
    refused("a module of Python", GOOD + "name: !!python/name:os.system\n", "the YAML tag"),
    refused("a tag of its own", GOOD + "name: !mine x\n", "the YAML tag '!mine'"),
    refused("two documents", f"{GOOD}---\n{GOOD}", "line 5: a second document"),
    refused("a key twice", f"{GOOD}facts: {{}}\n", "line 5: the key 'facts' stands twice"),
    refused("a list as a key", "? [a, b]\n: c\n", "a key must be text"),
    refused("lists nested without end", "rules: " + "[" * 100_000, "rules.yaml, line 1"),
    refused("mappings nested without end", "{a: " * 10_000, "nested more than 50 deep"),
    refused("a merge key", "<<: {a: b}\nrules: []\n", "unknown key '<<'"),
]

FORMS = [
    refused("a text", "hello\n", "expected a mapping"),
    refused("a list", "- a\n- b\n", "expected a mapping"),
    refused("a number", "1\n", "expected a mapping"),
    refused("nothing at all", "~\n", "expected a mapping"),
    refused("no rules", "facts: {a: {words: x}}\n", "has no rules:"),
    refused("rules as a mapping", "rules: {a: b}\n", "expected a list"),
    refused("no rule in the list", "rules: []\n", "the list is empty"),
    refused("a key mistyped", GOOD.replace("facts:", "fact:"), "did you mean 'facts'?"),
    refused("facts as a list", GOOD.replace("praise: ", "- "), "facts: expected a mapping"),
    refused("a name of two lines", GOOD + 'name: "a\\nb"\n', "line 5, name: a name stands on one line"),
    refused("a name that is a list", GOOD + "name: [a]\n", "line 5, name: expected text"),
    refused("an empty default", GOOD + "default: ''\n", "line 5, default: the text is empty"),
    refused("a default that is true", GOOD + "default: true\n", "expected text, got the truth value true"),
    refused("a label of a thousand digits", GOOD + f"default: {'9' * 1000}\nlanguage: [x]\n", "line 6, language"),
    refused("half a pair as a name", GOOD + 'name: "\\ud800"\n', "rules.yaml"),
]

FACTS = [
    fact("no predicate", "{}", "facts.odd: expected a predicate"),
    fact("a text as a fact", "words", "facts.odd: expected a mapping"),
    fact("an unknown predicate", "{word: [a]}", "did you mean 'words'?"),
    fact("two predicates", "{words: [a], phrase: [b]}", "one fact has one predicate"),
    fact("no words", "{words: []}", "the list is empty"),
    fact("an empty word", "{words: ['']}", "facts.odd.words[0]"),
    fact("a word that is a number", "{words: [1]}", "expected text, got the number 1"),
    fact("only a star", "{words: ['*']}", "facts.odd.words[0]"),
    fact("a star in the middle", "{words: ['a*b']}", "a * may only stand at the end"),
    fact("two words", "{words: ['a b']}", "is not one word; use phrase: for it"),
    fact("an unknown option", "{words: [a], cases: exact}", "did you mean 'case'?"),
    fact("an unknown case", "{words: [a], case: upper}", "expected one of exact, ignore"),
    fact("a broken pattern", "{pattern: '('}", "facts.odd.pattern"),
    fact("a look-behind", "{pattern: '(?<=a)b'}", "facts.odd.pattern"),
    fact("a back reference", r"{pattern: '(a)\1'}", "facts.odd.pattern"),
    fact("an endless repetition", "{pattern: '((a{1000}){1000}){1000}'}", "facts.odd.pattern"),
    fact("a huge repetition", "{pattern: 'a{1001}'}", "facts.odd.pattern"),
    fact("a pattern that is a list of lists", "{pattern: [[a]]}", "expected text"),
    fact("an unknown script", "{script: Hangull}", "did you mean 'Hangul'?"),
    fact("a share above 1", "{script: Hangul, share: {min: 2}}", "at most 1, got the number 2"),
    fact("a share that is no number", "{script: Hangul, share: {min: .nan}}", "expected a number"),
    fact("nothing to count", "{count: {min: 1}}", "facts.odd.count"),
    fact("a count of a length", "{count: {length: {min: 1}, min: 2}}", "has no places to count"),
    fact("a count below 0", "{count: {words: [a], min: -1}}", "at least 0, got the number -1"),
    fact("more than at most", "{length: {min: 3, max: 2}}", "min 3 is greater than max 2"),
    fact("a length without bounds", "{length: {}}", "length needs min, max or both"),
    fact("a length of enormous size", f"{{length: {{min: {'9' * 18}}}}}", "expected a whole number"),
    fact("near without a distance", "{near: {of: [a], and: [b]}}", "near needs within:"),
    fact("near within 0", "{near: {of: [a], and: [b], within: 0}}", "at least 1, got the number 0"),
    fact("a fact that no one defines", "{any: [gone]}", "unknown fact 'gone'"),
    fact("itself", "{all: [odd]}", "odd"),
    fact("a fact twice in other spelling", "{words: [a]}\n  ' odd': {words: [b]}", "is defined twice"),
]

RULES = [
    rule("a rule that is a text", "good", "rules[1]: expected a mapping"),
    rule("no id", "{if: praise, then: {label: x}}", "a rule needs an id:"),
    rule("an id twice", "{id: good, if: praise, then: {label: x}}", "the id 'good' is taken (first on line 4)"),
    rule("no condition", "{id: r, then: {label: x}}", "neither if: nor unless:"),
    rule("no consequence", "{id: r, if: praise}", "needs then:"),
    rule("an empty consequence", "{id: r, if: praise, then: {}}", "then: is empty"),
    rule("an unknown fact", "{id: r, if: prase, then: {label: x}}", "did you mean 'praise'?"),
    rule("a strength of 0", "{id: r, if: praise, then: {label: x}, strength: 0}", "a number above 0"),
    rule("a strength in words", "{id: r, if: praise, then: {label: x}, strength: lots}", "expected a number above 0"),
    rule(
        "an infinite strength", f"{{id: r, if: praise, then: {{label: x}}, strength: {'9' * 17}}}", "a number above 0"
    ),
    rule("abstain as a label", "{id: r, if: praise, then: {label: abstain}}", "abstain is no label"),
    rule("a seen fact derived", "{id: r, if: praise, then: {fact: praise}}", "choose another name"),
    rule("a comma in a text", "{id: r, if: praise, then: {label: x}, because: so, it is}", "must stand in quotes"),
    refused("a cycle through unless", CYCLE, "rules.yaml"),
    usable("a rule that nothing reaches", GOOD + "  - {id: r, if: p, then: {fact: p}}\n", "can never fire"),
    usable("a mark at the start", b"\xef\xbb\xbf" + GOOD.encode(), "nothing is wrong or odd"),
    usable("words that YAML 1.1 takes for truth", GOOD.replace("good", "no"), "nothing is wrong or odd"),
]

ELSEWHERE = [
    Case("explain by a broken file", ("explain", "rules.yaml", "text"), "rules.yaml", {"rules.yaml": "["}),
    Case("explain by a table", ("explain", "rules.yaml", "text"), "rules.yaml", {"rules.yaml": "text,label\n"}),
    Case(
        "compare with a broken file",
        ("compare", "d.csv", "--rules", "rules.yaml"),
        "rules.yaml, line 1",
        {"d.csv": "text,label\na,x\nb,y\n", "rules.yaml": "[" * 100},
    ),
    Case(
        "train with rules that are not there", ("train", "d.csv", "--out", "o", "--rules", "rules.yaml"), "rules.yaml"
    ),
    Case(
        "broken rules in a model folder",
        ("explain", MODEL, "text"),
        f"{MODEL}/rules.yaml, line 1",
        files={f"{MODEL}/rules.yaml": "rules: &r [*r]"},
    ),
    Case(
        "data without columns", (*CHECK, "--data", "d.csv"), "only one column", {"rules.yaml": GOOD, "d.csv": "x\ny\n"}
    ),
    Case("data missing", (*CHECK, "--data", "d.csv"), "d.csv does not exist", {"rules.yaml": GOOD}),
    Case("a column without data", (*CHECK, "--text", "t"), "add --data FILE", {"rules.yaml": GOOD}),
    Case("a label of rules explained", ("explain", "rules.yaml", "x", "--label", "y"), "--label", {"rules.yaml": GOOD}),
]

CASES = [*FILES, *YAML, *FORMS, *FACTS, *RULES, *ELSEWHERE]

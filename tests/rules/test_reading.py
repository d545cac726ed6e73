"""Rule files: hostile ones are refused with one sentence, good ones survive the way there and back."""

from __future__ import annotations

import pickle

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from saegim.errors import RuleError
from saegim.rules import Rule, RuleSet, check_rules, load_rules, reading
from saegim.rules.reading import read_document

RULES = "rules: [{id: r, if: f, then: {label: a}}]\n"


def fact(definition):
    return f"facts:\n  f: {definition}\n{RULES}"


def rules(*entries):
    return "facts:\n  f: {words: [x]}\n  g: {words: [y]}\nrules:\n" + "".join(f"  - {e}\n" for e in entries)


BAD = {
    # -- not a document
    "empty": ("", "the file is empty"),
    "only a comment": ("# nothing\n", "the file is empty"),
    "null": ("null\n", "expected a mapping"),
    "a list": ("- a\n- b\n", "got a list"),
    "a word": ("hello\n", "got the text 'hello'"),
    "a number": ("12\n", "got the number 12"),
    "not utf-8": (b"name: a\nfacts: \xc3\x28\n", "line 2: the file is not UTF-8"),
    "utf-16": ("name: 가".encode("utf-16"), "not UTF-8"),
    "cp949": ("name: 최고".encode("cp949"), "line 1: the file is not UTF-8"),
    "nul byte": (b"name: a\x00b\n", "not valid YAML"),
    "tab as indentation": ("facts:\n\tf: {words: [x]}\n", "line 2"),
    "open bracket": ("facts: {f: {words: [x}\n", "not valid YAML"),
    "open quote": ('name: "abc\n', "not valid YAML"),
    "wrong escape": (fact('{pattern: "a\\s"}'), "single quotes"),
    "two documents": (RULES + "---\n" + RULES, "line 2: a second document"),
    "duplicate top key": (f"{RULES}{RULES}", "line 2: the key 'rules' stands twice"),
    "duplicate fact": ("facts:\n  f: {words: [x]}\n  f: {words: [y]}\n" + RULES, "line 3: the key 'f'"),
    "duplicate key in a rule": (rules("{id: a, id: b}"), "the key 'id' stands twice"),
    "list as key": ("? [a, b]\n: c\n", "a key must be text"),
    "object tag": ("name: !!python/object/apply:os.system ['true']\n", "is not allowed"),
    "unknown tag": ("facts: {f: {words: [!x y]}}\n", "the YAML tag '!x' is not allowed"),
    "anchor": ("facts: &a {}\n", "line 1: &a is a YAML anchor"),
    "alias": ("facts: *a\n", "*a is a YAML alias"),
    "star word": (fact("{words: [*요]}"), "quotes"),
    "billion laughs": (
        "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b]\n",
        "line 1: &a is a YAML anchor",
    ),
    "self-containing": ("&a [*a]\n", "anchor"),
    "merge key": ("<<: {facts: {}}\n" + RULES, "unknown key '<<'"),
    "deep lists": ("[" * 900, "nested more than 50 deep"),
    "endless lists": ("[" * 100_000, "nest"),  # PyYAML 6.0.4 and later give up by themselves
    "deep mappings": ("{a: " * 5_000, "nested more than 50 deep"),
    "deep blocks": ("".join(" " * n + "-\n" for n in range(300)), "nested more than 50 deep"),
    "deep predicates": (fact("{any: [" * 30 + "f" + "]}" * 30), "nested more than 50 deep"),
    "too large": (b"#" * (reading.MAX_BYTES + 1), "larger than 4 MB"),
    # -- the top level
    "unknown key": ("fact: {}\n" + RULES, "unknown key 'fact'; did you mean 'facts'?"),
    "no rules": ("facts: {f: {words: [x]}}\n", "no rules:"),
    "empty rules": ("rules: []\n", "the list is empty"),
    "rules a mapping": ("rules: {a: b}\n", "line 1, rules: expected a list, got a mapping"),
    "facts a list": ("facts: [a]\n" + RULES, "facts: expected a mapping"),
    "facts nothing": ("facts:\n" + RULES, "got nothing"),
    "name a list": ("name: [a]\n" + RULES, "name: expected text, got a list"),
    "name two lines": ("name: |\n  a\n  b\n" + RULES, "one line"),
    "language a truth value": ("language: true\n" + RULES, "expected text, got the truth value true"),
    "default a mapping": ("default: {}\n" + RULES, "default: expected text"),
    "default a fraction": ("default: 1.5\n" + RULES, "write it in quotes"),
    # -- facts
    "fact is text": (fact("great"), "line 2, facts.f: expected a mapping"),
    "fact is empty": (fact("{}"), "expected a predicate"),
    "fact name blank": ("facts:\n  ' ': {words: [x]}\n" + RULES, "the text is empty"),
    "fact twice after trimming": ("facts: {f: {words: [x]}, 'f ': {words: [y]}}\n" + RULES, "defined twice"),
    "unknown predicate": (fact("{word: [x]}"), "got 'word'; did you mean 'words'?"),
    "two predicates": (fact("{words: [x], phrase: y}"), "got words and phrase"),
    "option of another": (fact("{words: [x], share: {min: 1}}"), "unknown key 'share'"),
    "words nothing": (fact("{words: }"), "expected text, got nothing"),
    "words empty": (fact("{words: []}"), "the list is empty"),
    "words with a number": (fact("{words: [a, 3]}"), "facts.f.words[1]: expected text, got the number 3"),
    "words with true": (fact("{words: [true]}"), "write it in quotes"),
    "words nested": (fact("{words: [[a]]}"), "got a list"),
    "two words in words": (fact("{words: [두 번]}"), "use phrase:"),
    "sign in words": (fact("{words: ['!']}"), "is not one word"),
    "star in front": (fact("{words: ['*요']}"), "a * may only stand at the end"),
    "only a star": (fact("{words: ['*']}"), "is not one word"),
    "blank word": (fact("{words: [' ']}"), "the text is empty"),
    "wrong case": (fact("{words: [a], case: upper}"), "expected one of exact, ignore"),
    "blank phrase": (fact("{phrase: ''}"), "the text is empty"),
    "phrase a number": (fact("{phrase: 10}"), "got the number 10"),
    "pattern a mapping": (fact("{pattern: {a: b}}"), "expected text, got a mapping"),
    "open group": (fact("{pattern: 'ab(c'}"), "missing ) at column 3"),
    "closed group": (fact("{pattern: 'ab)c'}"), "at column 3"),
    "open class": (fact("{pattern: 'ab[c'}"), "missing ] ([c) at column 3"),
    "nothing to repeat": (fact("{pattern: '*a'}"), "at column 1"),
    "look-ahead": (fact("{pattern: 'a(?=b)'}"), "RE2 has no look-ahead"),
    "back-reference": (fact("{pattern: '(a)\\1'}"), "RE2 has no back-references"),
    "too many repetitions": (fact("{pattern: 'a{2000}'}"), "at most 1000"),
    "pattern too large": (fact("{pattern: '((((가|나){100}){100}){100}){100}'}"), "not valid RE2"),
    "trailing backslash": (fact("{pattern: 'ab\\'}"), "at column 3"),
    "near without within": (fact("{near: {of: [a], and: [b]}}"), "near needs within:"),
    "near within zero": (fact("{near: {of: [a], and: [b], within: 0}}"), "a whole number of at least 1"),
    "near within text": (fact("{near: {of: [a], and: [b], within: three}}"), "got the text 'three'"),
    "near misspelt": (fact("{near: {off: [a], and: [b], within: 1}}"), "did you mean 'of'?"),
    "unknown script": (fact("{script: hangul}"), "unknown Unicode script 'hangul'; did you mean 'Hangul'?"),
    "script is a category": (fact("{script: Lu}"), "unknown Unicode script 'Lu'"),
    "script injects": (fact("{script: 'Han}|\\p{Latin'}"), "unknown Unicode script"),
    "share above 1": (fact("{script: Han, share: {min: 50}}"), "at most 1, got the number 50"),
    "share empty": (fact("{script: Han, share: {}}"), "needs min, max or both"),
    "count without limits": (fact("{count: {pattern: '!'}}"), "count needs min, max or both"),
    "count without predicate": (fact("{count: {min: 1}}"), "expected a predicate"),
    "count of a length": (fact("{count: {length: {max: 2}, min: 1}}"), "length has no places to count"),
    "count a fraction": (fact("{count: {pattern: '!', min: 1.5}}"), "a whole number"),
    "count negative": (fact("{count: {pattern: '!', min: -1}}"), "a whole number of at least 0"),
    "min above max": (fact("{length: {min: 3, max: 2}}"), "min 3 is greater than max 2"),
    "length a number": (fact("{length: 3}"), "expected a mapping"),
    "length unit": (fact("{length: {max: 3, unit: bytes}}"), "one of characters, words"),
    "any of unknown": (fact("{any: [nope]}"), "unknown fact 'nope'"),
    "any of nothing": (fact("{any: []}"), "the list is empty"),
    "all a text": (fact("{all: f}"), "expected a list"),
    "fact of itself": (fact("{none: [f]}"), "in a circle: f -> f"),
    "facts in a circle": (
        "facts: {f: {any: [g]}, g: {any: [h]}, h: {none: [f]}}\n" + RULES,
        "facts refer to each other in a circle: ",
    ),
    "facts too deep": (
        "facts:\n  f: {words: [x]}\n  f0: {any: [f]}\n"
        + "".join(f"  f{n}: {{any: [f{n - 1}]}}\n" for n in range(1, 60))
        + RULES,
        "more than 50 deep",
    ),
    # -- rules
    "rule a text": ("rules: [a]\n", "rules[0]: expected a mapping"),
    "rule without id": (rules("{if: f, then: {label: a}}"), "needs an id:"),
    "rule without then": (rules("{id: r, if: f}"), "needs then:"),
    "rule without conditions": (rules("{id: r, then: {label: a}}"), "neither if: nor unless:"),
    "rule misspelt": (rules("{id: r, if: f, then: {label: a}, becuse: x}"), "did you mean 'because'?"),
    "comma in braces": (rules("{id: r, if: f, then: {label: a}, because: x, y}"), "a comma inside { }"),
    "id twice": (
        rules("{id: r, if: f, then: {label: a}}", "{id: r, if: g, then: {label: a}}"),
        "line 6, rules[1].id: the id 'r' is taken (first on line 5)",
    ),
    "if empty": (rules("{id: r, if: [], then: {label: a}}"), "the list is empty"),
    "if a mapping": (rules("{id: r, if: {words: [a]}, then: {label: a}}"), "expected text, got a mapping"),
    "if unknown": (rules("{id: r, if: ff, then: {label: a}}"), "unknown fact 'ff'; did you mean 'f'?"),
    "unless unknown": (rules("{id: r, if: f, unless: [zzz], then: {label: a}}"), "known are f, g"),
    "two unknown": (rules("{id: r, if: [q, w], then: {label: a}}"), "(and 1 more such)"),
    "then empty": (rules("{id: r, if: f, then: {}}"), "then: is empty"),
    "then a text": (rules("{id: r, if: f, then: a}"), "expected a mapping (name: value) with label, fact"),
    "label true": (rules("{id: r, if: f, then: {label: true}}"), "write it in quotes"),
    "label nothing": (rules("{id: r, if: f, then: {label: }}"), "got nothing"),
    "label abstain": (rules("{id: r, if: f, then: {label: abstain}}"), "abstain is no label"),
    "derives a seen fact": (rules("{id: r, if: f, then: {fact: g}}"), "already the name of a fact"),
    "strength zero": (rules("{id: r, if: f, then: {label: a}, strength: 0}"), "a number above 0"),
    "strength text": (rules("{id: r, if: f, then: {label: a}, strength: high}"), "got the text 'high'"),
    "strength true": (rules("{id: r, if: f, then: {label: a}, strength: true}"), "got the truth value"),
    "because a list": (rules("{id: r, if: f, then: {label: a}, because: [x]}"), "expected text"),
    "unless itself": (rules("{id: r, if: f, unless: h, then: {fact: h}}"), "circle through unless"),
}


def write(tmp_path, content):
    path = tmp_path / "bad.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused_with_one_sentence(tmp_path, name):
    content, sentence = BAD[name]
    path = write(tmp_path, content)
    with pytest.raises(RuleError) as caught:
        load_rules(path)
    message = str(caught.value)
    assert sentence in message
    assert message.startswith(str(path))
    assert len(message) - len(str(path)) < 400
    assert "\n" not in message
    findings = check_rules(path)
    assert findings
    assert {finding.level for finding in findings} == {"error"}


def test_there_are_many_bad_files():
    assert len(BAD) >= 60


def test_the_reader_without_the_c_library_agrees(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "_LOADER", yaml.SafeLoader)
    for content, _ in BAD.values():
        with pytest.raises(RuleError):
            load_rules(write(tmp_path, content))
    document, lines = read_document("a: [1, x]\nb:\n  c: 'no'\n", "n")
    assert (document, lines[("a", 1)], lines[("b", "c")]) == ({"a": [1, "x"], "b": {"c": "no"}}, 1, 3)


@pytest.mark.parametrize("path", ["missing.yaml", "\0", ""])
def test_files_that_cannot_be_opened(tmp_path, path):
    with pytest.raises(RuleError, match="cannot read the rule file"):
        load_rules(tmp_path / path)


def test_words_that_yaml_1_1_takes_for_truth_values_are_words():
    document, _ = read_document("[no, yes, on, off, y, n, 1:30, 1e5, 012, 0x1F, 12, -3, 1.5, true, ~]", "n")
    assert document == ["no", "yes", "on", "off", "y", "n", "1:30", "1e5", "012", "0x1F", 12, -3, 1.5, True, None]


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path):
    content = "\ufeff" + fact("{words: [최고]}").replace("\n", "\r\n")
    assert load_rules(write(tmp_path, content)).predict(["최고"]) == ["a"]


@pytest.mark.parametrize(
    "document",
    [None, [], "x", 3, {1: 2}, {"rules": {1, 2}}, {"rules": [object()]}, {"name": "\ud800", "rules": []}, {}],
)
def test_wrong_python_documents(document):
    with pytest.raises(RuleError):
        RuleSet.from_dict(document)


def test_python_documents_that_contain_themselves():
    loop = []
    loop.append(loop)
    with pytest.raises(RuleError, match="nested more than"):
        RuleSet.from_dict({"rules": loop})
    wide = []
    for _ in range(40):
        wide = [wide, wide, wide]
    with pytest.raises(RuleError, match="values; make the rule set smaller"):
        RuleSet.from_dict({"rules": wide})


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"strength": 10**5000}, "a number above 0, got the number of enormous size"),
        ({"strength": float("inf")}, "a number above 0"),
        ({"strength": float("nan")}, "a number above 0"),
        ({"id": 10**5000}, "expected text, got the number of enormous size"),
        ({"then": {"label": -(10**5000)}}, "expected text"),
    ],
)
def test_numbers_of_enormous_size(change, sentence):
    rule = {"id": "r", "if": "f", "then": {"label": "a"}} | change
    with pytest.raises(RuleError, match=sentence):
        RuleSet({"f": {"words": ["x"]}}, [rule])


@pytest.mark.parametrize("definition", [{"length": {"min": 10**5000}}, {"any": [10**5000]}])
def test_facts_with_numbers_of_enormous_size(definition):
    with pytest.raises(RuleError, match="enormous"):
        RuleSet({"f": definition}, [{"id": "r", "if": "f", "then": {"label": "a"}}])


names = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs"]), min_size=1, max_size=8)


@settings(max_examples=150, deadline=None)
@given(st.lists(names, min_size=2, max_size=5), st.floats(1e-9, 1e9), names, names)
def test_to_yaml_reads_back_as_the_same_rules(words, strength, label, because):
    facts = {f"{n} {word}": {"phrase": word} for n, word in enumerate(words)}
    used = [" ".join(name.split()) for name in facts]
    rule = Rule("a", tuple(used[:1]), (), "l" + label, ("d",), because, strength)
    try:
        ruleset = RuleSet(facts, [rule, Rule("b", ("d",), tuple(used[1:]), label="2")], default="no", language="ko")
    except RuleError:
        return  # names that are equal after normalisation
    document, lines = read_document(ruleset.to_yaml(), "again")
    again = RuleSet.from_dict(document)
    assert again == ruleset
    assert again.rules == ruleset.rules
    assert again.default == "no"
    assert lines[("rules", 1)] > lines[("rules", 0)]


def test_rule_sets_travel_by_pickle_and_ignore_later_changes():
    facts = {"f": {"words": ["a"]}}
    ruleset = RuleSet(facts, [{"id": "r", "if": "f", "then": {"label": 1}}])
    facts["f"]["words"].append("b")
    assert pickle.loads(pickle.dumps(ruleset)) == ruleset
    assert ruleset.predict(["a", "b"]) == ["1", None]
    assert ruleset.to_dict()["facts"] == {"f": {"words": ["a"]}}


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
def test_random_bytes_never_break_the_reader(content):
    try:
        read_document(content.decode("utf-8", "replace"), "random")
    except RuleError as error:
        assert "\n" not in str(error)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["f", "words", "x", "min", "count"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["facts", "rules", "f", "words", "any", "count", "min", "id", "if", "then", "label", "near", "of"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None)
@given(json_like, json_like, json_like)
def test_wrong_types_anywhere_are_rule_errors(definition, rule, default):
    document = {"facts": {"f": definition}, "rules": [rule], "default": default}
    try:
        RuleSet.from_dict(document).predict(["x f"])
    except RuleError as error:
        assert "\n" not in str(error)

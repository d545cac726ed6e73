"""Modules in parts: every function once, declared wherever it is called, and nothing cut that cannot be."""

from __future__ import annotations

import llvmlite.binding as llvm
import pytest

from saegim.runtime import parts
from saegim.runtime.parts import cut

TEXT = """\
declare float @llvm.fma.f32(float, float, float)
; a comment
define void @first(ptr readonly align 64 %p0, <16 x float> %p1, i64 %count) nounwind {
entry:
  call void @second(ptr %p0)
  ret void
}

define void @second(ptr %p0) {
  %x = call { i64, i1 } @third()
  call void @second(ptr %p0)
  ret void
}
define { i64, i1 } @third() nounwind {
  ret { i64, i1 } zeroinitializer
}
define <2 x float> @fourth.f32(float %p0) nounwind memory(none) {
  %x = call float @llvm.fma.f32(float %p0, float %p0, float %p0)
  ret <2 x float> zeroinitializer
}
"""


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "SMALLEST", 10)


def names(text: str) -> tuple[set[str], set[str]]:
    """What LLVM finds in it: the functions that are written out, and those that are declared."""
    module = llvm.parse_assembly(text, llvm.create_context())
    module.verify()
    functions = list(module.functions)
    declared = {each.name for each in functions if each.is_declaration}
    return {each.name for each in functions} - declared, declared


@pytest.mark.parametrize("most", [2, 3, 4, 9])
def test_every_function_is_in_one_part(most: int) -> None:
    found = [names(each) for each in cut(TEXT, most)]
    assert len(found) == min(most, 4)
    written = sorted(name for one, _ in found for name in one)
    assert written == ["first", "fourth.f32", "second", "third"]


def test_what_a_part_calls_in_others_is_declared() -> None:
    found = {tuple(written): declared - {"llvm.fma.f32"} for written, declared in map(names, cut(TEXT, 4))}
    assert found == {("first",): {"second"}, ("second",): {"third"}, ("third",): set(), ("fourth.f32",): set()}


def test_small_modules_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cut(TEXT, 1) == [TEXT]
    monkeypatch.setattr(parts, "SMALLEST", len(TEXT) // 2 + 1)
    assert cut(TEXT, 8) == [TEXT]


@pytest.mark.parametrize(
    "more",
    [
        "@table = constant i32 1\n",
        "%pair = type { i32, i32 }\n",
        "attributes #0 = { nounwind }\n",
        "!0 = !{}\n",
        "define internal void @own() {\n  ret void\n}\n",
        "define private void @own() {\n  ret void\n}\n",
        "define void @far(ptr %p0) personality ptr @own\n{\n  ret void\n}\n",
    ],
)
def test_modules_with_more_than_functions_stay_whole(more: str) -> None:
    assert cut(TEXT + more, 4) == [TEXT + more]

"""From LLVM IR to native code in memory.

Our code comes with its vectors, its loops unrolled and its variables on the stack. So LLVM is asked for little: that
variables become registers and branches that are always taken vanish; then it generates code at its second level of
three. Measured on products, fused rows and polynomials: the first level saves 3% of the time and makes some loops 10%
slower; combining instructions costs 10% more, and makes softmax 15% slower; turning loops or numbering values changes
nothing. Large modules are cut, and compiled by several threads.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import weakref
from collections.abc import Callable
from functools import cache as once
from typing import Any

import llvmlite
import llvmlite.binding as llvm

from saegim.__about__ import __version__
from saegim.late import late
from saegim.runtime import cache
from saegim.runtime.parts import cut
from saegim.runtime.target import Target
from saegim.runtime.threads import threads

_futures = late("concurrent.futures")  # with the cache nobody needs it

llvm.initialize_all_targets()
llvm.initialize_all_asmprinters()

_LEVEL = 2
_FORM = 4  # of what is kept on disk; another number wherever that, or what LLVM is asked for, changes
VERSIONS = f"saegim {__version__}, form {_FORM}, llvmlite {llvmlite.__version__}, LLVM {llvm.llvm_version_info}"
"""What made the code: code of other versions is not the same."""

# LLVM's newer linker puts all of an object file side by side, so that its parts reach each other by short distances;
# for Windows it is not complete.
_SIDE_BY_SIDE = os.name != "nt"
_DISTANCES = "small" if _SIDE_BY_SIDE else "jitdefault"


class Library:
    """Native code in memory; it stays there as long as this object lives."""

    def __init__(self, codes: list[bytes]) -> None:
        """codes: object files for this machine, which may call each other's functions and those of the process."""
        self._name = f"library{next(_numbers)}"
        builder = llvm.JITLibraryBuilder().add_current_process()
        for code in codes:
            builder.add_object_img(code)
        self._linker = _linker()
        self._held = {"": builder.link(self._linker, self._name)}

    def address(self, name: str) -> int:
        """Where the function `name` begins. Raises RuntimeError if there is none."""
        if name not in self._held:
            self._held[name] = self._linker.lookup(self._name, name)  # its end would be that of the code, too
        address: int = self._held[name][name]
        return address


_numbers = itertools.count()


@once
def _linker() -> llvm.LLJIT:
    return llvm.create_lljit_compiler(use_jit_link=_SIDE_BY_SIDE)


_loaded: weakref.WeakValueDictionary[str, Library] = weakref.WeakValueDictionary()


def load(text: str, target: Target) -> Library:
    """The functions of a module as native code for `target`, which this machine must be able to run.

    What is in memory or in the cache on disk is not compiled again.
    """
    name = name_of(text, target)
    library = kept(name)
    if library is None:
        code = _packed(compiled(text, target, threads()))
        cache.write(name, code)
        library = _loaded[name] = Library(_unpacked(code))
    return library


def name_of(text: str, target: Target) -> str:
    """The name under which the code of a module is kept."""
    return cache.key(text, repr(target), VERSIONS)


def kept(name: str) -> Library | None:
    """The code of that name, if it is in memory or in the cache on disk."""
    library = _loaded.get(name)
    if library is None:
        code = cache.read(name)
        if code is not None:
            library = _loaded[name] = Library(_unpacked(code))
    return library


def compiled(text: str, target: Target, threads: int = 1) -> list[bytes]:
    """The functions of a module as object files for `target`, which may be another machine's: at most `threads`."""
    parts = cut(text, threads)
    if len(parts) == 1:
        return [_object(text, target)]
    with _futures.ThreadPoolExecutor(len(parts)) as executor:
        return list(executor.map(lambda part: _object(part, target), parts))


def assembly(text: str, target: Target) -> str:
    """The functions of a module in assembly language for `target`, which may be another machine's."""
    machine = _machine(target)
    written: str = machine.emit_assembly(_prepared(text, machine, target))
    return written


def _object(text: str, target: Target) -> bytes:
    """The functions of a module as one object file."""
    machine = _machine(target)
    module = _prepared(text, machine, target)
    error = ctypes.c_char_p()
    buffer = _emit()(machine, module, 1, ctypes.byref(error))
    assert buffer, f"LLVM cannot write an object file: {error.value!r}"
    try:
        return ctypes.string_at(llvm.ffi.lib.LLVMPY_GetBufferStart(buffer), llvm.ffi.lib.LLVMPY_GetBufferSize(buffer))
    finally:
        llvm.ffi.lib.LLVMPY_DisposeMemoryBuffer(buffer)


@once
def _emit() -> Callable[..., Any]:
    """LLVM's way from a module to an object file, without the lock that llvmlite holds around every call.

    Modules in contexts of their own, each with its own target machine, may be worked on at the same time; so it is
    nine tenths of the work that different threads do together.
    """
    locked = llvm.ffi.lib.LLVMPY_TargetMachineEmitToMemory
    free = ctypes.CDLL(llvm.ffi.lib._name).LLVMPY_TargetMachineEmitToMemory
    free.argtypes, free.restype = locked.argtypes, locked.restype
    return free


def _packed(codes: list[bytes]) -> bytes:
    return b"".join(len(each).to_bytes(8, "little") + each for each in codes)


def _unpacked(whole: bytes) -> list[bytes]:
    codes = []
    while whole:
        end = 8 + int.from_bytes(whole[:8], "little")
        codes.append(whole[8:end])
        whole = whole[end:]
    return codes


def _machine(target: Target) -> llvm.TargetMachine:
    return llvm.Target.from_triple(target.triple).create_target_machine(
        cpu=target.cpu, features=target.features, opt=_LEVEL, reloc="pic", codemodel=_DISTANCES
    )


def _prepared(text: str, machine: llvm.TargetMachine, target: Target) -> llvm.ModuleRef:
    """The module after LLVM's checks and the few passes that our code needs, in a context that goes with it."""
    module = llvm.parse_assembly(text, llvm.create_context())
    module.triple = target.triple
    module.data_layout = str(machine.target_data)
    module.verify()
    passes = llvm.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.add_simplify_cfg_pass()
    passes.run(module, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options()))
    return module

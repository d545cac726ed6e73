"""From LLVM IR to native code in memory.

Our code comes with its vectors, its loops unrolled and its variables on the stack. So LLVM is asked for little: that
variables become registers and branches that are always taken vanish; then it generates code at its second level. For
micro-kernels of products and for polynomials over rows this gives code as fast as any longer list of passes or a
higher level, which cost 5 to 20% more time.
"""

from __future__ import annotations

import weakref

import llvmlite
import llvmlite.binding as llvm

from saegim.__about__ import __version__
from saegim.runtime import cache
from saegim.runtime.target import Target

llvm.initialize_all_targets()
llvm.initialize_all_asmprinters()

_LEVEL = 1
_VERSIONS = f"saegim {__version__}, llvmlite {llvmlite.__version__}, LLVM {llvm.llvm_version_info}, level {_LEVEL}"


class Library:
    """Native code in memory; it stays there as long as this object lives."""

    def __init__(self, engine: llvm.ExecutionEngine) -> None:
        self._engine = engine

    def address(self, name: str) -> int:
        """Where the function `name` begins."""
        address: int = self._engine.get_function_address(name)
        assert address, f"there is no function {name}"
        return address


_loaded: weakref.WeakValueDictionary[str, Library] = weakref.WeakValueDictionary()


def load(text: str, target: Target) -> Library:
    """The functions of a module as native code for `target`, which this machine must be able to run.

    What is in memory or in the cache on disk is not compiled again.
    """
    name = cache.key(text, repr(target), _VERSIONS)
    library = _loaded.get(name)
    if library is None:
        code = cache.read(name)
        if code is None:
            code = compiled(text, target)
            cache.write(name, code)
        library = _loaded[name] = link(code, target)
    return library


def compiled(text: str, target: Target) -> bytes:
    """The functions of a module as an object file for `target`, which may be another machine's."""
    machine = _machine(target)
    code: bytes = machine.emit_object(_prepared(text, machine, target))
    return code


def link(code: bytes, target: Target) -> Library:
    """An object file for this machine, brought into memory and ready to be called."""
    empty = llvm.parse_assembly("")
    empty.triple = target.triple
    engine = llvm.create_mcjit_compiler(empty, _machine(target))
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return Library(engine)


def assembly(text: str, target: Target) -> str:
    """The functions of a module in assembly language for `target`, which may be another machine's."""
    machine = _machine(target)
    written: str = machine.emit_assembly(_prepared(text, machine, target))
    return written


def _machine(target: Target) -> llvm.TargetMachine:
    return llvm.Target.from_triple(target.triple).create_target_machine(
        cpu=target.cpu, features=target.features, opt=_LEVEL, reloc="pic", codemodel="jitdefault"
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

"""From LLVM IR to native code in memory."""

from __future__ import annotations

import llvmlite.binding as llvm

from saegim.runtime.target import Target

llvm.initialize_all_targets()
llvm.initialize_all_asmprinters()


class Library:
    """Native code in memory; it stays there as long as this object lives."""

    def __init__(self, engine: llvm.ExecutionEngine) -> None:
        self._engine = engine

    def address(self, name: str) -> int:
        """Where the function `name` begins."""
        address: int = self._engine.get_function_address(name)
        return address


def load(text: str, target: Target) -> Library:
    """The functions of a module as native code for `target`, which must be this machine's."""
    machine = _machine(target)
    module = _optimised(text, machine, target)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    return Library(engine)


def assembly(text: str, target: Target) -> str:
    """The functions of a module in assembly language for `target`, which may be another machine's."""
    machine = _machine(target)
    written: str = machine.emit_assembly(_optimised(text, machine, target))
    return written


def _machine(target: Target) -> llvm.TargetMachine:
    return llvm.Target.from_triple(target.triple).create_target_machine(
        cpu=target.cpu, features=target.features, opt=2, reloc="pic", codemodel="jitdefault"
    )


def _optimised(text: str, machine: llvm.TargetMachine, target: Target) -> llvm.ModuleRef:
    """The module after LLVM's checks and the few passes that our code needs: variables become registers."""
    module = llvm.parse_assembly(text)
    module.triple = target.triple
    module.data_layout = str(machine.target_data)
    module.verify()
    passes = llvm.create_new_module_pass_manager()
    passes.add_sroa_pass()
    passes.add_simplify_cfg_pass()
    passes.add_instruction_combine_pass()
    passes.run(module, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options()))
    return module

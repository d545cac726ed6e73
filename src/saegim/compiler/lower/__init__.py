"""From phases to waves of kernels: views instead of copies, chains of nodes as one kernel, memory planned ahead.

`form` is what comes out. `plan` is the pass as a whole: it lowers each phase with `lowering`, which walks through a
`body`. There `views` say where elements lie, `groups` which nodes become one kernel, `fusing` makes a kernel of a
group, and `singles` has the primitives with a kernel of their own. `memory` gives buffers their places, `emit` writes
the program, `text` prints it.
"""

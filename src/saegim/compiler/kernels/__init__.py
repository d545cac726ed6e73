"""Native code for what programs consist of.

`base` says what a kernel is. One file for each family: `fused` (elementwise chains with reductions; its parts are
`fused_steps`, `fused_nest`, `fused_passes`, `fused_emit`, `fused_rows`, `fused_columns`), `product` (with `tiles` and
`pack`), `sparse`, `rows`, `scatter`, `bags`, `copies`, `running`, `extremes`, `sorting`, `fold`. What they share:
`walk` (loops over strided operands), `indices` (reading and checking indices), `keys` (numbers in order).
"""

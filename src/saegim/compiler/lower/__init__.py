"""From phases to waves of kernels: views instead of copies, chains of nodes as one kernel, memory planned ahead."""

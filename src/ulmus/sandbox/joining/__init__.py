"""Build step of the guest: joins the core modules of a component into one.

componentize-py links CPython, its C library and some 35 small pieces like shared libraries: they
import one table and one memory from each other, at places that are only known while they are put
together. wasmtime then has to fill the table, function by function, for each new instance: a
quarter of the work of a small program. After the snapshot all those places are constants, so the
pieces can be put together once, here. On the same way the objects of the snapshot are marked as
immortal, which spares each job the copying of the pages on which their counts of references lie.

Used by `hatch_build.py` only. Format of modules and components: the WebAssembly core
specification, chapter 5, and `design/mvp/Binary.md` of the component model's proposal.
"""

OUTSIDE = "outside"
"""The library that a frame of a trap names where a program has reached for the outside."""

CHANGING = "changing "
"""Begin of the export names of all globals that are ever set."""

"""What runs inside the WebAssembly guest, next to the candidate program.

This folder is copied into the component as the package `ulmus_guest` and runs there under the
component's own CPython. It imports the standard library and its own folder, nothing else.
Nothing here is a wall: a program shares this interpreter and may overwrite all of it. The wall
is WebAssembly; the host believes nothing that comes out.
"""

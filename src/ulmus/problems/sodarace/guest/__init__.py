"""What walker programs may import inside the sandbox: standard library only.

The files of this folder are handed over as source with every job (see `..programs`); nothing in
the trusted process runs them.
"""

"""Physics of walkers: point masses, springs and ground, compiled and reproducible bit for bit.

Knows joints, connections and ground only; nothing of programs, scores or maps. Importing the
package is light: the compiler is loaded by the first call of `simulate.simulate`.
"""

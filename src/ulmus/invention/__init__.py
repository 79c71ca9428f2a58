"""Stage 2 judged: what a model of programs writes, against the data set that it learned from.

The tests are those of the paper (arXiv 2206.08896, section 4.2): samples fill a fresh map, as many
programs of the data set fill another, half programs are completed, and properties are ordered.
Departures: the programs of the data set are drawn once each and not evaluated again; halves are cut
by lines; what is ordered are the properties of real programs, so that they can be had together.
"""

"""What people look at: the report, films, and pictures in the terminal. Reads runs, changes none.

The viewer never runs a program. Where a picture needs what a program returns, the caller hands in
`Bodies`: texts in, returned plain data out.
"""

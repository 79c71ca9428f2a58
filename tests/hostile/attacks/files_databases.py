"""Write through the database, archive and log modules, which open files by themselves.

Evidence: file
Sandbox: violation, ok
"""

import importlib


def door(name, use):
    try:
        use(importlib.import_module(name))
    except Exception:
        return


def attack(target):
    path = target["canary"]
    door("sqlite3", lambda sqlite3: sqlite3.connect(path + ".db").execute("create table t (a)"))
    door("shelve", lambda shelve: shelve.open(path + ".shelf").close())
    door("zipfile", lambda zipfile: zipfile.ZipFile(path + ".zip", "w").close())
    door("gzip", lambda gzip: gzip.open(path + ".gz", "w").close())
    door("logging", lambda logging: logging.FileHandler(path + ".log").close())
    door("mmap", lambda mmap: mmap.mmap(-1, 4096).close())

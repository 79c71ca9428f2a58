"""Programs that are the same up to local names, and programs that only look like it."""

from __future__ import annotations

import pytest

from ulmus.operators.conformance import HOSTILE_PARENTS
from ulmus.study.sameness import same_up_to_names

SAME = {
    "itself": ("def f(a):\n    return a\n", "def f(a):\n    return a"),
    "layout and comments": (
        "def f(a):\n    return (a +\n      1)  # one\n",
        "def f(a): return a + 1",
    ),
    "a local": ("def f(a):\n    x = a\n    return x", "def f(a):\n    y = a\n    return y"),
    "two locals exchanged": (
        "def f():\n    a, b = 1, 2\n    return a - b",
        "def f():\n    b, a = 1, 2\n    return b - a",
    ),
    "a loop": ("def f(n):\n    for i in n: print(i)", "def f(n):\n    for k in n: print(k)"),
    "comprehensions": (
        "def f(n): return [i for i in n if i]",
        "def f(n): return [x for x in n if x]",
    ),
    "a comprehension of the module": ("x = {k: v for k, v in y}", "x = {a: b for a, b in y}"),
    "a lambda": ("f = lambda a: a + 1", "f = lambda b: b + 1"),
    "a closure": (
        "def f():\n    n = 0\n    def g():\n        nonlocal n\n        n += 1\n    return g",
        "def f():\n    m = 0\n    def h():\n        nonlocal m\n        m += 1\n    return h",
    ),
    "an exception": (
        "def f():\n    try: g()\n    except E as e: raise F(e) from e",
        "def f():\n    try: g()\n    except E as error: raise F(error) from error",
    ),
    "with and walrus": (
        "def f():\n    with g() as h:\n        if (n := h.n): return n",
        "def f():\n    with g() as k:\n        if (m := k.n): return m",
    ),
    "a walrus in a comprehension": (
        "def f(x):\n    [y := k for k in x]\n    return y",
        "def f(x):\n    [z := i for i in x]\n    return z",
    ),
    "an import": (
        "def f():\n    import re\n    return re.compile",
        "def f():\n    import re as _re\n    return _re.compile",
    ),
    "a match": (
        "def f(x):\n    match x:\n        case [a, *b]: return a, b\n        case {'k': c, **d}: return c, d",
        "def f(x):\n    match x:\n        case [p, *q]: return p, q\n        case {'k': r, **s}: return r, s",
    ),
    "an indented method": (
        "    def f(self):\n        x = self.x\n        return x",
        "    def f(self):\n        y = self.x\n        return y",
    ),
    "a used name becomes another's": (
        "def f():\n    total = 0\n    return total",
        "def f():\n    list_ = 0\n    return list_",
    ),
    "texts": ("x = u'a'", "x = 'a'"),
}

DIFFERENT = {
    "a number": ("def f(): return 1", "def f(): return 2"),
    "the kind of a number": ("x = 1", "x = 1.0"),
    "a parameter": ("def f(a): return a", "def f(b): return b"),
    "a keyword parameter": ("def f(*, a): return a", "def f(*, b): return b"),
    "the function": ("def f(): pass", "def g(): pass"),
    "a method": ("class C:\n    def f(self): pass", "class C:\n    def g(self): pass"),
    "a class variable": ("class C:\n    a = 1", "class C:\n    b = 1"),
    "an attribute": ("def f(x): return x.a", "def f(x): return x.b"),
    "a global that is read": ("def f(): return a", "def f(): return b"),
    "a global of the module": ("a = 1\nprint(a)", "b = 1\nprint(b)"),
    "a global that is written": (
        "def f():\n    global a\n    a = 1",
        "def f():\n    global b\n    b = 1",
    ),
    "another local": (
        "def f():\n    a, b = 1, 2\n    return a",
        "def f():\n    a, b = 1, 2\n    return b",
    ),
    "one name for two": (
        "def f():\n    a = 1\n    b = 2\n    return a",
        "def f():\n    a = 1\n    a = 2\n    return a",
    ),
    "a local hides a global": (
        "def f():\n    a = 1\n    return b",
        "def f():\n    b = 1\n    return b",
    ),
    "a local for a parameter": (
        "def f(a):\n    b = a\n    return b",
        "def f(a):\n    a = a\n    return a",
    ),
    "nonlocal for local": (
        "def f():\n    n = 0\n    def g():\n        nonlocal n\n        n = 1\n    g()\n    return n",
        "def f():\n    n = 0\n    def g():\n        m = 1\n    g()\n    return n",
    ),
    "a class variable is not seen by its methods": (
        "def f():\n    x = 1\n    class C:\n        x = 2\n        def g(self): return x",
        "def f():\n    y = 1\n    class C:\n        x = 2\n        def g(self): return x",
    ),
    "the first iterable is looked up outside": (
        "def f(x): return [x for x in x]",
        "def f(x): return [x for x in y]",
    ),
    "names that are looked at": (
        "def f():\n    a = 1\n    return '%(a)s' % locals()",
        "def f():\n    b = 1\n    return '%(a)s' % locals()",
    ),
    "the docstring": ("def f():\n    'a'", "def f():\n    'b'"),
    "the import": (
        "def f():\n    import a as x\n    return x",
        "def f():\n    import b as x\n    return x",
    ),
    "async": ("async def f(): pass", "def f(): pass"),
    "no program": ("def f(:", "def f(:"),
    "a keyword argument": ("def f():\n    x = 1\n    g(x=x)", "def f():\n    y = 1\n    g(y=y)"),
}


@pytest.mark.parametrize("case", SAME)
def test_the_same(case: str) -> None:
    first, second = SAME[case]
    assert same_up_to_names(first, second)
    assert same_up_to_names(second, first)


@pytest.mark.parametrize("case", DIFFERENT)
def test_not_the_same(case: str) -> None:
    first, second = DIFFERENT[case]
    assert not same_up_to_names(first, second)
    assert not same_up_to_names(second, first)


@pytest.mark.parametrize("text", HOSTILE_PARENTS, ids=range(len(HOSTILE_PARENTS)))
def test_no_text_raises(text: str) -> None:
    assert not same_up_to_names(text, "x = 'another'")

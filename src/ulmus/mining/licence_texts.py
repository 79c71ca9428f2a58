"""Recognises licences in text: by title or grant sentence, never by a name in passing.

"GPL-compatible" (in the PSF text), "commercial or non-commercial" (Unlicense) and the GPL's own
mention of the AGPL are no licences of the text that they stand in (docs/mining.md).
"""

from __future__ import annotations

import re

ALLOWED = frozenset({
    "MIT", "MIT-0", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "ISC", "PSF-2.0", "HPND", "Zlib",
    "Unlicense", "CC0-1.0", "BSL-1.0",
})  # fmt: skip
"""What may be mined: the list of docs/mining.md, and MIT without its notice."""

_GNU = (
    r"(?:gnu )?(?:gplv?\d?|lgplv?\d?|agplv?\d?|"
    r"(?:lesser |library |affero )?general public licen[cs]e)"
)
_WORK = r"(?:program|software|library|file|package|module|code|work|project|script|source code)"

_RULES: tuple[tuple[str, str], ...] = (
    ("MIT", r"permission is hereby granted,? (?:free of charge,? )?to any person obtaining a copy "
            r"of (?!the font)"),
    ("JSON", r"software shall be used for good, not evil"),
    ("Commons-Clause", r"commons clause"),
    ("OFL", r"obtaining a copy of the font software|sil open font licen[cs]e version"),
    ("MIT-0", r"mit no attribution|permission is hereby granted, free of charge, to any person "
              r"obtaining a copy of this software and associated documentation files \(?the "
              r"software\)?, to deal in the software without restriction, .{0,300}?permit persons "
              r"to whom the software is furnished to do so\. the software is provided"),
    ("BSD", r"redistribution and use (?:of this software )?in source and binary forms"
            r"[^.:]{0,90}? with or without modification"),
    ("BSD-3-Clause", r"licensed under the terms of the (?:modified|new|revised|3-clause) bsd "
                     r"licen[cs]e"),
    ("Apache-2.0", r"apache licen[cs]e,? version 2\.0,? january 2004|"
                   r"licensed under the apache licen[cs]e,? version 2\.0"),
    ("Apache-1.1", r"apache software licen[cs]e,? version 1\.[01]"),
    ("ISC", r"permission to use, copy, modify,? (?:and/or|and|or) distribute this software for any "
            r"purpose with or without fee is hereby granted"),
    ("HPND", r"permission to use, copy, modify,? and distribute this software and its "
             r"documentation (?:with or without modifications and )?for any purpose "
             r"(?:and )?(?:without fee|with or without fee|and without fee) is hereby granted|"
             r"permission to use, copy, modify,? and distribute this software and its "
             r"documentation with or without modifications and for any purpose and without fee"),
    ("PSF-2.0", r"this licen[cs]e agreement is between the python software foundation|"
                r"python software foundation licen[cs]e version 2"),
    ("Zlib", r"provided as-is, without any express or implied warranty\. in no event will the "
             r"authors? be held liable .{0,600}?altered source versions must be plainly marked"),
    ("Unlicense", r"this is free and unencumbered software released into the public domain"),
    ("CC0-1.0", r"cc0 1\.0 universal|to the public domain worldwide.{0,200}?cc0"),
    ("BSL-1.0", r"boost software licen[cs]e - version 1\.0"),
    ("AGPL", r"gnu affero general public licen[cs]e version 3, 19 november 2007"),
    ("LGPL", r"gnu (?:lesser|library) general public licen[cs]e version [23](?:\.\d)?, "
             r"(?:29 june 2007|february 1999|june 1991)"),
    ("GPL", r"gnu general public licen[cs]e version [123],? "
            r"(?:29 june 2007|june 1991|february 1989)"),
    ("GPL", rf"redistribute (?:it|this {_WORK}) and/or modify it under the (?:same )?terms of "
            rf"(?:the )?{_GNU}"),
    ("GPL", rf"(?:{_WORK}|it|all files|everything) (?:is|are|may be) (?:also )?"
            rf"(?:free software,? )?(?:licen[cs]ed|released|distributed|available|covered)"
            r"(?: and \w+)? "
            rf"(?:under|by) (?:the )?(?:terms of )?(?:the )?{_GNU}"),
    ("GPL", rf"(?<!previously )(?:licen[cs]ed|released) under (?:the )?(?:terms of )?(?:the )?"
            rf"(?:conditions of )?(?:the )?{_GNU}(?! compatible)"),
    ("GPL", r"spdx-license-identifier: \(?(?:a|l)?gpl"),
    ("MPL", r"mozilla public licen[cs]e version [12]\.\d|subject to the terms of the mozilla "
            r"public licen[cs]e|spdx-license-identifier: mpl"),
    ("EPL", r"eclipse public licen[cs]e - v ?[12]\.0"),
    ("EUPL", r"european union public licen[cs]e v\. ?1\.[012]"),
    ("CDDL", r"common development and distribution licen[cs]e"),
    ("CC-BY-NC", r"creative commons attribution[- ]non-?commercial|"
                 r"attribution[- ]non-?commercial(?:[- ]share ?alike|[- ]no ?deriv\w*)? "
                 r"(?:\d\.\d|united states|unported|international|licen[cs]e)"),
    ("CC-BY-SA", r"licensed under (?:a |the )?"
                 r"(?:creative commons attribution-share ?alike|cc[- ]by-sa)"),
    ("BUSL", r"business source licen[cs]e 1\.1"),
    ("SSPL", r"server side public licen[cs]e version 1"),
    ("proprietary", r"all rights reserved\. (?:unauthorized|no part of this)|"
                    r"proprietary and confidential"),
)  # fmt: skip
_COMPILED = tuple((name, re.compile(rule)) for name, rule in _RULES)
_COPYLEFT = tuple(
    rule for name, rule in _COMPILED if name in ("AGPL", "LGPL", "GPL", "MPL", "EPL", "CC-BY-NC")
)
_PRESENT = ("general public", "gpl", "mozilla public", "eclipse public", "commercial")

_OTHERS = re.compile(
    r"other software that is (?:released|licen[cs]ed|distributed) under the [al]?gpl|"
    r"(?:does not|doesnt|not) mean that were distributing \w+ under the [al]?gpl|gpl[- ]compatible"
)
"""What BSD and PSF texts say about the software of others."""

MAX_TEXT = 200_000


def normal(text: str) -> str:
    """Return text in lower case on one line, without comment marks, quotes and rulers."""
    text = re.sub(r"(?m)^[ \t]*(?:#+|//+|\*+|;+|--+|>+|\.\.)(?=[ \t]|$)", " ", text[:MAX_TEXT])
    text = re.sub(r"[\"'`“”‘’*=_]+|-{2,}", "", text.lower())
    return _OTHERS.sub("", re.sub(r"\s+", " ", text)).strip()


def classes(text: str) -> frozenset[str]:
    """Return the licences that a text grants or is, as SPDX identifiers or families."""
    plain = normal(text)
    found = {name for name, rule in _COMPILED if rule.search(plain)}
    if "BSD" in found:
        found = (found - {"BSD"}) | {_bsd(plain)}
    if "MIT-0" in found and "permission notice shall be included" not in plain:
        found.discard("MIT")
    elif "MIT" in found:
        found.discard("MIT-0")
    if "AGPL" in found or "LGPL" in found:
        found.discard("GPL")
    return frozenset(found)


def _bsd(plain: str) -> str:
    if "all advertising materials mentioning" in plain:
        return "BSD-4-Clause"
    endorsing = r"neither the names? of|may not be used to endorse|names? .{0,120}? to endorse"
    return "BSD-3-Clause" if re.search(endorsing, plain) else "BSD-2-Clause"


def copyleft_header(text: str) -> bool:
    """Tell whether the head of a source file puts it under a copyleft licence."""
    head = text[:6000]
    lower = head.lower()
    if not any(words in lower for words in _PRESENT):
        return False
    plain = normal(head)
    return any(rule.search(plain) for rule in _COPYLEFT)


_METADATA_NAMES: tuple[tuple[str, str], ...] = (
    (r"(?:gnu )?(?:affero|agpl)", "AGPL"),
    (r"(?:gnu )?(?:lesser|library) general|lgpl", "LGPL"),
    (r"gnu general public|gpl", "GPL"),
    (r"mozilla|mpl", "MPL"),
    (r"apache", "Apache-2.0"),
    (r"\bmit\b|\bexpat\b", "MIT"),
    (r"bsd[- ]2|2-clause bsd|simplified bsd", "BSD-2-Clause"),
    (r"\bbsd\b|bsd[- ]3|3-clause bsd", "BSD-3-Clause"),
    (r"\bisc\b|iscl", "ISC"),
    (r"python software foundation|\bpsf", "PSF-2.0"),
    (r"historical permission|\bhpnd\b", "HPND"),
    (r"zlib", "Zlib"),
    (r"unlicense|public domain", "Unlicense"),
    (r"cc0", "CC0-1.0"),
    (r"boost|bsl-1", "BSL-1.0"),
    (r"other/proprietary", "proprietary"),
)


def metadata_classes(text: str) -> frozenset[str]:
    """Return the licences named in pyproject.toml, setup.cfg or setup.py."""
    named = re.findall(r"License :: ([^\"'\n]+)", text)
    pattern = (
        r"(?mi)^\s*[\"']?licen[cs]e[\"']?\s*[=:]\s*"
        r"(?:\{\s*text\s*=\s*)?(?:[\"']{1,3})?([\w][^\"'\n}]{1,80})"
    )
    named += re.findall(pattern, text)
    found = set()
    for name in named:
        hit = next((id for rule, id in _METADATA_NAMES if re.search(rule, name.lower())), None)
        if hit:
            found.add(hit)
    return frozenset(found)

"""One test per licence trap (docs/mining.md), each on a repository built for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from histories import DAY, FIRST_DAY, MIT, History, Link, licensed

from ulmus.mining import licences
from ulmus.mining.history import Repository
from ulmus.mining.licence_texts import classes, copyleft_header

BSD = """Copyright (c) 2005, Somebody
All rights reserved.

Redistribution and use in source and binary forms, with or without
modification, are permitted provided that the following conditions are met:

  a. Redistributions of source code must retain the above copyright notice.
  b. Redistributions in binary form must reproduce the above copyright notice.
"""
BSD3 = (
    BSD
    + "  c. Neither the name of the project nor the names of its contributors\n     may be used to endorse products.\n"
)
APACHE = "                Apache License\n          Version 2.0, January 2004\n   http://www.apache.org/licenses/\n"
GPL3 = """            GNU GENERAL PUBLIC LICENSE
               Version 3, 29 June 2007

  13. Use with the GNU Affero General Public License.
  ... under version 3 of the GNU Affero General Public License into a single combined work ...
  If this is what you want to do, use the GNU Lesser General Public License instead of this License.
"""
PSF = """PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2
1. This LICENSE AGREEMENT is between the Python Software Foundation ("PSF"), and the Individual
All Python licenses, unlike the GPL, let you distribute a modified version without making your
changes open source. The GPL-compatible licenses make it possible to combine Python with other
software that is released under the GPL; the others don't.
material that was previously distributed under the GNU General Public License (GPL)
"""
UNLICENSE = """This is free and unencumbered software released into the public domain.
Anyone is free to copy, modify, publish, use, compile, sell, or
distribute this software, for any purpose, commercial or non-commercial, and by any means.
"""
LGPL = "GNU LESSER GENERAL PUBLIC LICENSE\n   Version 2.1, February 1999\n"


def judge(history: History, tmp_path: Path, by_hand: str | None = None) -> licences.Licence:
    path = history.build(tmp_path / "repo")
    with Repository(path) as repository, repository.blobs() as blobs:
        return licences.at_head(repository, blobs, by_hand)


def repo(**files: object) -> History:
    return History().commit("Add the files", {"a.py": "x = 1\n", **files})


@pytest.mark.parametrize(
    ("text", "spdx"),
    [
        (MIT, "MIT"),
        (BSD, "BSD-2-Clause"),
        (BSD3, "BSD-3-Clause"),
        (APACHE, "Apache-2.0"),
        (PSF, "PSF-2.0"),
        (UNLICENSE, "Unlicense"),
        ("Boost Software License - Version 1.0 - August 17th, 2003", "BSL-1.0"),
        ("Creative Commons Legal Code\n\nCC0 1.0 Universal", "CC0-1.0"),
        ("Permission to use, copy, modify, and/or distribute this software for any\npurpose with or "
         "without fee is hereby granted, provided that", "ISC"),
        ("Permission to use, copy, modify, and distribute this software and its documentation with or "
         "without modifications and for any purpose and without fee is hereby granted", "HPND"),
        ("This software is provided 'as-is', without any express or implied warranty. In no event will "
         "the authors be held liable for any damages. 2. Altered source versions must be plainly "
         "marked as such", "Zlib"),
    ],
)  # fmt: skip
def test_allowed_licences_are_recognised(text: str, spdx: str, tmp_path: Path) -> None:
    found = judge(repo(LICENSE=text), tmp_path)
    assert (found.spdx, found.refusal) == (spdx, None)
    assert len(found.blob) == 40


def test_gpl_names_its_relatives_but_is_only_gpl(tmp_path: Path) -> None:
    assert classes(GPL3) == {"GPL"}
    assert judge(repo(COPYING=GPL3), tmp_path).refusal == "not on the list: GPL"


def test_lgpl_is_refused_as_in_deap(tmp_path: Path) -> None:
    assert judge(repo(**{"LICENSE.txt": LGPL}), tmp_path).refusal == "not on the list: LGPL"


def test_gpl_compatible_is_not_gpl_as_in_mypy(tmp_path: Path) -> None:
    found = judge(repo(LICENSE=MIT + "\n= = = =\n\n" + PSF), tmp_path)
    assert (found.spdx, found.refusal) == ("MIT AND PSF-2.0", None)


def test_non_commercial_use_allowed_is_not_non_commercial_only(tmp_path: Path) -> None:
    assert judge(repo(LICENSE=UNLICENSE), tmp_path).refusal is None


def test_documentation_under_non_commercial_terms_is_refused_as_in_pyramid(tmp_path: Path) -> None:
    text = (
        BSD3
        + "\nThe documentation is under the Creative Commons Attribution-Noncommercial-Share Alike 3.0 United States License."
    )
    history = repo(LICENSE=text)
    assert judge(history, tmp_path).refusal == "not on the list: CC-BY-NC"
    (tmp_path / "again").mkdir()
    assert judge(history, tmp_path / "again", by_hand="BSD-3-Clause").refusal is None


def test_symbolic_link_is_followed_as_in_theano(tmp_path: Path) -> None:
    found = judge(repo(LICENSE=Link("doc/LICENSE.txt"), **{"doc/LICENSE.txt": BSD3}), tmp_path)
    assert (found.spdx, found.refusal) == ("BSD-3-Clause", None)


@pytest.mark.parametrize("target", ["../../etc/passwd", "/etc/passwd", "LICENSE", "missing"])
def test_links_that_lead_out_or_nowhere_are_refused(target: str, tmp_path: Path) -> None:
    assert judge(repo(LICENSE=Link(target)), tmp_path).refusal == "licence file leads nowhere"


def test_one_line_stub_is_followed_as_in_biopython(tmp_path: Path) -> None:
    files = {"LICENSE": "See LICENSE.rst for the terms.\n", "LICENSE.rst": BSD3}
    assert judge(repo(**files), tmp_path).spdx == "BSD-3-Clause"
    (tmp_path / "b").mkdir()
    files = {"LICENSE": "doc/LICENSE.txt\n", "doc/LICENSE.txt": LGPL}
    assert judge(repo(**files), tmp_path / "b").refusal == "not on the list: LGPL"


def test_headers_alone_are_no_licence_as_in_ply(tmp_path: Path) -> None:
    history = repo(**{"ply.py": "# " + BSD3.replace("\n", "\n# ") + "\nx = 1\n"})
    assert judge(history, tmp_path).refusal == "no licence found"
    (tmp_path / "again").mkdir()
    found = judge(history, tmp_path / "again", by_hand="BSD-3-Clause")
    assert (found.spdx, found.source, found.refusal) == ("BSD-3-Clause", "by hand", None)


def test_two_files_are_two_licences_as_in_structlog(tmp_path: Path) -> None:
    found = judge(repo(**{"LICENSE-MIT": MIT, "LICENSE-APACHE": APACHE}), tmp_path)
    assert (found.spdx, found.refusal) == ("Apache-2.0 AND MIT", None)


def test_licence_of_bundled_fonts_is_not_ours_as_in_fonttools(tmp_path: Path) -> None:
    found = judge(
        repo(**{"LICENSE": MIT, "LICENSE.external": "SIL OPEN FONT LICENSE Version 1.1"}), tmp_path
    )
    assert (found.spdx, found.refusal) == ("MIT", None)


def test_one_bad_part_spoils_it_as_in_tqdm(tmp_path: Path) -> None:
    text = (
        "This Source Code Form is subject to the terms of the Mozilla Public License, v. 2.0.\n"
        + MIT
    )
    assert judge(repo(LICENCE=text), tmp_path).refusal == "not on the list: MPL"


def test_setup_py_speaks_where_no_file_does_as_in_pygame(tmp_path: Path) -> None:
    setup = 'setup(\n    name="pygame",\n    license="LGPL",\n)\n'
    assert judge(repo(**{"setup.py": setup}), tmp_path).refusal == "not on the list: LGPL"


def test_setup_py_against_the_licence_file_is_refused(tmp_path: Path) -> None:
    setup = 'classifiers=["License :: OSI Approved :: GNU General Public License v3 (GPLv3)"]\n'
    found = judge(repo(LICENSE=MIT, **{"setup.py": setup}), tmp_path)
    assert found.refusal == "not on the list: GPL"


def test_pyproject_alone_is_enough(tmp_path: Path) -> None:
    found = judge(repo(**{"pyproject.toml": '[project]\nlicense = "MIT"\n'}), tmp_path)
    assert (found.spdx, found.source, found.refusal) == ("MIT", "metadata", None)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (BSD.replace("  b.", "  3. All advertising materials mentioning features must display\n  b."), "BSD-4-Clause"),
        (MIT + "\nThe Software shall be used for Good, not Evil.", "JSON"),
        (MIT + '\n"Commons Clause" License Condition v1.0', "Commons-Clause"),
        ("Business Source License 1.1", "BUSL"),
    ],
)  # fmt: skip
def test_near_misses_are_refused(text: str, name: str, tmp_path: Path) -> None:
    assert name in (judge(repo(LICENSE=text), tmp_path).refusal or "")


def test_unknown_text_is_refused(tmp_path: Path) -> None:
    found = judge(repo(LICENSE="You may use this on Tuesdays. " * 30), tmp_path)
    assert found.refusal == "licence text not recognised"


def test_nothing_at_all_is_refused(tmp_path: Path) -> None:
    assert judge(repo(), tmp_path).refusal == "no licence found"


def test_relicensed_projects_are_clean_from_the_last_change_on(tmp_path: Path) -> None:
    history = licensed(GPL3)
    history.commit("Change the licence", {"LICENSE": MIT})
    history.commit("Go back to the old licence", {"LICENSE": GPL3})
    history.commit("Change the licence at last", {"LICENSE": BSD3})
    history.commit("Change the licence again", {"LICENSE": MIT})
    path = history.build(tmp_path / "repo")
    with Repository(path) as repository, repository.blobs() as blobs:
        licence = licences.at_head(repository, blobs)
        events = [
            event
            for commit in repository.commits("HEAD")
            if (event := licences.licence_event(commit.time, commit.changes, licence.files))
        ]
        past = licences.history(events[::-1], blobs, licence)
    assert past.clean_from == FIRST_DAY + 3 * DAY
    assert past.at(FIRST_DAY + 3 * DAY) == "BSD-3-Clause"
    assert past.at(FIRST_DAY + 9 * DAY) == "MIT"


def test_source_headers_under_copyleft_are_seen() -> None:
    gpl = "# This program is free software; you can redistribute it and/or modify\n# it under the terms of the GNU General Public License\n"
    assert copyleft_header("#!/usr/bin/env python\n" + gpl)
    assert copyleft_header("# SPDX-License-Identifier: LGPL-2.1-or-later\n")
    assert not copyleft_header("# GPL-compatible licence, see LICENSE\nimport gpl\n")
    assert not copyleft_header("x = 1\n" * 2000)

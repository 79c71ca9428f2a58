"""The tables of a run and the numbered migrations that lead to them.

A run is one SQLite file. Its `user_version` is the number of migrations that it has seen, its
`application_id` says that it is ours.
"""

from __future__ import annotations

APPLICATION_ID = 0x756C6D73
"""The letters "ulms": tells our files from foreign SQLite files."""

MIGRATIONS = (
    """
    CREATE TABLE manifest (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL            -- JSON
    ) WITHOUT ROWID;
    CREATE TABLE names (               -- operators and reasons, few and often repeated
        id INTEGER PRIMARY KEY,
        text TEXT NOT NULL UNIQUE
    );
    CREATE TABLE steps (
        step INTEGER PRIMARY KEY,      -- 0, 1, 2, ... without a gap
        batch INTEGER NOT NULL,
        position INTEGER NOT NULL,     -- index within the batch
        operator INTEGER NOT NULL REFERENCES names(id),
        parents TEXT NOT NULL,         -- steps of the parents, separated by spaces
        placement INTEGER NOT NULL,    -- see PLACEMENTS
        program BLOB,                  -- hash, 16 bytes; NULL if refused
        reason INTEGER REFERENCES names(id),  -- of a refusal or an invalid program
        cell INTEGER,
        fitness REAL,
        measures BLOB                  -- little-endian doubles
    );
    CREATE TABLE texts (               -- of admitted programs and of model answers, zlib
        step INTEGER PRIMARY KEY,
        note TEXT NOT NULL,
        source BLOB,
        answer BLOB
    );
    CREATE TABLE batches (             -- how long things took; the only rows with a clock in them
        row INTEGER PRIMARY KEY,
        batch INTEGER NOT NULL,
        num_steps INTEGER NOT NULL,
        elapsed_s REAL NOT NULL,       -- of the search so far, pauses between resumes left out
        parts TEXT NOT NULL            -- JSON: CPU seconds by part of the pipeline, USAGE
    );
    """,
)

USAGE = "usage"
"""Key of a batch's parts under which stands what was asked of servers, if anything was."""

PLACEMENTS = ("new", "improved", "kept_out", "invalid", "refused", "duplicate")
"""Placements by the number that stands in the table; append only."""

"""Writes the table of attacks into the README beside this file."""

from __future__ import annotations

from attack_lab.catalogue import README, read_attacks, table

BEGIN, END = "<!-- attacks -->\n", "<!-- end of attacks -->\n"


def main() -> None:
    """Replace what stands between the two marks."""
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    attacks = read_attacks()
    middle = f"\n{len(attacks)} attacks.\n\n{table(attacks)}\n\n"
    README.write_text(before + BEGIN + middle + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()

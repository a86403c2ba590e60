"""The query language: from what a person typed to a tree, and back.

Pure: no Django and no engine. Whatever is typed gives a tree; what had to be repaired is told.

    A B                     both of them
    A OR B, A | B           either of them; "and" binds closer
    -A, NOT A               without it
    (…)                     brackets
    "…" “…” 「」 『』 《》    exactly this string
    title:A 标题:A           in the title
    outlet:A 来源:A          of the outlet with this slug or name
    after:2023 之后:2023     published in this year, month or day, or later
    before:2023 之前:2023    … or earlier
    date:2023-12 日期:…      in it
"""

from search.language._parser import (
    LONGEST_QUERY,
    MOST_LEVELS,
    MOST_TERMS,
    Parsed,
    Repair,
    RepairKind,
    parse,
)
from search.language._tree import (
    And,
    Node,
    Not,
    Or,
    OutletName,
    Period,
    Phrase,
    Word,
    all_of,
    any_of,
    negated,
)

__all__ = [
    "LONGEST_QUERY",
    "MOST_LEVELS",
    "MOST_TERMS",
    "And",
    "Node",
    "Not",
    "Or",
    "OutletName",
    "Parsed",
    "Period",
    "Phrase",
    "Repair",
    "RepairKind",
    "Word",
    "all_of",
    "any_of",
    "negated",
    "parse",
]

"""The words by which commit messages are refused or told apart (the rules: docs/mining.md)."""

from __future__ import annotations

REFUSALS: tuple[tuple[str, str, str, str], ...] = (
    (
        "merge",
        r"merged?\b|automatic merge",
        r"merge (?:branch|pull|remote|commit|from)",
        "",
    ),
    (
        "revert",
        r"back(?:ed)? out|undo(?:ne|ing)?\b|roll(?:ed)? ?back",
        r"revert(?:s|ed|ing)?\b",
        "",
    ),
    (
        "version",
        r"releas|prepare (?:for|release|v?\d)|(?:update|increment|set|"
        r"change) (?:the )?(?:package )?version|version\b",
        r"versions? (?:bump|to|up)\b|bump(?:s|ed|ing)?\b|v?\d+\.\d+(?:\.\d+)*(?:rc|a|b|dev|"
        r"post)?\d*\s*(?:release|final|$)|change ?log|release notes\b",
        r"news entry",
    ),
    (
        "typo",
        "",
        r"typos?\b|spelling|misspell|gramm(?:ar|atical)|wording\b|punctuation",
        "",
    ),
    (
        "format",
        r"(?:re)?format(?:ted|ting)?\b|black\b|sty(?:le)?\b",
        r"pep[- ]?8\b|flake8\b|pylint\b|pyflakes\b|lint(?:er|ing|s)?\b|isort\b|ruff\b|"
        r"pyupgrade\b|white ?spaces?\b|indent(?:ation|ing|ed)?\b|(?:code|coding) ?style\b|"
        r"cosmetics?\b|import (?:order|sort)|sort(?:ed)? imports|unused imports?\b|trailing\b|"
        r"line (?:length|too long|endings?)\b|(?:run|apply|use|ran) (?:black|autopep8|yapf)\b|"
        r"pre-?commit\b|tidy(?:ing)?(?: up)?$|mypy\b|type (?:hints?|annotations?|ignores?)\b|"
        r"annotat",
        "",
    ),
    (
        "docs",
        r"docs?\b|documentation\b|(?:update|add|fix|improve|edit|clarify|tweak|correct|more|"
        r"better|some|expand|rewrite)\w* (?:\w+ ){0,3}(?:docs?|documentation|comments?|"
        r"copyright|licen[cs]e)\b|comment|(?:document|mention|explain)\b",
        r"doc-?strings?\b|doctests?\b|read ?me\b|copyright\b|sphinx warnings\b",
        "",
    ),
    (
        "ci",
        "",
        r"travis\b|appveyor\b|github actions?\b|tox\b|codecov\b|coveralls\b|pyproject\b|"
        r"setup\.(?:py|cfg)\b|requirements?\b|dependabot\b|ci\b|packag(?:e|ing)(?: data|"
        r" metadata)?$|manifest\b|classifiers?\b|workflows?\b|circleci\b|buildbot\b|build$|"
        r"pypi\b|docker\b",
        "",
    ),
    (
        "vague",
        r"(?:(?:some|more|minor|small|misc(?:ellaneous)?|various|several|little|trivial|tiny|"
        r"a few|general|quick|another|last|final|further|other|many|bunch of|big|simple|"
        r"even more) )+(?:\w+ ){0,2}(?:fix(?:es)?|changes?|tweaks?|clean-?ups?|updates?|"
        r"edits?|improvements?|things?|stuff|work|bugs?|refactor\w*|adjustments?)\b.{0,25}$|"
        r"(?:fix(?:ed|es)?|updat(?:e|ed|es)|chang(?:e|ed|es)|clean(?:ed|ing|s)? ?up|"
        r"refactor(?:ed)?|improv(?:e|ed)|work(?:ing)?|test(?:s|ing|ed)?|cleanups?) (?:on |"
        r"the |a |in |up |for |some |more )*(?:\w+\.py|code|stuff|things?|bugs?|it|this|"
        r"tests?|issues?|errors?|build|files?|everything|again|comments?|review|nits?|merge|"
        r"that|problems?|failures?)[.!]?$|(?:address|respond|apply|react|per|as per|"
        r"incorporate|implement)\w* (?:\w+ ){0,2}(?:review|comments?|feedback|suggestions?)|"
        r"review\b|oops|whoops|no message|checkpoint|snapshot|save\b|sync(?:ed)?\b|nits?\b",
        r"code review\b|first (?:commit|draft|version|pass|cut)\b|initial (?:commit|import|"
        r"version|checkin)\b",
        r"empty log message",
    ),
    (
        "unfinished",
        r"fixup!|squash!|amend!|temp(?:orary)?\b|debug(?:ging)?\b|start(?:ed|ing)? |begin|"
        r"try(?:ing)? |attempt|more work|todo\b|still ",
        r"wip\b|work in progress\b|hack(?:s|ed|y)?\b|experiment|not (?:yet )?(?:working|"
        r"finished|tested)\b|untested\b|half\b",
        "",
    ),
    (
        "chatter",
        r"let's|ok\b|hmm",
        r"my\b|me\b|we(?:'re|'ve|'ll)?\b|our\b|hopefully\b|stupid\b|silly\b|damn\b|shit\b|"
        r"fuck|crap\b|wtf\b|lol\b|grr|argh|ugh\b|thanks?\b|sorry\b|please\b|actually\b|just\b|"
        r"now\b.{0,12}$|again\b|maybe\b|oh\b|yay\b|forgot(?:ten)?\b|embarrass|accidental|"
        r"you\b|guys?\b",
        r"(?<![\w./-])i(?:'ve|'m|'ll|'d)?(?![\w./-])|[:;]-?[)(DPp](?:\s|$)|\?\s*$|!{2,}",
    ),
    (
        "link",
        r"svn\b|forward[- ]?port",
        r"[0-9a-f]{7,40}\b(?<=[0-9])|cherry[- ]?pick|back-?port|r\d{3,}\b|port(?:ed|"
        r"ing)? (?:from|of)|from (?:trunk|master|upstream)\b|trunk\b|tracker\b",
        r"https?://|www\.",
    ),
)
"""Reason; how a message begins; a word in it, from its start; anything else in it."""

KINDS: tuple[tuple[str, str], ...] = (
    (
        "fix",
        r"fix\w*|correct\w*|repair\w*|resolv\w*|prevent\w*|avoid\w*|handl\w*|bug\w*|"
        r"ensur\w*|guard\w*|workaround|work around|catch\w*|don'?t|do not|stop\w*|"
        r"properly|bugfix",
    ),
    (
        "add",
        r"add\w*|implement\w*|support\w*|introduc\w*|allow\w*|creat\w*|new|enabl\w*|"
        r"provid\w*|includ\w*|accept\w*|expos\w*|feat",
    ),
    (
        "remove",
        r"remov\w*|delet\w*|drop\w*|get rid|kill\w*|strip\w*|disabl\w*|eliminat\w*|rm",
    ),
    (
        "perf",
        r"optimi[sz]\w*|speed\w*|faster|perf\w*|cach\w*|accelerat\w*",
    ),
    (
        "refactor",
        r"refactor\w*|simplif\w*|clean\w*|renam\w*|mov\w*|extract\w*|rewrit\w*|"
        r"reorgani[sz]\w*|restructur\w*|deduplicat\w*|factor\w*|inline\w*|split\w*|"
        r"moderni[sz]\w*|tid(?:y|ied)",
    ),
    (
        "test",
        r"tests?|testing|tested|tst",
    ),
    (
        "change",
        r"chang\w*|updat\w*|us(?:e|es|ed|ing)|mak\w*|improv\w*|replac\w*|switch\w*|"
        r"convert\w*|set\w*|return\w*|rais\w*|turn\w*|adjust\w*|modif\w*|increas\w*|"
        r"decreas\w*|reduc\w*|extend\w*|deprecat\w*|check\w*|default\w*|pass\w*|wrap\w*|"
        r"call\w*|merg\w*|revis\w*|better|tweak\w*|port\w*|migrat\w*|upgrad\w*|rework\w*|"
        r"warn\w*|keep\w*|let|skip\w*|ignor\w*|require\w*",
    ),
)
"""Kind, and how a message of that kind begins."""

_IMPERATIVE = """
abort accept activate actually adapt add adjust align allow alter apply assert assign avoid bail
base bind block build bypass cache calculate call cast catch change check clamp clarify clean
clear close coerce collapse collect combine compare complete compute condense consider
consolidate construct convert copy correct count cover create deal decode decouple decrease
dedent dedupe deduplicate default defer define delay delegate delete deprecate derive detect
determine disable disallow discard dispatch display do don't drop eliminate emit emulate enable
encode enforce enhance ensure escape evaluate exclude execute exit expand expect explicitly
export expose extend extract factor fail fallback fetch fill filter find fix fold follow forbid
force forward free generate get give guard handle hide hook hoist ignore implement improve
include increase increment infer inherit init initialize inject inline insert inspect install
introduce invalidate invert invoke join keep leave let lift limit link list load lock log loosen
lower make map mark match memoize merge migrate mimic minimize mock modernize modify move name
negate normalize note notify omit only open optimize override parse pass patch perform permit
pick populate port prefer prepare preserve prevent print process prohibit propagate protect
provide pull push put quote raise read recognize record redirect reduce refactor refine refresh
refuse register reimplement reject relax release reload remove rename render reorder reorganize
replace report require reset resolve respect restore restrict restructure retry return reuse
revamp rework rewrite round run sanitize save search select send separate serialize set shorten
show silence simplify skip sort specify speed split standardize stop store streamline strip
substitute support suppress swap switch take tell test throw tighten track translate treat trim
truncate turn tweak undeprecate unify unwrap update upgrade use validate verify wait warn wrap
write yield
"""
IMPERATIVE = frozenset(_IMPERATIVE.split())
"""Verbs that begin a message in the imperative."""

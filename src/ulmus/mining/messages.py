"""Which commit messages say what the edit does: cleaning, refusals with reasons, kinds.

Rules of commits.md, section 7, step 4, on the subject line only.
"""

from __future__ import annotations

import re

_REFERENCES = re.compile(
    r"\[(?:ci skip|skip ci|skip travis|ci|wip|doc only)\]|\*{3}no_ci\*{3}|"
    r"[\s,;:-]*\(?(?:(?:fix(?:e[sd])?|clos(?:e[sd]?|ing)|resolv(?:e[sd]?|ing)|refs?|see|re|addresses|part of|"
    r"issues?|tickets?|bugs?|pr|pull request)[\s:]*)*(?:\b(?:gh|bpo|lp|sc|issue)[-:]?\s?|#)\d{1,8}\b\)?[.:]?",
    re.IGNORECASE,
)
_EMPTY = re.compile(r"[(\[{]\s*[\])}]")
_PREFIX = re.compile(
    r"^(?:\[[\w ./:-]{1,30}\]\s*|(?:ENH|BUG|FIX|MAINT|API|REF|PERF|BF|RF|NF):\s*)", re.I
)
_PERSONS = re.compile(
    r"[\s,;(.-]+(?:patch(?:ed)?|contributed|reported|suggest(?:ed|ion)|spotted|found|review(?:ed)?|thanks|"
    r"thx|courtesy|credits?|kudos|cc|submitted|authored|signed[- ]off)[\s,:]+(?:by|to|from|of)?\s*"
    r"(?=[@A-Z<]).*$|[\s,;(.-]+(?:thanks|thx|via|by|cc|h/t|from)[\s,:]+@[\w-]+.*$",
    re.IGNORECASE,
)  # fmt: skip
_HANDLE = re.compile(r"(?<![\w/.@])@(?=[A-Za-z])[\w-]+(?![\w(.])")
_DECORATORS = frozenset(
    "property staticmethod classmethod overload cached_property abstractmethod dataclass final "
    "deprecated pytest contextmanager wraps functools typing lru_cache cache".split()
)

MIN_CHARS, MAX_CHARS, MIN_WORDS = 10, 200, 3
MIN_LETTERS = 0.7

_REFUSALS: tuple[tuple[str, str], ...] = (
    ("merge", r"^merged?\b|\bmerge (?:branch|pull|remote|commit|from)|^automatic merge"),
    ("revert", r"\brevert(?:s|ed|ing)?\b|^back(?:ed)? out|^undo(?:ne|ing)?\b|^roll(?:ed)? ?back"),
    ("version", r"\bversions? (?:bump|to|up)\b|\bbump(?:s|ed|ing)?\b|\bv?\d+\.\d+(?:\.\d+)*(?:rc|a|b|dev|post)?\d*\s*"
                r"(?:release|final|$)|^releas|\bchange ?log|^prepare (?:for|release|v?\d)|\brelease notes\b|"
                r"^(?:update|increment|set|change) (?:the )?(?:package )?version|news entry|^version\b"),
    ("typo", r"\btypos?\b|\bspelling|\bmisspell|\bgramm(?:ar|atical)|\bwording\b|\bpunctuation"),
    ("format", r"\bpep[- ]?8\b|\bflake8\b|\bpylint\b|\bpyflakes\b|\blint(?:er|ing|s)?\b|\bisort\b|\bruff\b|\bpyupgrade\b|"
               r"\bwhite ?spaces?\b|\bindent(?:ation|ing|ed)?\b|^(?:re)?format(?:ted|ting)?\b|\b(?:code|coding) ?style\b|"
               r"\bcosmetics?\b|\bimport (?:order|sort)|\bsort(?:ed)? imports|\bunused imports?\b|\btrailing\b|"
               r"\bline (?:length|too long|endings?)\b|\b(?:run|apply|use|ran) (?:black|autopep8|yapf)\b|^black\b|^sty(?:le)?\b|"
               r"\bpre-?commit\b|\btidy(?:ing)?(?: up)?$|\bmypy\b|\btype (?:hints?|annotations?|ignores?)\b|\bannotat"),
    ("docs", r"^docs?\b|^documentation\b|\bdoc-?strings?\b|\bdoctests?\b|\bread ?me\b|^(?:update|add|fix|improve|edit|clarify|"
             r"tweak|correct|more|better|some|expand|rewrite)\w* (?:\w+ ){0,3}(?:docs?|documentation|comments?|copyright|"
             r"licen[cs]e)\b|^comment|^(?:document|mention|explain)\b|\bcopyright\b|\bsphinx warnings\b"),
    ("ci", r"\btravis\b|\bappveyor\b|\bgithub actions?\b|\btox\b|\bcodecov\b|\bcoveralls\b|\bpyproject\b|\bsetup\.(?:py|cfg)\b|"
           r"\brequirements?\b|\bdependabot\b|\bci\b|\bpackag(?:e|ing)(?: data| metadata)?$|\bmanifest\b|\bclassifiers?\b|"
           r"\bworkflows?\b|\bcircleci\b|\bbuildbot\b|\bbuild$|\bpypi\b|\bdocker\b"),
    ("vague", r"^(?:(?:some|more|minor|small|misc(?:ellaneous)?|various|several|little|trivial|tiny|a few|general|quick|another|"
              r"last|final|further|other|many|bunch of|big|simple|even more) )+(?:\w+ ){0,2}(?:fix(?:es)?|changes?|tweaks?|"
              r"clean-?ups?|updates?|edits?|improvements?|things?|stuff|work|bugs?|refactor\w*|adjustments?)\b.{0,25}$|"
              r"^(?:fix(?:ed|es)?|updat(?:e|ed|es)|chang(?:e|ed|es)|clean(?:ed|ing|s)? ?up|refactor(?:ed)?|improv(?:e|ed)|work(?:ing)?|"
              r"test(?:s|ing|ed)?|cleanups?) (?:on |the |a |in |up |for |some |more )*(?:\w+\.py|code|stuff|things?|bugs?|it|this|tests?|issues?|"
              r"errors?|build|files?|everything|again|comments?|review|nits?|merge|that|problems?|failures?)[.!]?$|"
              r"^(?:address|respond|apply|react|per|as per|incorporate|implement)\w* (?:\w+ ){0,2}(?:review|comments?|feedback|"
              r"suggestions?)|\bcode review\b|^review\b|^oops|^whoops|\bfirst (?:commit|draft|version|pass|cut)\b|\binitial "
              r"(?:commit|import|version|checkin)\b|empty log message|^no message|^checkpoint|^snapshot|^save\b|^sync(?:ed)?\b|"
              r"^nits?\b"),
    ("unfinished", r"\bwip\b|^fixup!|^squash!|^amend!|\bwork in progress\b|^temp(?:orary)?\b|\bhack(?:s|ed|y)?\b|\bexperiment|"
                   r"^debug(?:ging)?\b|^start(?:ed|ing)? |^begin|^try(?:ing)? |^attempt|^more work|\bnot (?:yet )?(?:working|finished|tested)\b|"
                   r"\buntested\b|\bhalf\b|^todo\b|^still "),
    ("chatter", r"(?<![\w./-])i(?:'ve|'m|'ll|'d)?(?![\w./-])|\bmy\b|\bme\b|\bwe(?:'re|'ve|'ll)?\b|\bour\b|\bhopefully\b|\bstupid\b|"
                r"\bsilly\b|\bdamn\b|\bshit\b|\bfuck|\bcrap\b|\bwtf\b|\blol\b|\bgrr|\bargh|\bugh\b|[:;]-?[)(DPp](?:\s|$)|\?\s*$|!{2,}|"
                r"\bthanks?\b|\bsorry\b|\bplease\b|\bactually\b|\bjust\b|\bnow\b.{0,12}$|\bagain\b|\bmaybe\b|\boh\b|\byay\b|"
                r"\bforgot(?:ten)?\b|^let's|\bembarrass|\baccidental|\byou\b|\bguys?\b|^ok\b|^hmm"),
    ("link", r"https?://|www\.|\b[0-9a-f]{7,40}\b(?<=[0-9])|\bcherry[- ]?pick|\bback-?port|\br\d{3,}\b|\bport(?:ed|ing)? (?:from|of)|"
             r"\bfrom (?:trunk|master|upstream)\b|\btrunk\b|^svn\b|\btracker\b|^forward[- ]?port"),
)  # fmt: skip
_COMPILED = tuple((reason, re.compile(rule, re.IGNORECASE)) for reason, rule in _REFUSALS)
_ANY = re.compile("|".join(f"(?:{rule})" for _, rule in _REFUSALS), re.IGNORECASE)
_BOT = re.compile(
    r"\bbot\b|\[bot\]|-bot\b|dependabot|renovate|pre-commit|github-actions|greenkeeper|pyup|weblate|transifex|"
    r"autofix|mergify|codemod|jenkins|miss-islington|meeseeks",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z_][\w'.()-]*")
_ENGLISH = re.compile(r"[A-Za-z ]")

_KINDS: tuple[tuple[str, str], ...] = (
    ("fix", r"fix\w*|correct\w*|repair\w*|resolv\w*|prevent\w*|avoid\w*|handl\w*|bug\w*|ensur\w*|"
            r"guard\w*|workaround|work around|catch\w*|don'?t|do not|stop\w*|properly|bugfix"),
    ("add", r"add\w*|implement\w*|support\w*|introduc\w*|allow\w*|creat\w*|new|enabl\w*|provid\w*|"
            r"includ\w*|accept\w*|expos\w*|feat"),
    ("remove", r"remov\w*|delet\w*|drop\w*|get rid|kill\w*|strip\w*|disabl\w*|eliminat\w*|rm"),
    ("perf", r"optimi[sz]\w*|speed\w*|faster|perf\w*|cach\w*|accelerat\w*"),
    ("refactor", r"refactor\w*|simplif\w*|clean\w*|renam\w*|mov\w*|extract\w*|rewrit\w*|reorgani[sz]\w*|"
                 r"restructur\w*|deduplicat\w*|factor\w*|inline\w*|split\w*|moderni[sz]\w*|tid(?:y|ied)"),
    ("test", r"tests?|testing|tested|tst"),
    ("change", r"chang\w*|updat\w*|us(?:e|es|ed|ing)|mak\w*|improv\w*|replac\w*|switch\w*|convert\w*|set\w*|"
               r"return\w*|rais\w*|turn\w*|adjust\w*|modif\w*|increas\w*|decreas\w*|reduc\w*|extend\w*|"
               r"deprecat\w*|check\w*|default\w*|pass\w*|wrap\w*|call\w*|merg\w*|revis\w*|better|tweak\w*|"
               r"port\w*|migrat\w*|upgrad\w*|rework\w*|warn\w*|keep\w*|let|skip\w*|ignor\w*|require\w*"),
)  # fmt: skip
_KIND_RULES = tuple(
    (kind, re.compile(rf"(?:[\w./()-]+: ?)?(?:{rule})\b", re.IGNORECASE)) for kind, rule in _KINDS
)

IMPERATIVE = frozenset(
    """abort accept activate actually adapt add adjust align allow alter apply assert assign avoid \
bail base bind block build bypass cache calculate call cast catch change check clamp clarify clean \
clear close coerce collapse collect combine compare complete compute condense consider \
consolidate construct convert copy correct count cover create deal decode decouple decrease \
dedent dedupe deduplicate default defer define delay delegate delete deprecate derive detect \
determine disable disallow discard dispatch display do don't drop eliminate emit emulate enable \
encode enforce enhance ensure escape evaluate exclude execute exit expand expect explicitly \
export expose extend extract factor fail fallback fetch fill filter find fix fold follow forbid \
force forward free generate get give guard handle hide hook hoist ignore implement improve \
include increase increment infer inherit init initialize inject inline insert inspect install \
introduce invalidate invert invoke join keep leave let lift limit link list load lock log loosen \
lower make map mark match memoize merge migrate mimic minimize mock modernize modify move name \
negate normalize note notify omit only open optimize override parse pass patch perform permit \
pick populate port prefer prepare preserve prevent print process prohibit propagate protect \
provide pull push put quote raise read recognize record redirect reduce refactor refine refresh \
refuse register reimplement reject relax release reload remove rename render reorder reorganize \
replace report require reset resolve respect restore restrict restructure retry return reuse \
revamp rework rewrite round run sanitize save search select send separate serialize set shorten \
show silence simplify skip sort specify speed split standardize stop store streamline strip \
substitute support suppress swap switch take tell test throw tighten track translate treat trim \
truncate turn tweak undeprecate unify unwrap update upgrade use validate verify wait warn wrap \
write yield""".split()
)


def clean(subject: str) -> str:
    """Return a subject without issue references, tags, thanks and handles."""
    text = _REFERENCES.sub("", subject[: 4 * MAX_CHARS])
    text = _PREFIX.sub("", text.strip())
    text = _PERSONS.sub("", text)
    text = _HANDLE.sub(lambda hit: hit[0] if hit[0][1:] in _DECORATORS else "", text)
    text = _EMPTY.sub("", text)
    return re.sub(r"\s+", " ", text).strip(" \t,;:-–—.")


def refusal(message: str, author: str, email: str) -> str | None:
    """Return why a cleaned message is of no use, or None.

    Args:
        message: From `clean`.
        author: Name of the author; bots are refused, and messages that name their author.
        email: Address of the author.
    """
    if _BOT.search(author) or _BOT.search(email):
        return "bot"
    if not MIN_CHARS <= len(message) <= MAX_CHARS:
        return "length"
    if len(_WORD.findall(message)) < MIN_WORDS:
        return "few words"
    if len(_ENGLISH.findall(message)) < MIN_LETTERS * len(message) or not message.isprintable():
        return "not English"
    if "\ufffd" in message or sum(map(str.isalpha, message)) > len(re.findall("[A-Za-z]", message)):
        return "not English"
    if _ANY.search(message):
        return next(reason for reason, rule in _COMPILED if rule.search(message))
    if names_author(message, author):
        return "names a person"
    return None


def names_author(message: str, author: str) -> bool:
    """Tell whether a message contains the full name of its author."""
    return len(author) >= 5 and " " in author and author.lower() in message.lower()


def kind(message: str) -> str:
    """Return what sort of edit a message announces, by its first words."""
    for name, rule in _KIND_RULES:
        if rule.match(message):
            return name
    return "other"


def is_imperative(message: str) -> bool:
    """Tell whether a message begins with an imperative verb."""
    first = re.match(r"(?:\w+(?:\([\w./-]+\))?: ?)?([A-Za-z']+)", message)
    return bool(first) and first[1].lower() in IMPERATIVE  # type: ignore[index]

"""Tell what a single line is: a date, a byline, a heading over related stories, a prompt.

Word lists come from `reference/gazetteers`; each predicate is anchored at both ends of the line or
limited in length, so that a story *about* newsletters, cookies or bylines survives.
"""

import re
from functools import cache, lru_cache
from typing import Final, Literal

from newscrawl.reference import word_list
from newscrawl.wording import UNSPACED, fold

DateField = Literal["published", "modified"]

SENTENCE_END: Final = re.compile(r"[.!?…。！？؟।]['\"”’»)\]]*(?:\s*\([^()]{1,40}\))?$")
DIGITS: Final = re.compile(r"\d")
LETTER_RUN: Final = re.compile(r"[^\W\d_]+")
MAX_DATE_LINE: Final = 90
MAX_BYLINE_WORDS: Final = 14
NAME_WORD: Final = re.compile(r"^[^\W\d_a-zа-яё]")
SIGNATURE: Final = re.compile(
    r"\s*(?:[가-힣]{2,4}\s?(?:기자|칼럼니스트|특파원|논설위원)|(?:칼럼니스트|논설위원)\s[가-힣]{2,4}|(?:編集委員|論説委員)[\s　][\u3400-\u9fff々]{3,6})"
    r"(?:\s+\S+@\S+)?\s*$"
)
MAX_SIGNATURE: Final = 80
COPYRIGHT: Final = re.compile(
    r"^\W*(?:©|ⓒ|\(c\)|copyright\b\W*(?:©|ⓒ|\(c\)|\d{4}|:|by\b|(?-i:[A-ZÀ-Þ])[\w .]{1,40}\d{4}(?=\W*$|[.;|]|\W+(?:all rights|alle rechte|tous droits|click)))|alle rechte vorbehalten"
    r"|all rights reserved|tous droits réservés|todos los derechos reservados|todos os direitos reservados"
    r"|tutti i diritti riservati|無断転載|版权所有|저작권자|حقوق النشر محفوظة|جميع الحقوق محفوظة)",
    re.IGNORECASE,
)
STRONG_SHARE: Final = re.compile(
    r"(?:share (?:this|on|via)|follow us|like us on|leave a (?:reply|comment))", re.IGNORECASE
)
FOLLOW: Final = re.compile(
    r"\W{0,3}(?:follow|folgen sie|folge|suivez|síguenos|siga|segui)\b.{0,60}\b(?:on|auf|sur|en|no|su)\s"
    r".{0,20}(?:instagram|facebook|twitter|whatsapp|telegram|youtube|tiktok|linkedin|google news|\bX\b)",
    re.IGNORECASE,
)

CREDIT_LINE: Final = re.compile(
    r"(?i)^\W{0,2}(?:"
    r"(?:photo(?:graph)?s?|fotos?|bild(?:er)?|images?|picture|beitragsbild|titelbild|credits?"
    r"|file photo|zdjęcie|фото|fotó|kuva|الصورة|写真|사진)"
    r"(?:\s+(?:by|von|credits?|courtesy))?\s*[:/©=]"
    r"|(?:photo(?:graph)?|foto|image|picture)s? (?:by|via|courtesy) "
    r"|©\s?(?!\d{4})"
    r").{2,110}$"
)
MAX_LABEL: Final = 120
"""Characters; no label in the word lists has half as many."""
LETTER_OR_DIGIT: Final = re.compile(r"[^\W_]")
LOADING: Final = re.compile(r"\W*loading\b[\w ]{0,20}(?:\.\.\.|…)$", re.IGNORECASE)
NOTE_DASH: Final = re.compile(r"\s+[-|]\s+|:\s+")
MAX_NOTE_WORDS: Final = 5
MAX_LINK_LINE: Final = 250
MAX_SHARE_LINE: Final = 160
MAX_PROMO_WORDS: Final = 30
OFFERED: Final = re.compile(
    r"newsletter|\bapps?\b|whatsapp|telegram|channel|kanal|canal|subscri|abonn|assin|inbox|your e-?mail|alerts?\b|briefing"
    r"|updates?\b|notification|membership|\bmember\b|conversation|stories|journalism|breaking news"
    r"|latest news|day's top|free trial|continue (?:with your )?reading|keep reading|weiterlesen|seguir leyendo|continuer (?:à|de) lire"
    r"|here\b|hier\b|ici\b|aquí|nyhetsbrev|рассыл|канал|قناة|नोटिफिकेशन|व्हाट्सएप",
    re.IGNORECASE,
)

# The figures of a line and the rules ask the same of it; a page has a few hundred lines.
remembered: Final = lru_cache(maxsize=4096)


def is_sentence(line: str) -> bool:
    """Tell whether a line ends as a sentence does, a desk note in brackets allowed.

    >>> is_sentence('He left. (KB/IANS)'), is_sentence("Related Stories")
    (True, False)
    """
    return bool(SENTENCE_END.search(line))


@remembered
def is_date_line(line: str) -> DateField | None:
    """Tell a line that is only a date, with or without a label, and which date it is.

    A label without a value counts: it says where the date stood.

    >>> is_date_line("Published on:"), is_date_line("Updated: 3 May 2024, 10:15 am IST")
    ('published', 'modified')
    >>> is_date_line("13 Sep, 2022, 3:20 pm"), is_date_line("May 3 was a cold day")
    ('published', None)
    """
    if len(line) > MAX_DATE_LINE:
        return None
    label, field, rest = split_date_label(line)
    if label and not rest.strip(" :|-"):
        return field if line.rstrip().endswith(":") else None
    if not DIGITS.search(rest):
        return None
    words = LETTER_RUN.findall(fold(rest))
    if not all(word in _date_words() for word in words):
        return None
    has_year = re.search(r"(?:19|20)\d\d", rest)
    has_day_form = re.search(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d年", rest)
    return field if has_year or has_day_form or (label and words) else None


def is_dateish(line: str) -> bool:
    """Tell a line of nothing but digits and words of dates, a year or not.

    >>> is_dateish("May 28"), is_dateish("3:51 pm"), is_dateish("May Britt")
    (True, True, False)
    """
    words = LETTER_RUN.findall(fold(line))
    return bool(DIGITS.search(line)) and all(word in _date_words() for word in words)


def split_date_label(line: str) -> tuple[str, DateField, str]:
    """Split a line into date label (with separator), which date it labels, and the rest.

    >>> split_date_label("Last updated on: 3 May")
    ('Last updated on: ', 'modified', '3 May')
    """
    match = _label_pattern().match(line)
    if not match:
        return "", "published", line
    field: DateField = "modified" if fold(match[1]) in _modified_labels() else "published"
    return match[0], field, line[match.end() :]


@remembered
def labelled_dates(line: str) -> tuple[tuple[DateField, str], ...]:
    """Split a line that prints several dates, each behind its label.

    >>> labelled_dates("3 May 2024, updated 4 May 2024")
    (('published', '3 May 2024'), ('modified', '4 May 2024'))
    """
    marks = list(_inner_label().finditer(line))
    starts = [0, *(mark.end() for mark in marks)]
    ends = [*(mark.start() for mark in marks), len(line)]
    found: list[tuple[DateField, str]] = []
    for mark, start, end in zip([None, *marks], starts, ends, strict=True):
        is_modified = mark is not None and fold(mark[1]) in _modified_labels()
        if DIGITS.search(line[start:end]):
            found.append(
                ("modified" if is_modified else "published", line[start:end].strip(" |(),;/–—-"))
            )
    return tuple(found)


@remembered
def is_byline(line: str) -> bool:
    """Tell a line that is only a byline: a lead-in word, then names.

    >>> is_byline("By Jane Doe and John Roe"), is_byline("By the river stood a house.")
    (True, False)
    """
    match = byline_prefix().match(line)
    if not match or len(line.split()) > MAX_BYLINE_WORDS or SENTENCE_END.search(line):
        return False
    rest = line[match.end() :].strip()
    words = [w for w in re.split(r"[\s,;/|&-]+", rest) if w and not w.isdigit()]
    if UNSPACED.search(rest) or any("\u0600" <= c <= "\u06ff" for c in rest):
        return 0 < len(words) <= 5
    named = sum(bool(NAME_WORD.match(word)) for word in words)
    return (
        bool(words) and named >= 1 and named >= len(words) - 2 and bool(NAME_WORD.match(words[0]))
    )


@remembered
def is_signature(line: str) -> bool:
    """Tell a name with its role, as Korean and Japanese papers sign below the text.

    >>> is_signature("김철수 기자 kim@a.example"), is_signature("編集委員 山田太郎")
    (True, True)
    """
    return len(line) <= MAX_SIGNATURE and bool(SIGNATURE.match(line))


@remembered
def is_related_heading(line: str) -> bool:
    """Tell a heading over links to other articles, or the message that there are none.

    >>> is_related_heading("Related Stories"), is_related_heading("Related stories surfaced")
    (True, False)
    """
    if len(line) > MAX_LABEL:
        return False
    folded = fold(line)
    return folded.rstrip(": ") in _folded("related_headings") or folded in _folded(
        "related_headings"
    )


@remembered
def is_read_more(line: str) -> bool:
    """Tell a line that points to another article: a known opening, a separator, a title.

    >>> is_read_more("ALSO READ: Old mill to reopen"), is_read_more("Read more of him: he is good.")
    (True, False)
    """
    if len(line) > MAX_LINK_LINE or line.rstrip().endswith("."):
        return False
    match = _opening(line, "read_more", r"\s*[:|»>]\s*\S|\s+[–—-]\s+\S|\s*$")
    if not match:
        return False
    # 'More – much more – came' is a sentence: one word needs a colon.
    opening, *dash = re.split(r"\s[–—-]\s", match[0])
    return not dash or len(opening.split()) > 1


@remembered
def is_read_more_link(line: str) -> bool:
    """Tell whether a line that is a link, or stands in brackets, points to another article.

    No separator is asked for, but an opening of two words: the link says the rest.

    >>> is_read_more_link("Read the full Kestrel 4 review"), is_read_more_link("More rain is due")
    (True, False)
    """
    match = _opening(line, "read_more", r"\b") if len(line) <= MAX_LINK_LINE else None
    return bool(match) and len(LETTER_RUN.findall(match[0] if match else "")) > 1


@remembered
def is_promo(line: str) -> bool:
    """Tell an invitation to a newsletter, an app, a channel or a subscription.

    >>> is_promo("Sign up for our morning newsletter."), is_promo("Get our children home, they said.")
    (True, False)
    """
    if len(line.split()) > MAX_PROMO_WORDS or not _opening(line, "promos", r"\b|$"):
        return False
    return bool(OFFERED.search(line)) or (len(line.split()) <= 8 and not is_sentence(line))


@remembered
def is_share_prompt(line: str) -> bool:
    """Tell a share, follow or comment prompt.

    >>> is_share_prompt("Share this article"), is_share_prompt("Share prices fell on Monday.")
    (True, False)
    """
    if len(line) >= MAX_SHARE_LINE:
        return False
    if FOLLOW.match(line):
        return True
    short = len(line.split()) <= 12 and not (is_sentence(line) and len(line) > 50)
    if fold(line).strip(" :()0123456789") in _folded("shares"):
        return True
    strong = STRONG_SHARE.match(line)
    multi = _opening(line, "shares", r"\s*[:|]?\s*(?:\S+\s*){0,2}$")
    few = not is_sentence(line) or len(line.split()) <= 6
    return short and few and bool(strong or multi)


@remembered
def is_advert_label(line: str) -> bool:
    """Tell an advertising label, alone or with a note that the page goes on.

    >>> is_advert_label("Advertisement"), is_advert_label("Advertisement - Page continues below")
    (True, True)
    >>> is_advert_label("Advertisement spending fell")
    False
    """
    if len(line) > MAX_LABEL:
        return False
    label, *note = NOTE_DASH.split(fold(line).strip(" -:.[]()|"), maxsplit=1)
    return label in _folded("adverts") and sum(len(n.split()) for n in note) <= MAX_NOTE_WORDS


@remembered
def is_orphan(line: str) -> bool:
    """Tell a widget's label that stands alone.

    >>> is_orphan("Loading paragraph..."), is_orphan("___"), is_orphan("Summary of the ruling")
    (True, True, False)
    """
    if not LETTER_OR_DIGIT.search(line) or LOADING.match(line):
        return True
    return len(line) <= MAX_LABEL and fold(line).strip(" :") in _folded("orphans")


@remembered
def is_copyright(line: str) -> bool:
    """Tell a copyright line."""
    return len(line) < 400 and bool(COPYRIGHT.match(line))


@remembered
def is_credit_line(line: str) -> bool:
    """Tell a line that is only an image's credit, from a story's sentence that begins like one.

    >>> is_credit_line("Photo: Jane Doe/Reuters"), is_credit_line("Photos of the flood were shown.")
    (True, False)
    """
    if not CREDIT_LINE.match(line):
        return False
    # 'Photo: a bridge at night, by X': a long sentence is none, unless it names a library.
    is_story = is_sentence(line) and len(line) > 80
    return not is_story or any(name in line for name in word_list("stock"))


@remembered
def is_reading_time(line: str) -> bool:
    """Tell a reading-time note.

    >>> is_reading_time("3 min read"), is_reading_time("Lesedauer: 4 Minuten")
    (True, True)
    """
    if len(line) >= 50 or not DIGITS.search(line):
        return False
    folded = fold(line)
    return any(phrase in folded for phrase in word_list("reading_time"))


@remembered
def is_tag_list(line: str) -> bool:
    """Tell a line that lists tags behind a label.

    >>> is_tag_list("Tags: Russia, Ukraine"), is_tag_list("Tags on the crates were red.")
    (True, False)
    """
    labelled = re.match(
        r"(?i)(?:tags?|topics?|filed under|keywords?|schlagw[oö]rter|etiquetas|mots-clés|temas|الوسوم"
        r"|теги|タグ|标签)\s*[:：]\s*\S",
        line,
    )
    return bool(labelled) and len(line) < 300 and not is_sentence(line)


@cache
def byline_prefix() -> re.Pattern[str]:
    """Compile the lead-ins of a byline, longest first."""
    words = sorted(word_list("byline_prefixes"), key=len, reverse=True)
    alternatives = "|".join(
        re.escape(w) + ("" if w[-1] in ":：" else r"(?=[\s:：])") for w in words
    )
    return re.compile(rf"\s*(?:{alternatives})[\s:：]*", re.IGNORECASE)


@cache
def _folded(name: str) -> frozenset[str]:
    return frozenset(fold(term) for term in word_list(name))


def _opening(line: str, name: str, end: str) -> re.Match[str] | None:
    """Match the beginning of a line, in lower case, with a word list and what may follow."""
    return _opening_pattern(name, end).match(line.lower())


@cache
def _opening_pattern(name: str, end: str) -> re.Pattern[str]:
    words = sorted((word.lower() for word in word_list(name)), key=len, reverse=True)
    return re.compile(rf"\W{{0,3}}(?:{'|'.join(map(re.escape, words))})(?:{end})")


@cache
def _date_labels() -> tuple[tuple[str, ...], tuple[str, ...]]:
    terms = word_list("date_labels")
    at = terms.index("= modified")
    return terms[:at], terms[at + 1 :]


@cache
def _modified_labels() -> frozenset[str]:
    return frozenset(fold(term) for term in _date_labels()[1])


def _any_date_label() -> str:
    published, modified = _date_labels()
    return "|".join(map(re.escape, sorted((*published, *modified), key=len, reverse=True)))


@cache
def _label_pattern() -> re.Pattern[str]:
    return re.compile(
        rf"\W{{0,3}}({_any_date_label()})(?:\s*[:：|]\s*|\s+(?=\d|\w+[,.]?\s+\d|$)|$)",
        re.IGNORECASE,
    )


@cache
def _inner_label() -> re.Pattern[str]:
    return re.compile(
        rf"(?:^|(?<=\W))({_any_date_label()})(?:\s*[:：|]\s*|\s+(?=\d|\w+[,.]?\s+\d))",
        re.IGNORECASE,
    )


@cache
def _date_words() -> frozenset[str]:
    return _folded("date_words")

"""What is the article's text and what is not, on pages whose layouts differ."""

from textwrap import dedent

import lxml.html
import pytest

from newscrawl import Article, Page, clean
from newscrawl.extraction.choice import expected_f1
from newscrawl.extraction.document import Document, parse_document
from newscrawl.extraction.evidence import Evidence
from newscrawl.extraction.segments import cut_segments
from tests.pages_of import PROSE, page, paragraphs

URL = "https://www.harbourcourier.example/news/2024/05/03/ferry-landing-to-reopen"


def article_of(html: str) -> Article:
    found = clean(Page(body=html, url=URL))
    assert isinstance(found, Article), found
    return found


def texts(html: str) -> list[str]:
    return [block.text for block in article_of(html).body]


def segments(body: str) -> list[str]:
    document = parse_document(Page(body=f"<html><body>{body}</body></html>", url=URL))
    assert isinstance(document, Document)
    return [segment.text for segment in cut_segments(document.tree)]


@pytest.mark.parametrize(
    "noise",
    [
        '<div class="related-stories"><h3>Related stories</h3><ul><li><a href="/a">Old mill burns down overnight</a></li>'
        '<li><a href="/b">Bridge to close for a year</a></li></ul></div>',
        '<div class="newsletter-signup"><h4>The Morning Courier</h4><p>Sign up for our daily newsletter and never miss a story.</p></div>',
        '<div class="author-bio"><p>Jo Doe is a reporter who covers the harbour and the council. She joined the Courier in 2011.</p></div>',
        '<section id="comments" class="comments-area"><h3>2 comments</h3><div class="comment"><p>I have waited for this for years, '
        'and so has my whole family, who used to take the boat every week.</p></div><div class="comment"><p>Where am I to park, '
        "I ask you? Nobody has thought of that, as usual in this town of ours.</p></div></section>",
        '<p><a href="/c">Read more: Bridge to close for a year</a></p>',
        '<div class="share-bar"><span>Share</span><a href="https://www.facebook.com/sharer?u=x">Facebook</a></div>',
        '<aside class="recommended"><h3>Recommended</h3><a href="/d"><p>The ten best walks along the coast, from short to long</p></a></aside>',
    ],
    ids=["related", "newsletter", "bio", "comments", "read-more", "share", "recommended"],
)
def test_what_stands_under_the_text_is_cut(noise: str) -> None:
    assert texts(page(paragraphs() + noise)) == list(PROSE)


@pytest.mark.parametrize(
    "insert",
    [
        '<div class="promo"><a href="/x"><h4>Bridge to close for a year</h4></a></div>',
        '<div class="ad-slot"><p>Advertisement</p></div>',
        '<aside class="related"><p>Also read</p><p><a href="/y">Old mill burns down overnight</a></p></aside>',
        '<figure><img src="/f.jpg" alt="The landing"><figcaption>The landing in March. Photo: Jo Doe</figcaption></figure>',
    ],
    ids=["promo", "advert", "also-read", "figure"],
)
def test_inserts_are_cut_and_the_text_around_them_stays(insert: str) -> None:
    body = paragraphs(*PROSE[:3]) + insert + paragraphs(*PROSE[3:])

    assert texts(page(body)) == list(PROSE)


@pytest.mark.parametrize(
    ("head", "why"),
    [
        ('<p class="byline">By Jo Doe</p>', "byline"),
        ('<p class="date">3 May 2024, 8:00 am</p>', "date"),
        ('<p class="kicker"><a href="/news">News</a></p>', "kicker"),
        ('<p class="reading-time">3 min read</p>', "reading time"),
    ],
)
def test_lines_before_the_text_are_cut(head: str, why: str) -> None:
    assert texts(page(head + paragraphs())) == list(PROSE), why


def test_removed_lines_carry_a_code_and_say_what_spoke_against_them() -> None:
    bio = '<div class="author-bio"><p>Jo Doe is a reporter who covers the harbour. She joined the Courier in 2011.</p></div>'
    removed = article_of(page(paragraphs() + bio)).removed

    assert all(edit.code for edit in removed)
    for edit in removed:
        if edit.text.startswith("Jo Doe is a reporter"):
            assert edit.detail
            assert "scored" in edit.detail


@pytest.mark.parametrize(
    ("extra", "wanted"),
    [
        ("<h2>What it will cost</h2>", ["What it will cost"]),
        ("<h2>Von Risiken und Nebenwirkungen</h2>", ["Von Risiken und Nebenwirkungen"]),
        (
            "<ul><li>Two boats an hour in summer</li><li>One boat an hour in winter</li><li>None at Christmas</li></ul>",
            ["Two boats an hour in summer", "One boat an hour in winter", "None at Christmas"],
        ),
        (
            "<blockquote><p>I never thought that I would see a boat there again in my life.</p></blockquote>",
            ["I never thought that I would see a boat there again in my life."],
        ),
        (
            "<table><tr><th>Ticket</th><th>Price in pounds</th></tr><tr><td>Single, adult</td><td>4.50</td></tr>"
            "<tr><td>Return, adult</td><td>8.00</td></tr></table>",
            ["Ticket | Price in pounds", "Single, adult | 4.50", "Return, adult | 8.00"],
        ),
    ],
    ids=["sub-heading", "heading-like-a-byline", "list", "quote", "table"],
)
def test_content_between_paragraphs_stays(extra: str, wanted: list[str]) -> None:
    body = paragraphs(*PROSE[:3]) + extra + paragraphs(*PROSE[3:])

    assert texts(page(body)) == [*PROSE[:3], *wanted, *PROSE[3:]]


def test_questions_that_repeat_in_an_interview_stay() -> None:
    question = "<p><strong>What do you expect of the new ferry?</strong></p>"
    body = "".join(question + f"<p>{answer}</p>" for answer in PROSE)

    assert texts(page(body)).count("What do you expect of the new ferry?") == len(PROSE)


def test_a_quote_that_comes_twice_stays_twice() -> None:
    quote = "“The boat is not a bridge, and it never will be one,” the harbour master told the council that evening."
    body = paragraphs(*PROSE[:4], quote, PROSE[4], PROSE[5], quote)

    assert texts(page(body)).count(quote) == 2


@pytest.mark.parametrize("mark", [' class="pullquote"', ' class="stylized pull-right"', ""])
def test_a_pull_quote_goes_and_its_sentence_stays(mark: str) -> None:
    told = "The harbour master was moved. We have waited long enough for this, he said, and he put the keys on the table."
    pulled = f"<blockquote{mark}><p>We have waited long enough for this</p></blockquote>"
    body = paragraphs(*PROSE[:2]) + pulled + paragraphs(told, *PROSE[3:])

    assert texts(page(body)) == [*PROSE[:2], told, *PROSE[3:]]


def test_a_story_printed_twice_for_two_screen_sizes_is_kept_once() -> None:
    body = f'<div class="desktop-body">{paragraphs()}</div><div class="mobile-body">{paragraphs()}</div>'

    assert texts(page(body)) == list(PROSE)


def test_a_table_of_contents_goes_and_its_headings_stay() -> None:
    names = ("The vote", "The cost", "The boats")
    contents = "".join(f'<li><a href="#{i}">{name}</a></li>' for i, name in enumerate(names))
    chapters = "".join(
        f'<h2 id="{i}">{name}</h2>{paragraphs(*PROSE[2 * i : 2 * i + 2])}'
        for i, name in enumerate(names)
    )
    found = texts(page(f'<div class="toc"><ul>{contents}</ul></div>{chapters}'))

    assert found == [
        text for i, name in enumerate(names) for text in (name, *PROSE[2 * i : 2 * i + 2])
    ]


def test_a_correspondents_article_is_no_comment() -> None:
    assert texts(page(f'<div class="correspondent-story responsive">{paragraphs()}</div>')) == list(
        PROSE
    )


def test_a_consent_dialog_is_no_text() -> None:
    dialog = paragraphs(
        "When you visit our website, we store cookies on your browser to collect information about you.",
        "If you are a resident of this state, you have the right, at any time, to tell us not to sell it.",
    )
    body = f'{paragraphs()}<div id="onetrust-consent-sdk"><div class="ot-pc"><div class="ot-x">{dialog}</div></div></div>'

    assert texts(page(body)) == list(PROSE)


def test_sibling_containers_are_joined() -> None:
    parts = [
        f'<div class="body__inner-container">{paragraphs(*PROSE[i : i + 2])}</div>'
        for i in (0, 2, 4)
    ]
    advert = '<div class="ad-slot ad">Advertisement</div>'

    assert texts(page(advert.join(parts))) == list(PROSE)


def test_a_lead_outside_the_body_container_is_found() -> None:
    lead = "After nine years of waiting, boats will leave from the old landing again, and the town is to pay for a third of it."
    body = f'<div class="article-lead"><p>{lead}</p></div><div class="article-body">{paragraphs()}</div>'
    found = article_of(page(body))

    assert lead in found.text or found.subtitle == lead
    assert all(text in found.text for text in PROSE)


def test_poems_keep_their_lines() -> None:
    poem = "<p>The ferry sleeps upon the sand,<br>the rope is frayed, the bell is dumb,<br>and still we stand here, hat in hand,<br>and wait for boats that do not come.</p>"
    found = texts(page(paragraphs(*PROSE[:3]) + poem + paragraphs(*PROSE[3:])))

    assert "the rope is frayed, the bell is dumb," in found


@pytest.mark.parametrize(
    ("markup", "wanted"),
    [
        ('<p><span class="dropcap">N</span>ine years later</p>', ["Nine years later"]),
        ('<div class="cap">N</div><div>ine years later</div>', ["Nine years later"]),
        ('<p>Read it <span class="sr-only">opens new tab</span>here</p>', ["Read it here"]),
        ('<p>One<span style="display: none">two</span></p>', ["One"]),
        ('<p>One<span style="position: absolute; clip: rect(0 0 0 0)">two</span></p>', ["One"]),
        ('<p>Read <a href="/x">it<span class="go-vh">(new window)</span></a></p>', ["Read it"]),
        ('<p class="vh-100">One <span class="vh-100">two</span></p>', ["One two"]),
        (
            "<p>One <x-note>two</x-note> three (<x-cite><a>4</a></x-cite>)</p>",
            ["One two three (4)"],
        ),
        ("<div>One <x-card><p>two</p></x-card></div>", ["One", "two"]),
        ("<div><x-label>One</x-label><x-label>two</x-label></div>", ["One", "two"]),
        ("<p>One<br>Two</p>", ["One", "Two"]),
        ("<p>One <b>two</b> <i>three</i></p>", ["One two three"]),
        ("<table><tr><td>a</td><td>b</td></tr></table>", ["a | b"]),
        ("<table><tr><td><p>a</p></td><td><p>b</p></td></tr></table>", ["a", "b"]),
        ("<ul><li>a<ul><li>b</li></ul></li></ul>", ["a", "b"]),
        ("<p>a</p><script>var x</script><noscript>y</noscript>", ["a"]),
    ],
)
def test_pages_are_cut_into_the_lines_that_a_reader_sees(markup: str, wanted: list[str]) -> None:
    assert segments(markup) == wanted


def test_expected_f1_is_that_of_certain_scores() -> None:
    assert expected_f1({0, 1}, [1.0, 1.0, 0.0], [10, 10, 10]) == pytest.approx(1.0)
    assert expected_f1({2}, [1.0, 1.0, 0.0], [10, 10, 10]) == 0.0
    assert expected_f1(set(), [1.0], [10]) == 0.0


SHORT = {
    "de": "Der Rat stimmte am Dienstag dafür, den alten Fähranleger wieder zu öffnen, neun Jahre nach der letzten Fahrt.",
    "fr": "Le conseil a voté mardi la réouverture du vieil embarcadère, neuf ans après le départ du dernier bateau.",
    "es": "El consejo votó el martes a favor de reabrir el viejo embarcadero, nueve años después del último barco.",
    "pl": "Rada zagłosowała we wtorek za ponownym otwarciem starej przystani, dziewięć lat po odpłynięciu ostatniej łodzi.",
    "ru": "Совет во вторник проголосовал за открытие старой пристани, через девять лет после отплытия последней лодки.",
    "tr": "Meclis salı günü eski iskelenin yeniden açılması için oy kullandı, son tekneden tam dokuz yıl sonra.",
    "ar": "صوت المجلس يوم الثلاثاء على إعادة فتح المرسى القديم بعد تسع سنوات من مغادرة آخر قارب له.",
    "hi": "परिषद ने मंगलवार को पुराने घाट को फिर से खोलने के पक्ष में मतदान किया, आखिरी नाव के जाने के नौ साल बाद।",
    "ja": "町議会は火曜日、最後の船が去ってから九年ぶりに古い渡し場を再開することを賛成多数で決めた。",
    "ko": "의회는 화요일 마지막 배가 떠난 지 아홉 해 만에 오래된 나루터를 다시 열기로 표결했다고 밝혔다.",
    "zh": "镇议会周二投票决定，在最后一班船离开九年之后，重新开放这座古老的渡口码头。",
    "id": "Dewan pada hari Selasa memutuskan membuka kembali dermaga lama, sembilan tahun setelah kapal terakhir pergi.",
    "sv": "Rådet röstade i tisdags för att öppna den gamla färjeplatsen igen, nio år efter att sista båten lämnade den.",
}


@pytest.mark.parametrize("language", SHORT)
def test_structure_tells_the_text_in_every_language(language: str) -> None:
    lines = [f"{SHORT[language]} ({number})" for number in range(1, 7)]
    box = '<div class="related"><ul><li><a href="/a">Lorem ipsum dolor sit</a></li><li><a href="/b">Amet consectetur elit</a></li></ul></div>'
    html = dedent(page(paragraphs(*lines) + box))

    assert texts(html) == lines


@pytest.mark.parametrize(
    "line",
    [
        "The newsletter that the harbour master writes has more readers than the town has people, he likes to say.",
        "Cookies are baked on board, and the browser of a passing tourist found them listed as the best on the coast.",
        "Copyright in the old timetable belongs to the county, which does not know what to do with it, the clerk said.",
        "Advertising paid for the first ferry: a soap maker's name stood on its funnel until the paint came off it.",
        "Anyone who saw the boat that night is asked to call the police on 01632 960123, at any time of day or night.",
        "With information from passengers the engineers worked out where the old cable lies, and marked it on a map.",
        "CLAIM: The landing was closed because of rats. THE FACTS: It was closed because nobody paid for the lamps.",
        "DEAR ABBY: My husband wants to live on the ferry, and I do not. What am I to tell him when he asks again?",
        "TOSS: The harbour team won it and chose to bat first on a pitch that nobody had looked at since September.",
        "Follow the path along the water until you reach the landing, and wait there for the bell, says the notice.",
    ],
)
def test_lines_that_look_like_notices_stay(line: str) -> None:
    assert line in texts(page(paragraphs(*PROSE[:3], line, *PROSE[3:])))


def test_a_live_blog_keeps_its_posts_and_their_times() -> None:
    posts = "".join(
        f'<div class="live-post"><h3>1{n}:05 pm</h3><p>{text}</p></div>'
        for n, text in enumerate(PROSE)
    )
    found = texts(page(posts, title="Ferry vote: live updates"))

    assert [text for text in found if text in PROSE] == list(PROSE)


def test_a_recipe_keeps_its_lists() -> None:
    parts = ("two pounds of mackerel", "one onion, cut small", "a cup of cream", "salt and pepper")
    recipe = "<h2>Ingredients</h2><ul>" + "".join(f"<li>{part}</li>" for part in parts) + "</ul>"
    found = texts(page(paragraphs(*PROSE[:3]) + recipe + paragraphs(*PROSE[3:])))

    assert [text for text in found if text in parts] == list(parts)


def test_a_text_that_trafilatura_splits_is_traced_in_the_order_of_its_lines() -> None:
    told = [f"The council met in room {n} and" for n in range(8)] + ["went home before noon."]
    tree = lxml.html.document_fromstring(
        f"<p>{' '.join(told)}</p><p>Nothing of the kind was said there.</p>"
    )

    evidence = Evidence(cut_segments(tree), title="", summaries=[], captions=[]).with_told(told)

    assert evidence.traf == [True, False]

"""Published attacks through the real pipeline into a real browser: nothing runs, nothing escapes.

Every payload is written as an archive file, imported, and what is stored of it shown on an
article's page in Chromium with every dialog hooked; then every element is sent every event that a
handler could wait for. Our own have a page each; of the published ones some share a page, each
sanitised by itself, and where something is wrong each is looked at alone.
"""

import json
import re
from collections import ChainMap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request
from pytest_django.live_server_helper import LiveServer

from articles.editing import apply_edit
from articles.importing import run_import
from articles.models import Article, Outlet
from articles.problems import ProblemKind
from search.indexing import rebuild

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 25
PUBLISHED = Path(__file__).parents[2].parent / "shared" / "data" / "xss_payloads.json"
OWN = [
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img src='https://x.example/a.jpg' alt='\"><script>alert(1)<"
    "/script>' title='\" onload=\"alert(1)'>",
    "<img src='https://x.example/\"onerror=\"alert(1)'>",
    "<img src='https://x.example/a.jpg' alt='&quot; onmouseover=a"
    "lert(1) x=&quot;&lt;script&gt;alert(1)&lt;/script&gt;'>",
    "<a href='javascript:alert(1)'>点</a><a href=' java\tscript:alert(1)'>点</a>",
    "<a href='&#x6a;avascript&colon;alert(1)'>点</a><a href='data:"
    "text/html,<script>alert(1)</script>'>点</a>",
    "<a href='https://x.example/' title='\" onfocus=alert(1) autofocus x=\"'>点</a>",
    "<a href='https://x.example/\" onclick=\"alert(1)'>点</a>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s></svg>",
    '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">',
    '<math><mtext><table><mglyph><style><!--</style><img title="-'
    '-&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "<iframe src='javascript:alert(1)'></iframe><embed src='javascript:alert(1)'>",
    "<object data='data:text/html,<script>parent.alert(1)</script>'></object>",
    "<details open ontoggle=alert(1)><summary>开</summary></details>",
    "<video><source onerror=alert(1)></video><audio src=x onerror=alert(1)>",
    "<style>@import 'https://x.example/a.css'; * {background: url(javascript:alert(1))}</style>",
    "<div style='background:url(javascript:alert(1));position:fixed;inset:0'>盖住</div>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'><base href='https://x.example/'>",
    "<link rel=stylesheet href='https://x.example/a.css'>",
    "</div></div></article></main></body></html><script>alert(1)</script>",
    "<table><tr><td></div></article><img src=x onerror=alert(1)>",
    "<select><template><img src=x onerror=alert(1)></template></select><plaintext>",
    '<textarea><img title="</textarea><img src=x onerror=alert(1)>">',
    '<title><img title="</title><img src=x onerror=alert(1)>"></title><xmp><img></xmp>',
    "<p lang='\"><script>alert(1)</script>' dir='\" onclick=alert(1)'>字</p>",
    "{{ 7|add:7 }}{% include 'x' %}${alert(1)}`${alert(1)}`",
    "<!--><img src=x onerror=alert(1)>--><![CDATA[<script>alert(1)</script>]]><?php alert(1) ?>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<input autofocus onfocus=alert(1)><button formaction=javascript:alert(1)>按</button>",
    "<form id=x action=javascript:alert(1)><input type=submit></form><button form=x>按</button>",
    "<img name=cookie src=x><a id=content href=x>假</a><"
    "form name=body><input name=children></form>",
    "<p id=content class=masthead style=color:red data-x=1 aria-l"
    "abel=x tabindex=1 contenteditable>字",
    "<b" + " a=b" * 40 + " onclick=alert(1)>粗</b>",
    "<div>" * 200 + "<img src=x onerror=alert(1)>",
]


def words(text: str) -> set[str]:
    return set(text.split())


GLOBAL_ATTRIBUTES = {"lang", "dir"}
ATTRIBUTES = {
    "a": {"href", "title", "rel"},
    "img": {"src", "alt", "title", "width", "height", "loading", "decoding"},
    "td": {"colspan", "rowspan", "scope"},
    "th": {"colspan", "rowspan", "scope"},
    "col": {"span"},
    "colgroup": {"span"},
    "ol": {"start", "type", "reversed"},
    "li": {"value"},
    "time": {"datetime"},
    "abbr": {"title"},
}
TAGS = words(
    "p br hr div span h2 h3 h4 h5 h6 blockquote q cite pre code kbd samp var a abbr b strong i em "
    "u s del ins sub sup small mark time bdi bdo wbr ruby rb rt rp rtc ul ol li dl dt dd table "
    "caption colgroup col thead tbody tfoot tr th td figure figcaption img"
)
DROPPED = words(
    "script style noscript template svg math object embed applet iframe form input button select "
    "textarea title xmp noembed noframes plaintext base meta link video audio"
)
REFUSALS = {ProblemKind.BINARY_FILE}
VALUES = {
    "lang": r"[A-Za-z0-9-]*",
    "dir": r"(?i:ltr|rtl|auto)",
    "href": r"(?i:https?://|mailto:)\S*",
    "src": r"(?i:https?://\S*|/media/\S*)",
    "rel": r"noopener noreferrer nofollow",
    "loading": r"lazy",
    "decoding": r"async",
    "width": r"[0-9]{1,4}",
    "height": r"[0-9]{1,4}",
    "colspan": r"[1-9][0-9]{0,2}|0[0-9]{1,2}",
    "rowspan": r"[1-9][0-9]{0,2}|0[0-9]{1,2}",
    "span": r"[1-9][0-9]{0,2}|0[0-9]{1,2}",
}

HOOKS = """
window.fired = [];
for (const name of ["alert", "confirm", "prompt", "print", "open"]) {
  window[name] = (...given) => { window.fired.push(name + "(" + given.join() + ")"); };
}
addEventListener("securitypolicyviolation", event => {
  window.fired.push("CSP " + event.violatedDirective + " " + event.blockedURI);
});
addEventListener("error", event => {
  if (event instanceof ErrorEvent) window.fired.push("error " + event.message);
}, true);
"""

# Everything a handler could wait for; links and forms stay where they are.
FIRE = """
() => {
  addEventListener("click", event => event.preventDefault(), true);
  addEventListener("auxclick", event => event.preventDefault(), true);
  addEventListener("submit", event => event.preventDefault(), true);
  const names = new Set(["begin", "end", "repeat", "toggle", "finish", "bounce", "start",
    "afterscriptexecute", "webkitanimationstart", "contentvisibilityautostatechange"]);
  for (let object = document.body; object; object = Object.getPrototypeOf(object))
    for (const key of Object.getOwnPropertyNames(object))
      if (key.startsWith("on")) names.add(key.slice(2));
  const handles = element => [...element.attributes].some(({name}) => name.startsWith("on"));
  for (const element of document.querySelectorAll("*"))
    if (handles(element) || element.closest("div.body"))
      for (const name of names) element.dispatchEvent(new Event(name, {cancelable: true}));
}
"""

INSPECT = """
() => {
  const container = document.querySelector("article.reading > div > div.body");
  return {
    fired: window.fired,
    // The body is alone in what tells its language.
    next: (container.nextElementSibling ?? container.parentElement.nextElementSibling)?.className,
    elements: [...container.querySelectorAll("*")].map(element => [
      element.namespaceURI === "http://www.w3.org/1999/xhtml"
        ? element.localName : element.namespaceURI + element.localName,
      [...element.attributes].map(attribute => [attribute.name, attribute.value]),
    ]),
    oddNodes: [...(function* () {
      const walker = document.createTreeWalker(container, NodeFilter.SHOW_ALL);
      while (walker.nextNode())
        if (![Node.ELEMENT_NODE, Node.TEXT_NODE].includes(walker.currentNode.nodeType))
          yield walker.currentNode.nodeName;
    })()],
    paragraphs: [...container.children].filter(child => child.localName === "p")
      .map(child => child.textContent),
    footers: document.querySelectorAll("article.reading > footer.provenance").length,
    outline: [...document.body.children].map(child => child.localName).join(),
    scripts: document.querySelectorAll(
      "script:not(head > script[src^='/static/']), iframe, object, embed, style, base, " +
      "meta[http-equiv]"
    ).length,
  };
}
"""

# Whether the paragraph behind an attack is the last one, and whether its text is to be seen, in raw
# bodies as a browser reads them and in what is stored. What is dropped with its content takes along
# what an attack leaves open behind it.
COMPARE = """
([bodies, dropped]) => bodies.map(([marker, raw, stored]) => {
  const [before, after] = [raw, stored].map(html => {
    const body = new DOMParser().parseFromString(html, "text/html").body;
    const last = body.lastElementChild;
    const isLast = Boolean(last) && last.localName === "p" && last.textContent === marker;
    for (const element of body.querySelectorAll(dropped.join())) element.remove();
    return [isLast, body.textContent.includes(marker)];
  });
  return [before[0] > after[0], before[1] > after[1]];
})
"""


def payloads() -> list[str]:
    found = list(OWN)
    if PUBLISHED.exists():
        found += [entry["payload"] for entry in json.loads(PUBLISHED.read_text(encoding="utf-8"))]
    return found


def faults_of_element(
    tag: str, attributes: list[list[str]], *, with_pictures: bool
) -> Iterator[str]:
    """Say what the element has that safety does not allow."""
    if tag not in TAGS or (tag == "img" and not with_pictures):
        yield f"<{tag}>"
    allowed = GLOBAL_ATTRIBUTES | ATTRIBUTES.get(tag, set())
    given = dict(attributes)
    if given.get("class") == "picture" and tag in ("a", "span"):
        allowed = allowed | {"class"}  # the place of a remote picture
    for name, value in attributes:
        if name not in allowed or not re.fullmatch(VALUES.get(name, "(?s).*"), value):
            yield f"<{tag} {name}={value!r}>"
    if tag == "a" and "href" in given and given.get("rel") != "noopener noreferrer nofollow":
        yield f"<a> without rel: {given}"


def faults(state: dict[str, Any], *, attacks: int = 1, with_pictures: bool = False) -> list[str]:
    """Say all that is wrong with a page that shows so many attacks."""
    found = [str(fired) for fired in state["fired"]]
    for tag, attributes in state["elements"]:
        found += faults_of_element(tag, attributes, with_pictures=with_pictures)
    found += [f"node {name}" for name in state["oddNodes"]]
    if state["next"] not in ("beside", "keeping") or state["footers"] != 1:
        found.append("what follows the body is gone")
    if state["outline"] != "a,header,main,footer":
        found.append(f"the page around is {state['outline']}")
    if state["scripts"]:
        found.append("a script, a frame or a style")
    if sum("before" in paragraph for paragraph in state["paragraphs"]) < attacks:
        found.append("the paragraph before is gone")
    return found


@dataclass(frozen=True)
class Attack:
    """A payload, the body it came in, and the article that was made of it."""

    number: int
    payload: str
    article: Article

    @property
    def raw(self) -> str:
        return raw_body(self.number, self.payload)


def raw_body(number: int, payload: str) -> str:
    return f"<p>before</p>{payload}<p>after-marker-{number}</p>"


@pytest.fixture(scope="module")
def made() -> list[Article]:
    """What the first test had imported, for those after it."""
    return []


@pytest.fixture
def attacks(
    transactional_db: None,
    tmp_path: Path,
    write_article: Callable[..., Path],
    made: list[Article],
) -> list[Attack]:
    """All payloads, each in the body of an article of its own."""
    found = payloads()
    if not made:
        put_in(found, tmp_path, write_article)
        made += Article.objects.select_related("outlet")
    else:
        outlet = made[0].outlet
        outlet.save(force_insert=True)
        Article.objects.bulk_create(
            Article(pk=a.pk, outlet=outlet, title=a.title, url=a.url, body=a.body) for a in made
        )
    articles = {article.url: article for article in made}
    return [
        Attack(number, payload, articles[f"https://paper.example/{number}"])
        for number, payload in enumerate(found)
    ]


def put_in(found: list[str], tmp_path: Path, write_article: Callable[..., Path]) -> None:
    """Import payloads; the few that make a file binary are refused, and an editor pastes those."""
    for number, payload in enumerate(found):
        write_article(
            tmp_path / "articles" / "paper" / f"{number}.md",
            title=f"第{number}号",
            url=f"https://paper.example/{number}",
            body=raw_body(number, payload),
        )
    report = run_import([tmp_path], jobs=2)
    refused = {int(Path(p.path).stem): p.kind for p in report.problems if p.kind in REFUSALS}
    assert report.created == len(found) - len(refused)
    assert len(refused) <= 5
    outlet = Outlet.objects.get_or_create(slug="paper-example", defaults={"name": "晨报"})[0]
    for number in refused:
        url = f"https://paper.example/{number}"
        pasted = Article(outlet=outlet, title="粘贴", original_url=url)
        pasted.body = raw_body(number, found[number])
        apply_edit(pasted, changed=["original_url", "body"])
        pasted.save()


@pytest.fixture
def page(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A page whose dialogs are hooked and that leaves for no other site."""
    context = browser.new_context(base_url=live_server.url)
    context.add_init_script(HOOKS)
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    context.close()


@pytest.fixture
def foreign(page: Page, live_server: LiveServer) -> list[str]:
    """The addresses of other sites that the page asks for."""
    found: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith(live_server.url):
            found.append(request.url)

    page.context.on("request", note)
    return found


def look(page: Page, address: str) -> dict[str, Any]:
    """Open ``address``, fire everything, and tell what became of the page."""
    page.goto(address, wait_until="domcontentloaded")
    page.evaluate(FIRE)
    state: dict[str, Any] = page.evaluate(INSPECT)
    return state


def wrong_with(
    page: Page, attacks: list[Attack], foreign: list[str], *, with_pictures: bool = False
) -> dict[str, list[str]]:
    """Say what is wrong with the page that shows these attacks, by the payload that does it."""
    article = attacks[0].article
    body = "".join(attack.article.body for attack in attacks)
    Article.objects.filter(pk=article.pk).update(body=body)
    foreign.clear()
    state = look(page, article.get_absolute_url() + ("?pictures=1" if with_pictures else ""))
    wrong = list(foreign)
    if with_pictures:
        # What the policy refuses to load over plain HTTP did no harm.
        state["fired"] = [fired for fired in state["fired"] if "CSP img-src http:" not in fired]
        wrong = [url for url in foreign if not url.startswith(("https:", "http:"))]
    wrong += faults(state, attacks=len(attacks), with_pictures=with_pictures)
    if not wrong or len(attacks) == 1:
        return {attack.payload: wrong for attack in attacks if wrong}
    alone = [wrong_with(page, [a], foreign, with_pictures=with_pictures) for a in attacks]
    return dict(ChainMap(*alone)) or {"together: " + "".join(a.payload for a in attacks): wrong}


def shared_pages(attacks: list[Attack]) -> Iterator[list[Attack]]:
    """Yield the attacks that share a page."""
    yield from ([attack] for attack in attacks if attack.number < len(OWN))
    published = [attack for attack in attacks if attack.number >= len(OWN)]
    for start in range(0, len(published), AT_ONCE):
        yield published[start : start + AT_ONCE]


def test_this_test_can_fail(page: Page, attacks: list[Attack], foreign: list[str]) -> None:
    """What is stored unsanitised is noticed, so the tests below mean something."""
    attack = attacks[0]
    for harm in (
        "<p onclick='alert(1)'>字</p>",
        "<p id=x>字</p>",
        "<form></form>",
        "<a href='javascript:alert(1)'>字</a>",
        "<a href='https://x.example/'>字</a>",
        "<script>alert(1)</script>",
        "<!-- x -->",
        "<svg></svg>",
        "</div>",
        "<table><tr><td>",
    ):
        Article.objects.filter(pk=attack.article.pk).update(body=raw_body(0, harm))
        address = attack.article.get_absolute_url()
        assert faults(look(page, address)), harm
        assert faults(look(page, address + "?pictures=1"), with_pictures=True), harm
    harmful = Article(pk=attacks[9].article.pk, body=raw_body(9, "<img src=x onerror=alert(1)>"))
    together = [*attacks[:9], replace(attacks[9], article=harmful), *attacks[10:20]]
    assert list(wrong_with(page, together, foreign)) == [attacks[9].payload]


def test_no_attack_reaches_a_reader(page: Page, attacks: list[Attack], foreign: list[str]) -> None:
    found = (wrong_with(page, some, foreign) for some in shared_pages(attacks))
    assert [wrong for wrong in found if wrong] == []


def test_no_attack_reaches_a_reader_who_wants_pictures(
    page: Page, attacks: list[Attack], foreign: list[str]
) -> None:
    """All of ours, and those of the published ones that leave a picture."""
    pictured = [a for a in attacks if a.number < len(OWN) or "<img" in a.article.body]
    found = (wrong_with(page, some, foreign, with_pictures=True) for some in shared_pages(pictured))
    assert [wrong for wrong in found if wrong] == []


def test_no_attack_takes_along_what_follows_it(page: Page, attacks: list[Attack]) -> None:
    """What a browser would show behind an attack is still in the article, where it was."""
    page.goto("/healthz")
    bodies = [[f"after-marker-{a.number}", a.raw, a.article.body] for a in attacks]
    compared = page.evaluate(COMPARE, [bodies, sorted(DROPPED)])
    pairs = list(zip(attacks, compared, strict=True))
    assert [attack.payload for attack, (_is_moved, is_lost) in pairs if is_lost] == []
    # Its </div> stands in what the parser takes for the text of a style: one level is left open.
    nested = ('<div id="128"><svg><style><img/src=x onerror=alert(128)// ',)
    moved = [attack.payload for attack, (is_moved, _is_lost) in pairs if is_moved]
    assert [payload for payload in moved if not payload.startswith(nested)] == []


def test_no_attack_in_a_title_reaches_a_reader(
    page: Page,
    foreign: list[str],
    tmp_path: Path,
    write_article: Callable[..., Path],
    transactional_db: None,
) -> None:
    """Titles and addresses are text wherever they are shown: lists, articles, search."""
    for number, payload in enumerate(OWN):
        write_article(
            tmp_path / "paper" / f"{number}.md",
            title=f"{' '.join(payload.split())} 标记{number}",
            url=f"https://paper.example/{number}?x={['%22', chr(34)][number % 2]}onclick=alert(1)",
            body=f"<p>{number} &lt;img src=x onerror=alert(1)&gt; 正文</p>",
        )
    run_import([tmp_path], jobs=1)
    rebuild()
    addresses = ["/", "/articles/", "/articles/?page=2", "/search/?q=正文", "/search/?q=script"]
    addresses += [article.get_absolute_url() for article in Article.objects.all()]
    assert len(addresses) > 30
    odd = "script, img, iframe, [onclick], [style], svg:not(.timeline svg, .heat, .legend svg)"
    odd += ", form:not(.filters, .search, .choices form)"
    for address in addresses:
        page.goto(address, wait_until="domcontentloaded")
        page.evaluate(FIRE)
        assert page.evaluate("window.fired") == [], address
        assert page.evaluate(f"document.querySelectorAll('main :is({odd})').length") == 0, address
    assert foreign == []

"""The same story told elsewhere, and more like it, as the article's page shows them."""

import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from articles.importing import run_import
from articles.models import Article, Outlet
from search.indexing import follow_changes, rebuild
from search.related import is_same_story, related_articles, shingles
from search.scripts import script_of_text, text_in_script

SAMPLE = Path(__file__).parents[2] / "sample"
NOON = datetime(2023, 12, 14, 4, tzinfo=UTC)
STORY = (
    "台风今天清晨在华南沿海登陆，中心附近最大风力十四级。气象台发布风暴潮红色预警，要求沿岸居民转移。"
    "铁路部门说，通往港口的列车全部停开，恢复时间要看线路检查的结果。渔港里停着两千多条船，"
    "船员们在岸上的学校过夜。几位老人说，上一次见到这么大的浪，还是三十年前的那个秋天。"
    "电力公司派出一百多支抢修队，预计明天中午以前让大部分住户重新用上电。"
)
OTHER = (
    "市图书馆的旧书修补间在地下一层，六张长桌，十二盏台灯。修书人用糨糊和薄纸补好虫蛀的地方，"
    "一天只能补四页。馆长说，这批地方志要补到后年春天，然后扫描成图，放到网上让所有人看。"
    "志愿者每逢周末来帮忙，先学一个月的裁纸，再学调糨糊，半年以后才能碰书。"
)

Make = Callable[..., Article]


@pytest.fixture
def make(db: None) -> Make:
    """Makes an article: ``make(text, outlet="晨报", hours=0, title=…)``, hours after noon."""

    def make(text: str, *, outlet: str = "晨报", hours: float | None = 0, **fields: Any) -> Article:
        number = Article.objects.count() + 1
        of = Outlet.objects.get_or_create(name=outlet, defaults={"slug": f"paper-{number}"})[0]
        url = f"https://paper.example/{number}"
        return Article.objects.create(
            outlet=of,
            title=fields.pop("title", f"第{number}则"),
            url=url,
            original_url=url,
            published_at=None if hours is None else NOON + timedelta(hours=hours),
            text=text,
            body="".join(f"<p>{line}</p>" for line in text.split("\n")),
            lead=text[:100],
            **fields,
        )

    for number, words in enumerate(("足球联赛", "新书出版", "航天发射", "粮食收成", "电影上映")):
        make(f"{words}的消息今天传来，记者正在核实第{number}条。", title=words)
    return make


def told_on(page: str) -> list[tuple[str, str, bool]]:
    """Return headline, outlet and whether it is the earliest, of each that tells the story."""
    block = page.partition('aria-labelledby="told"')[2].partition("</aside>")[0]
    return [
        (
            re.findall(r'<(?:a href="/articles/\d+/"|span class="this")[^>]*>([^<]+)<', entry)[0],
            re.findall(r'href="/outlets/[^>]*>([^<]+)<', entry)[0],
            'class="earliest"' in entry,
        )
        for entry in block.split("<li")[1:]
    ]


def similar_on(page: str) -> str:
    return page.partition('aria-labelledby="similar"')[2].partition("</aside>")[0]


def page_of(client: Client, article: Article) -> str:
    return client.get(article.get_absolute_url()).content.decode()


def test_who_told_the_story_and_when(client: Client, make: Make) -> None:
    article = make(STORY, title="台风登陆", hours=2)
    make(STORY, outlet="通讯社", title="强台风逼近", hours=0)
    traditional = text_in_script(STORY, "hant")
    make(traditional, outlet="晚报", title="強颱風登陸", hours=5)
    make(STORY[: len(STORY) // 2], outlet="文摘", title="剪报", hours=9)
    make(STORY + OTHER, outlet="晨报", title="台风登陆（更新）", hours=3)
    make(STORY, outlet="旧报", title="不知何时", hours=None)
    make(OTHER, title="修书的人")
    make("台风登陆以后，华南沿海的铁路恢复通车，气象台解除风暴潮预警。", title="台风过后", hours=30)
    rebuild()
    page = page_of(client, article)
    assert told_on(page) == [
        ("强台风逼近", "通讯社", True),
        ("台风登陆", "晨报", False),
        ("台风登陆（更新）", "晨报", False),
        ("強颱風登陸", "晚报", False),
        ("剪报", "文摘", False),
        ("不知何时", "旧报", False),
    ]
    assert re.findall(r'class="this"[^>]*>([^<]+)<', page) == ["台风登陆"]
    assert "台风过后" in similar_on(page)
    assert "逼近" not in similar_on(page)


def test_an_update_or_an_excerpt_finds_what_it_was_made_of(client: Client, make: Make) -> None:
    whole = make(STORY + "\n" + OTHER, title="全文", hours=0)
    excerpt = make(OTHER, title="摘录", hours=1, outlet="文摘")
    rebuild()
    assert told_on(page_of(client, excerpt)) == told_on(page_of(client, whole))
    assert told_on(page_of(client, whole)) == [("全文", "晨报", True), ("摘录", "文摘", False)]


def test_two_at_the_same_moment_are_both_the_earliest(client: Client, make: Make) -> None:
    article = make(STORY, title="一")
    make(STORY, title="二", outlet="晚报")
    rebuild()
    assert told_on(page_of(client, article)) == [("一", "晨报", True), ("二", "晚报", True)]


def test_without_times_none_is_the_earliest(client: Client, make: Make) -> None:
    article = make(STORY, title="一", hours=None)
    make(STORY, title="二", hours=None)
    rebuild()
    assert told_on(page_of(client, article)) == [("一", "晨报", False), ("二", "晨报", False)]


def test_hidden_and_deleted_ones_are_not_told_of(client: Client, make: Make) -> None:
    article = make(STORY, title="一")
    hidden = make(STORY, title="藏起来的", outlet="晚报")
    gone = make(STORY, title="删掉的", outlet="文摘")
    rebuild()
    assert len(told_on(page_of(client, article))) == 3
    Article.objects.filter(pk=hidden.pk).update(hidden=True)
    gone.delete()
    # At once, before the index follows, and afterwards.
    for _ in range(2):
        page = page_of(client, article)
        assert told_on(page) == []
        assert "藏起来的" not in page
        assert "删掉的" not in page
        follow_changes()
    assert client.get(hidden.get_absolute_url()).status_code == 404


def test_what_stands_below_every_article_is_no_story(client: Client, make: Make) -> None:
    appeal = "本报是独立的小报，没有老板，也没有广告。请支持我们，每月只要一杯咖啡的钱。"
    article = make(f"{STORY}\n{appeal}", title="一")
    make(f"{OTHER}\n{appeal}", title="二")
    make(appeal, title="三")
    rebuild()
    assert told_on(page_of(client, article)) == []
    assert "三" in similar_on(page_of(client, article))


def test_nothing_is_told_without_an_index(client: Client, make: Make, index_folder: Path) -> None:
    article = make(STORY)
    response = client.get(article.get_absolute_url())
    assert response.status_code == 200
    assert 'aria-labelledby="told"' not in response.content.decode()


def altered(text: str, chance: random.Random) -> str:
    """Return a text as another outlet would take it: a tenth dropped, in the other script."""
    sentences = re.split(r"(?<=[。！？\n])", text)
    kept = [sentence for sentence in sentences if chance.random() > 0.1]
    is_simplified = script_of_text(text) == "hans"
    shown = text_in_script("".join(kept), "hant" if is_simplified else "hans")
    return shown.replace("，", ", ")


@pytest.mark.django_db
def test_altered_copies_are_found(make: Make) -> None:
    chance = random.Random(1)
    run_import([SAMPLE], jobs=1)
    originals = list(Article.objects.all())
    copies = {
        make(altered(a.text, chance), outlet="转载", title="各方热议最新进展").pk: a
        for a in originals
        if len(a.text) > 200
    }
    assert len(copies) > 40
    rebuild()
    found = [
        original.pk in {told.pk for told in related_articles(Article.objects.get(pk=pk)).told}
        and pk in {told.pk for told in related_articles(original).told}
        for pk, original in copies.items()
    ]
    assert sum(found) >= 0.95 * len(found)
    untouched = set(originals) - set(copies.values())
    alone = {told.pk for article in untouched for told in related_articles(article).told}
    assert not alone & set(copies)


@given(st.text(st.sampled_from("国安法台湾天地玄黄宇宙洪荒，。 \nabcＡ１"), max_size=300))
@settings(max_examples=100)
def test_texts_are_compared_as_they_are_searched(text: str) -> None:
    """Script, width, case, punctuation and spaces make no difference."""
    mine = shingles(text)
    assert (mine[1:] > mine[:-1]).all()
    twin = text_in_script(text, "hant").replace("，", "！ ").upper()
    assert shingles(twin).tolist() == mine.tolist()
    assert is_same_story(mine, mine) == (len(mine) >= 60)

"""The editors' own words at the desk: pasted, seen to be in the index, deleted, written down."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import BrowserContext, expect

from articles.models import AuditEntry
from search.indexing import rebuild
from search.models import Word
from search.own_words import MOST_COMPLAINTS, add_words, own_words
from tests.people import allow

pytestmark = pytest.mark.django_db

LIST = "/admin/search/word/"
ADD = LIST + "add/"
ENGLISH = {"accept-language": "en"}


def paste(client: Client, words: str) -> str:
    """Send words, and return the page that follows."""
    response = client.post(ADD, {"words": words}, headers=ENGLISH, follow=True)
    assert response.status_code == 200
    return response.content.decode()


class TestAdding:
    def test_one_and_many(self, desk: Client) -> None:
        assert "Added: 1 own word." in paste(desk, "  贾家楼 ")
        assert "Added: 2 own words." in paste(desk, "大埔墟\r\n\r\n新屋嶺\n贾家楼\n")
        assert own_words() == {"贾家楼", "大埔墟", "新屋岭"}
        assert Word.objects.filter(word="新屋嶺").exists()
        assert "All of these words were there already." in paste(desk, "新屋岭")

    def test_nothing_is_added_and_nothing_lost_where_a_line_is_bad(self, desk: Client) -> None:
        page = paste(desk, "大埔墟\nNATO峰会\n字\n<b>粗</b>")
        assert own_words() == set()
        assert "Line 2: “NATO峰会”" in page
        assert "Line 3: “字”" in page
        assert "Line 4: “&lt;b&gt;粗&lt;/b&gt;”" in page
        assert "Line 1" not in page
        assert "大埔墟\nNATO峰会\n字\n&lt;b&gt;" in page.replace("\r", "")

    def test_of_many_bad_lines_some_are_told(self, desk: Client) -> None:
        page = paste(desk, "\n".join(f"bad{n}" for n in range(MOST_COMPLAINTS + 7)))
        assert page.count("Line ") == MOST_COMPLAINTS
        assert "7 more such lines." in page

    @pytest.mark.parametrize("words", ["", " \n ", "\0", "法\0律", "很" * 200_001])
    def test_what_is_no_list(self, desk: Client, words: str) -> None:
        assert "errorlist" in paste(desk, words)
        assert own_words() == set()

    def test_is_written_down(self, desk: Client) -> None:
        paste(desk, "大埔墟\n新屋岭")
        entry = AuditEntry.objects.get(action="add")
        assert (entry.username, entry.detail) == ("boss", "大埔墟、新屋岭")
        paste(desk, "大埔墟\n不行x")
        paste(desk, "大埔墟")
        assert AuditEntry.objects.filter(action="add").count() == 1


class TestList:
    def test_says_what_waits_for_the_index(self, desk: Client) -> None:
        add_words(["大埔墟", "新屋岭"])
        page = desk.get(LIST, headers=ENGLISH).content.decode()
        assert "2 words that were added or deleted wait" in page
        assert page.count('alt="False"') == 2
        rebuild()
        add_words(["贾家楼"])
        Word.objects.get(word="大埔墟").delete()
        page = desk.get(LIST, headers=ENGLISH).content.decode()
        assert "2 words that were added or deleted wait" in page
        assert (page.count('alt="True"'), page.count('alt="False"')) == (1, 1)
        rebuild()
        page = desk.get(LIST, headers=ENGLISH).content.decode()
        assert "The search index is cut by these words." in page
        assert 'alt="False"' not in page

    def test_is_searched_in_either_script(self, desk: Client) -> None:
        add_words(["新屋嶺", "大埔墟"])
        for query in ("新屋嶺", "新屋岭", "屋"):
            page = desk.get(LIST, {"q": query}).content.decode()
            assert "新屋嶺" in page
            assert "大埔墟" not in page

    def test_words_are_deleted_and_that_is_written_down(self, desk: Client) -> None:
        add_words(["新屋嶺", "大埔墟", "贾家楼"])
        chosen = list(Word.objects.exclude(word="贾家楼").values_list("pk", flat=True))
        data = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
        assert desk.post(LIST, data).status_code == 302
        pk = Word.objects.get().pk
        assert desk.post(f"{LIST}{pk}/delete/", {"post": "yes"}).status_code == 302
        assert own_words() == set()
        deleted = AuditEntry.objects.filter(action="delete").values_list("target", flat=True)
        assert sorted(deleted) == sorted(["新屋嶺", "大埔墟", "贾家楼"])

    def test_a_word_is_looked_at_and_not_changed(self, desk: Client) -> None:
        add_words(["新屋嶺"])
        word = Word.objects.get()
        page = desk.get(f"{LIST}{word.pk}/change/")
        assert "新屋嶺" in page.content.decode()
        assert desk.post(f"{LIST}{word.pk}/change/", {"word": "别的"}).status_code == 403
        assert Word.objects.get().word == "新屋嶺"


class TestPermissions:
    def test_each_is_asked_for(self, person: Callable[..., User]) -> None:
        client = Client()
        user = person("li")
        add_words(["新屋岭"])
        for codename, may in (
            (None, (403, 403, 403)),
            ("view_word", (200, 403, 403)),
            ("add_word", (200, 200, 403)),
            ("delete_word", (200, 200, 200)),
        ):
            if codename:
                allow(user, codename)
            client.force_login(User.objects.get(pk=user.pk))
            delete = f"{LIST}{Word.objects.get().pk}/delete/"
            assert tuple(client.get(path).status_code for path in (LIST, ADD, delete)) == may
        assert client.post(ADD, {"words": "大埔墟"}).status_code == 302

    def test_whoever_may_not_adds_nothing(self, person: Callable[..., User]) -> None:
        client = Client()
        client.force_login(person("li", "view_article"))
        assert client.post(ADD, {"words": "大埔墟"}).status_code == 403
        assert own_words() == set()


def test_in_a_browser(desk_context: BrowserContext) -> None:
    page = desk_context.new_page()
    page.goto(LIST)
    page.locator("a.addlink").click()
    page.locator("textarea").fill("大埔墟\nabc")
    page.locator("button.default").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("textarea")).to_have_value("大埔墟\nabc")
    expect(page.locator(".errorlist")).to_contain_text("abc")
    page.locator("textarea").fill("大埔墟\n新屋岭")
    page.locator("button.default").click()
    expect(page).to_have_url(re.compile(LIST + "$"))
    expect(page.locator("#result_list tbody tr")).to_have_count(2)
    expect(page.get_by_role("status")).to_be_visible()

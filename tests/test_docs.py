"""What the documents say is true."""

import re
import runpy
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.urls import resolve

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
DOCUMENTS = [
    str(path.relative_to(ROOT)) for folder in ("", "docs") for path in (ROOT / folder).glob("*.md")
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    path = ROOT / document
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", path.read_text()):
        assert (path.parent / target).exists(), target


def test_the_readme_shows_the_pictures_that_its_command_takes() -> None:
    taken = runpy.run_path(str(ROOT / "docs/screenshots.py"))["PICTURES"]
    shown = re.findall(r"!\[[^\]]+\]\(docs/([^)]+)\)", README)
    assert sorted(shown) == sorted(f"{name}.webp" for name in taken)
    pictures = set((ROOT / "docs").glob("*.webp")) | set((ROOT / "docs").glob("*.png"))
    assert {path.name for path in pictures} == set(shown)
    assert max(path.stat().st_size for path in pictures) < 150_000


def test_the_table_of_commands_has_all_of_ours() -> None:
    ours = {name for name, app in get_commands().items() if app in ("articles", "search")}
    tabled = set(re.findall(r"^\| `manage\.py (\w+)", README, re.MULTILINE))
    assert "import_articles" in tabled
    assert tabled == ours
    assert set(re.findall(r"manage\.py (\w+)", README)) <= set(get_commands())


def test_the_table_of_commands_has_every_script() -> None:
    scripts = {
        str(path.relative_to(ROOT))
        for folder in ("benchmarks", "docs")
        for path in (ROOT / folder).glob("*.py")
        if '__name__ == "__main__"' in path.read_text()
    }
    assert scripts == set(re.findall(r"^\| `python (\S+\.py)", README, re.MULTILINE))


@pytest.mark.parametrize("address", re.findall(r"`(/[^\s`]*)`", README))
def test_addresses_lead_somewhere(address: str) -> None:
    assert resolve(address.partition("?")[0])


def test_the_settings_table_names_every_variable_that_is_read() -> None:
    sources = [ROOT / "newsarchive/settings.py", ROOT / "newsarchive/serving.py", ROOT / "Makefile"]
    code = "\n".join(source.read_text() for source in sources)
    reading = r"(?:environ\S*\(\"|_whole_number\(\"|\$\{?)"
    read = set(re.findall(rf"{reading}(NEWSARCHIVE_\w+|WEB_WORKERS|PORT)\b", code))
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", README, re.MULTILINE))
    assert "NEWSARCHIVE_DATA" in read
    assert read == documented


def test_make_targets_that_documents_name_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in DOCUMENTS:
        named = set(re.findall(r"`make (\w+)", (ROOT / document).read_text()))
        assert named <= targets


def test_rooms_on_the_map_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    for name in re.findall(
        r"`((?:search|articles|templates|static|locale|sample|tests)/[\w/.]*)`", text
    ):
        assert (ROOT / name).exists(), name


def test_the_readme_does_not_promise_options_that_are_not_there() -> None:
    command = (ROOT / "articles/management/commands/import_articles.py").read_text()
    for option in re.findall(r"^\| `(--[a-z-]+)", README, re.MULTILINE):
        assert f'"{option}"' in command

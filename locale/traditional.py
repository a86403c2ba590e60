"""Makes the catalogue of zh_Hant from that of zh_Hans; run by ``make messages``.

OpenCC converts characters and the words that differ in Taiwan (s2twp). ``CORRECTIONS`` are what
it misses or does too much of in our texts; whoever reads a wrong word in a page adds it here.
"""

from pathlib import Path

import opencc
import polib

FOLDER = Path(__file__).parent
SIMPLIFIED = FOLDER / "zh_Hans" / "LC_MESSAGES" / "django.po"
TRADITIONAL = FOLDER / "zh_Hant" / "LC_MESSAGES" / "django.po"

CORRECTIONS = {
    "編輯臺": "編輯台",
    "後臺": "後台",
    "最多隻": "最多只",
    "物件": "對象",
    "的埠": "的連接埠",
    "審計": "稽核",
    "退出": "登出",
    "釋出": "發布",
    "字尾": "後綴",
    "連線": "連接",
    "許可權": "權限",
    "引數": "參數",
    "二進位制": "二進位",
    "壓縮包": "壓縮檔",
    "丟失": "遺失",
}
QUOTATION_MARKS = str.maketrans("“”", "「」")

_to_traditional = opencc.OpenCC("s2twp").convert


def traditional(text: str) -> str:
    """Return ``text``, in Simplified Chinese, as people in Taiwan write it."""
    text = _to_traditional(text)
    for wrong, right in CORRECTIONS.items():
        text = text.replace(wrong, right)
    return text if "「" in text else text.translate(QUOTATION_MARKS)


def traditional_catalogue(simplified: polib.POFile) -> polib.POFile:
    """Return the catalogue of zh_Hant that belongs to that of zh_Hans."""
    catalogue = polib.POFile()
    catalogue.header = "newsarchive in Traditional Chinese. Made by locale/traditional.py."
    catalogue.metadata = {**simplified.metadata, "Language": "zh_Hant"}
    for entry in simplified:
        catalogue.append(
            polib.POEntry(
                msgctxt=entry.msgctxt,
                msgid=entry.msgid,
                msgid_plural=entry.msgid_plural,
                msgstr=traditional(entry.msgstr),
                msgstr_plural={
                    number: traditional(text) for number, text in entry.msgstr_plural.items()
                },
                flags=entry.flags,
            )
        )
    return catalogue


if __name__ == "__main__":
    TRADITIONAL.parent.mkdir(parents=True, exist_ok=True)
    traditional_catalogue(polib.pofile(str(SIMPLIFIED))).save(str(TRADITIONAL))

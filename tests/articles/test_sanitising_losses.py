"""What is told about that which the sanitiser takes out."""

from hypothesis import given, settings
from hypothesis import strategies as st

from articles.sanitising import LossKind, clean, losses

PIECES = """
<p> </p> <div> </div> <script> </script> <b> </b> <h1> <svg> <table> <td> <embed> <!-- -->
<div/hidden> <a/href=/x> </a> <img/src=/p.jpg> <iframe/src=//v.example/> <x/a{b=c> &lt; 文 广告
"""


def told(source: str) -> list[tuple[LossKind, str, int]]:
    body = clean(source, url="https://paper.example/1").body
    return [(loss.kind, loss.name, loss.count) for loss in losses(source, body)]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.sampled_from(PIECES.split()), max_size=30).map("".join))
def test_any_source_is_told_about_and_a_clean_one_loses_nothing(source: str) -> None:
    body = clean(source).body
    assert all(loss.count > 0 for loss in losses(source, body))
    assert losses(body, clean(body).body) == []


def test_what_is_taken_out_with_its_content_comes_before_marks_and_attributes() -> None:
    source = (
        '<p style="color:red" onclick="x()">文<font>红</font></p>'
        "<script>1</script><script>2</script><form>名<input></form>"
        '<p><a href="javascript:1">点</a></p>'
    )
    assert told(source) == [
        (LossKind.ELEMENT, "script", 2),
        (LossKind.ELEMENT, "form", 1),
        (LossKind.MARK, "font", 1),
        (LossKind.MARK, "a", 1),
        (LossKind.ATTRIBUTE, "style", 1),
        (LossKind.ATTRIBUTE, "onclick", 1),
    ]


def test_a_share_bar_is_a_loss_and_what_stands_around_it_is_none() -> None:
    source = (
        "<div><p>正文。</p><div class=sharedaddy>分享到 "
        '<a href="https://www.facebook.com/sharer?u=1">Facebook</a></div></div><div>尾<b>粗</b></div>'
    )
    found = losses(source, clean(source).body)
    assert [loss.excerpt for loss in found if loss.kind is LossKind.ELEMENT] == [
        "分享到 Facebook",
        "https://www.facebook.com/sharer?u=1 Facebook",
    ]


def test_names_that_change_and_addresses_that_become_absolute_are_no_loss() -> None:
    assert told('<h1>题</h1><section>文</section><a href="/x">链</a><img src="/p.jpg">') == []

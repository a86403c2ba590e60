"""The API keeps to its OpenAPI description, whatever it is asked (schemathesis)."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode

from articles.models import Article
from newsarchive.wsgi import application

pytestmark = pytest.mark.django_db

OPERATIONS = ["/api/search", "/api/articles", "/api/articles/{pk}", "/api/outlets"]


def test_all_operations_are_asked(archive: list[Article]) -> None:
    assert set(schemathesis.openapi.from_wsgi("/api/openapi.json", application)) == set(OPERATIONS)


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        (path, mode)
        for path in OPERATIONS
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        if path != "/api/outlets" or mode is GenerationMode.POSITIVE  # it takes no parameters
    ],
)
def test_every_answer_is_as_described(
    archive: list[Article], path: str, mode: GenerationMode
) -> None:
    """No 500, and no status, content type or field that the description does not have."""
    operation = schemathesis.openapi.from_wsgi("/api/openapi.json", application)[path]["GET"]

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=40,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Case) -> None:
        # In this process nobody would unpack what is compressed.
        case.call_and_validate(headers={"Accept-Encoding": "identity"})

    ask()

import contextlib
import copy
import dataclasses
import datetime
import pickle
import types

import conclave
import pytest

RESPONSE = dict(
    expert_name="a",
    content="fine",
    confidence=0.75,
    metadata={"n": 1, "list": [1.5, None, "x"]},
    timestamp=1700000000,
    verdict="healthy",
    scope="disk",
    claims=[
        conclave.Claim("t", "contradicts", 0.25, [conclave.Citation.log("/x", 3), {"kind": "service", "source": "db"}]),
        {"text": "u"},
    ],
)


def test_the_constructor_has_the_defaults_of_the_contract():
    empty = conclave.ExpertResponse()
    assert (empty.expert_name, empty.content, empty.confidence, empty.verdict, empty.scope) == ("", "", 0.5, None, "overall")
    assert (dict(empty.metadata), empty.timestamp, empty.claims, empty.status) == ({}, 0, (), "answered")


def test_mappings_and_objects_are_as_good_as_responses():
    made = conclave.ExpertResponse(**RESPONSE)
    assert conclave.ExpertResponse.coerce(made) == made
    assert conclave.ExpertResponse.coerce(RESPONSE) == made
    assert conclave.ExpertResponse.coerce(types.MappingProxyType(RESPONSE)) == made
    assert conclave.ExpertResponse.coerce(types.SimpleNamespace(**RESPONSE)) == made


@pytest.mark.parametrize(
    "value",
    [
        conclave.ExpertResponse(**RESPONSE),
        conclave.ExpertResponse(**RESPONSE).claims[0],
        conclave.Citation.template("/x", "00ff"),
        conclave.Problem("error", "r", "m", "f", "x.yaml", 3, 4),
        conclave.CircleConfig(0.5, False, 2, "jaccard"),
        conclave.Abstain("why"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_compare_copy_pickle_and_show_themselves(value):
    for twin in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert twin == value and repr(twin) == repr(value)
    assert value != 3 and type(value).__name__ in repr(value)


def test_claims_and_citations_match_and_hash():
    claim = conclave.Claim("t", severity=0.5)
    match claim:
        case conclave.Claim(text, stance):
            assert (text, stance) == ("t", "supports")
    assert len({claim, conclave.Claim("t"), conclave.Citation.service("db")}) == 2


def test_parts_that_would_be_copies_cannot_be_changed_in_place():
    response = conclave.ExpertResponse(**RESPONSE)
    with pytest.raises(TypeError):
        response.metadata["n"] = 2
    with pytest.raises(AttributeError):
        response.claims.append(1)
    response.metadata = {"n": 2}
    response.claims = [{"text": "new"}]
    assert response.metadata["n"] == 2 and response.claims[0].text == "new"


@pytest.mark.parametrize(
    "time", [1700000000, 1700000000.0, "2023-11-14T22:13:20Z", datetime.datetime(2023, 11, 14, 22, 13, 20)]
)
def test_times_come_as_seconds_datetimes_or_text(time):
    assert conclave.ExpertResponse(timestamp=time).timestamp == 1700000000


@pytest.mark.parametrize(
    "field, value",
    [
        ("expert_name", 3),
        ("content", b"x"),
        ("confidence", "high"),
        ("confidence", True),
        ("metadata", [1]),
        ("metadata", {"x": object()}),
        ("metadata", {1: 2}),
        ("verdict", 1),
        ("claims", "text"),
        ("claims", [3]),
        ("timestamp", [1]),
    ],
)
def test_a_field_of_the_wrong_type_is_named(field, value):
    with pytest.raises((TypeError, ValueError), match=field if field != "claims" else ""):
        conclave.ExpertResponse(**{field: value})


def test_an_unknown_field_of_a_mapping_is_named_with_a_near_miss():
    with pytest.raises(ValueError, match="did you mean 'content'"):
        conclave.ExpertResponse.coerce({"contnet": "x"})


def test_metadata_that_refers_to_itself_is_refused():
    loop = {}
    loop["again"] = loop
    with pytest.raises(ValueError, match="nested"):
        conclave.ExpertResponse(metadata=loop)


def test_text_that_is_no_unicode_is_mended():
    assert conclave.ExpertResponse(content="a\ud800b").content == "a?b"


def test_a_response_survives_its_json_form():
    made = conclave.ExpertResponse(**RESPONSE)
    assert conclave.ExpertResponse.from_dict(made.to_dict()) == made
    with pytest.raises(conclave.SerializationError, match="confidence"):
        conclave.ExpertResponse.from_dict({**made.to_dict(), "confidence": "x"})


def test_objects_give_their_fields_whichever_way_they_have_them():
    @dataclasses.dataclass
    class Plain:
        content: str
        confidence: float = 0.25
        unrelated: int = 3

    @dataclasses.dataclass(slots=True)
    class Slots:
        content: str
        confidence: float = 0.25

    class Computed:
        verdict = None  # as good as absent

        def __init__(self):
            self.confidence = 0.25

        @property
        def content(self):
            return "x"

    class Asked:
        def __getattr__(self, name):
            if name in ("content", "confidence"):
                return {"content": "x", "confidence": 0.25}[name]
            raise AttributeError(name)

    class Broken:
        content = property(lambda self: 1 / 0)

    for made in (Plain("x"), Slots("x"), Computed(), Asked()):
        assert conclave.ExpertResponse.coerce(made) == conclave.ExpertResponse(content="x", confidence=0.25)
    plain = Plain("x")
    plain.confidence = 0.75  # beside the default of the class
    assert conclave.ExpertResponse.coerce(plain).confidence == 0.75
    with pytest.raises(ZeroDivisionError):
        conclave.ExpertResponse.coerce(Broken())
    with pytest.raises(TypeError, match="content, verdict or claims"):
        conclave.ExpertResponse.coerce(object())


def test_a_mapping_that_empties_itself_is_survived():
    class Sly(dict):
        def keys(self):
            clear.clear()
            return super().keys()

    clear = {"metadata": None, "content": "x"}
    clear["metadata"] = Sly(a=1)
    assert conclave.ExpertResponse.coerce(dict(clear)).metadata == {"a": 1}
    with contextlib.suppress(TypeError):
        conclave.ExpertResponse.coerce(clear)


def test_the_type_is_complete():
    response = conclave.ExpertResponse("a", "b", timestamp=1.000001)
    assert pickle.loads(pickle.dumps(response, 2)) == response and not hasattr(response, "__dict__")
    match response:
        case conclave.ExpertResponse(name, content, verdict=None):
            assert (name, content) == ("a", "b")
    with pytest.raises(TypeError):
        hash(response)
    with pytest.raises(AttributeError):
        del response.content
    with pytest.raises(TypeError):
        response < response
    assert (response == 3, response != 3) == (False, True)

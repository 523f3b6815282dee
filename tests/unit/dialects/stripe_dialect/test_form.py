"""Forms with brackets: what they say, and that nothing odd gets through or takes long."""

from __future__ import annotations

import contextlib
import time
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kessai.dialects.stripe.form import DEPTH_MAX, PAIRS_MAX, FormError, decode
from kessai.http.request import BODY_MAX
from tests.support.real_card import REAL_CARD


@pytest.mark.parametrize(
    ("form", "values"),
    [
        ("", {}),
        ("a=1", {"a": "1"}),
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("a=1&&b=2&", {"a": "1", "b": "2"}),
        ("a=", {"a": ""}),
        ("a", {"a": ""}),
        ("a=1&a=2", {"a": "2"}),
        ("a=b=c", {"a": "b=c"}),
        ("a=x+y%20z%2B", {"a": "x y z+"}),
        ("a=%C3%A9%E2%82%AC", {"a": "é€"}),
        ("a[b][c]=v", {"a": {"b": {"c": "v"}}}),
        ("a%5Bb%5D%5bc%5d=v", {"a": {"b": {"c": "v"}}}),
        ("a[b]=1&a[c]=2&a[b]=3", {"a": {"b": "3", "c": "2"}}),
        ("a[0]=x&a[1]=y", {"a": {"0": "x", "1": "y"}}),
        ("a[999999999999]=x", {"a": {"999999999999": "x"}}),
        ("a[]=x&a[]=y", {"a": ["x", "y"]}),
        ("a[b][]=x&a[b][]=y", {"a": {"b": ["x", "y"]}}),
        ("i[0][p]=1&i[1][p]=2&i[0][q]=3", {"i": {"0": {"p": "1", "q": "3"}, "1": {"p": "2"}}}),
        ("i[][p]=1&i[][q]=2&i[][p]=3", {"i": [{"p": "1", "q": "2"}, {"p": "3"}]}),
        ("i[][p][r]=1&i[][p][s]=2&i[][p][r]=3", {"i": [{"p": {"r": "1", "s": "2"}}, {"p": {"r": "3"}}]}),
        ("i[][t][]=1&i[][t][]=2", {"i": [{"t": ["1", "2"]}]}),
        ("metadata[order id]=6735", {"metadata": {"order id": "6735"}}),
    ],
)
def test_what_a_form_says(form: str, values: dict[str, Any]) -> None:
    assert decode(form) == values
    assert decode(form.encode()) == values


@pytest.mark.parametrize(
    ("form", "message", "param"),
    [
        ("a=1&a[b]=2", "one kind", "a[b]"),
        ("a[b]=2&a=1", "one kind", "a"),
        ("a[b]=1&a[b][c]=1", "one kind", "a[b][c]"),
        ("a[b][c]=1&a[b]=1", "one kind", "a[b]"),
        ("a[0]=1&a[]=2", "one kind", "a[]"),
        ("a[]=1&a[0]=2", "one kind", "a[0]"),
        ("a[]=1&a[][b]=2", "one kind", "a[][b]"),
        ("a[][b]=1&a[]=2", "one kind", "a[]"),
        ("a[]=1&a=2", "one kind", "a"),
        ("a[b=1", "brackets", "a[b"),
        ("a]=1", "brackets", "a]"),
        ("[a]=1", "brackets", "[a]"),
        ("a[b]c=1", "brackets", "a[b]c"),
        ("a[[b]]=1", "brackets", "a[[b]]"),
        ("a[b]]=1", "brackets", "a[b]]"),
        ("a[][]=1", "element of a list", "a[][]"),
        ("=1", "no name", None),
        ("a=%", "percent", None),
        ("a=%4", "percent", None),
        ("a=%zz", "percent", None),
        ("a=%ff", "UTF-8", None),
        ("a=\ud800", "UTF-8", None),
        ("a=%00", "NUL", None),
        ("a=\x00", "NUL", None),
        ("%00=a", "NUL", None),
    ],
)
def test_what_is_no_form(form: str, message: str, param: str | None) -> None:
    with pytest.raises(FormError, match=message) as refused:
        decode(form)
    assert refused.value.param == param


def test_bounds() -> None:
    assert len(decode("&".join(f"a{each}=" for each in range(PAIRS_MAX)))) == PAIRS_MAX
    with pytest.raises(FormError, match="more than"):
        decode("&".join(f"a{each}=" for each in range(PAIRS_MAX + 1)))
    assert decode("a" + "[b]" * (DEPTH_MAX - 1) + "=1")
    with pytest.raises(FormError, match="deep"):
        decode("a" + "[b]" * DEPTH_MAX + "=1")


@pytest.mark.parametrize(
    "name", [f"{REAL_CARD}[", f"a[{REAL_CARD[:4]}-{REAL_CARD[4:]}", "é[", "a" * 101 + "["]
)
def test_a_key_that_nobody_would_have_named_is_not_told(name: str) -> None:
    with pytest.raises(FormError) as refused:
        decode(f"{name}=1")
    assert refused.value.param is None


@pytest.mark.parametrize(
    "form",
    [
        "a[]=&" * (PAIRS_MAX - 1),
        "a[][b]=1&" * (PAIRS_MAX - 1),
        "".join(f"a[{each}][b]=1&" for each in range(PAIRS_MAX - 1)),
        "".join(f"a[{10**8 - each}]=1&" for each in range(3000)),
        "a" + "[" * (BODY_MAX - 2),
        "a" + "]" * (BODY_MAX - 2),
        "a" + "[]b" * (BODY_MAX // 3 - 1),
        "a[" + "x" * (BODY_MAX - 4) + "]",
        "&" * PAIRS_MAX,
        "&" * BODY_MAX,
        "=" * BODY_MAX,
        "%41" * (BODY_MAX // 3),
        "%" * BODY_MAX,
        "+" * BODY_MAX,
        "1-" * (BODY_MAX // 2 - 1) + "[",
        "a[" + "1-" * 49 + "&",
    ],
    ids=range(16),
)
def test_a_hostile_form_takes_no_longer_than_a_large_one(form: str) -> None:
    assert len(form) <= BODY_MAX
    started = time.process_time()
    with contextlib.suppress(FormError):
        decode(form)
    # Some 10 ms where this was written; what is quadratic takes minutes.
    assert time.process_time() - started < 1


NAMES = st.text(
    st.characters(exclude_characters="[]\x00", exclude_categories=["Cs"]), min_size=1, max_size=8
).filter(lambda name: not name.isdigit())
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)
VALUES: st.SearchStrategy[Any] = st.recursive(
    TEXTS,
    lambda inside: (
        st.dictionaries(NAMES, inside, min_size=1, max_size=4) | st.lists(inside, min_size=1, max_size=4)
    ),
    max_leaves=12,
)


def encoded(value: Any, key: str = "", *, brackets: str, plus: bool) -> list[str]:
    """The pairs that Stripe's libraries send for a value: lists with an index for each element."""
    escape = quote_plus if plus else quote
    opening, closing = ("%5B", "%5D") if brackets == "escaped" else "[]"
    if isinstance(value, str):
        return [f"{key}={escape(value, safe='')}"]
    each = value.items() if isinstance(value, dict) else enumerate(value)
    return [
        pair
        for name, inside in each
        for pair in encoded(
            inside,
            f"{key}{opening}{escape(str(name), safe='')}{closing}" if key else escape(str(name), safe=""),
            brackets=brackets,
            plus=plus,
        )
    ]


def indexed(value: Any) -> Any:
    """The same with lists as a form has them: by index."""
    if isinstance(value, dict):
        return {name: indexed(each) for name, each in value.items()}
    if isinstance(value, list):
        return {str(index): indexed(each) for index, each in enumerate(value)}
    return value


def depth(value: Any) -> int:
    if isinstance(value, str):
        return 0
    return 1 + max(map(depth, value.values() if isinstance(value, dict) else value), default=0)


@given(
    st.dictionaries(NAMES, VALUES, max_size=6).filter(lambda values: depth(values) <= DEPTH_MAX),
    st.sampled_from(["literal", "escaped"]),
    st.booleans(),
)
def test_what_a_library_sends_comes_back(values: dict[str, Any], brackets: str, plus: bool) -> None:
    form = "&".join(encoded(values, brackets=brackets, plus=plus))

    assert decode(form) == indexed(values)
    assert decode(form.encode()) == indexed(values)


@given(NAMES, st.lists(TEXTS, min_size=1, max_size=8))
def test_a_list_without_indices_keeps_its_order(name: str, elements: list[str]) -> None:
    form = "&".join(f"{quote_plus(name)}[]={quote_plus(each)}" for each in elements)

    assert decode(form) == {name: elements}


@given(
    st.lists(NAMES, min_size=1, max_size=4, unique=True).flatmap(
        lambda names: st.lists(st.fixed_dictionaries(dict.fromkeys(names, TEXTS)), min_size=1, max_size=5)
    )
)
def test_a_list_of_objects_without_indices(elements: list[dict[str, str]]) -> None:
    pairs = [
        f"i[][{quote_plus(name)}]={quote_plus(value)}" for each in elements for name, value in each.items()
    ]

    assert decode("&".join(pairs)) == {"i": elements}


@given(st.text("a1[]=&%+\x00é", max_size=60) | st.binary(max_size=60))
@example("a[]]=")
@example("a[[]=")
def test_anything_is_read_or_refused(form: str | bytes) -> None:
    with contextlib.suppress(FormError):
        assert all(name and not {"[", "]"} & set(name) for name in decode(form))

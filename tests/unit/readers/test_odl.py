"""The ODL parser: habits of real files, and text it has never seen."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akkd_core.errors import GranuleReadError
from akkd_core.readers.odl import OdlGroup, OdlValue, join_pieces, parse_odl

ASTER = """
GROUP                  = ASTERGENERICMETADATA
  OBJECT               = GAIN
    CLASS              = "1"
    NUM_VAL            = 2
    VALUE              = ("01", "HGH")
  END_OBJECT           = GAIN
  OBJECT               = GAIN
    CLASS              = "2"
    VALUE              = ("02", "NOR")
  END_OBJECT           = GAIN
  OBJECT               = UPPERLEFTM
    NUM_VAL            = 2
    VALUE              = (-8567010.0,
                          470160.5)
  END_OBJECT           = UPPERLEFTM
  /* a comment */
  OBJECT               = UTMZONENUMBER
    VALUE              = -58
  END_OBJECT           = UTMZONENUMBER
END_GROUP              = ASTERGENERICMETADATA
END
"""


def test_duplicated_keys_and_classes() -> None:
    root = parse_odl(ASTER, "x")
    assert root.values("GAIN") == [("01", "HGH"), ("02", "NOR")]
    assert root.value("gain", "2") == ("02", "NOR")
    assert root.value("GAIN", "3") is None
    assert root.numbers("UPPERLEFTM") == (-8567010.0, 470160.5)
    assert root.number("UTMZONENUMBER") == -58
    assert root.text("GAIN") == "01, HGH"


def test_numbers_texts_and_dates() -> None:
    root = parse_odl(
        'A = 1\nB = -2.5D+03\nC = "two words"\nD = 2003-03-04T20:34:04Z\nE = 040446\n'
        "F = (1, 2.5, \"x\", (3, 4))\nG = 90 <deg>\nH = two words\nI = 'symbol'\nEND\n",
        "x",
    )
    assert root.assignments == [
        ("A", 1), ("B", -2500.0), ("C", "two words"), ("D", "2003-03-04T20:34:04Z"),
        ("E", "040446"), ("F", (1, 2.5, "x", (3, 4))), ("G", 90), ("H", "two words"),
        ("I", "symbol"),
    ]  # fmt: skip
    assert root.numbers("F") == (1.0, 2.5, 3.0, 4.0)
    assert root.numbers("E") == (40446.0,)


def test_text_of_two_numbers_is_read_as_numbers() -> None:
    assert parse_odl('U = "4100910.0, 459720.0"', "x").numbers("U") == (4100910.0, 459720.0)


def test_several_documents_and_padding() -> None:
    root = parse_odl("GROUP = A\nK = 1\nEND\nGROUP = B\nK = 2\nEND_GROUP = B\nEND\n\0\0\0", "x")
    assert [group.name for group in root.groups] == ["A", "B"]
    assert root.values("K") == [1, 2]


def test_pieces_are_joined_in_order() -> None:
    pieces = {
        "coremetadata.10": "ND", "coremetadata.1": 'E = "ab', "CoreMetadata.0": "GROUP = G\nVALU",
        "coremetadata.2": 'c"\nE', "productmetadata.0": "X = 1",
    }  # fmt: skip
    text = join_pieces(pieces, "coremetadata")
    assert text == 'GROUP = G\nVALUE = "abc"\nEND'
    assert join_pieces({"p.0": "A = 1\nEND", "p.1": "B = 2\nEND"}, "p") == (
        "A = 1\nEND\nB = 2\nEND"
    )
    assert join_pieces({"productmetadata.t": "X"}, "productmetadata") == ""


@pytest.mark.parametrize(
    "text", ['A = "open', "A", "= 3", "END_GROUP = X", "A = (1, 2", "A = )", "GROUP\nEND"]
)
def test_malformed_text_names_the_file_in_one_line(text: str) -> None:
    with pytest.raises(GranuleReadError, match="^scene.hdf: metadata is malformed") as caught:
        parse_odl(text, "scene.hdf")
    assert "\n" not in str(caught.value)


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(GranuleReadError, match="too deeply"):
        parse_odl("A = " + "(" * 10_000, "x")
    with pytest.raises(GranuleReadError, match="too deeply"):
        parse_odl("GROUP = G\n" * 10_000, "x")


_names = st.text(string.ascii_uppercase + string.digits + "_", min_size=1, max_size=12).filter(
    lambda name: name[0].isalpha() and not name.startswith("END") and name not in
    ("GROUP", "OBJECT")
)
_texts = st.text(st.characters(codec="latin-1", exclude_characters='"\0'), max_size=30)
_scalars = st.one_of(st.integers(-(10**17), 10**17), _texts,
                     st.floats(allow_nan=False, allow_infinity=False))  # fmt: skip
_values: st.SearchStrategy[OdlValue] = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=4).map(tuple), max_leaves=8
)
_trees = st.recursive(
    st.builds(OdlGroup, _names, st.lists(st.tuples(_names, _values), max_size=4)),
    lambda inner: st.builds(
        OdlGroup, _names, st.lists(st.tuples(_names, _values), max_size=3),
        st.lists(inner, max_size=3),
    ),
    max_leaves=6,
)  # fmt: skip


def _write_value(value: OdlValue) -> str:
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_write_value, value)) + ")"
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _write(group: OdlGroup) -> str:
    body = "".join(f"{key} = {_write_value(value)}\n" for key, value in group.assignments)
    inner = "".join(_write(child) for child in group.groups)
    return f"OBJECT = {group.name}\n{body}{inner}END_OBJECT = {group.name}\n"


@given(_trees)
@settings(deadline=None)
def test_what_is_written_is_read(tree: OdlGroup) -> None:
    assert parse_odl(_write(tree) + "END\n", "x").groups == [tree]


@given(st.text(max_size=200) | st.text('=(){},;"/*<> \nAEND1.', max_size=60))
@settings(deadline=None, max_examples=300)
def test_any_text_gives_a_tree_or_the_right_error(text: str) -> None:
    try:
        parse_odl(text, "x")
    except GranuleReadError as error:
        assert "\n" not in str(error)

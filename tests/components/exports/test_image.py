"""PNG and SVG files from a real Chromium, and the one sentence where there is none."""

import dataclasses
import io
import json
import xml.etree.ElementTree as ElementTree

import pytest
from PIL import Image
from support.absent import absent
from support.hostile import IMAGE

from components.exports.image import CHUNK, INCHES, SCALE, png, svg
from components.figures.base.look import Look
from components.figures.printed_heatmap import printed_heatmap
from core.demo import example
from core.errors import InputError
from core.exports.browser import VARIABLE, find_browser
from core.results.metrics import PROB

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = f"{IMAGE}</script> ]]> & $x$ \x01\ufffe\uffff\x0b\x85\x7f"


@pytest.fixture(scope="module")
def chrome():
    if find_browser() is None:
        absent("no Chromium on this machine: install Debian's package chromium")


@pytest.fixture(scope="module")
def hostile():
    spec = dataclasses.replace(
        example.SPEC.resolved(prepend_bos=True), prompt=HOSTILE, model=f"./{HOSTILE}"
    )
    made = dataclasses.replace(
        example.saved().provenance, headsweep=f"0\ud800{HOSTILE}", device=HOSTILE, torch=HOSTILE
    )
    return dataclasses.replace(example.saved(), spec=spec, provenance=made, _index={})


def kept_of(text, result):
    told, kept = result.to_dict(), json.loads(text)
    assert kept["spec"] == told["spec"]
    assert kept["provenance"] == told["provenance"]
    assert kept["schema"] == "headsweep.sweep/1"


def test_a_png_has_print_size_opaque_paper_and_its_provenance(chrome, hostile):
    file = png(hostile, example.saved_layer_effects(), "A title")
    layout = printed_heatmap(
        hostile, PROB, Look(), layer_effects=example.saved_layer_effects(), title="A title"
    ).layout
    with Image.open(io.BytesIO(file)) as picture:
        assert picture.format == "PNG"
        assert picture.size == (SCALE * layout.width, SCALE * layout.height)
        assert picture.mode == "RGB"
        assert picture.width / picture.info["dpi"][0] == pytest.approx(INCHES, rel=1e-3)
        assert picture.getpixel((0, 0)) == (0xFB, 0xFA, 0xF8)  # the light look's paper
        assert len(picture.resize((220, 90)).getcolors(220 * 90)) > 50  # and something on it
        kept_of(picture.info[CHUNK], hostile)
        assert "baseline P(␣jumps)" in picture.info["Description"]


def test_an_svg_is_xml_of_shapes_with_its_provenance(chrome, hostile):
    text = svg(hostile, None, "A <title>\ud800\ufffe\x02")
    tree = ElementTree.fromstring(text.encode())
    assert tree.tag == f"{SVG}svg"
    kept_of(tree.find(f"{SVG}metadata").text, hostile)
    assert "baseline P(␣jumps)" in tree.find(f"{SVG}desc").text
    words = "".join("".join(each.itertext()) for each in tree.iter(f"{SVG}text"))
    assert "A <title>" in words
    assert "onerror=alert(1)" in words  # as text: there is no element and no attribute of it
    names = {each.tag.removeprefix(SVG) for each in tree.iter()}
    assert not names & {"img", "script", "image", "foreignObject", "a"}
    assert not [name for each in tree.iter() for name in each.attrib if name.startswith("on")]


@pytest.mark.parametrize("export", [png, svg])
def test_without_a_browser_one_sentence_says_what_to_do(export, monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "absent"))
    with pytest.raises(InputError, match=r"none was found: install Chromium .*--format html") as e:
        export(example.saved())
    assert e.value.field == "format"


@pytest.mark.slow
def test_a_browser_that_does_not_start_is_named(monkeypatch, tmp_path):
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    broken.chmod(0o755)
    monkeypatch.setenv(VARIABLE, str(broken))
    with pytest.raises(InputError, match=r"broken did not draw the PNG .*install Chromium") as e:
        png(example.saved())
    assert e.value.field == "format"

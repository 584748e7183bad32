"""What is sent of the style sheets means what was written."""

import re

import pytest

from tasks import assets
from tasks.assets import minified


@pytest.mark.parametrize("function", ["is", "not", "where", "has"])
def test_what_stands_below_another_is_not_the_other(function):
    css = f"@layer x {{ .a :{function}(.b, .c) {{ color: red; }} .a:{function}(.b) {{ top: 0; }} }}"
    assert (
        minified(css)
        == f"@layer x{{.a *:{function}(.b,.c){{color:red}}.a:{function}(.b){{top:0}}}}"
    )


@pytest.mark.parametrize("name", assets.STYLES)
def test_no_sheet_loses_the_space_before_a_pseudo_class(name):
    written = assets._read("css", assets.STYLES[name])
    apart = re.findall(r"[\w\])] (:[a-z-]+\()", re.sub(r"/\*.*?\*/", "", written, flags=re.S))
    sent = assets.asset(name)[0]
    assert len(re.findall(r" \*:[a-z-]+\(", sent)) == len(apart)

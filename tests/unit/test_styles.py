"""What is sent of the style sheets means what was written."""

import re

import pytest

from tasks import assets

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
BELOW_ANOTHER = re.compile(r"[\w\])] :(?:is|not|where|has)\(")


@pytest.mark.parametrize("name", assets.STYLES)
def test_what_stands_below_another_is_not_the_other(name):
    """`.a :is(.b)` is another selector than `.a:is(.b)`."""
    written = COMMENT.sub("", assets._read("css", assets.STYLES[name]))
    assert len(BELOW_ANOTHER.findall(assets.asset(name)[0])) == len(BELOW_ANOTHER.findall(written))


@pytest.mark.parametrize("name", assets.STYLES)
def test_every_layer_and_property_is_sent(name):
    written = COMMENT.sub("", assets._read("css", assets.STYLES[name]))
    sent = assets.asset(name)[0]
    for kind in (r"@layer ([\w, -]+)\{", r"(--[\w-]+)\s*:", r"@container[^{]+", r"@media[^{]+"):
        found = {re.sub(r"\s", "", each) for each in re.findall(kind, written)}
        assert found <= {re.sub(r"\s", "", each) for each in re.findall(kind, sent)}

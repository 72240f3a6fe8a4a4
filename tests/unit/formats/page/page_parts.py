"""What stands in a page, read by a parser of HTML that is not ours."""

import base64
import io
import json
import zlib
from html.parser import HTMLParser

import numpy as np
import soundfile


class PageParts(HTMLParser):
    """The elements of a page that carry data, by id.

    Attributes:
        blocks: text of each script that has an id.
        tags: all tags with their attributes, in order.
        styles, scripts: text of inline styles and of the scripts that run.
    """

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.blocks, self.tags, self.styles, self.scripts = {}, [], [], []
        self._inside = None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self._inside = self.tags[-1]

    def handle_endtag(self, tag):
        self._inside = None

    def handle_data(self, text):
        tag, attributes = self._inside or (None, {})
        if tag == "style":
            self.styles.append(text)
        elif tag == "script" and "id" in attributes:
            self.blocks[attributes["id"]] = text
        elif tag == "script":
            self.scripts.append(text)

    @property
    def data(self):
        return json.loads(self.blocks["data"])

    @property
    def policy(self):
        (content,) = (
            attributes["content"]
            for tag, attributes in self.tags
            if attributes.get("http-equiv") == "Content-Security-Policy"
        )
        return content

    def unpacked(self, name):
        return np.frombuffer(zlib.decompress(base64.b64decode(self.blocks[name])), np.int8)

    def sound(self):
        return soundfile.read(io.BytesIO(base64.b64decode(self.blocks["sound"])), dtype="float32")

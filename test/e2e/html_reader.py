"""Reads a page as a browser without JavaScript sees it."""

import html.parser

VOID = {"meta", "input", "br", "img", "link"}
# Whatever makes a browser ask for something.
ASKING = {"src", "href", "srcset", "data", "action", "formaction", "poster", "background", "cite", "ping", "manifest",
          "xlink:href", "archive", "codebase", "longdesc", "usemap", "profile", "icon", "dynsrc", "lowsrc"}


class Page(html.parser.HTMLParser):
    """Elements of a page: `elements` (tag, attributes) in order, `tables` (caption -> rows of texts, the head first),
    `texts` and `values` (id -> text, value), `scripts` and `styles` (contents), `open` (what was never closed)."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.tables, self.texts, self.values = [], {}, {}, {}
        self.scripts, self.styles, self.faults, self.open = [], [], [], []
        self.rows = self.caption = None
        self.feed(text)
        self.close()
        self.faults += [f"<{tag}> is never closed" for tag, _ in self.open]

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if len(attributes) != len(attrs):
            self.faults.append(f"<{tag}> has an attribute twice")
        self.elements.append((tag, attributes))
        if tag in VOID:
            return
        self.open.append((tag, attributes.get("id")))
        if attributes.get("id") in self.texts:
            self.faults.append(f"id {attributes['id']} is there twice")
        if attributes.get("id"):
            self.texts[attributes["id"]] = ""
            self.values[attributes["id"]] = attributes.get("value")
        if tag == "table":
            self.rows, self.caption = [], ""
        elif tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        elif tag in ("script", "style"):
            (self.scripts if tag == "script" else self.styles).append("")

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open[-1][0] != tag:
            self.faults.append(f"</{tag}> closes {self.open[-1:]}")
            return
        self.open.pop()
        if tag == "table":
            self.tables[self.caption] = self.rows
            self.rows = None

    def handle_data(self, data):
        tags = [tag for tag, _ in self.open]
        for _, name in self.open:
            if name:
                self.texts[name] += data
        if "caption" in tags:
            self.caption += data
        elif self.rows and self.rows[-1] and ("td" in tags or "th" in tags):
            self.rows[-1][-1] += data
        elif tags and tags[-1] in ("script", "style"):
            (self.scripts if tags[-1] == "script" else self.styles)[-1] += data

    def table(self, start):
        """The one table whose caption starts so, as a list of {title: text}."""
        found = [rows for caption, rows in self.tables.items() if caption.startswith(start)]
        assert len(found) == 1, (start, list(self.tables))
        head = found[0][0]
        return [[*zip(head, row)] for row in found[0][1:]]

    def column(self, start, index):
        """The texts of one column, by what heads their rows."""
        return {row[0][1]: row[index][1] for row in self.table(start)}

    def outside(self):
        """Attributes that ask for something outside the page."""
        return [(tag, name, value) for tag, attributes in self.elements for name, value in attributes.items()
                if name in ASKING and not (name == "href" and (value or "").startswith("#"))]


def number(text):
    """"1,234.50" -> 1234.5."""
    return float(text.replace(",", ""))

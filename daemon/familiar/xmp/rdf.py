"""XMP packets as trees: properties, lists and structures in all forms of RDF.

The tree is changed only where it is requested: whatever else a packet has is written out as it was read. Runs in worker
processes only: the bytes are not trusted.
"""

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from lxml import etree

from familiar.errors import SetAsideError

Element: TypeAlias = Any
"""An element of lxml, which has no types."""

NAMESPACES = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "stArea": "http://ns.adobe.com/xmp/sType/Area#",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "stDim": "http://ns.adobe.com/xap/1.0/sType/Dimensions#",
    "familiar": "urn:x-familiar:sidecar:1.0/",
}

_PACKET_ID = "W5M0MpCehiHzreSzNTczkc9d"
_EMPTY = f"""<?xpacket begin="\ufeff" id="{_PACKET_ID}"?>
<x:xmpmeta xmlns:x="{NAMESPACES["x"]}" x:xmptk="familiar"><rdf:RDF xmlns:rdf="{NAMESPACES["rdf"]}"><rdf:Description \
rdf:about=""/></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def name(short: str) -> str:
    """Return the name that lxml has for `prefix:local`."""
    prefix, _, local = short.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


_CONTAINERS = (name("rdf:Bag"), name("rdf:Seq"), name("rdf:Alt"))
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_DESCRIPTION, _ITEM, _PARSE_TYPE = name("rdf:Description"), name("rdf:li"), name("rdf:parseType")


class Packet:
    """The properties of one XMP packet."""

    def __init__(self, data: bytes | None) -> None:
        """Parse a packet; None makes an empty one.

        Raises:
            SetAsideError: it is not XMP, is damaged, or has what XMP never has.
        """
        self._is_new = data is None
        self._tree = _parse(_EMPTY.encode() if data is None else data)
        root = self._tree.getroot()
        found = root if root.tag == name("rdf:RDF") else root.find(name("rdf:RDF"))
        if found is None:
            raise SetAsideError("it is XML, but not XMP: it has no rdf:RDF")
        self._rdf: Element = found

    def find(self, short: str) -> Element | None:
        """Return the element of a property, anywhere in the packet."""
        return next((element for one in self._descriptions() if (element := one.find(name(short))) is not None), None)

    def items(self, short: str) -> list[str]:
        """Return the texts of a property that is a list."""
        element = self.find(short)
        if element is None:
            return [one.get(name(short)) for one in self._descriptions() if one.get(name(short)) is not None]
        container = container_of(element)
        if container is None:
            return [element.text] if element.text and element.text.strip() else []
        return [text for item in container.iterfind(_ITEM) if (text := _text_of(item)) is not None]

    def remove_items(self, short: str, unwanted: Iterable[str]) -> None:
        """Remove texts from a list, each once; an empty list is removed."""
        element = self.find(short)
        container = None if element is None else container_of(element)
        if element is None or container is None:
            return
        for text in unwanted:
            item = next((one for one in container.iterfind(_ITEM) if _text_of(one) == text), None)
            if item is not None:
                remove(item)
        if len(container) == 0:
            remove(element)

    def add_items(self, short: str, texts: Iterable[str], *, container: str) -> None:
        """Add texts to a list, which is created if it is missing; a text alone becomes the first of a list."""
        fresh = list(texts)
        if fresh:
            whole = self.list_of(self.find(short), short, container)
            for text in fresh:
                etree.SubElement(whole, _ITEM).text = text

    def list_of(self, element: Element | None, short: str, container: str) -> Element:
        """Return the container of a property that is a list, creating missing parts."""
        if element is None:
            element = self.add(short)
        found = container_of(element)
        if found is not None:
            return found
        alone, element.text = element.text, None
        made = etree.SubElement(element, name(container))
        if alone and alone.strip():
            etree.SubElement(made, _ITEM).text = alone
        return made

    def drop(self, short: str) -> None:
        """Remove a property, in all forms."""
        for one in self._descriptions():
            one.attrib.pop(name(short), None)
            for element in one.findall(name(short)):
                remove(element)

    def set_text(self, short: str, text: str, *, with_language: bool) -> None:
        """Add a property with a text, or with one for the default language."""
        element = self.add(short)
        if not with_language:
            element.text = text
            return
        item = etree.SubElement(etree.SubElement(element, name("rdf:Alt")), _ITEM, {_LANGUAGE: "x-default"})
        item.text = text

    def add(self, short: str) -> Element:
        """Add a property; an attribute becomes its text."""
        descriptions = list(self._descriptions())
        where = descriptions[0] if descriptions else etree.SubElement(self._rdf, _DESCRIPTION, {name("rdf:about"): ""})
        prefix = short.partition(":")[0]
        element = etree.SubElement(where, name(short), nsmap={prefix: NAMESPACES[prefix]})
        for one in descriptions:
            if name(short) in one.attrib:
                element.text = one.attrib.pop(name(short))
        return element

    def to_bytes(self) -> bytes:
        """Return the packet as a file."""
        info = self._tree.docinfo
        if self._is_new:
            etree.indent(self._tree, space=" ")
        declared = not self._is_new and info.standalone is not None
        written: bytes = etree.tostring(self._tree, encoding=info.encoding or "UTF-8", xml_declaration=declared)
        return written + b"\n" if self._is_new else written

    def _descriptions(self) -> Iterator[Element]:
        return iter(self._rdf.findall(_DESCRIPTION))


def container_of(element: Element) -> Element | None:
    """Return the bag, sequence or alternatives in a property."""
    return next((child for child in element if child.tag in _CONTAINERS), None)


def items_of(element: Element) -> list[Element]:
    """Return the items of a property that is a list."""
    container = container_of(element)
    return [] if container is None else container.findall(_ITEM)


def field(structure: Element, short: str) -> Element | None:
    """Return the element of a field of a structure."""
    return _inside(structure).find(name(short))


def field_text(structure: Element, short: str) -> str | None:
    """Return the text of a field of a structure, as an element or as an attribute."""
    inside = _inside(structure)
    element = inside.find(name(short))
    text = inside.get(name(short)) if element is None else _text_of(element)
    return structure.get(name(short)) if text is None else text


def add_field(structure: Element, short: str, text: str | None = None) -> Element:
    """Add a field to a structure: a text, or a structure of its own."""
    prefix = short.partition(":")[0]
    element = etree.SubElement(_inside(structure), name(short), nsmap={prefix: NAMESPACES[prefix]})
    if text is None:
        element.set(_PARSE_TYPE, "Resource")
    else:
        element.text = text
    return element


def add_structure(container: Element) -> Element:
    """Add an item to a list of structures."""
    return etree.SubElement(container, _ITEM, {_PARSE_TYPE: "Resource"})


def make_structure(element: Element) -> None:
    """Let a property without a value be a structure."""
    if len(element) == 0 and not element.attrib:
        element.text = None
        element.set(_PARSE_TYPE, "Resource")


def remove(element: Element) -> None:
    """Remove an element; a list or a property has no text after it that counts."""
    element.getparent().remove(element)


def clean(text: str) -> str:
    """Return text valid in XML: other code points (XML 1.0, 2.2) become the replacement character."""
    return "".join(one if _is_character(ord(one)) else "\ufffd" for one in text)


def _is_character(code: int) -> bool:
    return code in {0x9, 0xA, 0xD} or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000  # noqa: PLR2004 - see above


def _parse(data: bytes) -> Any:
    # Bombs, and reads of other files, are made of entities; XMP has none, and no document type (XMP, part 1, 7.3).
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, strip_cdata=False, collect_ids=False
    )
    try:
        tree = etree.fromstring(data, parser).getroottree()
    except (etree.XMLSyntaxError, ValueError) as error:
        raise SetAsideError(f"it is not readable XML: {error}") from error
    if tree.docinfo.doctype:
        raise SetAsideError("it has a document type, which is not allowed in XMP")
    return tree


def _inside(structure: Element) -> Element:
    """Return the element that has the fields of a structure: itself, or the description in it."""
    description = structure.find(_DESCRIPTION)
    return structure if description is None else description


def _text_of(element: Element) -> str | None:
    """Return the text of a simple value, which may have qualifiers; None for a structure or a list."""
    value = _inside(element).find(name("rdf:value"))
    if value is not None:
        return value.text or ""
    has_children = any(isinstance(child.tag, str) for child in element)
    return None if has_children else "".join(element.itertext(element.tag))

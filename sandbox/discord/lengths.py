"""How long a text is for Discord."""


def utf16_length(text: str) -> int:
    """How long a text is for JavaScript and its kin. Nobody says whether Discord counts so or in code points;
    this is never the smaller of the two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2

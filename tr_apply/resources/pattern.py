"""Names as patterns: ``*`` matches any text and ``?`` one character; other characters match themselves."""


def fits(name: str, pattern: str) -> bool:
    """Whether *name* is what *pattern* means: equal to it, or matched by its signs.

    Takes time in proportion to the product of both lengths, whatever the pattern.
    """
    if name == pattern:
        return True
    at = sign = 0
    star, retry = -1, 0
    while at < len(name):
        if sign < len(pattern) and pattern[sign] == "*":
            star, retry = sign, at
            sign += 1
        elif sign < len(pattern) and pattern[sign] in {"?", name[at]}:
            at += 1
            sign += 1
        elif star >= 0:
            retry += 1
            at, sign = retry, star + 1
        else:
            return False
    return all(each == "*" for each in pattern[sign:])

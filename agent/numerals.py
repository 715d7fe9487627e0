"""Numbers in English words."""

ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1_000, "thousand"), (100, "hundred"))
LARGEST = 10**15 - 1
"""Greater numbers are not said but spelled, digit by digit."""

IRREGULAR_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def cardinal(number: int) -> str:
    """`number` in words: 1200 is "one thousand two hundred"."""
    if number < 0:
        return f"minus {cardinal(-number)}"
    if number > LARGEST:
        return digits(str(number))
    if number < 20:
        return ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return f"{TENS[tens]}-{ONES[ones]}" if ones else TENS[tens]
    size, name = next(scale for scale in SCALES if scale[0] <= number)
    count, rest = divmod(number, size)
    return f"{cardinal(count)} {name} {cardinal(rest)}" if rest else f"{cardinal(count)} {name}"


def ordinal(number: int) -> str:
    """`number` as a place in a row: 22 is "twenty-second"."""
    words = cardinal(number)
    cut = max(words.rfind(" "), words.rfind("-")) + 1
    last = words[cut:]
    if last in IRREGULAR_ORDINALS:
        return words[:cut] + IRREGULAR_ORDINALS[last]
    return words[:-1] + "ieth" if last.endswith("y") else words + "th"


def digits(text: str) -> str:
    """The digits in `text` one by one: "0455" is "zero four five five"."""
    return " ".join(ONES[int(digit)] for digit in text if digit.isdecimal())


def decimal(text: str) -> str:
    """A number as written, with or without commas and point: "1,200.5" is "one thousand two hundred point five"."""
    whole, _, fraction = text.replace(",", "").partition(".")
    words = cardinal(int(whole or "0"))
    return f"{words} point {digits(fraction)}" if fraction else words


def year(number: int) -> str:
    """A year of four digits as it is said: 1905 is "nineteen oh five", 2000 "two thousand"."""
    century, rest = divmod(number, 100)
    if rest == 0:
        return cardinal(number) if century % 10 == 0 else f"{cardinal(century)} hundred"
    if century % 10 == 0 and rest < 10:
        return cardinal(number)
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def minutes(number: int) -> str:
    """Minutes after an hour: 5 is "oh five", 30 "thirty"."""
    return f"oh {cardinal(number)}" if number < 10 else cardinal(number)

"""The letters of each Unicode script, as character classes.

Python's `unicodedata` does not know scripts, RE2 does: a script's letters are found by matching all
letters once with RE2's `\\p{Name}`, and kept as a class for Python's `re`, which is fast per text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import re2

# Property value names of Script in Unicode's PropertyValueAliases.txt that RE2 knows, without Common and
# Inherited, which are not scripts one could name a language by.
_NAMES = """
    Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali
    Bhaiksuki Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma
    Cham Cherokee Chorasmian Coptic Cuneiform Cypriot Cypro_Minoan Cyrillic Deseret Devanagari Dives_Akuru
    Dogra Duployan Egyptian_Hieroglyphs Elbasan Elymaic Ethiopic Georgian Glagolitic Gothic Grantha Greek
    Gujarati Gunjala_Gondi Gurmukhi Han Hangul Hanifi_Rohingya Hanunoo Hatran Hebrew Hiragana
    Imperial_Aramaic Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Katakana
    Kayah_Li Kharoshthi Khitan_Small_Script Khmer Khojki Khudawadi Lao Latin Lepcha Limbu Linear_A
    Linear_B Lisu Lycian Lydian Mahajani Makasar Malayalam Mandaic Manichaean Marchen Masaram_Gondi
    Medefaidrin Meetei_Mayek Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian Mro
    Multani Myanmar Nabataean Nandinagari New_Tai_Lue Newa Nko Nushu Nyiakeng_Puachue_Hmong Ogham Ol_Chiki
    Old_Hungarian Old_Italic Old_North_Arabian Old_Permic Old_Persian Old_Sogdian Old_South_Arabian
    Old_Turkic Old_Uyghur Oriya Osage Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician
    Psalter_Pahlavi Rejang Runic Samaritan Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sogdian
    Sora_Sompeng Soyombo Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri
    Tamil Tangsa Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Toto Ugaritic Vai Vithkuqi Wancho
    Warang_Citi Yezidi Yi Zanabazar_Square
"""
SCRIPTS: tuple[str, ...] = tuple(_NAMES.split())


@cache
def letters_of(script: str) -> re.Pattern[str]:
    """Runs of letters of one script of `SCRIPTS`."""
    options = re2.Options()
    options.never_capture = True
    members = re2.compile(f"\\p{{{script}}}+", options)
    runs = (match.group().decode("utf-8") for match in members.finditer(_all_letters()))
    return re.compile(f"[{character_class(ord(letter) for run in runs for letter in run) or chr(0)}]+")


@cache
def _all_letters() -> bytes:
    return "".join(filter(str.isalpha, map(chr, range(0x110000)))).encode("utf-8")


def character_class(codes: Iterable[int]) -> str:
    """The inside of `[...]` for ascending code points, as ranges."""
    ranges: list[list[int]] = []
    for code in codes:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges)

"""Names, titles and places of a simulated lake. All were invented for this purpose."""

from itertools import pairwise


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


WOMEN = _words(
    "Ada Alma Bianca Carmen Celeste Daria Edith Elsa Fiona Flora Greta Hanna Ines Irma Jolene "
    "Josie Karin Leona Lotte Marla Minna Nadia Nina Olive Paula Petra Rosa Ruth Selma Stella "
    "Tessa Thea Ursula Vera Willa Yvonne Zelda"
)
MEN = _words(
    "Abel Albert Bruno Caspar Conrad Dexter Edgar Emil Felix Floyd Gilbert Gustav Harvey Hugo "
    "Ivan Jasper Jonah Kurt Lars Leopold Magnus Milo Nestor Norman Otto Pascal Quentin Roland "
    "Rufus Silas Simon Theo Ulrich Victor Wallace Yannick"
)
SURNAMES = _words(
    "Abbott Albrecht Barlow Becker Bellamy Brandt Calloway Carver Castillo Crane Delgado Draper "
    "Eastman Ellery Falk Farrow Fletcher Garland Gentry Hale Hartman Holloway Ingram Jarvis "
    "Kessler Kirby Langley Lockwood Marlow Mercer Navarro Norwood Oakley Osborne Pickett Prescott "
    "Quimby Ramsey Redmond Salazar Sinclair Stroud Thorne Tilden Underhill Vaughn Voss Whitlock "
    "Winslow Yardley Zeller"
)
ACCENTED = _words(
    "André Åsa Aurélie Belén Björn Chloé Désirée Dvořák Émile Françoise García Günther Héloïse "
    "Inés Jörg José Käthe Lúcia Muñoz Märta Núñez Noël Peña Raúl Renée Sørensen São Sinéad Tomás "
    "Ümit Verónica Zoë"
)

ADJECTIVES = _words(
    "Amber Bitter Black Blue Broken Burning Cold Crooked Crystal Distant Electric Empty Endless "
    "Fading Fallen Gentle Golden Hidden Hollow Invisible Lazy Little Lonely Lost Midnight Naked "
    "New Old Pale Paper Quiet Restless Scarlet Silent Silver Sleeping Slow Strange Sudden Sweet "
    "Tender Velvet Violet Wandering Wicked Wild Winter Wooden Young"
)
NOUNS = _words(
    "Angel Anthem Avenue Balloon Bird Bridge Candle Carousel City Cloud Coast Comet Desert Dream "
    "Echo Ember Engine Feather Fever Fire Garden Ghost Harbor Harvest Heart Horizon House Island "
    "Journey Lantern Letter Lion Machine Memory Mirror Moon Mountain Ocean Orchard Parade Phantom "
    "Radio Rain River Road Rose Season Shadow Signal Sky Sparrow Star Station Storm Stranger "
    "Summer Thunder Train Valley Wave Whisper Window Wolf"
)
FOREIGN = _words(
    "Canción Corazón Niño Señal Adiós Mañana Été Forêt Rêverie Déjà Mädchen Frühling Brücke Träume "
    "Über Coração Ilusão Noche Saudações Vår Smörgås Kärlek Ærlig Østen Año Música Café Pasión"
)
VERSIONS = (
    "Album Version", "Live", "LP Version", "Remastered", "Instrumental", "Radio Edit", "Acoustic",
    "Explicit Album Version",
)  # fmt: skip

# Durations of songs in seconds: a twentieth of the songs is in each range.
_TWENTIETHS = (20, 138, 163, 176, 187, 197, 205, 212, 219, 226, 233, 240, 248, 256, 265, 274, 290,
               310, 339, 397, 900)  # fmt: skip
DURATIONS = tuple(pairwise(_TWENTIETHS))

# Locations of artists, spelt as differently as in real catalogues; degrees WGS 84.
ORIGINS: tuple[tuple[str, float, float], ...] = (
    ("Lisbon, Portugal", 38.72225, -9.13934),
    ("Oslo", 59.91387, 10.75225),
    ("Austin, TX", 30.26715, -97.74306),
    ("Oregon", 43.80413, -120.55420),
    ("Glasgow, Scotland", 55.86424, -4.25181),
    ("Bristol, England", 51.45451, -2.58791),
    ("Kingston, Jamaica", 17.97077, -76.79357),
    ("Halifax, Nova Scotia, Canada", 44.64533, -63.57239),
    ("São Paulo, Brazil", -23.55052, -46.63331),
    ("Cologne", 50.93753, 6.96028),
    ("Athens, GA", 33.95193, -83.35757),
    ("Boise, ID", 43.6150, -116.20231),
    ("Melbourne, Australia", -37.81363, 144.96306),
    ("Wellington NZ", -41.28646, 174.77624),
    ("Milwaukee, WI", 43.0389, -87.90647),
    ("Virginia", 37.43157, -78.65689),
    ("Tulsa, Oklahoma USA", 36.15398, -95.99277),
    ("Brooklyn, NY [Red Hook]", 40.67733, -74.00944),
    ("Lyon, France", 45.76404, 4.83566),
    ("Buenos Aires", -34.60368, -58.38156),
    ("Dakar", 14.71668, -17.46769),
    ("Kyoto, Japan", 35.01164, 135.76803),
    ("Malaga (Spain)", 36.72127, -4.42140),
    ("California - OAK", 37.80436, -122.27111),
    ("Reykjavik", 64.14661, -21.94255),
    ("Omaha, NE.", 41.25654, -95.93450),
)

# Locations of listeners: metropolitan areas.
METROS = (
    "Ashland-Fairmont, OH", "Bakersville-Milton, CA", "Bayview-Port Clement, FL",
    "Brookhaven-Easton, PA-NJ", "Cedar Bluff-Marion, IA", "Clearfield-Sandy Point, UT",
    "Dunmore-Fort Hale, TN-KY", "Elkton-Riverdale, MD-DE", "Fairbury-Grand Lake, NE",
    "Franklin-Harwood-Salem, MA-NH", "Glenview-Lakeside-Aurora, IL-WI", "Granite City, MO",
    "Hillsboro-St. Anne, OR-WA", "Juniper-Mesa Verde, AZ", "Kingsport-Bell, VA-TN",
    "Laurel-Pine Bluff, MS", "Lexington-Oak Park, KY", "Madison-Sun Prairie, WI",
    "Newport-Westbrook, RI-MA", "Northfield-Lake Orion, MI", "Oxford--Auburn--Milledge, AL-GA",
    "Pinehurst-Concord, NC", "Red Rock-Alamosa, CO", "San Marco-Del Rio, TX",
    "Silverton-Carson, NV", "Stillwater-Bloomfield, MN-WI", "Twin Falls-Hailey, ID", "Union, SC",
    "Vernon-Waterford, CT", "Woodstock-Kingston-Newburg, NY-NJ",
)  # fmt: skip

# In real logs, user agents are in quotes of their own, except those of Firefox and Explorer.
AGENTS = (
    '"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_13_6) AppleWebKit/537.36 (KHTML, like Gecko) '
    'Chrome/69.0.3497.100 Safari/537.36"',
    '"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) '
    'Chrome/70.0.3538.77 Safari/537.36"',
    '"Mozilla/5.0 (Windows NT 6.1; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) '
    'Chrome/70.0.3538.67 Safari/537.36"',
    '"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) '
    'Ubuntu Chromium/69.0.3497.81 Chrome/69.0.3497.81 Safari/537.36"',
    '"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14) AppleWebKit/605.1.15 (KHTML, like Gecko) '
    'Version/12.0 Safari/605.1.15"',
    '"Mozilla/5.0 (iPhone; CPU iPhone OS 12_0_1 like Mac OS X) AppleWebKit/605.1.15 '
    '(KHTML, like Gecko) Version/12.0 Mobile/15E148 Safari/604.1"',
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:63.0) Gecko/20100101 Firefox/63.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.13; rv:62.0) Gecko/20100101 Firefox/62.0",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:62.0) Gecko/20100101 Firefox/62.0",
    "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
    "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; WOW64; Trident/6.0)",
)

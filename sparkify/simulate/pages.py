"""How people go from page to page, and when: weights that were counted in real logs."""

from sparkify.simulate.songs import Tune

Weights = dict[str, int]

# A star marks pages that people see while logged out. Only the ratios of the weights matter.
_LOGGED_OUT: dict[str, Weights] = {
    "Login*": {"Home": 1},
    "About*": {"END": 7, "Login*": 4, "Home*": 2, "About*": 1},
    "Help*": {"END": 4, "Help*": 3, "Login*": 2},
    "Logout": {"Home*": 1},
}
_SETTINGS: dict[str, Weights] = {
    "Settings": {"NextSong": 30, "Save Settings": 10, "Home": 4, "Help": 4, "Settings": 4,
                 "Logout": 3, "END": 1},
    "Save Settings": {"Home": 9, "END": 1},
    "Submit Upgrade": {"Home": 1},
    "Submit Downgrade": {"Home": 1},
}  # fmt: skip

_STEPS: dict[str, dict[str, Weights]] = {
    "free": {
        **_LOGGED_OUT,
        **_SETTINGS,
        "START": {"NextSong": 405, "Home": 286, "Login*": 10, "Home*": 8, "About": 2, "Help": 1,
                  "Error": 1},
        "NextSong": {"NextSong": 616, "END": 540, "Logout": 26, "Home": 25, "Upgrade": 15,
                     "Help": 3, "About": 2, "Settings": 2, "Error": 1},
        "Home": {"NextSong": 195, "END": 140, "Settings": 11, "Home": 5, "Upgrade": 4,
                 "Logout": 3, "About": 1},
        "Home*": {"Login*": 20, "END": 11, "Home*": 9, "About*": 4, "Help*": 2},
        "Upgrade": {"Submit Upgrade": 12, "Home": 5, "NextSong": 3, "END": 3, "Upgrade": 2},
        "About": {"END": 4, "Home": 1},
        "Help": {"NextSong": 3, "END": 2, "Home": 1},
        "Error": {"END": 1, "NextSong": 1},
    },
    "paid": {
        **_LOGGED_OUT,
        **_SETTINGS,
        "START": {"NextSong": 102, "Home": 65, "Home*": 46, "Login*": 15},
        "NextSong": {"NextSong": 5160, "END": 130, "Home": 118, "Logout": 52, "Downgrade": 50,
                     "Settings": 31, "Help": 29, "About": 12, "Error": 7},
        "Home": {"NextSong": 236, "END": 18, "Settings": 8, "Logout": 6, "Home": 5,
                 "Downgrade": 5, "About": 1},
        "Home*": {"END": 55, "Login*": 41, "Home*": 16, "About*": 9, "Help*": 4},
        "Downgrade": {"NextSong": 35, "END": 11, "Home": 10, "Downgrade": 3,
                      "Submit Downgrade": 2},
        "About": {"END": 6, "About": 4, "NextSong": 4, "Home": 3},
        "Help": {"NextSong": 27, "Downgrade": 2, "Home": 1, "Help": 1, "END": 1},
        "Error": {"END": 5, "Home": 1, "NextSong": 1},
    },
}  # fmt: skip

# How busy the days of the week (from Monday) and the hours of the day (UTC) are.
WEEKDAYS = (25, 27, 34, 21, 26, 16, 10)
_HOURS = (18, 20, 16, 13, 16, 21, 23, 22, 25, 31, 36, 39, 37, 41, 50, 58, 63, 57, 58, 43, 40, 33,
         25, 22)  # fmt: skip

# Each hour as often as its weight, in order: an index into the list is a time of day.
CLOCK = [hour for hour, weight in enumerate(_HOURS) for _ in range(weight)]

LEVEL_AFTER = {"Submit Upgrade": "paid", "Submit Downgrade": "free"}

# Forms: they are sent a second after the previous page, and answered by a redirect.
SENT = {"Login*", "Logout", "Save Settings", *LEVEL_AFTER}

# The next pages, each as often as its weight; STAY decides on songs in a row.
BALLOTS = {
    level: {
        page: [
            to for to, weight in row.items() if {page, to} != {"NextSong"} for _ in range(weight)
        ]
        for page, row in steps.items()
    }
    for level, steps in _STEPS.items()
}
STAY = {
    level: steps["NextSong"]["NextSong"] / sum(steps["NextSong"].values())
    for level, steps in _STEPS.items()
}


def _request(page: str) -> str:
    """Return the method and the page of an event, as JSON text."""
    method = "PUT" if page in SENT or page == "NextSong" else "GET"
    return f',"method":"{method}","page":"{page.rstrip("*")}"'


def _silence(page: str) -> Tune:
    """Return the song fields of an event that is not a play, as a tune."""
    status = 307 if page in SENT else 404 if page == "Error" else 200
    song = f',"song":null,"status":{status},"ts":'
    return Tune('{"artist":null', "null", song, milliseconds=0, in_catalogue=False)


_ALL = sorted({page for steps in _STEPS.values() for page in steps})
REQUEST = {page: _request(page) for page in _ALL}
SILENCE = {page: [_silence(page)] for page in _ALL}

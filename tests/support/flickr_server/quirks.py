"""Where Flickr, its documents, and what either did at some time differ."""

from dataclasses import dataclass


@dataclass(kw_only=True)
class Quirks:
    """How the server behaves where a client must take it either way.

    - `undocumented_extras`: the addresses of the sizes h and k are in listings, if they are requested.
    - `uncounted`: so many photos more than it lists a listing counts in its total.
    - `repeats_last_page`: a page behind the last one shows the last one again, else it is empty.
    - `totals_as_text`: numbers of photos come in quotes.
    - `numbers_as_text`: all numbers of the entries of a listing come in quotes, else some do.
    - `missing_fields`: names of fields that the entries of a listing lack.
    - `unknown_sizes`: a photo has sizes that nobody knows today, the largest among them.
    - `always_script`: answers are scripts, `jsonFlickrApi(...)`, whatever is asked for.
    - `ignores_photo_ids`: a list of albums does not tell which photos are in them.
    - `broken`: ids of photos and albums; each call about one of them fails with HTTP 500.
    - `excludes_min_date`: `recentlyUpdated` leaves out what changed in the very second of `min_date`.
    - `documents_refusals`: refused signatures, tokens and keys have the codes 96, 98 and 100 that the documents name;
      else they come with HTTP 401 and `oauth_problem=...`, as Flickr sends them at times.
    - `missing_pictures`: what a picture's address gives when there is none: `404`, `410`, or `placeholder`.
    - `hourly_limit`: calls of the API within an hour, above which 429 is the answer; None is no limit.
    """

    undocumented_extras: bool = True
    uncounted: int = 0
    repeats_last_page: bool = True
    totals_as_text: bool = False
    numbers_as_text: bool = False
    missing_fields: tuple[str, ...] = ()
    unknown_sizes: bool = False
    always_script: bool = False
    ignores_photo_ids: bool = False
    broken: tuple[str, ...] = ()
    excludes_min_date: bool = False
    documents_refusals: bool = True
    missing_pictures: str = "404"
    hourly_limit: int | None = None

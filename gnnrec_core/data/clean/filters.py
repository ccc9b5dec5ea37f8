"""What a person chooses to leave out: low ratings, other times, rare users and items. Each choice is counted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gnnrec_core.base.errors import DataError, RequestError
from gnnrec_core.data.clean.blocks import counted, gathered
from gnnrec_core.data.clean.times import parse_moment
from gnnrec_core.data.dataset import NO_TIME, FloatArray, Problem
from gnnrec_core.data.log import Log, Places
from gnnrec_core.data.options import ImportOptions


def apply_filters(log: Log, options: ImportOptions, places: Places) -> tuple[Log, tuple[Problem, ...]]:
    """The log after rating threshold, time window, least numbers of interactions and k-core, in this order."""
    problems: list[Problem] = []

    def leave_out(log: Log, keep: NDArray[np.bool_], code: str, what: str) -> Log:
        gone = np.flatnonzero(~keep)
        if len(gone):
            text = f"{len(gone):,} interactions {what} were left out, as asked."
            problems.append(places.problem(code, "info", log, gone, "left out", text, rows_removed=len(gone)))
            log = log.take(keep)
        if not len(log):
            raise DataError(
                f"No interaction is left: the last {len(gone):,} fell to those {what}.",
                "Choose a weaker filter.",
                value=code,
            )
        return log

    if options.min_rating is not None:
        if log.rating is None:
            raise RequestError("The log has no ratings, so --min-rating cannot be applied.", "Leave it out.")
        log = leave_out(
            log, log.rating >= options.min_rating, "below_min_rating", f"rated below {options.min_rating:g}"
        )
    if options.since is not None or options.until is not None:
        log = leave_out(log, _in_window(log, options), "outside_window", "outside the time window")
    for least, kind in ((options.min_user_interactions, "user"), (options.min_item_interactions, "item")):
        if least > 1:
            index = log.user if kind == "user" else log.item
            enough = gathered(counted(index, int(index.max()) + 1) >= least, index)
            log = leave_out(log, enough, f"rare_{kind}s", f"of {kind}s with fewer than {least}")
    if options.k_core > 1:
        log = leave_out(log, k_core(log, options.k_core), "k_core", f"outside the {options.k_core}-core")
    return (log.compact() if problems else log), tuple(problems)


def _in_window(log: Log, options: ImportOptions) -> NDArray[np.bool_]:
    if log.time is None:
        raise RequestError(
            "The log has no times, so a time window cannot be applied.",
            no_times_hint(log, "Leave out --since and --until."),
        )
    keep: NDArray[np.bool_] = log.time != NO_TIME
    if options.since is not None:
        keep &= log.time >= parse_moment(options.since)
    if options.until is not None:
        keep &= log.time < parse_moment(options.until)
    return keep


def k_core(log: Log, k: int) -> NDArray[np.bool_]:
    """Which interactions `[n]` lie in the k-core: the largest part in which every user and item has at least k."""
    keep = np.ones(len(log), bool)
    rows = np.arange(len(log))
    while len(rows):
        users, items = log.user[rows], log.item[rows]
        stays = (np.bincount(users) >= k)[users] & (np.bincount(items) >= k)[items]
        if stays.all():
            break
        keep[rows[~stays]] = False
        rows = rows[stays]
    return keep


def interaction_weights(log: Log, options: ImportOptions) -> FloatArray:
    """Weight of each interaction `[n]`, float32 > 0.

    `rating`: rating divided by the highest rating (the lowest positive share is 0.01; unrated count 1). `recency`:
    2^(-age / half-life), age against the newest interaction, no less than 1e-6; without a time: the oldest age.
    Where behaviours were weighed, that weight, times the others.
    """
    strength = np.ones(len(log), np.float32) if log.strength is None else log.strength
    if options.weighting == "none":
        return strength
    if options.weighting == "rating":
        if log.rating is None or not np.isfinite(log.rating).any() or np.nanmax(log.rating) <= 0:
            raise RequestError("The log has no positive ratings to make weights from.", "Choose --weighting none.")
        share = log.rating / np.nanmax(log.rating)
        share = np.clip(np.where(np.isfinite(share), share, 1.0), 0.01, 1.0)
    else:
        if log.time is None:
            raise RequestError(
                "The log has no times to make recency weights from.", no_times_hint(log, "Choose --weighting none.")
            )
        known = log.time != NO_TIME
        age_days = (log.time.max() - np.where(known, log.time, log.time[known].min())) / 86_400
        share = np.clip(np.exp2(-age_days / options.half_life_days), 1e-6, 1.0)
    weights: FloatArray = (share * strength).astype(np.float32)
    return weights


def weight_doubts(log: Log, options: ImportOptions, places: Places) -> tuple[Problem, ...]:
    """Ratings of 0 and below, and missing ones, that a weighting by rating turns into a weight all the same."""
    if options.weighting != "rating" or log.rating is None:
        return ()
    low = np.flatnonzero(log.rating <= 0)
    unrated = np.flatnonzero(~np.isfinite(log.rating))
    found = (
        (
            "low_rating_weights",
            low,
            "ratings of 0 or below got the lowest weight, 0.01, as if the item were liked a bit",
        ),
        ("unrated_weights", unrated, "interactions without a rating got the weight of the highest one, 1"),
    )
    return tuple(
        places.problem(code, "warning", log, rows, "kept", f"{len(rows):,} {text}.")
        for code, rows, text in found
        if len(rows)
    )


def no_times_hint(log: Log, otherwise: str) -> str:
    """What to do where times are needed and none were read: name the column that holds some, if there is one."""
    if not log.time_like:
        return otherwise
    shown = ", ".join(repr(name) for name in log.time_like[:3])
    return f"{shown} holds times: read it with --time-col {log.time_like[0]}. Else: {otherwise}"

"""Newcomers, as blocks: what each kind of lists is worth by how much is known, and which questions teach most."""

from __future__ import annotations

from typing import Any

from gnnrec_core.render.blocks import Block, Curves, Section, Table, Text
from gnnrec_core.render.theme import percent


def cold_start_sections(content: dict[str, Any]) -> tuple[Section, ...]:
    """Of the JSON object of `cold-start`."""
    known, k = tuple(float(n) for n in content["known"]), content["k"]
    series = [(one["kind"], known, tuple(v["value"] for v in one["values"])) for one in content["curves"]]
    series += [("switched", known, tuple(v["value"] for v in content["switched"]))]
    about = (
        f"NDCG@{k} on the test part for people of whom only so many interactions are taken to be known. The model was "
        "trained with these people too, so the personal curve is the best case."
    )
    rows = [
        (n, people, kind, value["value"], value["low"], value["high"])
        for n, people, kind, value in zip(
            content["known"], content["n_people"], content["switch"], content["switched"], strict=True
        )
    ]
    rule = (
        "Chosen on the validation part: the simpler kind is kept until a later one is better there with confidence "
        "(95 % interval of the paired difference above 0)."
    )
    blocks: list[Block] = [Curves(tuple(series), "interactions known", f"NDCG@{k}", about)]
    blocks += [Table(("known", "people", "list to show", f"NDCG@{k}", "low", "high"), tuple(rows), rule)]
    blocks += [Text(tuple(f"No {kind} lists: {why}" for kind, why in content["missing"].items()))]
    for one in content["curves"]:
        shares = [share for share, n in zip(one["for_whom"], content["known"], strict=True) if n]
        if shares and min(shares) < 0.995:
            said = (
                f"{one['kind'].capitalize()} lists know something of {percent(min(shares), 0)} of people at the least"
            )
            blocks.append(Text((f"{said}; the others get popularity.",)))
    return (Section("Which list for somebody new?", tuple(blocks)),)


def question_sections(content: dict[str, Any]) -> tuple[Section, ...]:
    """Of what `questions.Teaching.to_dict` says."""
    who = (
        "people who have the same items" if content["alike"] else "people of the data, for too few have the same items"
    )
    rows = tuple(
        (number, one["title"], percent(one["share_yes"], 0), one["ndcg"], one["gain"])
        for number, one in enumerate(content["questions"], start=1)
    )
    about = (
        f"Tried on {content['n_people']} {who}: their own answers, then the list that these lead to, judged by what "
        f"else they have. Without a question their NDCG is {content['ndcg']:.3f}."
    )
    return (Section("Which questions would teach most", (
        Table(("", "Do you have …", "say yes", "NDCG then", "gain"), rows, about),)),)  # fmt: skip

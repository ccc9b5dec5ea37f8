"""Explanations that leave the workplace: everybody but the person they are about goes by a pseudonym."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gnnrec_core.explain.explanation import Contribution, Explanation, MessagePath, Node

NameUser = Callable[[str], str]


def pseudonymous(explanation: Explanation, own_id: str, name_user: NameUser) -> Explanation:
    """The explanation with every other user's id and name replaced by `name_user(id)`, in parts and paths."""

    def node(one: Node) -> Node:
        if one.type != "user" or one.id == own_id:
            return one
        name = name_user(one.id)
        return replace(one, id=name, title=name)

    def part(one: Contribution) -> Contribution:
        if one.user in (None, own_id) and all(end.type != "user" or end.id == own_id for end in one.nodes):
            return one
        label = one.label
        for end in one.nodes:
            if end.type == "user" and end.id != own_id:
                label = f"{label.removesuffix(end.title)}{name_user(end.id)}" if label.endswith(end.title) else label
        user = one.user if one.user in (None, own_id) else name_user(str(one.user))
        return replace(one, user=user, label=label, nodes=tuple(map(node, one.nodes)))

    def path(one: MessagePath) -> MessagePath:
        return replace(one, nodes=tuple(map(node, one.nodes)))

    return replace(
        explanation,
        contributions=tuple(map(part, explanation.contributions)),
        paths=tuple(map(path, explanation.paths)),
    )

"""`--set NAME=VALUE`: which of a recipe's requests it changes, and how. Values are for the API to judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kessai.cli.failures import usage_error
from kessai.cli.remote.recipes import RECIPES, WHOLE_NUMBERS, Recipe, Step


def recipe_for(event: str) -> Recipe:
    """How to bring an event about.

    Raises:
        CommandError: there is no such event; the hint lists those there are.
    """
    if event not in RECIPES:
        raise usage_error(f"{event} is no event", hint=f"one of {', '.join(RECIPES)}")
    return RECIPES[event]


def overrides_for(event: str, assignments: Sequence[str]) -> dict[str, object]:
    """What was set, by its name: numbers where they belong, text elsewhere.

    Raises:
        CommandError: one is no NAME=VALUE, is set twice, cannot be set for this event, or has a value by
            which the event would never come; the hint lists what can be.
    """
    recipe = recipe_for(event)
    found: dict[str, object] = {}
    for assignment in assignments:
        name, separator, value = assignment.partition("=")
        known = name in recipe.names or _is_metadata(name, recipe)
        if not separator or not known:
            said = f"{name} cannot be set for {event}" if separator else f"--set {name} is no NAME=VALUE"
            raise usage_error(said, hint=f"one of {', '.join(recipe.names)}")
        if name in found:
            raise usage_error(f"{name} is set twice")
        choices = recipe.choices.get(name)
        if choices and value not in choices:
            raise usage_error(f"{name}={value} does not lead to {event}", hint=f"one of {', '.join(choices)}")
        found[name] = _typed(name, value)
    return found


def body_of(step: Step, overrides: Mapping[str, object]) -> dict[str, object]:
    """The body of one request, with what was set for it."""
    body = dict(step.body)
    body.update({step.takes[name]: value for name, value in overrides.items() if name in step.takes})
    metadata = {
        name.removeprefix("metadata."): value
        for name, value in overrides.items()
        if name.startswith("metadata.") and "metadata" in step.takes
    }
    return {**body, "metadata": metadata} if metadata else body


def _is_metadata(name: str, recipe: Recipe) -> bool:
    return name.startswith("metadata.") and "metadata.NAME" in recipe.names


def _typed(name: str, value: str) -> object:
    if name not in WHOLE_NUMBERS:
        return value
    try:
        return int(value)
    except ValueError:
        # The API says better than we could what it should be.
        return value

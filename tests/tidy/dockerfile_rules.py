"""A reader of Dockerfiles and the rules that ours keeps: a small stand-in for hadolint."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

BUILD_TOOLS: Final = ("build-essential", "gcc", "g++", "make", "git", "curl", "wget")
_SECRET_NAME: Final = re.compile(r"SECRET|PASSWORD|TOKEN|API_KEY")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: its word in capitals, its text in one line, and the stage it belongs to, from 0."""

    word: str
    text: str
    stage: int

    @property
    def arguments(self) -> list[str]:
        """The words of the text without its `--flags`."""
        return [word for word in self.text.split() if not word.startswith("--")]

    @property
    def exec_form(self) -> list[str] | None:
        """The JSON array of `CMD`, `ENTRYPOINT` or `HEALTHCHECK CMD`, or None when a shell would run it."""
        try:
            words = json.loads(self.text[self.text.index("[") :])
        except ValueError:
            return None
        return words if all(isinstance(word, str) for word in words) else None


def parse(text: str) -> list[Instruction]:
    """Split a Dockerfile into instructions: comments dropped, continued lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\s*\n\s*", " ", "\n".join(lines))
    instructions: list[Instruction] = []
    stage = -1
    for line in filter(None, map(str.strip, joined.splitlines())):
        word, _, rest = line.partition(" ")
        stage += word.upper() == "FROM"
        instructions.append(Instruction(word.upper(), rest.strip(), stage))
    return instructions


def final_stage(instructions: list[Instruction]) -> list[Instruction]:
    """What makes the image that is shipped."""
    return [each for each in instructions if each.stage == instructions[-1].stage]


def last(instructions: list[Instruction], word: str) -> Instruction | None:
    """The `word` that counts: the last of the final stage."""
    found = [each for each in final_stage(instructions) if each.word == word]
    return found[-1] if found else None


def the(instructions: list[Instruction], word: str) -> Instruction:
    """The `word` that counts, where a file without one is not worth a word more."""
    found = last(instructions, word)
    if found is None:
        raise LookupError(word)
    return found


def environment(instructions: list[Instruction]) -> dict[str, str]:
    """What the `ENV` instructions of the final stage set."""
    pairs = (
        pair
        for each in final_stage(instructions)
        if each.word == "ENV"
        for pair in re.findall(r'(\w+)=("[^"]*"|\S+)', each.text)
    )
    return {name: value.strip('"') for name, value in pairs}


def copied_paths(instructions: list[Instruction]) -> list[str]:
    """The paths taken from the checkout, not from another stage."""
    copies = (each for each in instructions if each.word == "COPY" and "--from=" not in each.text)
    return [path.removeprefix("./") for each in copies for path in each.arguments[:-1]]


def is_ignored(path: str, patterns: list[str]) -> bool:
    """Whether .dockerignore keeps `path` out: the last pattern that matches it or a parent decides."""
    parents = [path, *(str(parent) for parent in Path(path).parents if str(parent) != ".")]
    ignored = False
    for pattern in patterns:
        plain = pattern.removeprefix("!").strip("/").removeprefix("**/")
        names = [Path(parent).name for parent in parents] if "**/" in pattern else parents
        if any(fnmatchcase(name, plain) for name in names):
            ignored = not pattern.startswith("!")
    return ignored


def ignore_patterns(text: str) -> list[str]:
    """The lines of a .dockerignore that are patterns."""
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def problems(text: str) -> list[str]:
    """Everything in a Dockerfile that our rules refuse."""
    instructions = parse(text)
    return [
        *_base_problems(instructions),
        *(problem for each in instructions for problem in _instruction_problems(each)),
        *_user_problems(instructions),
        *_start_problems(instructions),
    ]


def _base_problems(instructions: list[Instruction]) -> list[str]:
    stages: set[str] = set()
    found = []
    for each in instructions:
        if each.word != "FROM":
            continue
        image, *alias = each.arguments
        tag = image.rpartition(":")[2] if ":" in image else ""
        if image not in stages and tag in {"", "latest"}:
            found.append(f"FROM {image}: name a tag other than latest")
        stages.update(alias[-1:])
    return found


def _instruction_problems(each: Instruction) -> list[str]:
    found = []
    if each.word == "ADD":
        found.append("ADD: use COPY")
    if each.word in {"ENV", "ARG"} and re.search(rf"\b\w*({_SECRET_NAME.pattern})\w*=", each.text):
        found.append(f"{each.word} {each.text}: a secret would stay in the image's history")
    if each.word == "WORKDIR" and not each.text.startswith("/"):
        found.append(f"WORKDIR {each.text}: use an absolute path")
    if each.word == "RUN":
        found += _run_problems(each.text)
    return found


def _run_problems(command: str) -> list[str]:
    found = []
    if re.search(r"\bsudo\b", command):
        found.append("RUN sudo: the build is root already")
    if "apt-get install" in command:
        if "--no-install-recommends" not in command:
            found.append("apt-get install: add --no-install-recommends")
        if "rm -rf /var/lib/apt/lists" not in command:
            found.append("apt-get install: remove /var/lib/apt/lists in the same RUN")
    if re.search(r"\binstall\b.* (-r|--requirement) ", command) and "--require-hashes" not in command:
        found.append("pip install: ask for --require-hashes")
    if re.search(r"curl|wget", command) and re.search(r"\|\s*(ba)?sh\b", command):
        found.append("RUN: do not pipe a download into a shell")
    return found


def _user_problems(instructions: list[Instruction]) -> list[str]:
    user = last(instructions, "USER")
    if user is None:
        return ["USER: the image would run as root"]
    uid = user.text.partition(":")[0]
    if not uid.isdigit():
        return [f"USER {user.text}: use a number, so that runAsNonRoot can be checked"]
    if int(uid) == 0:
        return ["USER 0: that is root"]
    after = instructions[: instructions.index(user)]
    early = [
        each.word
        for each in final_stage(instructions)
        if each in after and each.word in {"CMD", "ENTRYPOINT"}
    ]
    return [f"{word}: put it after USER" for word in early]


def _start_problems(instructions: list[Instruction]) -> list[str]:
    found = []
    for word in ("HEALTHCHECK", "ENTRYPOINT", "CMD"):
        instruction = last(instructions, word)
        if instruction is None or instruction.text == "NONE":
            found.append(f"{word}: missing")
        elif instruction.exec_form is None:
            found.append(f"{word} {instruction.text}: use the exec form, so that signals arrive")
    installs = [
        each.text
        for each in final_stage(instructions)
        if each.word == "RUN" and "apt-get install" in each.text
    ]
    found += [
        f"{tool}: a build tool in the final image"
        for tool in BUILD_TOOLS
        if re.search(rf"(?<![\w-]){re.escape(tool)}(?![\w-])", " ".join(installs))
    ]
    return found

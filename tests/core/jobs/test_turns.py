"""Whose turn it is on a device: what is looked at is done between two steps of everything else."""

import threading

from support.jobs import WAIT

from core.checkpoints.registry import ModelKey
from core.jobs import Job, JobState
from core.jobs.lane import Lane
from core.jobs.task import Task, Turn

KEY = ModelKey("demo", "auto", "float32", "processed")


class Steps(Task):
    """A task of a turn; nothing is done in it but what the lane's `do` does."""

    def __init__(self, turn: Turn) -> None:
        object.__setattr__(self, "turn", turn)


def job(turn: Turn) -> Job:
    made = Job(KEY, Steps(turn))
    made.state = JobState.WAITING
    return made


def test_a_picture_comes_between_the_steps_of_what_is_beside_it_and_that_between_a_sweeps():
    done: list[str] = []
    names: dict[int, str] = {}
    begun, go_on = threading.Event(), threading.Event()

    def do(each: Job, _: object) -> None:
        name = names[each.number]
        done.append(f"{name} begins")
        if name == "sweep":
            begun.set()
            assert go_on.wait(WAIT)
        if name == "verdict":  # somebody opens a view while it is being measured
            put("picture", Turn.LOOKED_AT)
        each.report("a step", 0.5)
        done.append(f"{name} ends")
        each.end(JobState.DONE)

    lane = Lane("cpu", do)
    jobs: list[Job] = []

    def put(name: str, turn: Turn) -> None:
        made = job(turn)
        names[made.number] = name
        jobs.append(made)
        lane.put(made, None)  # type: ignore[arg-type]

    put("sweep", Turn.LONG)
    assert begun.wait(WAIT)
    put("another sweep", Turn.LONG)
    put("verdict", Turn.BESIDE)
    go_on.set()
    assert all(each.wait(WAIT) for each in list(jobs))
    assert done == [
        "sweep begins",
        "verdict begins",
        "picture begins",
        "picture ends",
        "verdict ends",
        "sweep ends",
        "another sweep begins",
        "another sweep ends",
    ]

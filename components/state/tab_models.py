"""Which models this tab may load, and the one that it is loading. Names are the catalogue's."""

from dataclasses import dataclass, field

from components.state.widgets import chosen_key
from core.checkpoints.permitted import permitted_in_links
from core.checkpoints.registry import ModelKey
from core.demo import example
from core.jobs import JOBS, Job


@dataclass(slots=True)
class TabModels:
    """`untrusted_models` were named by a link, a file or a kept run, and are not known by name
    here; `approved_models` are those that this tab's user has asked for. No other of the former
    is loaded or looked for.

    `loading` is the load under way or the last one, `load_tried` what it was of; `last` is the
    model that was last in use.
    """

    untrusted_models: set[str] = field(default_factory=set)
    approved_models: set[str] = field(default_factory=set)
    loading: Job | None = None
    load_tried: ModelKey | None = None
    last: str = example.SPEC.model

    def is_untrusted(self, name: str) -> bool:
        """Whether a model may not be loaded, or looked for, until its user says so."""
        return name in self.untrusted_models and name not in self.approved_models

    def name_from_outside(self, name: str) -> None:
        """A link, a file or a kept run names a model, which it may only ask for if it is known."""
        if not permitted_in_links(name):
            self.untrusted_models.add(name)

    def approve(self, name: str) -> None:
        """The user has asked for a model by themselves."""
        self.approved_models.add(name)

    def load(self, name: str) -> None:
        """Start loading a model as the composer wants it, or join the load under way."""
        self.stop_loading()
        self.approve(name)
        self.load_tried = chosen_key(name)
        self.loading = JOBS.load(self.load_tried)

    def stop_loading(self) -> None:
        """Give up the load under way."""
        if self.loading is not None:
            JOBS.release(self.loading)
            self.loading = None

"""The oracle of joint ablation: one TransformerLens pass a set, by plain hooks."""

import pytest
import torch
from support import specs

from core import AblationKind
from core.engine.oracle import clean_z, reference_mean, reference_mean_by_position


class Hooked:
    """Log probs of a spec's answers with a set of heads ablated, on a bridge of TransformerLens."""

    def __init__(self, bridge, tokenizer, spec):
        self.bridge, self.tokenizer, self.spec = bridge, tokenizer, spec
        self.values = {}

    def ids(self, text):
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def tokens(self, text, answer=()):
        return torch.tensor([[self.tokenizer.bos_token_id, *self.ids(text), *answer[:-1]]])

    def given(self, answer):
        """What the kinds that are given vectors put in place in the pass of `answer`."""
        if answer not in self.values:
            tokens = self.tokens(self.spec.prompt, answer)
            if self.spec.ablation is AblationKind.RESAMPLE:
                corrupted = self.tokens(self.spec.corrupted_prompt, answer)
                self.values[answer] = clean_z(self.bridge, corrupted)
            elif self.spec.ablation is AblationKind.MEAN_POSITIONAL:
                prompts = [self.tokens(text, answer) for text in self.spec.reference]
                self.values[answer] = reference_mean_by_position(self.bridge, prompts)
            else:
                prompts = [self.tokens(text) for text in self.spec.reference]
                self.values[answer] = reference_mean(self.bridge, prompts, tokens.shape[1])
        return self.values[answer]

    def logprob(self, text, heads):
        answer = tuple(self.ids(text))
        kind = self.spec.ablation

        def overwrite(z, hook):
            layer = int(hook.name.split(".")[1])
            before, after = z.clone(), z.clone()
            for head in (h for h in heads if h.layer == layer):
                if kind is AblationKind.ZERO:
                    after[:, :, head.head] = 0
                elif kind is AblationKind.MEAN_ACROSS_HEADS:
                    after[:, :, head.head] = before.mean(dim=2)
                else:
                    after[:, :, head.head] = self.given(answer)[layer, :, head.head]
            return after

        if kind.traits.given:
            self.given(answer)  # before any hook is on
        tokens = self.tokens(self.spec.prompt, answer)
        hooks = [(f"blocks.{layer}.attn.hook_z", overwrite) for layer in {h.layer for h in heads}]
        with torch.inference_mode():
            logits = self.bridge.run_with_hooks(tokens, fwd_hooks=hooks)[0, -len(answer) :]
        found = logits.double().log_softmax(-1)
        return sum(float(found[i, token]) for i, token in enumerate(answer))

    def value(self, heads):
        """The log prob, or with a foil the difference of both."""
        found = self.logprob(self.spec.target, heads)
        return found if self.spec.foil is None else found - self.logprob(self.spec.foil, heads)

    def change(self, heads):
        return self.value(heads) - self.value(())


@pytest.fixture(scope="session")
def hooked(loaded, oracle):
    """hooked(family, spec): the oracle of a spec on a tiny checkpoint."""
    return lambda family, spec: Hooked(oracle(family), loaded(family).tokenizer, spec)


@pytest.fixture(scope="session")
def spec_of():
    """spec_of(model, kind, **changes): the pangram, its target and a foil."""
    return specs.spec_of

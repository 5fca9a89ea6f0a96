"""The oracle of joint ablation: one TransformerLens pass a set, by plain hooks."""

import math
from dataclasses import replace
from functools import cache, partial

import pytest
import torch
from support import checkpoints, specs

from core import AblationKind
from core.engine.oracle import clean_z, reference_mean, reference_mean_by_position
from core.spec.members import heads_of, mlps_of


def tokens_of(tokenizer, text, forced=()):
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    return torch.tensor([[tokenizer.bos_token_id, *ids, *forced]])


def mlp_outputs(bridge, tokens):
    """What each MLP adds to the residual stream: (layer, pos, d_model)."""
    found = []
    hooks = [
        (f"blocks.{layer}.hook_mlp_out", lambda x, hook: found.append(x[0].clone()))
        for layer in range(len(bridge.blocks))
    ]
    with torch.inference_mode():
        bridge.run_with_hooks(tokens, fwd_hooks=hooks)
    return torch.stack(found)


class Passes:
    """Passes of a bridge of TransformerLens on a spec's prompt, heads ablated in the spec's way.

    Each is run once, whichever answer is read off it. `mean` is what a reference set gives.
    """

    def __init__(self, bridge, tokenizer, spec, mean):
        self.bridge, self.tokenizer, self.spec, self.mean = bridge, tokenizer, spec, mean
        self.given, self.logp = cache(self.given), cache(self.logp)

    def tokens(self, text, forced):
        return tokens_of(self.tokenizer, text, forced)

    def given(self, forced):
        """What the kinds that are given vectors put in place in the pass of an answer."""
        if self.spec.ablation is AblationKind.RESAMPLE:
            return clean_z(self.bridge, self.tokens(self.spec.corrupted_prompt, forced))
        if self.spec.ablation is AblationKind.MEAN_POSITIONAL:
            prompts = [self.tokens(text, forced) for text in self.spec.reference]
            return reference_mean_by_position(self.bridge, prompts)
        return self.mean(self.spec.reference)[:, : self.tokens(self.spec.prompt, forced).shape[1]]

    def given_mlps(self, forced):
        """The same for MLPs."""
        if self.spec.ablation is AblationKind.RESAMPLE:
            return mlp_outputs(self.bridge, self.tokens(self.spec.corrupted_prompt, forced))
        if self.spec.ablation is AblationKind.MEAN_POSITIONAL:
            texts = [self.tokens(text, forced) for text in self.spec.reference]
            return torch.stack([mlp_outputs(self.bridge, each) for each in texts]).mean(0)
        texts = [mlp_outputs(self.bridge, self.tokens(text, ())) for text in self.spec.reference]
        first = torch.stack([each[:, 0] for each in texts]).mean(0)
        others = torch.cat([each[:, 1:] for each in texts], dim=1).mean(1)
        length = self.tokens(self.spec.prompt, forced).shape[1]
        return torch.stack([first] + [others] * (length - 1), dim=1)

    def logp(self, forced, heads):
        """Log probs (answer position, vocabulary) after the prompt, and after each of `forced`."""
        kind, mlps, heads = self.spec.ablation, mlps_of(heads), heads_of(heads)
        given = self.given(forced) if kind.traits.given and heads else None
        given_mlps = self.given_mlps(forced) if kind.traits.given and mlps else None

        def overwrite_mlp(out, hook):
            if kind is AblationKind.ZERO:
                return torch.zeros_like(out)
            return given_mlps[int(hook.name.split(".")[1])][None].expand_as(out).clone()

        def overwrite(z, hook):
            layer = int(hook.name.split(".")[1])
            before, after = z.clone(), z.clone()
            for head in (h for h in heads if h.layer == layer):
                if kind is AblationKind.ZERO:
                    after[:, :, head.head] = 0
                elif kind is AblationKind.MEAN_ACROSS_HEADS:
                    after[:, :, head.head] = before.mean(dim=2)
                else:
                    after[:, :, head.head] = given[layer, :, head.head]
            return after

        hooks = [(f"blocks.{layer}.attn.hook_z", overwrite) for layer in {h.layer for h in heads}]
        hooks += [(f"blocks.{mlp.layer}.hook_mlp_out", overwrite_mlp) for mlp in mlps]
        with torch.inference_mode():
            logits = self.bridge.run_with_hooks(
                self.tokens(self.spec.prompt, forced), fwd_hooks=hooks
            )
        return logits[0, -1 - len(forced) :].double().log_softmax(-1)


class Hooked:
    """Log probs of a spec's answers with a set of heads ablated, read off its passes."""

    def __init__(self, passes, spec):
        self.passes, self.spec = passes, spec

    def logprob(self, text, heads):
        answer = self.passes.tokenizer(text, add_special_tokens=False)["input_ids"]
        found = self.passes.logp(tuple(answer[:-1]), frozenset(heads))
        return sum(float(found[i, token]) for i, token in enumerate(answer))

    def prob(self, heads):
        return math.exp(self.logprob(self.spec.target, heads))

    def value(self, heads):
        """The leading metric: with a foil the difference of both log probs, else the log odds."""
        found = self.logprob(self.spec.target, heads)
        if self.spec.foil is None:
            return found - math.log(-math.expm1(found))
        return found - self.logprob(self.spec.foil, heads)

    def rank(self, heads):
        """The rank of the target's first token."""
        first = self.passes.tokenizer(self.spec.target, add_special_tokens=False)["input_ids"][0]
        logp = self.passes.logp((), frozenset(heads))[0]
        return 1 + int((logp > logp[first]).sum())

    def change(self, heads):
        return self.value(heads) - self.value(())


@pytest.fixture(scope="session")
def hooked(loaded, oracle):
    """hooked(family, spec): the oracle of a spec on a tiny checkpoint."""

    @cache
    def mean(family, reference):
        prompts = [tokens_of(loaded(family).tokenizer, text) for text in reference]
        return reference_mean(oracle(family), prompts, checkpoints.N_CTX)

    @cache
    def passes(family, spec):
        tokenizer = loaded(family).tokenizer
        return Passes(oracle(family), tokenizer, spec, partial(mean, family))

    def made(family, spec):
        return Hooked(passes(family, replace(spec, target=" jumps", foil=None)), spec)

    return made


@pytest.fixture(scope="session")
def spec_of():
    """spec_of(model, kind, **changes): the pangram, its target and a foil."""
    return specs.spec_of

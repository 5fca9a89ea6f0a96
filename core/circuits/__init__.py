"""How a head acts: attention, logit effects, direct effect, path patching into it, role scores."""

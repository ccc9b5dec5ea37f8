"""Questions that change the past: counterfactual, why not, what if, two models."""

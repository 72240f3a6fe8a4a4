"""An error budget by hand."""

ENTRY = {
    "relative_error": 9e-4,
    "parts": [
        {"cause": "GELU in its tanh form", "own_error": 8.7e-4, "amount": 1.0, "share": 0.97,
         "share_alone": 0.97},
        {"cause": "hf32 in matmul", "own_error": 6e-5, "amount": 0.0, "share": -0.0,
         "share_alone": 0.0},
    ],
    "explained_share": 0.97, "rounding_error": 4e-7, "rounding_share": 0.0,
    "unexplained_error": 1.5e-4, "unexplained_share": 0.03,
    "largest_form": "GELU in its tanh form", "largest_form_share": 0.97,
}  # fmt: skip
BUDGET = {
    "outputs": {"logits": ENTRY},
    "modules": [{"module": "model.encoder.layers.1.fc1"} | ENTRY],
}

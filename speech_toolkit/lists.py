"""Lists as users write them: values between commas."""


def entries(text: str) -> tuple[str, ...]:
    """Return what stands between the commas of a text, without the spaces around it.

    An entry may be empty; who asks knows what to say of that.
    """
    return tuple(entry.strip() for entry in text.split(","))

"""The providers' packages in a virtual environment of their own."""

import environments

PACKAGES = ["openai", "anthropic"]


def site_packages():
    """(folder, "") with both packages installed, or (None, why not)."""
    return environments.site_packages("model-sdks", PACKAGES)

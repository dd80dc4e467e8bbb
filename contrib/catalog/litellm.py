"""Takes from litellm's map of models what genai-prices does not know, into litellm.json beside this file.

    python contrib/catalog/litellm.py MAP VERSION DATE

MAP is `litellm/model_prices_and_context_window_backup.json` in the wheel of that VERSION, looked at on DATE. Prices
become decimal strings in $ per million tokens.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

# Their providers, the beginning of their models' names, and our providers.
PROVIDERS = {
    "openai": ("", "openai"),
    "anthropic": ("", "anthropic"),
    "gemini": ("gemini/", "google"),
    "groq": ("groq/", "groq"),
    "mistral": ("mistral/", "mistral"),
    "deepseek": ("deepseek/", "deepseek"),
    "xai": ("xai/", "xai"),
    "together_ai": ("together_ai/", "together"),
    "fireworks_ai": ("fireworks_ai/", "fireworks"),
    "moonshot": ("moonshot/", "moonshotai"),
    "perplexity": ("perplexity/", "perplexity"),
    "cerebras": ("cerebras/", "cerebras"),
    "zai": ("zai/", "zai"),
    "minimax": ("minimax/", "minimax"),
    "novita": ("novita/", "novita"),
}
# Those of which only the ceilings are taken: what they say of prices is nobody's but theirs.
CEILINGS = {
    "azure": ("azure/", "azure"),
    "baseten": ("baseten/", "baseten"),
    "bedrock": ("", "aws"),
    "bedrock_converse": ("", "aws"),
    "cloudflare": ("cloudflare/", "cloudflare"),
    "cohere_chat": ("", "cohere"),
    "databricks": ("databricks/", "databricks"),
    "github_copilot": ("github_copilot/", "github-copilot"),
    "meta": ("meta/", "meta"),
    "ovhcloud": ("ovhcloud/", "ovhcloud"),
}
MODES = {"": "standard", "_batches": "batch", "_flex": "flex", "_priority": "priority"}
NAMES = {
    "input_cost_per_token": "input",
    "output_cost_per_token": "output",
    "cache_read_input_token_cost": "cache_read",
    "cache_creation_input_token_cost": "cache_write_short",
    "cache_creation_input_token_cost_above_1hr": "cache_write_long",
    "cache_creation_input_token_cost_above_12hr": "cache_write_long",
    "input_cost_per_audio_token": "audio_input",
    "cache_read_input_audio_token_cost": "audio_read",
    "output_cost_per_audio_token": "audio_output",
    "input_cost_per_image_token": "image_input",
    "output_cost_per_image_token": "image_output",
}
PRICE = re.compile(
    rf"(?P<name>{'|'.join(sorted(NAMES, key=len, reverse=True))})"
    rf"(_above_(?P<above>\d+)k_tokens)?(?P<mode>{'|'.join(sorted(MODES, key=len, reverse=True))})"
)


def main() -> None:
    """Write what is known of each provider's models, by name."""
    path, version, date = sys.argv[1:]
    found: dict[str, dict[str, Any]] = {}
    for name, entry in json.loads(Path(path).read_text()).items():
        whose = entry.get("litellm_provider", "")
        provider = PROVIDERS.get(whose) or CEILINGS.get(whose)
        if provider and name.startswith(provider[0]) and entry.get("mode") in {"chat", "responses"}:
            model = name.removeprefix(provider[0]).removeprefix("accounts/fireworks/models/").lower()
            found.setdefault(provider[1], {})[model] = facts(entry) if whose in PROVIDERS else limits(entry)
    head = json.dumps({"version": version, "date": date})[1:-1]
    lines = (f'"{name}": {{\n' + ",\n".join(rows(models)) + "\n}" for name, models in sorted(found.items()))
    Path(__file__).with_suffix(".json").write_text(f'{{{head},\n"providers": {{\n' + ",\n".join(lines) + "\n}}\n")


def rows(models: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each model of which anything is known."""
    return (f"{json.dumps(name)}: {json.dumps(known)}" for name, known in sorted(models.items()) if known)


def facts(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ceilings, prices, surcharges and the multiple of fast mode of a model, none that is unknown."""
    special = entry.get("provider_specific_entry") or {}
    regions = {
        "us": special.get("us") or entry.get("regional_processing_uplift_multiplier_us"),
        "eu": entry.get("regional_processing_uplift_multiplier_eu"),
    }
    known = {
        "regions": {name: str(factor) for name, factor in regions.items() if factor},
        "fast": str(special["fast"]) if special.get("fast") else None,
        "modes": modes(entry),
    }
    return limits(entry) | {name: value for name, value in known.items() if value}


def limits(entry: Mapping[str, Any]) -> dict[str, int]:
    """Return the ceilings of a model, none that is unknown."""
    names = {"max_input": "max_input_tokens", "max_output": "max_output_tokens", "cache_min": "prompt_cache_min_tokens"}
    return {ours: int(value) for ours, theirs in names.items() if (value := entry.get(theirs))}


def modes(entry: Mapping[str, Any]) -> dict[str, dict[str, dict[str, str]]]:
    """Return the prices of each mode and tier."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for key, value in entry.items():
        if (match := PRICE.fullmatch(key)) and isinstance(value, float | int):
            above = str(int(match["above"] or 0) * 1000)
            tier = found.setdefault(MODES[match["mode"]], {}).setdefault(above, {})
            tier[NAMES[match["name"]]] = f"{(Decimal(repr(value)) * 10**6).normalize():f}"
    return found


if __name__ == "__main__":
    main()

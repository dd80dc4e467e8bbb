"""The providers that speak Chat Completions in a dialect of their own. Another one is another value here."""

from __future__ import annotations

from agentctl.providers.base import Capabilities, Effort

_FOUR: tuple[Effort, ...] = ("none", "low", "medium", "high")

GROQ = Capabilities(  # groq 1.7 types/chat; https://console.groq.com/docs/structured-outputs, /docs/vision
    provider="groq",
    base_url="https://api.groq.com/openai/v1",
    key_variables=("GROQ_API_KEY",),
    needs_key=True,
    output_limit_field="max_completion_tokens",
    media_types=("image/",),
    stream_usage=False,  # it is told unasked, as `x_groq.usage`
    stream_schema=False,
    efforts=_FOUR,
)
MISTRAL = Capabilities(  # mistralai 3.7 client/models/chatcompletionstreamrequest.py: it refuses every other field
    provider="mistral",
    base_url="https://api.mistral.ai/v1",
    key_variables=("MISTRAL_API_KEY",),
    needs_key=True,
    media_types=("image/",),
    stream_usage=False,  # it is told unasked
    tool_id="[a-zA-Z0-9]{9}",  # mistral_common 1.8 protocol/instruct/validator.py
    reasoning_field="content",
    cache_key=True,
)
DEEPSEEK = Capabilities(  # https://api-docs.deepseek.com/guides/thinking_mode, /guides/json_mode
    provider="deepseek",
    base_url="https://api.deepseek.com",
    key_variables=("DEEPSEEK_API_KEY",),
    needs_key=True,
    json_schema=False,
    efforts=("minimal", "low", "medium", "high", "xhigh", "max"),
    no_thinking={"thinking": {"type": "disabled"}},
    reasoning_field="reasoning_content",
)
XAI = Capabilities(  # https://docs.x.ai/docs/api-reference, /docs/guides/reasoning, /docs/guides/image-understanding
    provider="xai",
    base_url="https://api.x.ai/v1",
    key_variables=("XAI_API_KEY",),
    needs_key=True,
    output_limit_field="max_completion_tokens",
    media_types=("image/jpeg", "image/png"),
    efforts=_FOUR,
)
TOGETHER = Capabilities(  # together 3.1 types/chat/completion_create_params.py
    provider="together",
    base_url="https://api.together.ai/v1",
    key_variables=("TOGETHER_API_KEY",),
    needs_key=True,
    media_types=("image/",),
    stream_usage=False,  # it is told unasked
    efforts=("low", "medium", "high"),
)
FIREWORKS = Capabilities(  # fireworks-ai 1.2 types/chat/completion_create_params.py
    provider="fireworks",
    base_url="https://api.fireworks.ai/inference/v1",
    key_variables=("FIREWORKS_API_KEY",),
    needs_key=True,
    media_types=("image/",),
    stream_usage=False,  # it is told unasked
    efforts=_FOUR,
)
CEREBRAS = Capabilities(  # cerebras_cloud_sdk 1.91 types/chat/completion_create_params.py
    provider="cerebras",
    base_url="https://api.cerebras.ai/v1",
    key_variables=("CEREBRAS_API_KEY",),
    needs_key=True,
    output_limit_field="max_completion_tokens",
    media_types=("image/",),
    efforts=_FOUR,
)
OLLAMA = Capabilities(  # https://docs.ollama.com/api/openai-compatibility
    provider="ollama",
    base_url="http://localhost:11434/v1",
    key_variables=("OLLAMA_API_KEY",),
    media_types=("image/",),
    efforts=_FOUR,
    start_hint="start it: ollama serve",
)
VLLM = Capabilities(  # https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
    provider="vllm",
    base_url="http://localhost:8000/v1",
    key_variables=("VLLM_API_KEY",),
    media_types=("image/",),
    efforts=_FOUR,
    start_hint="start it: vllm serve MODEL",
)
LMSTUDIO = Capabilities(  # https://lmstudio.ai/docs/developer/openai-compat
    provider="lmstudio",
    base_url="http://localhost:1234/v1",
    media_types=("image/",),
    effort=False,
    start_hint="start it: lms server start",
)

PROVIDERS = (GROQ, MISTRAL, DEEPSEEK, XAI, TOGETHER, FIREWORKS, CEREBRAS, OLLAMA, VLLM, LMSTUDIO)

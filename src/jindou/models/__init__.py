"""The Qwen family: catalogue, engines, gateway."""

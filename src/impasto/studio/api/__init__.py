"""Endpoints for programs, for Gradio's clients."""

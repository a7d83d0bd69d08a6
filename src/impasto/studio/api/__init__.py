"""API endpoints for Gradio clients."""

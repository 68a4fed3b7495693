"""The only place that knows Dify's wire."""

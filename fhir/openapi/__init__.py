"""The API described for machines: OpenAPI 3.1, written from the table of routes."""

"""FHIR R4 search once more, in plain Python over documents, to check the product's search against.

Nothing here reads the product: `data` are the documents, `parameters` says where each official
parameter looks, `evaluate` what a query finds, `cases` makes the queries.
"""
